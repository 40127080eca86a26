//! The audit: the linter's verdict on what lives in a cluster now.
//!
//! ```text
//! lists → Inventory → files → findings → fates → Outcome
//!         inventory          lint::run   fate
//! ```
//!
//! `audit` is that way as one pure function of what was listed (`kinds` says what that should be)
//! and a time. Each object is a file to the linter, and each namespace a bundle that holds all
//! there is, but for what couldn't be listed. Not here: asking the cluster (`cluster::list`), and
//! how objects are judged (`lint`).

pub mod fate;
pub mod inventory;
pub mod kinds;

use std::collections::{BTreeMap, BTreeSet};

use crate::finding::Finding;
use crate::lint::admitted::Admitted;
use crate::lint::config::{Config, Day};
use crate::lint::load::File;
use crate::lint::run::{Job, Outcome, all_metas, run};
use crate::report::Undecided;
use crate::rule::Rule;
use crate::source::SourceId;

use fate::{Case, Fate};
use inventory::{Inventory, Listed, Refused};

/// What a cluster is judged by.
#[derive(Clone, Copy)]
pub struct Laws<'a> {
    /// Settings of rules, and the minor of the cluster. What it says of paths is about files, and
    /// there are none here.
    pub config: &'a Config,
    /// The rules to run.
    pub rules: &'a [&'static Rule],
    /// The time, in seconds since 1970.
    pub now: u64,
    /// How old an object is, in seconds, when what it refers to should be there.
    pub settled: u64,
}

/// The name that the config's patterns see: as that of what is piped in, it is no file's.
const NO_PATH: &str = "<cluster>";

/// What an audit gives.
#[derive(Debug)]
pub struct Audited {
    /// What is told, and what was seen. Its sources are the objects.
    pub outcome: Outcome,
    /// The objects that were judged, by name.
    pub targets: Vec<SourceId>,
}

/// Judges what was listed.
pub fn audit(inventory: Inventory, laws: Laws<'_>) -> Audited {
    let bundles = inventory.bundles();
    let (listed, refused) = inventory.into_parts();
    let file = |listed: &Listed| File {
        shown: listed.name(),
        // Without folders: everything in a cluster is close by.
        location: listed.name().replace('/', ":"),
        config_path: NO_PATH.to_owned(),
        target: listed.judged,
        of_cluster: bundles.get(&listed.namespace).cloned(),
        ..File::default()
    };
    let files: Vec<File> = listed.iter().map(file).collect();
    let mut outcome = run(Job {
        files: &files,
        charts: &BTreeSet::new(),
        read: &|number| {
            let listed = listed.get(number).ok_or("isn't there")?;
            Ok(listed.json.clone())
        },
        configs: std::slice::from_ref(laws.config),
        rules: laws.rules,
        schemas: &[],
        covered: &BTreeMap::new(),
        old: &[],
    });
    sort_out(&mut outcome, &listed, laws);
    // Without a look at the namespaces, one that holds nothing may as well be misspelt.
    let empty = outcome.summary.objects == 0;
    let hides = |refused: &Refused| refused.judged || (empty && refused.kind == "Namespace");
    outcome.unread |= refused.iter().any(hides);
    let skipped = refused.into_iter().map(Refused::skipped);
    outcome.summary.skipped.extend(skipped);
    outcome.summary.audited = bundles.into_keys().collect();
    let targets = files.iter().zip(0..).filter(|(file, _)| file.target);
    let mut targets: Vec<_> = targets
        .map(|(file, id)| (&file.shown, SourceId(id)))
        .collect();
    targets.sort_unstable();
    let targets = targets.into_iter().map(|(_, id)| id).collect();
    Audited { outcome, targets }
}

/// Leaves only findings that are to be told, and counts the others.
fn sort_out(outcome: &mut Outcome, listed: &[Listed], laws: Laws<'_>) {
    let mut disagreements: BTreeMap<&'static str, usize> = BTreeMap::new();
    let mut young: BTreeMap<&'static str, usize> = BTreeMap::new();
    let suppressed = &mut outcome.summary.suppressed;
    outcome.findings.retain(|finding| {
        let rule = finding.rule.id;
        match fate(finding, listed, laws) {
            Fate::Told => return true,
            Fate::Disagrees => *disagreements.entry(rule).or_default() += 1,
            Fate::Young => *young.entry(rule).or_default() += 1,
            Fate::Exempt => *suppressed += 1,
            Fate::Beside => {}
        }
        false
    });
    outcome.summary.disagreements = disagreements.into_iter().collect();
    let why = format!(
        "an object that is younger than {} s may still get it",
        laws.settled
    );
    let young = young.into_iter().map(|(rule, count)| Undecided {
        rule: rule.to_owned(),
        why: why.clone(),
        count,
    });
    // What the model couldn't know of a cluster, the server did.
    let metas = all_metas(laws.rules);
    let is_servers = |asked: &Undecided| {
        let meta = metas.iter().find(|meta| meta.id == asked.rule);
        meta.is_some_and(|meta| Admitted::of_rule(meta, laws.rules) == Admitted::Counted)
    };
    let undecided = &mut outcome.summary.undecided;
    undecided.retain(|asked| !is_servers(asked));
    undecided.extend(young);
}

fn fate(finding: &Finding, listed: &[Listed], laws: Laws<'_>) -> Fate {
    let Some(object) = listed.get(finding.place.source.0 as usize) else {
        return Fate::Beside;
    };
    Case {
        config: laws.config,
        rules: laws.rules,
        today: Day::at(laws.now),
        object,
        is_settled: object
            .born
            .is_none_or(|born| laws.now.saturating_sub(born) >= laws.settled),
    }
    .fate(finding)
}
