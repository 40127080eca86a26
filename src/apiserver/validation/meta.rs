//! Metadata of objects: names, labels, annotations, owners, finalizers.
//!
//! Mirrors apimachinery `pkg/api/validation/objectmeta.go` and `generic.go`. What the server sets
//! itself (uid, managed fields, …) isn't looked at: `effective::meta` takes it away.

use std::borrow::Cow;

use super::apps::validate_nonnegative_field;
use super::format::{
    Messages, is_dns1035_label, is_dns1123_label, is_dns1123_subdomain, is_path_segment_name,
    is_path_segment_prefix, is_qualified_name, mask_trailing_dash,
};
use super::labels::validate_labels;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::finding::Step;

/// `ValidateNameFunc`: what is wrong with a name or, if so told, with what a name begins with.
pub type NameFormat = fn(&str, bool) -> Messages;

/// `TotalAnnotationSizeLimitB`.
const ANNOTATIONS_BYTES_MAX: usize = 256 << 10;
/// `MaxGeneratedNameLength`.
const GENERATED_BASE_MAX: usize = 58;
/// `FieldImmutableErrorMsg`.
const IMMUTABLE: &str = "field is immutable";

/// `NameIsDNSSubdomain`.
pub fn name_is_dns_subdomain(name: &str, prefix: bool) -> Messages {
    is_dns1123_subdomain(&masked(name, prefix))
}

/// `NameIsDNSLabel`.
pub fn name_is_dns_label(name: &str, prefix: bool) -> Messages {
    is_dns1123_label(&masked(name, prefix))
}

/// `NameIsDNS1035Label`.
pub fn name_is_dns1035_label(name: &str, prefix: bool) -> Messages {
    is_dns1035_label(&masked(name, prefix))
}

/// `validatePathSegment` in apiserver `pkg/registry/rest/create.go`.
pub fn validate_path_segment(name: &str, prefix: bool) -> Messages {
    if prefix {
        is_path_segment_prefix(name)
    } else {
        is_path_segment_name(name)
    }
}

/// The name that the object gets: its own, or one that is generated (`SimpleNameGenerator` in
/// apiserver `pkg/storage/names/generate.go`), whose five random characters nobody can know.
pub fn name<'v>(metadata: &Field<'_, 'v>) -> Cow<'v, str> {
    let name = metadata.key("name").text();
    let base = metadata.key("generateName").text();
    if !name.is_empty() || base.is_empty() {
        return name.into();
    }
    generated_name(base).into()
}

/// The name that is generated from a base.
pub fn generated_name(base: &str) -> String {
    let end = base.floor_char_boundary(GENERATED_BASE_MAX);
    format!("{}xxxxx", base.get(..end).unwrap_or(base))
}

/// `ValidateObjectMeta` of `pkg/apis/core/validation/validation.go`.
pub fn validate_object_meta(
    v: &mut Validation,
    metadata: &Field<'_, '_>,
    namespaced: bool,
    name_format: NameFormat,
) {
    validate_object_meta_accessor(v, metadata, namespaced, name_format);
    validate_kube_finalizer_names(v, metadata);
}

/// `ValidateObjectMetaUpdate` of `pkg/apis/core/validation/validation.go`.
pub fn validate_object_meta_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    validate_object_meta_accessor_update(v, new, old);
    validate_kube_finalizer_names(v, new);
}

/// `ValidateObjectMetaAccessor`.
pub fn validate_object_meta_accessor(
    v: &mut Validation,
    metadata: &Field<'_, '_>,
    namespaced: bool,
    name_format: NameFormat,
) {
    let generate_name = metadata.key("generateName");
    if !generate_name.text().is_empty() {
        let wrong = name_format(generate_name.text(), true);
        v.invalid_each("META-03", &generate_name, wrong);
    }
    let field = metadata.key("name");
    let name = name(metadata);
    if name.is_empty() {
        v.required("META-01", &field, "name or generateName is required");
    } else {
        v.invalid_each("META-02", &field, name_format(&name, false));
    }
    if namespaced {
        // It is never empty: what is sent without one lands in the namespace of the request.
        let namespace = metadata.key("namespace");
        let wrong = name_is_dns_label(namespace.text(), false);
        v.invalid_each("META-07", &namespace, wrong);
    }
    validate_nonnegative_field(v, "META-09", &metadata.key("generation"));
    validate_labels(v, &metadata.key("labels"));
    validate_annotations(v, &metadata.key("annotations"));
    validate_owner_references(v, &metadata.key("ownerReferences"));
    validate_finalizers(v, &metadata.key("finalizers"));
}

/// `ValidateObjectMetaAccessorUpdate`, of an old object that somebody wrote: without
/// `ValidateNoNewFinalizers`, which looks at those that are being deleted.
pub fn validate_object_meta_accessor_update(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    validate_immutable_field(v, "META-24", &new.key("name"), &old.key("name"));
    validate_immutable_field(v, "META-24", &new.key("namespace"), &old.key("namespace"));
    // The old object isn't being deleted: its creation wiped what says so.
    for key in ["deletionTimestamp", "deletionGracePeriodSeconds"] {
        let field = new.key(key);
        if field.is_set() {
            v.invalid("META-24", &field, IMMUTABLE);
        }
    }
    validate_labels(v, &new.key("labels"));
    validate_annotations(v, &new.key("annotations"));
    validate_owner_references(v, &new.key("ownerReferences"));
}

