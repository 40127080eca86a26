//! ReplicationControllers.
//!
//! Mirrors `ValidateReplicationController` and what it calls in
//! `pkg/apis/core/validation/validation.go`.

use super::apps::{NO_MATCH, validate_nonnegative_field};
use super::labels::set_matches;
use super::meta::{name_is_dns_subdomain, validate_object_meta, validate_object_meta_update};
use super::pod::{PodOptions, validate_pod_template_spec};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `ValidateReplicationController`.
pub fn validate_replication_controller(v: &mut Validation, controller: &Field<'_, '_>) {
    let spec = controller.key("spec");
    let options = PodOptions::of_template(v, &spec.key("template"), None);
    validate_object_meta(v, &controller.key("metadata"), true, name_is_dns_subdomain);
    validate_replication_controller_spec(v, &spec, &options);
}

/// `ValidateUpdate` of the strategy: the object by itself, then `ValidateReplicationControllerUpdate`.
pub fn validate_replication_controller_update(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    let spec = new.key("spec");
    let old_spec = old.key("spec");
    let (template, old_template) = (spec.key("template"), old_spec.key("template"));
    let options = PodOptions::of_template(v, &template, Some(&old_template));
    validate_object_meta(v, &new.key("metadata"), true, name_is_dns_subdomain);
    validate_replication_controller_spec(v, &spec, &options);
    validate_object_meta_update(v, &new.key("metadata"), &old.key("metadata"));
    validate_replication_controller_spec(v, &spec, &options);
}

/// `ValidateReplicationControllerSpec`.
fn validate_replication_controller_spec(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    options: &PodOptions,
) {
    validate_nonnegative_field(v, "RC-01", &spec.key("minReadySeconds"));
    let selector = spec.key("selector");
    if selector.is_empty() {
        v.required("RC-02", &selector, "");
    }
    validate_nonnegative_field(v, "RC-01", &spec.key("replicas"));
    let template = spec.key("template");
    validate_pod_template_spec_for_rc(v, &template, &selector, options);
}

/// `ValidatePodTemplateSpecForRC`.
fn validate_pod_template_spec_for_rc(
    v: &mut Validation,
    template: &Field<'_, '_>,
    selector: &Field<'_, '_>,
    options: &PodOptions,
) {
    if !template.is_set() {
        v.required("RC-03", template, "");
        return;
    }
    let metadata = template.key("metadata");
    let labels = metadata.key("labels");
    if !selector.is_empty() && !set_matches(selector, &labels) {
        v.invalid("RC-04", &labels, NO_MATCH)
            .with(selector, "the selector");
    }
    validate_pod_template_spec(v, template, options);
    let spec = template.key("spec");
    let policy = spec.key("restartPolicy");
    if policy.text() != "Always" {
        v.not_supported("RC-05", &policy, &["Always"]);
    }
    let deadline = spec.key("activeDeadlineSeconds");
    if deadline.is_set() {
        let detail = "activeDeadlineSeconds in ReplicationController is not Supported";
        v.forbidden("RC-06", &deadline, detail);
    }
}
