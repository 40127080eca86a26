//! What the server writes into a Pod when it is created.
//!
//! Mirrors `mutatePodAffinity`, `mutateTopologySpreadConstraints` and `applyAppArmorVersionSkew`
//! in `pkg/registry/core/pod/strategy.go`. Not here: the annotations that 1.30 to 1.33 make of
//! AppArmor's fields, defaults (`core`).

use super::core::CONTAINERS;
use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `DeprecatedAppArmorAnnotationKeyPrefix`.
const APP_ARMOR: &str = "container.apparmor.security.beta.kubernetes.io/";
/// The longest path of an AppArmor profile.
const PROFILE_MAX: usize = 4095;

/// What `PrepareForCreate` of a Pod does and `PrepareForUpdate` doesn't.
pub fn prepare_for_create(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let Some(spec) = object.get(root, "spec") else {
        return;
    };
    let labels = object.at(root, &["metadata", "labels"]);
    if let Some(labels) = labels.filter(|_| gates.match_label_keys_in_pod_affinity) {
        mutate_pod_affinity(object, spec, labels);
    }
    if let Some(labels) = labels.filter(|_| gates.spread_keys_are_merged) {
        for constraint in object.items(spec, "topologySpreadConstraints") {
            apply_label_keys(object, constraint, "matchLabelKeys", "In", labels);
        }
    }
    let annotations = object.at(root, &["metadata", "annotations"]);
    if let Some(annotations) = annotations.filter(|_| gates.app_armor_fields) {
        apply_app_armor_version_skew(object, spec, annotations);
    }
}

/// `mutatePodAffinity`.
fn mutate_pod_affinity(object: &mut Effective<'_>, spec: Id, labels: Id) {
    for kind in ["podAffinity", "podAntiAffinity"] {
        let Some(affinity) = object.at(spec, &["affinity", kind]) else {
            continue;
        };
        let mut terms = object.items(affinity, "requiredDuringSchedulingIgnoredDuringExecution");
        for weighted in object.items(affinity, "preferredDuringSchedulingIgnoredDuringExecution") {
            terms.extend(object.get(weighted, "podAffinityTerm"));
        }
        for term in terms {
            apply_label_keys(object, term, "matchLabelKeys", "In", labels);
            apply_label_keys(object, term, "mismatchLabelKeys", "NotIn", labels);
        }
    }
}

/// `applyLabelKeysToLabelSelector`, where there is a selector.
fn apply_label_keys(
    object: &mut Effective<'_>,
    term: Id,
    keys: &str,
    operator: &'static str,
    labels: Id,
) {
    let Some(selector) = object.get(term, "labelSelector") else {
        return;
    };
    let keys = object.get(term, keys);
    for key in keys.map_or(Vec::new(), |keys| object.children(keys)) {
        let label = object.value(labels).entry(object.value(key).text());
        let Some(label) = label.map(|label| label.id()) else {
            continue;
        };
        let expressions = match object.get(selector, "matchExpressions") {
            Some(expressions) => expressions,
            None => object.set(selector, "matchExpressions", Kind::Sequence, ""),
        };
        let requirement = object.push_default(expressions);
        object.set_copy(requirement, "key", key);
        object.set(requirement, "operator", Kind::String, operator);
        let values = object.set(requirement, "values", Kind::Sequence, "");
        object.copy_cell(values, "", label);
    }
}

/// `applyAppArmorVersionSkew`: an annotation becomes the field of its container.
fn apply_app_armor_version_skew(object: &mut Effective<'_>, spec: Id, annotations: Id) {
    let os = object.at(spec, &["os", "name"]);
    if os.is_some_and(|os| object.value(os).text() == "windows") {
        return;
    }
    let of_pod = object.at(spec, &["securityContext", "appArmorProfile"]);
    for list in CONTAINERS {
        for container in object.items(spec, list) {
            let own = object.at(container, &["securityContext", "appArmorProfile"]);
            let name = object.text(container, "name");
            let mut annotations = object.children(annotations).into_iter();
            let annotation = annotations
                .find(|id| object.key_of(*id).strip_prefix(APP_ARMOR) == Some(name))
                .filter(|_| own.is_none());
            if let Some((kind, path)) = annotation.and_then(|id| profile(object, id))
                && !of_pod.is_some_and(|id| is_profile(object, id, kind, path))
            {
                let context = object.default_mapping(container, "securityContext");
                let field = object.default_mapping(context, "appArmorProfile");
                object.set(field, "type", Kind::String, kind);
                if let Some(path) = path {
                    object.set(field, "localhostProfile", Kind::String, path);
                }
            }
        }
    }
}

/// `ApparmorFieldForAnnotation`: the type and the path, unless these would be invalid.
fn profile<'t>(object: &Effective<'t>, annotation: Id) -> Option<(&'static str, Option<&'t str>)> {
    match object.cell(annotation).text {
        "unconfined" => Some(("Unconfined", None)),
        "runtime/default" => Some(("RuntimeDefault", None)),
        text => {
            let path = text.strip_prefix("localhost/")?;
            let valid = !path.is_empty() && path.trim() == path && path.len() <= PROFILE_MAX;
            valid.then_some(("Localhost", Some(path)))
        }
    }
}

fn is_profile(object: &Effective<'_>, profile: Id, kind: &str, path: Option<&str>) -> bool {
    let value = object.value(profile);
    let text = |key| value.get(key).map(|value| value.text());
    text("type") == Some(kind) && text("localhostProfile") == path
}
