//! `paused-at-creation`: see `rules/workload/paused-at-creation.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::workload::WorkloadKind;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "paused-at-creation",
        family: Family::Workload,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/workload/paused-at-creation.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    if read::kind(context) != Some(WorkloadKind::Deployment) {
        return;
    }
    let paused = context.object().root.at(&["spec", "paused"]);
    if let Some(paused) = paused.filter(|paused| paused.as_bool() == Some(true)) {
        let message = "the Deployment is paused, so it makes no pods and rolls out no change";
        sink.at(&RULE, context, paused, message);
    }
}
