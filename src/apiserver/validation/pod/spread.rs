//! Topology spread constraints.
//!
//! Mirrors `validateTopologySpreadConstraints` and what it calls in
//! `pkg/apis/core/validation/validation.go`.

use std::collections::HashMap;

use super::affinity::{
    LabelKeyRows, NO_SELECTOR, OVERLAP, validate_match_label_keys_and_mismatch_label_keys,
};
use super::{PodOptions, validate_label_name};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::labels::{SelectorOptions, validate_label_selector};
use crate::finding::Step;

const ROWS: LabelKeyRows = LabelKeyRows {
    selector: "TSC-07",
    format: "TSC-08",
    overlap: "TSC-09",
};

/// `validateTopologySpreadConstraints`.
pub fn validate_topology_spread_constraints(
    v: &mut Validation,
    constraints: &Field<'_, '_>,
    options: &PodOptions,
) {
    let repeats = repeats(constraints);
    for (constraint, later) in constraints.items().zip(repeats) {
        validate_positive(v, "TSC-01", &constraint.key("maxSkew"));
        let topology_key = constraint.key("topologyKey");
        if topology_key.text().is_empty() {
            v.required("TSC-02", &topology_key, "can not be empty");
        }
        let action = constraint.key("whenUnsatisfiable");
        if !matches!(action.text(), "DoNotSchedule" | "ScheduleAnyway") {
            v.not_supported("TSC-03", &action, &["DoNotSchedule", "ScheduleAnyway"]);
        }
        validate_spread_constraint_not_repeat(v, &constraint, later);
        validate_min_domains(v, &constraint.key("minDomains"), &action);
        validate_node_inclusion_policy(v, &constraint.key("nodeAffinityPolicy"));
        validate_node_inclusion_policy(v, &constraint.key("nodeTaintsPolicy"));
        let merged = v.gates.spread_keys_are_merged;
        if merged && !options.old_pod_violates_match_label_keys_validation {
            validate_match_label_keys_and_mismatch_label_keys(v, &constraint, &ROWS);
        } else {
            validate_match_label_keys_in_topology_spread(v, &constraint);
        }
        if !options.allow_invalid_topology_spread_constraint_label_selector {
            let selector = constraint.key("labelSelector");
            validate_label_selector(v, &selector, SelectorOptions::default());
        }
    }
}

/// `hasInvalidTopologySpreadConstraintLabelSelector` of `pkg/api/pod/util.go`.
pub fn has_invalid_topology_spread_constraint_label_selector(
    v: &Validation,
    constraints: &Field<'_, '_>,
) -> bool {
    let mut trial = Validation::new(v.gates);
    for constraint in constraints.items() {
        let selector = constraint.key("labelSelector");
        validate_label_selector(&mut trial, &selector, SelectorOptions::default());
    }
    !trial.errors.is_empty()
}

/// `hasInvalidTopologySpreadConstrainMatchLabelKeys` of `pkg/api/pod/util.go`.
pub fn has_invalid_topology_spread_constrain_match_label_keys(
    v: &Validation,
    constraints: &Field<'_, '_>,
) -> bool {
    let mut trial = Validation::new(v.gates);
    for constraint in constraints.items() {
        validate_match_label_keys_and_mismatch_label_keys(&mut trial, &constraint, &ROWS);
    }
    !trial.errors.is_empty()
}

/// For each constraint the next one with its key and its action.
fn repeats<'p, 'v>(constraints: &'p Field<'_, 'v>) -> Vec<Option<Field<'p, 'v>>> {
    let all: Vec<Field<'_, '_>> = constraints.items().collect();
    let mut known = HashMap::new();
    let from_the_end = all.into_iter().rev().map(|constraint| {
        let text = |key| constraint.key(key).value().map_or("", |value| value.text());
        known.insert((text("topologyKey"), text("whenUnsatisfiable")), constraint)
    });
    let mut later: Vec<_> = from_the_end.collect();
    later.reverse();
    later
}

/// `ValidateSpreadConstraintNotRepeat`: the earlier one of two is told.
fn validate_spread_constraint_not_repeat(
    v: &mut Validation,
    constraint: &Field<'_, '_>,
    later: Option<Field<'_, '_>>,
) {
    if let Some(later) = later {
        let step = Step::Key("{topologyKey, whenUnsatisfiable}");
        let field = constraint.child(step, constraint.key("topologyKey").value());
        v.duplicate("TSC-04", &field)
            .with(&later, "the later constraint");
    }
}

/// `validateMinDomains`.
fn validate_min_domains(v: &mut Validation, min_domains: &Field<'_, '_>, action: &Field<'_, '_>) {
    if !min_domains.is_set() {
        return;
    }
    validate_positive(v, "TSC-05", min_domains);
    if action.text() != "DoNotSchedule" {
        let detail = format!(
            "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {}",
            action.text()
        );
        v.invalid("TSC-05", min_domains, detail)
            .with(action, "whenUnsatisfiable");
    }
}

/// `validateNodeInclusionPolicy`.
fn validate_node_inclusion_policy(v: &mut Validation, policy: &Field<'_, '_>) {
    if policy.is_set() && !matches!(policy.text(), "Honor" | "Ignore") {
        v.not_supported("TSC-06", policy, &["Honor", "Ignore"]);
    }
}

/// `ValidateMatchLabelKeysInTopologySpread`.
fn validate_match_label_keys_in_topology_spread(v: &mut Validation, constraint: &Field<'_, '_>) {
    let keys = constraint.key("matchLabelKeys");
    let selector = constraint.key("labelSelector");
    if !keys.is_empty() && !selector.is_set() {
        v.forbidden(ROWS.selector, &keys, NO_SELECTOR);
    }
    let labels = selector.key("matchLabels");
    let expressions = selector.key("matchExpressions");
    for key in keys.items() {
        validate_label_name(v, ROWS.format, &key);
        let text = key.text();
        let mut keys = expressions.items();
        if labels.value().is_some_and(|l| l.entry(text).is_some())
            || keys.any(|expression| expression.key("key").text() == text)
        {
            v.invalid(ROWS.overlap, &key, OVERLAP)
                .with(&selector, "labelSelector");
        }
    }
}

/// `ValidatePositiveField`.
fn validate_positive(v: &mut Validation, row: &'static str, field: &Field<'_, '_>) {
    if field.int() <= 0 {
        v.invalid(row, field, "must be greater than zero");
    }
}
