//! `zero-surge-zero-unavailable`: see `rules/server/zero-surge-zero-unavailable.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::workload::WorkloadKind;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;
use crate::tree::{Kind, Node};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "zero-surge-zero-unavailable",
        family: Family::Server,
        severity: Severity::Error,
        proof: Proof::Rejected,
        page: include_str!("../../../rules/server/zero-surge-zero-unavailable.md"),
    },
    scope: Scope::Server,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    // A DaemonSet's maxSurge is 0 unless written; a Deployment's values are 25 % each.
    let (strategy, surge_default, reason, detail) = match read::kind(context) {
        Some(WorkloadKind::Deployment) => (
            "strategy",
            false,
            "FieldValueInvalid",
            "may not be 0 when `maxSurge` is 0",
        ),
        Some(WorkloadKind::DaemonSet) => (
            "updateStrategy",
            true,
            "FieldValueRequired",
            "cannot be 0 when maxSurge is 0",
        ),
        _ => return,
    };
    let Some(strategy) = context.object().root.at(&["spec", strategy]) else {
        return;
    };
    if read::text(context, strategy, &["type"], "RollingUpdate") != Some("RollingUpdate") {
        return;
    }
    let surge = strategy.at(&["rollingUpdate", "maxSurge"]);
    let unavailable = strategy.at(&["rollingUpdate", "maxUnavailable"]);
    let Some(unavailable) = unavailable.filter(|value| is_zero(*value)) else {
        return;
    };
    if !surge.map_or(surge_default, is_zero) {
        return;
    }
    let message = "maxUnavailable and maxSurge are both 0, so no pod could ever be replaced";
    let finding = sink.at(&RULE, context, unavailable, message);
    if let Some(surge) = surge {
        finding.with(context.object(), surge, "no pod more");
    }
    finding.rejected(reason, detail);
}

/// Whether a value is written as 0, or as 0 percent.
fn is_zero(value: Node<'_>) -> bool {
    match value.kind() {
        Kind::String => value
            .text()
            .strip_suffix('%')
            .is_some_and(|digits| !digits.is_empty() && digits.bytes().all(|b| b == b'0')),
        _ => value.as_i64() == Some(0),
    }
}
