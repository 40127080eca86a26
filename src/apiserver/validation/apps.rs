//! Deployments, ReplicaSets, DaemonSets and StatefulSets.
//!
//! Mirrors `pkg/apis/apps/validation/validation.go`.

use super::format::{NOT_NEGATIVE, is_valid_percent, percent_value};
use super::labels::{
    Selector, SelectorOptions, label_selector_as_selector, validate_label_selector,
};
use super::meta::{name_is_dns_subdomain, validate_object_meta};
use super::pod::{PodOptions, validate_pod_template_spec};
use crate::apiserver::effective::IntOrString;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `ValidateDeployment`.
pub fn validate_deployment(v: &mut Validation, deployment: &Field<'_, '_>) {
    let options = PodOptions::of_template(v, &deployment.key("spec").key("template"), None);
    validate_object_meta(v, &deployment.key("metadata"), true, name_is_dns_subdomain);
    validate_deployment_spec(v, &deployment.key("spec"), &options);
}

/// `ValidateDeploymentUpdate`.
pub fn validate_deployment_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let _ = (v, new, old);
}

/// `ValidateDeploymentSpec`.
fn validate_deployment_spec(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    validate_nonnegative_field(v, "DEP-01", &spec.key("replicas"));
    let selector = spec.key("selector");
    if !selector.is_set() {
        v.required("DEP-02", &selector, "");
    } else {
        validate_label_selector(v, &selector, SelectorOptions::default());
        let empty = selector.key("matchLabels").is_empty();
        if empty && selector.key("matchExpressions").is_empty() {
            v.invalid(
                "DEP-04",
                &selector,
                "empty selector is invalid for deployment",
            );
        }
    }
    match label_selector_as_selector(v, &selector) {
        None => {
            v.invalid("DEP-05", &selector, "invalid label selector");
        }
        Some(matcher) => {
            let template = spec.key("template");
            validate_pod_template_spec_for_replica_set(v, &template, &selector, matcher, options);
        }
    }
    validate_deployment_strategy(v, &spec.key("strategy"));
    let min_ready = spec.key("minReadySeconds");
    validate_nonnegative_field(v, "DEP-16", &min_ready);
    validate_nonnegative_field(v, "DEP-17", &spec.key("revisionHistoryLimit"));
    let deadline = spec.key("progressDeadlineSeconds");
    if let Some(seconds) = deadline.int_pointer() {
        validate_nonnegative_field(v, "DEP-18", &deadline);
        if seconds <= min_ready.int() {
            v.invalid("DEP-19", &deadline, "must be greater than minReadySeconds")
                .with(&min_ready, "minReadySeconds");
        }
    }
}

/// `ValidatePodTemplateSpecForReplicaSet`.
fn validate_pod_template_spec_for_replica_set(
    v: &mut Validation,
    template: &Field<'_, '_>,
    selector: &Field<'_, '_>,
    matcher: Selector<'_, '_>,
    options: &PodOptions,
) {
    let metadata = template.key("metadata");
    let labels = metadata.key("labels");
    if !matcher.is_empty() && !matcher.matches(&labels) {
        v.invalid(
            "DEP-06",
            &labels,
            "`selector` does not match template `labels`",
        )
        .with(selector, "the selector");
    }
    validate_pod_template_spec(v, template, options);
    let spec = template.key("spec");
    let policy = spec.key("restartPolicy");
    if policy.text() != "Always" {
        v.not_supported("DEP-07", &policy, &["Always"]);
    }
    let deadline = spec.key("activeDeadlineSeconds");
    if deadline.is_set() {
        let detail = "activeDeadlineSeconds in ReplicaSet is not Supported";
        v.forbidden("DEP-08", &deadline, detail);
    }
}

/// `ValidateDeploymentStrategy`.
fn validate_deployment_strategy(v: &mut Validation, strategy: &Field<'_, '_>) {
    let rolling_update = strategy.key("rollingUpdate");
    match strategy.key("type").text() {
        "Recreate" if rolling_update.is_set() => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            v.forbidden("DEP-09", &rolling_update, detail);
        }
        "Recreate" => {}
        "RollingUpdate" => validate_rolling_update_deployment(v, &rolling_update),
        _ => {
            v.not_supported("DEP-11", strategy, &["Recreate", "RollingUpdate"]);
        }
    }
}

/// `ValidateRollingUpdateDeployment`.
fn validate_rolling_update_deployment(v: &mut Validation, rolling_update: &Field<'_, '_>) {
    let unavailable = rolling_update.key("maxUnavailable");
    let surge = rolling_update.key("maxSurge");
    validate_positive_int_or_percent(v, "DEP-12", &unavailable);
    validate_positive_int_or_percent(v, "DEP-13", &surge);
    if int_or_percent_value(&unavailable) == 0 && int_or_percent_value(&surge) == 0 {
        v.invalid("DEP-14", &unavailable, "may not be 0 when `maxSurge` is 0")
            .with(&surge, "maxSurge");
    }
    is_not_more_than_100_percent(v, "DEP-15", &unavailable);
}

/// `ValidatePositiveIntOrPercent`.
fn validate_positive_int_or_percent(v: &mut Validation, row: &'static str, field: &Field<'_, '_>) {
    match field.int_or_string() {
        Some(IntOrString::Str(text)) => v.invalid_each(row, field, is_valid_percent(text)),
        _ => validate_nonnegative_field(v, row, field),
    }
}

/// `getIntOrPercentValue`: 0 for a text that is no percentage.
fn int_or_percent_value(field: &Field<'_, '_>) -> i64 {
    match field.int_or_string() {
        Some(IntOrString::Str(text)) => percent_value(text).unwrap_or(0),
        _ => field.int(),
    }
}

/// `IsNotMoreThan100Percent`.
fn is_not_more_than_100_percent(v: &mut Validation, row: &'static str, field: &Field<'_, '_>) {
    if let Some(IntOrString::Str(text)) = field.int_or_string()
        && percent_value(text).is_some_and(|value| value > 100)
    {
        v.invalid(row, field, "must not be greater than 100%");
    }
}

/// `ValidateNonnegativeField`.
pub fn validate_nonnegative_field(v: &mut Validation, row: &'static str, field: &Field<'_, '_>) {
    if field.int() < 0 {
        v.invalid(row, field, NOT_NEGATIVE);
    }
}
