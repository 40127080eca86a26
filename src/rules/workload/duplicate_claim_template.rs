//! `duplicate-claim-template`: see `rules/workload/duplicate-claim-template.md`.

use std::collections::BTreeMap;

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "duplicate-claim-template",
        family: Family::Workload,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/workload/duplicate-claim-template.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(workload) = read::workload(context) else {
        return;
    };
    let names = workload
        .claim_templates()
        .filter_map(|claim| claim.at(&["metadata", "name"]))
        .filter(|name| !context.is_unknown(*name));
    let names: Vec<Node<'_>> = names.filter(|name| name.as_str().is_some()).collect();
    let numbered = names.iter().map(|name| name.text()).zip(0..);
    let lasts: BTreeMap<&str, usize> = numbered.collect();
    for (i, name) in names.iter().enumerate() {
        let last = lasts.get(name.text()).filter(|last| **last > i);
        let Some(last) = last.and_then(|last| names.get(*last)) else {
            continue;
        };
        let message = format!(
            "there are two claim templates `{}`, and only the last one counts",
            name.text()
        );
        sink.at(&RULE, context, *name, message).with(
            context.object(),
            *last,
            "the one that counts",
        );
    }
}