/// `ValidateImmutableField`.
pub fn validate_immutable_field(
    v: &mut Validation,
    row: &'static str,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    if !new.equals(old) {
        v.invalid(row, new, IMMUTABLE).with(old, "the old value");
    }
}

/// `ValidateAnnotations`: all is reported at the map itself.
pub fn validate_annotations(v: &mut Validation, annotations: &Field<'_, '_>) {
    let mut bytes = 0_usize;
    for (key, value) in annotations.entries() {
        let lower = if key.contains(char::is_uppercase) {
            key.to_lowercase().into()
        } else {
            Cow::from(key)
        };
        let wrong = is_qualified_name(&lower, &v.gates);
        v.invalid_value("META-11", annotations, key, wrong);
        bytes = bytes.saturating_add(key.len() + value.text().len());
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        v.too_long("META-12", annotations, ANNOTATIONS_BYTES_MAX);
    }
}

/// `ValidateOwnerReferences`.
fn validate_owner_references(v: &mut Validation, references: &Field<'_, '_>) {
    let of = |reference: &Field<'_, '_>| {
        let kind = reference.key("kind").text();
        format!("{kind}/{}", reference.key("name").text())
    };
    let mut first = None;
    for reference in references.items() {
        validate_owner_reference(v, references, &reference);
        if reference.key("controller").bool() {
            match &first {
                None => first = Some(of(&reference)),
                Some(first) => {
                    let detail = format!(
                        "Only one reference can have Controller set to true. Found \"true\" in \
                         references for {first} and {}",
                        of(&reference)
                    );
                    v.invalid("META-16", references, detail);
                }
            }
        }
    }
}

/// `validateOwnerReference`.
fn validate_owner_reference(
    v: &mut Validation,
    references: &Field<'_, '_>,
    reference: &Field<'_, '_>,
) {
    let by_index = v.gates.owner_references_by_index;
    let at = if by_index { reference } else { references };
    let part = |key| at.child(Step::Key(key), reference.key(key).value());
    let api_version = part("apiVersion");
    let (group, version) = group_and_version(api_version.text()).unwrap_or_default();
    if by_index && api_version.text().is_empty() {
        v.required("META-13", &api_version, "must not be empty");
    } else if by_index && version.is_empty() {
        let detail = "must be <group>/<version> or <version>";
        v.invalid("META-13", &api_version, detail);
    } else if version.is_empty() {
        v.invalid("META-13", &api_version, "version must not be empty");
    }
    for key in ["kind", "name", "uid"] {
        let field = part(key);
        if !field.text().is_empty() {
            continue;
        }
        if by_index {
            v.required("META-14", &field, "must not be empty");
        } else if v.gates.owner_references_say_it_once {
            v.invalid("META-14", &field, "must not be empty");
        } else {
            v.invalid("META-14", &field, format!("{key} must not be empty"));
        }
    }
    if group.is_empty() && version == "v1" && part("kind").text() == "Event" {
        let detail = "/v1, Kind=Event is disallowed from being an owner";
        v.invalid("META-15", at, detail);
    }
}

/// `schema.ParseGroupVersion` (apimachinery `pkg/runtime/schema/group_version.go`); `None` where
/// that fails.
pub fn group_and_version(api_version: &str) -> Option<(&str, &str)> {
    if matches!(api_version, "" | "/") {
        return Some(("", ""));
    }
    match api_version.split_once('/') {
        None => Some(("", api_version)),
        Some((_, version)) if version.contains('/') => None,
        split => split,
    }
}

/// `ValidateFinalizers`.
fn validate_finalizers(v: &mut Validation, finalizers: &Field<'_, '_>) {
    for finalizer in finalizers.items() {
        let wrong = is_qualified_name(finalizer.text(), &v.gates);
        v.invalid_value("META-17", finalizers, finalizer.text(), wrong);
    }
    let has = |name| finalizers.items().any(|item| item.text() == name);
    if has("foregroundDeletion") && has("orphan") {
        let detail = "finalizer orphan and foregroundDeletion cannot be both set";
        v.invalid("META-19", finalizers, detail);
    }
}

/// `validateKubeFinalizerName` of `pkg/apis/core/validation/validation.go`, for each.
fn validate_kube_finalizer_names(v: &mut Validation, metadata: &Field<'_, '_>) {
    for finalizer in metadata.key("finalizers").items() {
        let standard = ["kubernetes", "orphan", "foregroundDeletion"];
        if !finalizer.text().contains('/') && !standard.contains(&finalizer.text()) {
            let detail = "name is neither a standard finalizer name nor is it fully qualified";
            v.invalid("META-18", &finalizer, detail);
        }
    }
}

fn masked(name: &str, prefix: bool) -> Cow<'_, str> {
    if prefix {
        mask_trailing_dash(name)
    } else {
        name.into()
    }
}
