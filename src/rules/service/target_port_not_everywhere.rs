//! `target-port-not-everywhere`: see `rules/service/target-port-not-everywhere.md`.

use super::target::{declared, fates, place_of_ports};
use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::project::Nearness;
use crate::rule::{Context, Rule, Scope, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "target-port-not-everywhere",
        family: Family::Service,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/service/target-port-not-everywhere.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for fate in fates(context, sink).unwrap_or_default() {
        let is_split = !fate.serving.is_empty() && !fate.lacking.is_empty();
        if !is_split || fate.nearness != Nearness::Bundle {
            continue;
        }
        let target = fate.target;
        let (with, of) = (fate.serving.len(), fate.serving.len() + fate.lacking.len());
        let message = format!(
            "only {with} of the {of} workloads that the Service selects declare the {} port `{}`",
            target.protocol, target.name
        );
        let finding = sink.at(&RULE, context, target.node, message);
        for member in fate.lacking.iter().take(3) {
            if let Some(ports) = place_of_ports(&member.object) {
                finding.with(&member.object, ports, declared(member));
            }
        }
    }
}
