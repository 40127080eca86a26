//! Pod templates, and the annotations of pods that mean something to the server.
//!
//! Mirrors `ValidatePodTemplateSpec`, `ValidatePodSpecificAnnotations` and what they call in
//! `pkg/apis/core/validation/validation.go`.

use super::annotated::validate_tolerations_in_pod_annotations;
use super::paths::validate_local_descending_path;
use super::{PodOptions, any_container, validate_pod_spec, visit_containers_with_path};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::labels::validate_labels;
use crate::apiserver::validation::meta::validate_annotations;
use crate::finding::Step;

/// `MirrorPodAnnotationKey`.
pub(super) const MIRROR: &str = "kubernetes.io/config.mirror";
/// `PodDeletionCost`.
const DELETION_COST: &str = "controller.kubernetes.io/pod-deletion-cost";
/// `SeccompPodAnnotationKey`.
const SECCOMP_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
/// `SeccompContainerAnnotationKeyPrefix`.
const SECCOMP_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";
/// `DeprecatedAppArmorBetaContainerAnnotationKeyPrefix`.
pub(super) const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
/// What a profile on the node begins with.
const LOCALHOST: &str = "localhost/";

/// `ValidatePodTemplateSpec`. The paths of labels and annotations lack their `metadata`.
pub fn validate_pod_template_spec(
    v: &mut Validation,
    template: &Field<'_, '_>,
    options: &PodOptions,
) {
    let metadata = template.key("metadata");
    let labels = template.child(Step::Key("labels"), metadata.key("labels").value());
    let annotations = metadata.key("annotations");
    let annotations = template.child(Step::Key("annotations"), annotations.value());
    let spec = template.key("spec");
    validate_labels(v, &labels);
    validate_annotations(v, &annotations);
    validate_pod_specific_annotations(v, &annotations, &spec, options);
    validate_pod_spec(v, &spec, None, options);
    validate_annotations_and_fields(v, &annotations, &spec);
    let ephemeral = spec.key("ephemeralContainers");
    if !ephemeral.is_empty() {
        let detail = "ephemeral containers not allowed in pod template";
        v.forbidden("TPL-11", &ephemeral, detail);
    }
}

/// `ValidatePodSpecificAnnotations`.
pub fn validate_pod_specific_annotations(
    v: &mut Validation,
    annotations: &Field<'_, '_>,
    spec: &Field<'_, '_>,
    options: &PodOptions,
) {
    if annotations.is_empty() {
        return;
    }
    let mirror = annotations.entry(MIRROR);
    if mirror.value().is_some() && spec.key("nodeName").text().is_empty() {
        let detail = "must set spec.nodeName if mirror pod annotation is set";
        v.invalid("TPL-03", &mirror, detail);
    }
    validate_tolerations_in_pod_annotations(v, annotations, options);
    if !options.allow_invalid_pod_deletion_cost && !deletion_cost_is_valid(annotations) {
        let cost = annotations.entry(DELETION_COST);
        v.invalid("TPL-05", &cost, "must be a 32bit integer");
    }
    for (key, profile) in annotations.entries() {
        if key == SECCOMP_POD || key.starts_with(SECCOMP_CONTAINER) {
            let field = annotations.child(Step::Key(key), profile.value());
            validate_seccomp_profile(v, &field);
        }
        if let Some(name) = key.strip_prefix(APP_ARMOR) {
            validate_app_armor_annotation(v, &profile, name, spec);
        }
    }
}

/// Whether `GetDeletionCostFromPodAnnotations` succeeds.
pub fn deletion_cost_is_valid(annotations: &Field<'_, '_>) -> bool {
    let cost = annotations.entry(DELETION_COST);
    let text = cost.text();
    let first = text.bytes().next();
    cost.value().is_none()
        || (text == "0" || first.is_some_and(|b| b == b'-' || (b'1'..=b'9').contains(&b)))
            && text.parse::<i32>().is_ok()
}

/// `ValidateSeccompProfile`.
fn validate_seccomp_profile(v: &mut Validation, profile: &Field<'_, '_>) {
    let text = profile.text();
    if let Some(path) = text.strip_prefix(LOCALHOST) {
        validate_local_descending_path(v, "TPL-06", profile, path);
    } else if !matches!(text, "runtime/default" | "docker/default" | "unconfined") {
        v.invalid("TPL-06", profile, "must be a valid seccomp profile");
    }
}

/// `ValidateAppArmorPodAnnotations` of one annotation, which is for the container `name`.
fn validate_app_armor_annotation(
    v: &mut Validation,
    profile: &Field<'_, '_>,
    name: &str,
    spec: &Field<'_, '_>,
) {
    if !any_container(spec, |container| container.key("name").text() == name) {
        v.invalid("TPL-07", profile, "container not found");
    }
    let text = profile.text();
    let known = matches!(text, "" | "runtime/default" | "unconfined");
    if !known && !text.starts_with(LOCALHOST) {
        let detail = format!("invalid AppArmor profile name: {text:?}");
        v.invalid("TPL-08", profile, detail);
    }
}

