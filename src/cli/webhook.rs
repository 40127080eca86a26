//! `kubevet webhook doctor`: `lint` with the rules about webhooks alone, or an audit of what is
//! configured in a cluster.

use std::io::{self, Write};

use super::args::{DoctorArgs, FailOn, WebhookArgs, WebhookVerb};
#[cfg(feature = "cluster")]
use super::audit;
use super::{exit, lint};
use crate::finding::Family;
#[cfg(feature = "cluster")]
use crate::rules::RULES;

/// Runs the verb. Returns the exit code.
///
/// # Errors
/// Those of `lint`; those of `audit` where a cluster is looked at.
pub fn webhook(args: &WebhookArgs) -> Result<u8, String> {
    let WebhookVerb::Doctor(doctor) = &args.verb;
    let mut args = doctor.lint.clone();
    args.report.fail_on.get_or_insert(FailOn::Warning);
    if args.report.select.is_empty() {
        args.report.select.push(Family::Webhook.name().to_owned());
    }
    if let Some(code) = live(doctor, &args) {
        return code;
    }
    let linted = lint::linted(&args)?;
    // No finding must not be taken for a clean bill of health.
    if linted.code == exit::CLEAN && linted.webhooks == 0 && !args.write_baseline {
        let _ = writeln!(
            io::stderr(),
            "kubevet: no webhook configuration is in sight"
        );
        return Ok(exit::UNREAD);
    }
    Ok(linted.code)
}

/// What comes of looking at a cluster, if that is asked for. One without any webhook is sound.
#[cfg(feature = "cluster")]
fn live(doctor: &DoctorArgs, args: &super::args::LintArgs) -> Option<Result<u8, String>> {
    let asked = &doctor.live;
    (asked.live || asked.kubeconfig.is_some()).then(|| {
        let mut selected = args.report.select.iter();
        if let Some(name) = selected.find(|name| !is_of_webhooks(name)) {
            return Err(format!(
                "`{name}` isn't about webhooks, and only what such rules read is listed: \
                 `kubevet audit` lists all"
            ));
        }
        audit::look(&audit::Look {
            way: audit::way(asked.kubeconfig.as_deref()),
            namespaces: &[],
            kinds: crate::audit::kinds::of_webhooks().collect(),
            config: args.config.as_deref(),
            minors: args.kubernetes_version.clone(),
            settled: 0,
            report: &args.report,
            text: &args.text,
            formats: &crate::report::Format::OF_FILES,
        })
    })
}

#[cfg(feature = "cluster")]
fn is_of_webhooks(name: &str) -> bool {
    let family = Family::Webhook;
    let mut rules = RULES.iter().filter(|rule| rule.meta.family == family);
    name == family.name() || rules.any(|rule| rule.meta.id == name)
}

#[cfg(not(feature = "cluster"))]
fn live(_: &DoctorArgs, _: &super::args::LintArgs) -> Option<Result<u8, String>> {
    None
}
