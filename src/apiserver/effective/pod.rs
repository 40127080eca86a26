//! What is filled into whole Pods, but not into templates.
//!
//! Mirrors `PrepareForCreate` and `PrepareForUpdate` in `pkg/registry/core/pod/strategy.go`,
//! `DefaultPodLevelResources` in `pkg/api/pod/util.go`, and the functions of these names in
//! `pkg/apis/core/v1/defaults.go` where they stood before 1.37. Not here: AppArmor annotations
//! that become fields (`app_armor`).

use super::app_armor::apply_app_armor_version_skew;
use super::resources::{Amounts, aggregate};
use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// What `PrepareForCreate` fills in.
pub fn prepare_for_create(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let Some(spec) = object.get(root, "spec") else {
        return;
    };
    if let Some(labels) = object.at(root, &["metadata", "labels"]) {
        if gates.match_label_keys_in_pod_affinity {
            mutate_pod_affinity(object, spec, labels);
        }
        if gates.spread_keys_are_merged {
            for constraint in object.items(spec, "topologySpreadConstraints") {
                apply_label_keys(object, constraint, "matchLabelKeys", "In", labels);
            }
        }
    }
    if gates.app_armor_fields {
        apply_app_armor_version_skew(object, spec);
    }
    if gates.pod_level_resources_fixed {
        default_pod_level_resources(object, spec, gates);
    }
}

/// What `PrepareForUpdate` fills in: resources, for clients that don't know those of Pods.
pub fn prepare_for_update<'t>(object: &mut Effective<'t>, old: &Effective<'t>, gates: &Gates) {
    let specs = object
        .get(object.root(), "spec")
        .zip(old.get(old.root(), "spec"));
    if let Some((spec, old_spec)) = specs
        && gates.pod_level_resources_fixed
        && object.get(spec, "resources").is_none()
        && let Some(resources) = old.get(old_spec, "resources")
    {
        object.copy_from(spec, "resources", old, resources);
    }
}

/// `mutatePodAffinity`.
fn mutate_pod_affinity(object: &mut Effective<'_>, spec: Id, labels: Id) {
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = object.at(spec, &["affinity", kind]) else {
            continue;
        };
        let mut terms = Vec::new();
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
        for weighted in object.items(affinity, preferred) {
            terms.extend(object.get(weighted, "podAffinityTerm"));
        }
        terms.extend(object.items(affinity, "requiredDuringSchedulingIgnoredDuringExecution"));
        for term in terms {
            apply_label_keys(object, term, "matchLabelKeys", "In", labels);
            apply_label_keys(object, term, "mismatchLabelKeys", "NotIn", labels);
        }
    }
}

/// `applyLabelKeysToLabelSelector`: the pod's own values of the keys become expressions.
fn apply_label_keys(
    object: &mut Effective<'_>,
    of: Id,
    key: &str,
    operator: &'static str,
    labels: Id,
) {
    let Some(selector) = object.get(of, "labelSelector") else {
        return;
    };
    for key in object.texts(of, key) {
        let Some(value) = object.value(labels).entry(key).map(|label| label.id()) else {
            continue;
        };
        let expressions = match object.get(selector, "matchExpressions") {
            Some(expressions) => expressions,
            None => object.set(selector, "matchExpressions", Kind::Sequence, ""),
        };
        let expression = object.push_default(expressions);
        object.set(expression, "key", Kind::String, key);
        object.set(expression, "operator", Kind::String, operator);
        let text = object.value_text(value);
        object.set_texts(expression, "values", &[text]);
    }
}

/// `DefaultPodLevelResources`; before 1.37 `defaultHugePagePodLimits` and `defaultPodRequests`.
pub(super) fn default_pod_level_resources(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    let Some(resources) = object.get(spec, "resources") else {
        return;
    };
    let written = |object: &Effective<'_>, key| object.len(resources, key) > 0;
    if !written(object, "requests") && !written(object, "limits") {
        return;
    }
    let limits = aggregate(object, spec, "limits");
    for (name, amount) in &limits {
        let known = |list| has(object, resources, list, name);
        if is_huge_page(name) && !known("requests") && !known("limits") {
            add(object, resources, "limits", (name, *amount));
        }
    }
    if gates.pod_level_resources_fixed || written(object, "limits") {
        default_requests(object, spec, resources);
    }
    if gates.pod_level_resources_fixed {
        default_limits(object, spec, resources, &limits);
    }
}

/// `defaultPodLevelRequests`.
fn default_requests(object: &mut Effective<'_>, spec: Id, resources: Id) {
    for (name, amount) in aggregate(object, spec, "requests") {
        let given = matches!(name, "cpu" | "memory");
        if given && !has(object, resources, "requests", name) {
            add(object, resources, "requests", (name, amount));
        }
    }
    for limit in object.children_of(resources, "limits") {
        let name = object.key_of(limit);
        let amount = object.value(limit).quantity();
        if is_supported(name) && !has(object, resources, "requests", name) {
            add(object, resources, "requests", (name, amount));
        }
    }
}

/// `defaultPodLevelLimits`, where all containers have one.
fn default_limits(object: &mut Effective<'_>, spec: Id, resources: Id, limits: &Amounts<'_>) {
    let mut containers = Vec::new();
    for list in super::core::CONTAINERS {
        containers.extend(object.items(spec, list));
    }
    for request in object.children_of(resources, "requests") {
        let name = object.key_of(request);
        let limited = |container: &Id| {
            let limits = object.at(*container, &["resources", "limits"]);
            limits.is_some_and(|limits| object.value(limits).entry(name).is_some())
        };
        let wanted = is_supported(name) && !has(object, resources, "limits", name);
        let sum = limits.get(name);
        if let Some(sum) = sum.filter(|_| wanted && containers.iter().all(limited)) {
            let amount = object.value(request).quantity().max(*sum);
            add(object, resources, "limits", (name, amount));
        }
    }
}

/// `IsSupportedPodLevelResource`.
fn is_supported(name: &str) -> bool {
    matches!(name, "cpu" | "memory") || is_huge_page(name)
}

fn is_huge_page(name: &str) -> bool {
    name.starts_with("hugepages-")
}

fn has(object: &Effective<'_>, resources: Id, list: &str, name: &str) -> bool {
    let list = object.get(resources, list);
    list.is_some_and(|list| object.value(list).entry(name).is_some())
}

fn add<'t>(
    object: &mut Effective<'t>,
    resources: Id,
    list: &'static str,
    (name, amount): (&'t str, crate::object::quantity::Quantity),
) {
    let list = object.default_mapping(resources, list);
    let id = object.set(list, name, Kind::String, "");
    object.set_quantity(id, amount);
}