/// `validateSeccompAnnotationsAndFields` and `validateAppArmorAnnotationsAndFieldsMatchOnCreate`.
pub fn validate_annotations_and_fields(
    v: &mut Validation,
    annotations: &Field<'_, '_>,
    spec: &Field<'_, '_>,
) {
    if annotations.is_empty() {
        return;
    }
    let context = spec.key("securityContext");
    let profile = context.key("seccompProfile");
    let annotation = annotations.entry(SECCOMP_POD);
    validate_seccomp_annotations_and_fields_match(v, &annotation, &profile);
    visit_containers_with_path(spec, |container| {
        let key = format!("{SECCOMP_CONTAINER}{}", container.key("name").text());
        let annotation = annotations.entry(&key);
        let context = container.key("securityContext");
        let profile = context.key("seccompProfile");
        validate_seccomp_annotations_and_fields_match(v, &annotation, &profile);
    });
    if v.gates.app_armor_fields && spec.key("os").key("name").text() != "windows" {
        let of_pod = context.key("appArmorProfile");
        visit_containers_with_path(spec, |container| {
            validate_app_armor_annotation_and_field(v, annotations, container, &of_pod);
        });
    }
}

/// `validateSeccompAnnotationsAndFieldsMatch`.
fn validate_seccomp_annotations_and_fields_match(
    v: &mut Validation,
    annotation: &Field<'_, '_>,
    profile: &Field<'_, '_>,
) {
    if annotation.value().is_none() || !profile.is_set() {
        return;
    }
    let text = annotation.text();
    let agrees = match profile.key("type").text() {
        "Unconfined" => text == "unconfined",
        "RuntimeDefault" => matches!(text, "runtime/default" | "docker/default"),
        "Localhost" => text.starts_with(LOCALHOST),
        _ => return,
    };
    if !agrees {
        let detail = "seccomp type in annotation and field must match";
        v.forbidden("TPL-09", &profile.key("type"), detail)
            .with(annotation, "the annotation");
    } else if !path_agrees(text, profile) {
        let detail = "seccomp profile in annotation and field must match";
        v.forbidden("TPL-09", &profile.key("localhostProfile"), detail)
            .with(annotation, "the annotation");
    }
}

/// One container of `validateAppArmorAnnotationsAndFieldsMatchOnCreate`. A profile of the pod is
/// told at the container, too.
fn validate_app_armor_annotation_and_field(
    v: &mut Validation,
    annotations: &Field<'_, '_>,
    container: &Field<'_, '_>,
    of_pod: &Field<'_, '_>,
) {
    let key = format!("{APP_ARMOR}{}", container.key("name").text());
    let annotation = annotations.entry(&key);
    let context = container.key("securityContext");
    let own = context.key("appArmorProfile");
    let value = if own.is_set() { own } else { *of_pod }.value();
    let profile = context.child(Step::Key("appArmorProfile"), value);
    if annotation.value().is_none() || !profile.is_set() {
        return;
    }
    let text = annotation.text();
    let agrees = match profile.key("type").text() {
        "Unconfined" => text == "unconfined",
        "RuntimeDefault" => text == "runtime/default",
        "Localhost" => text.starts_with(LOCALHOST),
        _ => return,
    };
    if !agrees {
        let detail = "apparmor type in annotation and field must match";
        v.forbidden("TPL-10", &profile.key("type"), detail)
            .with(&annotation, "the annotation");
    } else if !path_agrees(text, &profile) {
        let detail = "apparmor profile in annotation and field must match";
        v.forbidden("TPL-10", &profile.key("localhostProfile"), detail)
            .with(&annotation, "the annotation");
    }
}

/// Whether a profile on the node is the one that the annotation names.
fn path_agrees(annotation: &str, profile: &Field<'_, '_>) -> bool {
    let path = profile.key("localhostProfile").text_pointer();
    profile.key("type").text() != "Localhost" || annotation.strip_prefix(LOCALHOST) == path
}

/// The annotations that the server, from 1.30 to 1.33, writes into a Pod that is created, from the
/// fields that say the same (`applyAppArmorVersionSkew` in `pkg/registry/core/pod/strategy.go`).
pub fn app_armor_annotations_from_fields(
    v: &Validation,
    pod: &Field<'_, '_>,
) -> Vec<(String, String)> {
    let mut written = Vec::new();
    let spec = pod.key("spec");
    if !v.gates.app_armor_fields_become_annotations
        || spec.key("os").key("name").text() == "windows"
    {
        return written;
    }
    let metadata = pod.key("metadata");
    let annotations = metadata.key("annotations");
    let context = spec.key("securityContext");
    let of_pod = context.key("appArmorProfile");
    visit_containers_with_path(&spec, |container| {
        let context = container.key("securityContext");
        let own = context.key("appArmorProfile");
        let profile = if own.is_set() { &own } else { &of_pod };
        let path = profile.key("localhostProfile");
        let value = match profile.key("type").text() {
            "Unconfined" => "unconfined".to_owned(),
            "RuntimeDefault" => "runtime/default".to_owned(),
            "Localhost" if path.is_set() => format!("localhost/{}", path.text()),
            _ => return,
        };
        let key = format!("{APP_ARMOR}{}", container.key("name").text());
        if annotations.entry(&key).value().is_none() {
            written.push((key, value));
        }
    });
    written
}
