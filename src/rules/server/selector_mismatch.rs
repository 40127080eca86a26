//! `selector-mismatch`: see `rules/server/selector-mismatch.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::selector::{Selector, Tri, Wants};
use crate::object::workload::WorkloadKind;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;

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
    let Some(workload) = read::workload(context) else {
        return;
    };
    let written = workload.selector();
    let Some(written) = written.filter(|_| workload.kind.is_long_running()) else {
        return;
    };
    let is_map = workload.kind == WorkloadKind::ReplicationController;
    let selector = if is_map {
        context.project.map_selector(written)
    } else {
        context.project.label_selector(written)
    };
    if selector.is_empty()
        || !(is_map || is_valid(&selector))
        || selector.matches(&context.member.pod_labels) != Tri::No
    {
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

/// Whether the server can make a selector of it (`LabelSelectorAsSelector`); if it can't, it says
/// that instead and leaves the template alone. Keys are left out: few are wrong.
fn is_valid(selector: &Selector<'_>) -> bool {
    selector.requirements.iter().all(|r| match &r.wants {
        Wants::In(values) | Wants::NotIn(values) => {
            !values.is_empty() && values.iter().all(|value| is_label_value(value))
        }
        Wants::Exists | Wants::DoesNotExist => true,
    })
}

/// `IsValidLabelValue` in apimachinery/pkg/util/validation/validation.go.
fn is_label_value(value: &str) -> bool {
    let ends = [value.bytes().next(), value.bytes().next_back()];
    value.len() <= 63
        && ends
            .into_iter()
            .flatten()
            .all(|b| b.is_ascii_alphanumeric())
        && value
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}
