//! Pods as a whole, when they are created.
//!
//! Mirrors `ValidatePodCreate` and `validatePodMetadataAndSpec` in
//! `pkg/apis/core/validation/validation.go`. Not here: updates (`update`).

use super::containers::validate_containers_only_for_pod;
use super::template::{
    app_armor_annotations_from_fields, validate_annotations_and_fields,
    validate_pod_specific_annotations,
};
use super::{PodOptions, validate_pod_spec};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_qualified_name;
use crate::apiserver::validation::meta::{name_is_dns_subdomain, validate_object_meta};

/// `Validate` of the strategy in `pkg/registry/core/pod/strategy.go`.
pub fn validate_pod(v: &mut Validation, pod: &Field<'_, '_>) {
    let options = PodOptions::of_pod(v, pod, None);
    validate_pod_create(v, pod, &options);
}

/// `ValidatePodCreate`.
fn validate_pod_create(v: &mut Validation, pod: &Field<'_, '_>, options: &PodOptions) {
    validate_pod_metadata_and_spec(v, pod, options);
    let spec = pod.key("spec");
    let ephemeral = spec.key("ephemeralContainers");
    if !ephemeral.is_empty() {
        v.forbidden("TPL-11", &ephemeral, "cannot be set on create");
    }
    let node = spec.key("nodeName");
    let gates = spec.key("schedulingGates");
    if !node.text().is_empty() && !gates.is_empty() {
        let detail = "cannot be set until all schedulingGates have been cleared";
        v.forbidden("POD-32", &node, detail)
            .with(&gates, "schedulingGates");
    }
    let metadata = pod.key("metadata");
    let annotations = metadata.key("annotations");
    validate_annotations_and_fields(v, &annotations, &spec);
    for (key, _) in app_armor_annotations_from_fields(v, pod) {
        let wrong = is_qualified_name(&key.to_lowercase(), &v.gates);
        v.invalid_value("META-11", &annotations, &key, wrong);
    }
}

/// `validatePodMetadataAndSpec`.
pub(super) fn validate_pod_metadata_and_spec(
    v: &mut Validation,
    pod: &Field<'_, '_>,
    options: &PodOptions,
) {
    let metadata = pod.key("metadata");
    let annotations = metadata.key("annotations");
    let spec = pod.key("spec");
    validate_object_meta(v, &metadata, true, name_is_dns_subdomain);
    validate_pod_specific_annotations(v, &annotations, &spec, options);
    validate_pod_spec(v, &spec, Some(&metadata), options);
    if spec.key("serviceAccountName").text().is_empty() {
        validate_no_service_account_tokens(v, &spec);
    }
    for list in ["containers", "initContainers"] {
        validate_containers_only_for_pod(v, &spec.key(list));
    }
}

fn validate_no_service_account_tokens(v: &mut Validation, spec: &Field<'_, '_>) {
    for volume in spec.key("volumes").items() {
        let projected = volume.key("projected");
        for source in projected.key("sources").items() {
            let token = source.key("serviceAccountToken");
            if token.is_set() {
                let detail = "must not be specified when serviceAccountName is not set";
                v.forbidden("POD-30", &token, detail);
            }
        }
    }
}
