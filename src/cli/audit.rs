//! `kubevet audit`: from arguments to what a cluster holds, and to reports and an exit code.
//! `webhook doctor` looks at clusters in the same way.

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use kube::Client;

use super::args::{AuditArgs, FailOn, ReportArgs, TextArgs};
use super::configs::Configs;
use super::{exit, git, output};
use crate::audit::inventory::{Inventory, Part};
use crate::audit::kinds::{KINDS, Kind, NAMESPACES};
use crate::audit::{Audited, Laws, audit as judge};
use crate::cluster::list::{self, Failure};
use crate::cluster::{self, Way};
use crate::lint::config::{CommandLine, Config};
use crate::lint::run::{Outcome, all_metas};
use crate::minor::{Minor, Minors};
use crate::report::{Format, Report};
use crate::rules::RULES;

/// What to look at, and how.
pub struct Look<'a> {
    /// How the cluster is reached.
    pub way: Way,
    /// In these namespaces only; none: anywhere.
    pub namespaces: &'a [String],
    /// At these kinds.
    pub kinds: Vec<&'static Kind>,
    /// The config; `None`: the nearest one.
    pub config: Option<&'a Path>,
    /// For these minors instead of that of the cluster; none: for that.
    pub minors: Vec<Minor>,
    /// How old an object is, in seconds, when what it refers to should be there.
    pub settled: u64,
    /// What is reported.
    pub report: &'a ReportArgs,
    /// How text looks.
    pub text: &'a TextArgs,
    /// In these formats.
    pub formats: &'static [Format],
}

/// Runs the verb. Returns the exit code.
///
/// # Errors
/// Usage, a config, the cluster, or the system; to be told on standard error with exit code 3.
pub fn audit(args: &AuditArgs) -> Result<u8, String> {
    // One that is named twice is looked at once.
    let mut namespaces = args.namespace.clone();
    namespaces.sort_unstable();
    namespaces.dedup();
    let is_wanted = |kind: &&Kind| {
        // What is in no namespace belongs to the audit of all of them.
        args.namespace.is_empty() || kind.namespaced || kind.part == Part::Seen
    };
    look(&Look {
        way: way(args.kubeconfig.as_deref()),
        namespaces: &namespaces,
        kinds: KINDS.iter().filter(is_wanted).collect(),
        config: args.config.as_deref(),
        minors: args.kubernetes_version.into_iter().collect(),
        settled: args.settled_after,
        report: &args.report,
        text: &args.text,
        formats: &Format::OF_CLUSTERS,
    })
}

/// By a kubeconfig, or as kubectl finds the cluster.
pub fn way(kubeconfig: Option<&Path>) -> Way {
    kubeconfig.map_or(Way::Usual, |file| Way::Kubeconfig(file.to_owned()))
}

/// Looks at a cluster and reports. Returns the exit code.
///
/// # Errors
/// Those of `audit`.
pub fn look(look: &Look<'_>) -> Result<u8, String> {
    let here = std::env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
    let metas = all_metas(RULES);
    let outputs = output::outputs(&look.report.format, look.formats)?;
    let command = CommandLine {
        fail_on: look.report.fail_on.and_then(FailOn::severity),
        select: CommandLine::selectors(&look.report.select, &metas)?,
        ignore: CommandLine::selectors(&look.report.ignore, &metas)?,
        ..CommandLine::default()
    };
    let mut configs = Configs::new(&metas, command.clone(), here.clone());
    let number = match look.config {
        Some(path) => configs.force(path)?,
        None => configs.of_folder(&here, git::root_of(&here)),
    };
    if !configs.faults.is_empty() {
        return output::write_faults(&configs.faults, &metas, &outputs, look.text);
    }
    let (minors, inventory) = ask(look)?;
    let minors = Some(minors);
    let config = configs.all.swap_remove(number);
    let config = config.under(CommandLine { minors, ..command });
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let laws = Laws {
        config: &config,
        rules: RULES,
        now: now.map_or(0, |now| now.as_secs()),
        settled: look.settled,
    };
    let Audited { outcome, targets } = judge(inventory, laws);
    let report = Report {
        findings: &outcome.findings,
        sources: &outcome.sources,
        targets: &targets,
        rules: &metas,
        masked: &outcome.masked,
        summary: &outcome.summary,
    };
    output::write(&outputs, &report, &output::options(look.text))?;
    Ok(exit_code(look, &config, &outcome))
}

fn exit_code(look: &Look<'_>, config: &Config, outcome: &Outcome) -> u8 {
    let fails = look.report.fail_on != Some(FailOn::Never);
    let mut findings = outcome.findings.iter();
    if outcome.unread {
        exit::UNREAD
    } else if fails && findings.any(|finding| finding.severity >= config.fail_on()) {
        exit::FINDINGS
    } else {
        exit::CLEAN
    }
}

/// Asks the cluster what is to be judged, and for which minors.
fn ask(look: &Look<'_>) -> Result<(Minors, Inventory), String> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let client = look.way.client(true).await?;
        let minors = match look.minors.is_empty() {
            true => Minors::one(cluster::version(&client).await?.parse()?),
            false => look.minors.iter().copied().collect(),
        };
        let inventory = inventory(&client, look.namespaces, &look.kinds).await?;
        Ok((minors, inventory))
    })
}

/// Lists what is to be looked at.
async fn inventory(
    client: &Client,
    namespaces: &[String],
    kinds: &[&'static Kind],
) -> Result<Inventory, String> {
    let mut inventory = Inventory::default();
    if namespaces.is_empty() {
        inventory.enter(None);
    }
    for namespace in namespaces {
        find(client, namespace, &mut inventory).await?;
        inventory.enter(Some(namespace.clone()));
    }
    for kind in kinds {
        let places: Vec<Option<&String>> = match kind.namespaced && !namespaces.is_empty() {
            true => namespaces.iter().map(Some).collect(),
            false => vec![None],
        };
        if !namespaces.is_empty() && kind.resource == NAMESPACES.resource {
            continue;
        }
        for namespace in places {
            let within = namespace.map(String::as_str);
            let take = |object| inventory.take(kind, object);
            let resource = &kind.resource;
            match list::list(client, resource, within, kind.content(), &take).await {
                Ok(taken) => inventory.add(taken),
                Err(Failure::Refused(why)) => inventory.refuse(kind, namespace.cloned(), why),
                Err(Failure::Unreachable(why)) => return Err(why),
            }
        }
    }
    Ok(inventory)
}

/// Makes sure that a namespace is there: nothing is found in one that is misspelt.
async fn find(client: &Client, namespace: &str, inventory: &mut Inventory) -> Result<(), String> {
    match list::get(client, &NAMESPACES.resource, namespace).await {
        Ok(Some(object)) => {
            let taken = inventory.take(&NAMESPACES, object);
            inventory.add(taken.into_iter().collect());
            Ok(())
        }
        Ok(None) => Err(format!("there is no namespace `{namespace}`")),
        Err(Failure::Refused(why)) => {
            inventory.refuse(&NAMESPACES, Some(namespace.to_owned()), why);
            Ok(())
        }
        Err(Failure::Unreachable(why)) => Err(why),
    }
}
