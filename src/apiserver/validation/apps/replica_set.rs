//! ReplicaSets, and what Deployments share with them.

use super::{NO_MATCH, validate_nonnegative_field};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::labels::{
    Selector, SelectorOptions, label_selector_as_selector, validate_label_selector,
};
use crate::apiserver::validation::meta::{
    name_is_dns_subdomain, validate_immutable_field, validate_object_meta,
    validate_object_meta_update,
};
use crate::apiserver::validation::pod::{PodOptions, validate_pod_template_spec};

/// `ValidateReplicaSet`.
pub fn validate_replica_set(v: &mut Validation, replica_set: &Field<'_, '_>) {
    let spec = replica_set.key("spec");
    let options = PodOptions::of_template(v, &spec.key("template"), None);
    validate_object_meta(v, &replica_set.key("metadata"), true, name_is_dns_subdomain);
    validate_replica_set_spec(v, &spec, &options);
}

/// `ValidateReplicaSetUpdate`.
pub fn validate_replica_set_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let (metadata, old_metadata) = (new.key("metadata"), old.key("metadata"));
    let (new, old) = (new.key("spec"), old.key("spec"));
    let (template, old_template) = (new.key("template"), old.key("template"));
    let options = PodOptions::of_template(v, &template, Some(&old_template));
    if v.gates.apps_updates_judged_twice {
        validate_object_meta(v, &metadata, true, name_is_dns_subdomain);
        validate_replica_set_spec(v, &new, &options);
    }
    validate_object_meta_update(v, &metadata, &old_metadata);
    validate_replica_set_spec(v, &new, &options);
    validate_immutable_field(v, "RST-04", &new.key("selector"), &old.key("selector"));
}

/// `ValidateReplicaSetSpec`.
fn validate_replica_set_spec(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    validate_nonnegative_field(v, "RST-01", &spec.key("replicas"));
    validate_nonnegative_field(v, "RST-01", &spec.key("minReadySeconds"));
    validate_selector_and_template(v, spec, options);
}

/// The selector and the template, which `ValidateDeploymentSpec` and `ValidateReplicaSetSpec` look
/// at alike.
pub fn validate_selector_and_template(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    options: &PodOptions,
) {
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
        v.invalid("DEP-06", &labels, NO_MATCH)
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
