//! `fieldRef` and `resourceFieldRef`, in variables and in files of volumes.
//!
//! Mirrors `validateObjectFieldSelector` and `validateContainerResourceFieldSelector` in
//! `pkg/apis/core/validation/validation.go`, and `ConvertDownwardAPIFieldLabel` in
//! `pkg/apis/core/pods/helpers.go`.

use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_qualified_name;

/// `validContainerResourceFieldPathExpressions`.
const RESOURCES: [&str; 6] = [
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];
/// `validContainerResourceFieldPathPrefixesWithDownwardAPIHugePages`.
const HUGE_PAGES: [&str; 2] = ["requests.hugepages-", "limits.hugepages-"];
/// What `ConvertDownwardAPIFieldLabel` lets pass.
const LABELS: [&str; 14] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.serviceAccountName",
    "spec.schedulerName",
    "status.phase",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];
const BYTE_DIVISORS: [&str; 13] = [
    "1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei",
];

/// `validateObjectFieldSelector`. `row` is that of a path which isn't among `expressions`, the
/// sorted paths that are allowed here.
pub fn validate_object_field_selector(
    v: &mut Validation,
    row: &'static str,
    selector: &Field<'_, '_>,
    expressions: &[&str],
) {
    let field = selector.key("fieldPath");
    let path = field.text();
    if path.is_empty() {
        v.required("ENV-06", &field, "");
        return;
    }
    let version = selector.key("apiVersion");
    if version.text() != "v1" {
        let version = version.text();
        let detail = format!("error converting fieldPath: unsupported pod version: {version}");
        v.invalid("ENV-07", &field, detail);
        return;
    }
    match split_maybe_subscripted_path(path) {
        Some(("metadata.annotations", key)) => {
            let wrong = is_qualified_name(&key.to_lowercase(), &v.gates);
            v.invalid_each("ENV-09", selector, wrong);
        }
        Some(("metadata.labels", key)) => {
            let wrong = is_qualified_name(key, &v.gates);
            v.invalid_each("ENV-09", selector, wrong);
        }
        Some(_) => {
            let detail = format!(
                "error converting fieldPath: field label does not support subscript: {path}"
            );
            v.invalid("ENV-07", &field, detail);
        }
        None => {
            // `spec.host` is what clients of old wrote.
            let path = if path == "spec.host" {
                "spec.nodeName"
            } else {
                path
            };
            if !LABELS.contains(&path) {
                let detail =
                    format!("error converting fieldPath: field label not supported: {path}");
                v.invalid("ENV-07", &field, detail);
            } else if !expressions.contains(&path) {
                v.not_supported(row, &field, expressions);
            }
        }
    }
}

/// `SplitMaybeSubscriptedPath` (`pkg/fieldpath/fieldpath.go`): `metadata.labels['key']` in two.
fn split_maybe_subscripted_path(path: &str) -> Option<(&str, &str)> {
    let (path, key) = path.strip_suffix("']")?.split_once("['")?;
    (!path.is_empty()).then_some((path, key))
}

/// `validateContainerResourceFieldSelector`; `volume`: the container has to be named.
pub fn validate_container_resource_field_selector(
    v: &mut Validation,
    selector: &Field<'_, '_>,
    volume: bool,
) {
    let container = selector.key("containerName");
    let resource = selector.key("resource");
    let name = resource.text();
    if volume && container.text().is_empty() {
        v.required("VOL-26", &container, "");
    } else if name.is_empty() {
        v.required("ENV-10", &resource, "");
    } else if !RESOURCES.contains(&name) && !is_huge_pages(name) {
        v.not_supported("ENV-10", &resource, &RESOURCES);
    }
    validate_container_resource_divisor(v, name, &selector.key("divisor"));
}

fn is_huge_pages(resource: &str) -> bool {
    HUGE_PAGES.iter().any(|prefix| resource.starts_with(prefix))
}

/// `validateContainerResourceDivisor`.
fn validate_container_resource_divisor(
    v: &mut Validation,
    resource: &str,
    divisor: &Field<'_, '_>,
) {
    let amount = divisor.quantity().unwrap_or_default();
    if amount.sign() == 0 {
        return;
    }
    let text = amount.canonical();
    let (what, allowed) = match resource {
        "limits.cpu" | "requests.cpu" => ("cpu", matches!(&*text, "1m" | "1")),
        "limits.memory" | "requests.memory" => ("memory", BYTE_DIVISORS.contains(&&*text)),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => {
            ("local ephemeral storage", BYTE_DIVISORS.contains(&&*text))
        }
        _ if is_huge_pages(resource) => ("hugepages", BYTE_DIVISORS.contains(&&*text)),
        _ => return,
    };
    if !allowed {
        let values = if what == "cpu" {
            "1m and 1".to_owned()
        } else {
            BYTE_DIVISORS.join(", ")
        };
        let detail =
            format!("only divisor's values {values} are supported with the {what} resource");
        v.invalid("ENV-11", divisor, detail);
    }
}
