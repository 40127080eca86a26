//! Names of resources, and what amounts of them may be: cpu, hugepages, extended resources.
//!
//! Mirrors `pkg/apis/core/helper/helpers.go`, and `ValidateContainerResourceName` and
//! `ValidateResourceQuantityValue` in `pkg/apis/core/validation/validation.go`. Not here: how
//! requests and limits go together (`pod::resources`).

use super::format::{NOT_NEGATIVE, SUBDOMAIN_MAX, is_qualified_name};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::gates::Gates;
use crate::object::quantity::Quantity;

/// How the names of a resource list are judged: the resource is the key of the field.
pub type ResourceNameFormat = fn(&mut Validation, &Field<'_, '_>, &str);

const HUGE_PAGES: &str = "hugepages-";
const REQUESTS: &str = "requests.";

/// `standardContainerResources`.
const CONTAINER_RESOURCES: [&str; 3] = ["cpu", "memory", "ephemeral-storage"];

/// `standardResources`.
const STANDARD_RESOURCES: [&str; 20] = [
    "cpu",
    "memory",
    "ephemeral-storage",
    "requests.cpu",
    "requests.memory",
    "requests.ephemeral-storage",
    "limits.cpu",
    "limits.memory",
    "limits.ephemeral-storage",
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "storage",
    "requests.storage",
    "services.nodeports",
    "services.loadbalancers",
];

/// `integerResources`.
const INTEGER_RESOURCES: [&str; 9] = [
    "pods",
    "resourcequotas",
    "services",
    "replicationcontrollers",
    "secrets",
    "configmaps",
    "persistentvolumeclaims",
    "services.nodeports",
    "services.loadbalancers",
];

/// `ValidateContainerResourceName`.
pub fn validate_container_resource_name(v: &mut Validation, field: &Field<'_, '_>, name: &str) {
    validate_resource_name(v, field, name);
    if !name.contains('/') {
        if !is_standard_container_resource_name(name) {
            let detail = "must be a standard resource for containers";
            v.invalid("RES-03", field, detail);
        }
    } else if !is_native_resource(name) && !is_extended_resource_name(name, &v.gates) {
        let detail = "doesn't follow extended resource name standard";
        v.invalid("RES-04", field, detail);
    }
}

/// `validatePodResourceName`.
pub fn validate_pod_resource_name(v: &mut Validation, field: &Field<'_, '_>, name: &str) {
    let before = v.errors.len();
    validate_resource_name(v, field, name);
    if v.errors.len() == before && !is_supported_pod_level_resource(name) {
        v.not_supported("RES-18", field, &["cpu", "hugepages-", "memory"]);
    }
}

/// `validateResourceName`.
fn validate_resource_name(v: &mut Validation, field: &Field<'_, '_>, name: &str) {
    if is_standard_container_resource_name(name) && !is_huge_page_resource_name(name) {
        return;
    }
    let wrong = is_qualified_name(name, &v.gates);
    if !wrong.is_empty() {
        v.invalid_each("RES-01", field, wrong);
    } else if !name.contains('/') && !is_standard_resource_name(name) {
        let detail = "must be a standard resource type or fully qualified";
        v.invalid("RES-02", field, detail);
    }
}

/// `ValidateResourceQuantityValue`.
pub fn validate_resource_quantity_value(
    v: &mut Validation,
    field: &Field<'_, '_>,
    name: &str,
    quantity: Quantity,
) {
    if quantity.sign() < 0 {
        v.invalid("RES-05", field, NOT_NEGATIVE);
    }
    if quantity.milli() % 1000 != 0 && is_integer_resource_name(name, &v.gates) {
        v.invalid("RES-06", field, "must be an integer");
    }
}

/// `IsSupportedPodLevelResource` (component-helpers `resource/helpers.go`).
fn is_supported_pod_level_resource(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_page_resource_name(name)
}

/// `IsStandardContainerResourceName`.
pub fn is_standard_container_resource_name(name: &str) -> bool {
    CONTAINER_RESOURCES.contains(&name) || is_huge_page_resource_name(name)
}

/// `IsStandardResourceName`.
pub fn is_standard_resource_name(name: &str) -> bool {
    STANDARD_RESOURCES.contains(&name) || is_quota_huge_page_resource_name(name)
}

/// `IsHugePageResourceName`.
pub fn is_huge_page_resource_name(name: &str) -> bool {
    name.starts_with(HUGE_PAGES)
}

/// `IsQuotaHugePageResourceName`.
fn is_quota_huge_page_resource_name(name: &str) -> bool {
    is_huge_page_resource_name(name.strip_prefix(REQUESTS).unwrap_or(name))
}

/// `IsHugePageResourceValueDivisible`.
pub fn is_huge_page_resource_value_divisible(name: &str, quantity: Quantity) -> bool {
    let size = name.strip_prefix(HUGE_PAGES).and_then(Quantity::parse);
    size.is_some_and(|size| {
        size.sign() > 0 && size.milli() % 1000 == 0 && quantity.units() % size.units() == 0
    })
}

/// `IsExtendedResourceName`.
pub fn is_extended_resource_name(name: &str, gates: &Gates) -> bool {
    if is_native_resource(name) || name.starts_with(REQUESTS) {
        return false;
    }
    // Upstream asks whether the name with `requests.` before it is qualified. Where the name
    // itself is, only its length may break that.
    let domain = name.split('/').next().unwrap_or(name);
    REQUESTS.len() + domain.len() <= SUBDOMAIN_MAX && is_qualified_name(name, gates).is_empty()
}

/// `IsNativeResource`.
pub fn is_native_resource(name: &str) -> bool {
    !name.contains('/') || name.contains("kubernetes.io/")
}

/// `IsOvercommitAllowed`.
pub fn is_overcommit_allowed(name: &str) -> bool {
    is_native_resource(name) && !is_huge_page_resource_name(name)
}

/// `IsIntegerResourceName`.
pub fn is_integer_resource_name(name: &str, gates: &Gates) -> bool {
    INTEGER_RESOURCES.contains(&name) || is_extended_resource_name(name, gates)
}
