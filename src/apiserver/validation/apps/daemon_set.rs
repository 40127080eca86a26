//! DaemonSets.

use super::{
    NO_MATCH, int_or_percent_value, is_not_more_than_100_percent, validate_nonnegative_field,
    validate_positive_int_or_percent,
};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::labels::{
    SelectorOptions, label_selector_as_selector, label_selector_has_invalid_label_value,
    validate_label_selector,
};
use crate::apiserver::validation::meta::{
    name_is_dns_subdomain, validate_immutable_field, validate_object_meta,
    validate_object_meta_update,
};
use crate::apiserver::validation::pod::{PodOptions, validate_pod_template_spec};

/// `ValidateDaemonSet`.
pub fn validate_daemon_set(v: &mut Validation, daemon_set: &Field<'_, '_>) {
    let spec = daemon_set.key("spec");
    let options = PodOptions::of_template(v, &spec.key("template"), None);
    validate_object_meta(v, &daemon_set.key("metadata"), true, name_is_dns_subdomain);
    validate_daemon_set_spec(v, &spec, &options);
}

/// `ValidateDaemonSetUpdate`, with `ValidateDaemonSetSpecUpdate`: the server counts the generations
/// of the template itself.
pub fn validate_daemon_set_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let (metadata, old_metadata) = (new.key("metadata"), old.key("metadata"));
    let (new, old) = (new.key("spec"), old.key("spec"));
    let (selector, old_selector) = (new.key("selector"), old.key("selector"));
    validate_immutable_field(v, "DS-12", &selector, &old_selector);
    let (template, old_template) = (new.key("template"), old.key("template"));
    let mut options = PodOptions::of_template(v, &template, Some(&old_template));
    options.allow_invalid_label_value_in_selector |=
        label_selector_has_invalid_label_value(v, &old_selector);
    if v.gates.apps_updates_judged_twice {
        validate_object_meta(v, &metadata, true, name_is_dns_subdomain);
        validate_daemon_set_spec(v, &new, &options);
    }
    validate_object_meta_update(v, &metadata, &old_metadata);
    validate_daemon_set_spec(v, &new, &options);
}

/// `ValidateDaemonSetSpec`.
fn validate_daemon_set_spec(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    let selector = spec.key("selector");
    let selector_options = SelectorOptions {
        allow_invalid_values: options.allow_invalid_label_value_in_selector,
    };
    validate_label_selector(v, &selector, selector_options);
    let template = spec.key("template");
    let metadata = template.key("metadata");
    let labels = metadata.key("labels");
    if label_selector_as_selector(v, &selector).is_some_and(|matcher| !matcher.matches(&labels)) {
        v.invalid("DS-02", &labels, NO_MATCH)
            .with(&selector, "the selector");
    }
    let expressions = selector.key("matchExpressions");
    if selector.is_set() && selector.key("matchLabels").is_empty() && expressions.is_empty() {
        let detail = "empty selector is invalid for daemonset";
        v.invalid("DS-03", &selector, detail);
    }
    validate_pod_template_spec(v, &template, options);
    let pod = template.key("spec");
    let policy = pod.key("restartPolicy");
    if policy.text() != "Always" {
        v.not_supported("DS-04", &policy, &["Always"]);
    }
    let deadline = pod.key("activeDeadlineSeconds");
    if deadline.is_set() {
        let detail = "activeDeadlineSeconds in DaemonSet is not Supported";
        v.forbidden("DS-05", &deadline, detail);
    }
    validate_nonnegative_field(v, "DS-06", &spec.key("minReadySeconds"));
    validate_daemon_set_update_strategy(v, &spec.key("updateStrategy"));
    validate_nonnegative_field(v, "DS-06", &spec.key("revisionHistoryLimit"));
}

/// `ValidateDaemonSetUpdateStrategy`.
fn validate_daemon_set_update_strategy(v: &mut Validation, strategy: &Field<'_, '_>) {
    match strategy.key("type").text() {
        "OnDelete" => {}
        "RollingUpdate" => validate_rolling_update_daemon_set(v, &strategy.key("rollingUpdate")),
        _ => {
            v.not_supported("DS-07", strategy, &["RollingUpdate", "OnDelete"]);
        }
    }
}

/// `ValidateRollingUpdateDaemonSet`.
fn validate_rolling_update_daemon_set(v: &mut Validation, rolling_update: &Field<'_, '_>) {
    let unavailable = rolling_update.key("maxUnavailable");
    let surge = rolling_update.key("maxSurge");
    validate_positive_int_or_percent(v, "DS-09", &unavailable);
    validate_positive_int_or_percent(v, "DS-09", &surge);
    is_not_more_than_100_percent(v, "DS-09", &unavailable);
    is_not_more_than_100_percent(v, "DS-09", &surge);
    let has_unavailable = int_or_percent_value(&unavailable) != 0;
    match (has_unavailable, int_or_percent_value(&surge) != 0) {
        (true, true) => {
            let detail = "may not be set when maxUnavailable is non-zero";
            v.invalid("DS-10", &surge, detail)
                .with(&unavailable, "maxUnavailable");
        }
        (false, false) => {
            v.required("DS-11", &unavailable, "cannot be 0 when maxSurge is 0")
                .with(&surge, "maxSurge");
        }
        _ => {}
    }
}
