//! `restart-policy-not-always`: see `rules/server/restart-policy-not-always.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "restart-policy-not-always",
        family: Family::Server,
        severity: Severity::Error,
        proof: Proof::Rejected,
        page: include_str!("../../../rules/server/restart-policy-not-always.md"),
    },
    scope: Scope::Server,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(workload) = read::workload(context) else {
        return;
    };
    let written = workload.template.at(&["spec", "restartPolicy"]);
    let Some(written) = written.filter(|_| workload.kind.is_long_running()) else {
        return;
    };
    let policy = written.as_str().filter(|_| !context.is_unknown(written));
    let Some(policy) = policy.filter(|policy| !matches!(*policy, "" | "Always")) else {
        return;
    };
    let kind = context.object().kind;
    let message = format!("restartPolicy is `{policy}`, but the pods of a {kind} always restart");
    sink.at(&RULE, context, written, message)
        .rejected("FieldValueNotSupported", "supported values: \"Always\"");
}
