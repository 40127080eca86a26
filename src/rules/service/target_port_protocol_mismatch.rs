//! `target-port-protocol-mismatch`: see `rules/service/target-port-protocol-mismatch.md`.

use super::target::fates;
use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "target-port-protocol-mismatch",
        family: Family::Service,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/service/target-port-protocol-mismatch.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for fate in fates(context, sink)
        .unwrap_or_default()
        .into_iter()
        .filter(|f| f.serving.is_empty())
    {
        let Some((member, port)) = fate.other_protocol else {
            continue;
        };
        let target = fate.target;
        let message = format!(
            "the Service asks for `{}` over {}, but its pods declare it over {}",
            target.name, target.protocol, port.protocol
        );
        let shown = format!("{} declares it here", member.object.title());
        sink.at(&RULE, context, target.node, message)
            .with(&member.object, port.node, shown)
            .help(format!(
                "set `protocol: {}` on the Service's port, or `{}` on the container's",
                port.protocol, target.protocol
            ));
    }
}
