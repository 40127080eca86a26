//! The downward API: fields and resources of a pod as values in it.
//!
//! Mirrors `validateObjectFieldSelector` and `validateContainerResourceFieldSelector` in
//! `pkg/apis/core/validation/validation.go`, and `ConvertDownwardAPIFieldLabel` in
//! `pkg/apis/core/pods/helpers.go`.

use std::borrow::Cow;

use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_qualified_name;

/// Resources of containers that may be asked for (`validContainerResourceFieldPathExpressions`).
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// Units of bytes (`validContainerResourceDivisorForMemory`).
const BYTES: [&str; 13] = [
    "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
];

/// The rows of an object's field, which differ between variables and volumes.
#[derive(Clone, Copy, Debug)]
pub struct FieldRows {
    /// There is no path.
    pub required: &'static str,
    /// There is no such field in pods.
    pub unknown: &'static str,
    /// The field isn't to be had here.
    pub unsupported: &'static str,
    /// The key in brackets is none.
    pub key: &'static str,
}

/// `validateObjectFieldSelector`; the supported fields are sorted. Its `apiVersion` is never
/// empty.
pub fn validate_object_field_selector(
    v: &mut Validation,
    selector: &Field<'_, '_>,
    supported: &[&str],
    rows: FieldRows,
) {
    let field_path = selector.key("fieldPath");
    if field_path.text().is_empty() {
        v.required(rows.required, &field_path, "");
        return;
    }
    let version = selector.key("apiVersion");
    let path = match convert_downward_api_field_label(version.text(), field_path.text()) {
        Ok(path) => path,
        Err(why) => {
            let detail = format!("error converting fieldPath: {why}");
            v.invalid(rows.unknown, &field_path, detail)
                .with(&version, "apiVersion");
            return;
        }
    };
    match split_maybe_subscripted_path(path) {
        // Only annotations and labels get here: others weren't converted.
        Some((map, key)) => {
            let key = match map {
                "metadata.annotations" => Cow::from(key.to_lowercase()),
                _ => Cow::from(key),
            };
            v.invalid_each(rows.key, selector, is_qualified_name(&key, &v.gates));
        }
        None if supported.contains(&path) => {}
        None => {
            v.not_supported(rows.unsupported, &field_path, supported);
        }
    }
}

/// `validateContainerResourceFieldSelector`; for volumes, a `volume_row` is what says that there
/// is no container name. All minors know hugepages.
pub fn validate_container_resource_field_selector(
    v: &mut Validation,
    selector: &Field<'_, '_>,
    volume_row: Option<&'static str>,
) {
    let container = selector.key("containerName");
    let resource = selector.key("resource");
    let name = resource.text();
    if let Some(row) = volume_row.filter(|_| container.text().is_empty()) {
        v.required(row, &container, "");
    } else if name.is_empty() {
        v.required("ENV-10", &resource, "");
    } else if !RESOURCES.contains(&name) && !is_hugepages(name) {
        v.not_supported("ENV-10", &resource, &RESOURCES);
    }
    validate_container_resource_divisor(v, &selector.key("divisor"), &resource);
}

/// `validateContainerResourceDivisor`.
fn validate_container_resource_divisor(
    v: &mut Validation,
    divisor: &Field<'_, '_>,
    resource: &Field<'_, '_>,
) {
    let Some(quantity) = divisor.quantity().filter(|quantity| quantity.sign() != 0) else {
        return;
    };
    let (units, what): (&[&str], _) = match resource.text() {
        "limits.cpu" | "requests.cpu" => (&["1m", "1"], "cpu"),
        "limits.memory" | "requests.memory" => (&BYTES, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => {
            (&BYTES, "local ephemeral storage")
        }
        name if is_hugepages(name) => (&BYTES, "hugepages"),
        _ => return,
    };
    if units.contains(&quantity.canonical().as_str()) {
        return;
    }
    let listed = match units {
        [first, second] => format!("{first} and {second}"),
        _ => units.join(", "),
    };
    let detail = format!("only divisor's values {listed} are supported with the {what} resource");
    v.invalid("ENV-11", divisor, detail)
        .with(resource, "resource");
}

/// `limits.hugepages-…` or `requests.hugepages-…`.
fn is_hugepages(name: &str) -> bool {
    let of = |kind| name.strip_prefix(kind);
    of("limits.")
        .or_else(|| of("requests."))
        .is_some_and(|resource| resource.starts_with("hugepages-"))
}

/// `ConvertDownwardAPIFieldLabel`: the internal name of a field of pods.
fn convert_downward_api_field_label<'p>(version: &str, label: &'p str) -> Result<&'p str, String> {
    if version != "v1" {
        return Err(format!("unsupported pod version: {version}"));
    }
    if let Some((path, _)) = split_maybe_subscripted_path(label) {
        return match path {
            "metadata.annotations" | "metadata.labels" => Ok(label),
            _ => Err(format!("field label does not support subscript: {label}")),
        };
    }
    match label {
        "metadata.annotations"
        | "metadata.labels"
        | "metadata.name"
        | "metadata.namespace"
        | "metadata.uid"
        | "spec.nodeName"
        | "spec.restartPolicy"
        | "spec.serviceAccountName"
        | "spec.schedulerName"
        | "status.phase"
        | "status.hostIP"
        | "status.hostIPs"
        | "status.podIP"
        | "status.podIPs" => Ok(label),
        "spec.host" => Ok("spec.nodeName"),
        _ => Err(format!("field label not supported: {label}")),
    }
}

/// `SplitMaybeSubscriptedPath` (`pkg/fieldpath/fieldpath.go`): `path['key']`.
fn split_maybe_subscripted_path(path: &str) -> Option<(&str, &str)> {
    let (path, key) = path.strip_suffix("']")?.split_once("['")?;
    (!path.is_empty()).then_some((path, key))
}
