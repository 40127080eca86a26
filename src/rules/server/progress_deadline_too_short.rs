//! `progress-deadline-too-short`: see `rules/server/progress-deadline-too-short.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::workload::WorkloadKind;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "progress-deadline-too-short",
        family: Family::Server,
        severity: Severity::Error,
        proof: Proof::Rejected,
        page: include_str!("../../../rules/server/progress-deadline-too-short.md"),
    },
    scope: Scope::Server,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    if read::kind(context) != Some(WorkloadKind::Deployment) {
        return;
    }
    let root = context.object().root;
    let path = ["spec", "progressDeadlineSeconds"];
    let deadline = read::integer(root, &path, 600);
    let ready = read::integer(root, &["spec", "minReadySeconds"], 0);
    let (Some(deadline), Some(ready)) = (deadline, ready) else {
        return;
    };
    if deadline > ready {
        return;
    }
    let finding = match root.at(&path) {
        Some(written) => {
            let message = format!(
                "progressDeadlineSeconds is {deadline}, not more than minReadySeconds, \
                 which is {ready}"
            );
            sink.at(&RULE, context, written, message)
        }
        None => {
            let message = format!(
                "progressDeadlineSeconds is {deadline} by default, not more than minReadySeconds, \
                 which is {ready}"
            );
            sink.missing(&RULE, context, &path, message)
        }
    };
    if let Some(ready) = root.at(&["spec", "minReadySeconds"]) {
        finding.with(context.object(), ready, "a pod counts only after this");
    }
    finding.rejected("FieldValueInvalid", "must be greater than minReadySeconds");
}
