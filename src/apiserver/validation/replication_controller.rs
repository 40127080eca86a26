//! ReplicationControllers.
//!
//! Mirrors `ValidateReplicationController` and what it calls in
//! `pkg/apis/core/validation/validation.go`.

use super::apps::validate_nonnegative_field;
use super::format::Messages;
use super::meta::{name_is_dns_subdomain, validate_object_meta, validate_object_meta_update};
use super::pod::{PodOptions, validate_pod_template_spec};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `ValidateReplicationController`.
pub fn validate_replication_controller(v: &mut Validation, controller: &Field<'_, '_>) {
    let spec = controller.key("spec");
    let options = PodOptions::of_template(v, &spec.key("template"), None);
    validate_metadata(v, &controller.key("metadata"));
    validate_replication_controller_spec(v, &spec, &options);
}

/// `ValidateReplicationControllerUpdate`.
pub fn validate_replication_controller_update(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    let (metadata, old_metadata) = (new.key("metadata"), old.key("metadata"));
    let (new, old) = (new.key("spec"), old.key("spec"));
    let (template, old_template) = (new.key("template"), old.key("template"));
    let options = PodOptions::of_template(v, &template, Some(&old_template));
    if v.gates.replication_controller_updates_judged_twice {
        validate_metadata(v, &metadata);
        validate_replication_controller_spec(v, &new, &options);
    }
    validate_object_meta_update(v, &metadata, &old_metadata);
    validate_replication_controller_spec(v, &new, &options);
}

fn validate_metadata(v: &mut Validation, metadata: &Field<'_, '_>) {
    let format = if v.gates.replication_controller_names_once {
        long_name
    } else {
        name_is_dns_subdomain
    };
    validate_object_meta(v, metadata, true, format);
}

/// `validate.LongName`: what a name begins with isn't judged by itself, and bytes are called so.
fn long_name(name: &str, prefix: bool) -> Messages {
    if prefix {
        return Messages::new();
    }
    let wrong = name_is_dns_subdomain(name, false).into_iter();
    wrong
        .map(|message| match &*message {
            "must be no more than 253 characters" => "must be no more than 253 bytes".into(),
            _ => message,
        })
        .collect()
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
    validate_pod_template_spec_for_rc(v, &spec.key("template"), &selector, options);
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
    let matches = selector.entries().all(|(key, value)| {
        let label = labels.entry(key);
        label.value().is_some() && label.text() == value.text()
    });
    if !matches {
        let detail = "`selector` does not match template `labels`";
        v.invalid("RC-04", &labels, detail)
            .with(selector, "the selector");
    }
    validate_pod_template_spec(v, template, options);
    let pod = template.key("spec");
    let policy = pod.key("restartPolicy");
    if policy.text() != "Always" {
        v.not_supported("RC-05", &policy, &["Always"]);
    }
    let deadline = pod.key("activeDeadlineSeconds");
    if deadline.is_set() {
        let detail = "activeDeadlineSeconds in ReplicationController is not Supported";
        v.forbidden("RC-06", &deadline, detail);
    }
}
