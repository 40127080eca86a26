//! `selector-mismatch`: see `rules/server/selector-mismatch.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::selector::Tri;
use crate::rule::{Context, Rule, Scope, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "selector-mismatch",
        family: Family::Server,
        severity: Severity::Error,
        proof: Proof::Rejected,
        page: include_str!("../../../rules/server/selector-mismatch.md"),
    },
    scope: Scope::Server,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(workload) = context.member.as_workload() else {
        return;
    };
    if !matches!(context.object().version, "v1") || !workload.kind.is_long_running() {
        return;
    }
    let Some(written) = workload.selector() else {
        return;
    };
    let is_map = context.object().kind == "ReplicationController";
    let selector = if is_map {
        context.project.map_selector(written)
    } else {
        context.project.label_selector(written)
    };
    if selector.is_empty() || selector.matches(&context.member.pod_labels) != Tri::No {
        return;
    }
    let labels = workload.pod_labels();
    let message = "the selector doesn't match the labels of the pod template";
    let finding = match labels {
        Some(labels) => sink.at(&RULE, context, labels, message),
        None => sink.missing(
            &RULE,
            context,
            &["spec", "template", "metadata", "labels"],
            message,
        ),
    };
    finding
        .with(context.object(), written, "the selector")
        .rejected(
            "FieldValueInvalid",
            "`selector` does not match template `labels`",
        );
}
