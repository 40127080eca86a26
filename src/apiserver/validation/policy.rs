//! PodDisruptionBudgets.
//!
//! Mirrors `pkg/apis/policy/validation/validation.go`. Not here: their metadata, of which the
//! server looks only at what it asks of every object.

use super::apps::{is_not_more_than_100_percent, validate_positive_int_or_percent};
use super::labels::{
    SelectorOptions, label_selector_has_invalid_label_value, validate_label_selector,
};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `ValidatePodDisruptionBudget`.
pub fn validate_pod_disruption_budget(v: &mut Validation, budget: &Field<'_, '_>) {
    validate_pod_disruption_budget_spec(v, &budget.key("spec"), SelectorOptions::default());
}

/// `ValidateUpdate` of the strategy.
pub fn validate_pod_disruption_budget_update(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    let selector = old.key("spec");
    let selector = selector.key("selector");
    let options = SelectorOptions {
        allow_invalid_values: label_selector_has_invalid_label_value(v, &selector),
    };
    validate_pod_disruption_budget_spec(v, &new.key("spec"), options);
}

/// `ValidatePodDisruptionBudgetSpec`.
fn validate_pod_disruption_budget_spec(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    options: SelectorOptions,
) {
    let available = spec.key("minAvailable");
    let unavailable = spec.key("maxUnavailable");
    if available.is_set() && unavailable.is_set() {
        let detail = "minAvailable and maxUnavailable cannot be both set";
        v.invalid("PDB-01", spec, detail)
            .with(&available, "minAvailable")
            .with(&unavailable, "maxUnavailable");
    }
    for amount in [available, unavailable] {
        if amount.is_set() {
            validate_positive_int_or_percent(v, "PDB-02", &amount);
            is_not_more_than_100_percent(v, "PDB-03", &amount);
        }
    }
    validate_label_selector(v, &spec.key("selector"), options);
    let policy = spec.key("unhealthyPodEvictionPolicy");
    let supported = ["AlwaysAllow", "IfHealthyBudget"];
    if policy.is_set() && !supported.contains(&policy.text()) {
        v.not_supported("PDB-05", &policy, &supported);
    }
}
