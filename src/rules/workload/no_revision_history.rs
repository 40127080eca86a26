//! `no-revision-history`: see `rules/workload/no-revision-history.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::workload::WorkloadKind;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "no-revision-history",
        family: Family::Workload,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/workload/no-revision-history.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    use WorkloadKind::{DaemonSet, Deployment, StatefulSet};
    if !matches!(
        read::kind(context),
        Some(Deployment | StatefulSet | DaemonSet)
    ) {
        return;
    }
    let limit = context.object().root.at(&["spec", "revisionHistoryLimit"]);
    if let Some(limit) = limit.filter(|limit| limit.as_i64() == Some(0)) {
        let message = "revisionHistoryLimit is 0, so there is no revision to roll back to";
        sink.at(&RULE, context, limit, message);
    }
}
