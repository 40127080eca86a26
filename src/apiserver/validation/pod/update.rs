//! Updates of Pods: most of a Pod stays as it was created.
//!
//! Mirrors `ValidatePodUpdate` and what it calls in `pkg/apis/core/validation/validation.go`.

use std::collections::{BTreeMap, BTreeSet};

use super::PodOptions;
use super::containers::validate_containers_only_for_pod;
use super::scheduling::validate_tolerations;
use super::template::{
    APP_ARMOR, MIRROR, app_armor_annotations_from_fields, validate_pod_specific_annotations,
};
use super::whole::validate_pod_metadata_and_spec;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_in_range;
use crate::apiserver::validation::meta::validate_object_meta_update;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// What is said of any other change, before a difference of the two specs in Go's notation.
const UPDATABLE: &str = "pod updates may not change fields other than \
    `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,\
    `spec.tolerations` (only additions to existing tolerations),\
    `spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";

/// `ValidatePodUpdate`, with the options of `ValidateUpdate` in
/// `pkg/registry/core/pod/strategy.go`.
pub fn validate_pod_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let options = PodOptions::of_pod(v, new, Some(old));
    validate_object_meta_update(v, &new.key("metadata"), &old.key("metadata"));
    validate_pod_metadata_and_spec(v, new, &options);
    validate_pod_specific_annotation_updates(v, new, old, &options);
    let (new_spec, old_spec) = (new.key("spec"), old.key("spec"));
    for list in ["containers", "initContainers"] {
        if !validate_container_updates(v, &new_spec.key(list), &old_spec.key(list)) {
            return;
        }
    }
    let deadline = new_spec.key("activeDeadlineSeconds");
    if !validate_deadline_update(v, &deadline, &old_spec.key("activeDeadlineSeconds")) {
        return;
    }
    let (tolerations, old_tolerations) = (new_spec.key("tolerations"), old_spec.key("tolerations"));
    validate_only_added_tolerations(v, &tolerations, &old_tolerations, &options);
    let (gates, old_gates) = (
        new_spec.key("schedulingGates"),
        old_spec.key("schedulingGates"),
    );
    validate_only_deleted_scheduling_gates(v, &gates, &old_gates);
    let has_resources = |spec: &Field<'_, '_>| spec.key("resources").is_set();
    if new_spec.equals(&old_spec) && has_resources(&new_spec) == has_resources(&old_spec) {
        return;
    }
    if v.gates.updates_keep_qos && qos(&new_spec) != pod_qos(old) {
        v.invalid("POD-34", &new.key("metadata"), "Pod QoS is immutable");
    }
    let gated = !old_gates.is_empty();
    if gated {
        validate_node_selector_mutation(v, &new_spec, &old_spec);
        validate_node_affinity_mutation(v, &new_spec, &old_spec);
    }
    if !same_but_for_updatable_fields(&new_spec, &old_spec, gated) {
        v.forbidden("POD-33", &new_spec, UPDATABLE);
    }
}

/// `ValidatePodSpecificAnnotationUpdates`.
fn validate_pod_specific_annotation_updates(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
    options: &PodOptions,
) {
    let (metadata, old_metadata) = (new.key("metadata"), old.key("metadata"));
    let annotations = metadata.key("annotations");
    let old_annotations = old_metadata.key("annotations");
    let what = |key: &str| match key {
        MIRROR => Some("mirror pod annotation"),
        _ if key.starts_with(APP_ARMOR) => Some("AppArmor annotations"),
        _ => None,
    };
    for (key, value) in old_annotations.entries() {
        let now = annotations.entry(key);
        let kept = now.value().is_some() && now.text() == value.text();
        if let Some(what) = what(key).filter(|_| !kept) {
            v.forbidden("POD-35", &now, format!("may not remove or update {what}"));
        }
    }
    let written = app_armor_annotations_from_fields(v, old);
    for (key, value) in &written {
        let now = annotations.entry(key);
        if now.value().is_none() || now.text() != value {
            let detail = "may not remove or update AppArmor annotations";
            v.forbidden("POD-35", &now, detail);
        }
    }
    for (key, value) in annotations.entries() {
        let is_new = old_annotations.entry(key).value().is_none()
            && !written.iter().any(|(written, _)| written == key);
        if let Some(what) = what(key).filter(|_| is_new) {
            v.forbidden("POD-35", &value, format!("may not add {what}"));
        }
    }
    validate_pod_specific_annotations(v, &annotations, &new.key("spec"), options);
}

/// `ValidateContainerUpdates`; false: nothing more is looked at.
fn validate_container_updates(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) -> bool {
    if new.len() != old.len() {
        v.forbidden(
            "POD-36",
            new,
            "pod updates may not add or remove containers",
        );
        return false;
    }
    for container in new.items() {
        let image = container.key("image");
        if image.text().is_empty() {
            v.required("POD-36", &image, "");
        }
    }
    validate_containers_only_for_pod(v, new);
    true
}

/// A deadline may be set and come closer; false: nothing more is looked at.
fn validate_deadline_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) -> bool {
    let Some(seconds) = new.int_pointer() else {
        if old.is_set() {
            let detail = "must not update from a positive integer to nil value";
            v.invalid("POD-37", new, detail);
        }
        return true;
    };
    let wrong = is_in_range(seconds, 0, i64::from(i32::MAX));
    if !wrong.is_empty() {
        v.invalid_each("POD-37", new, wrong);
        return false;
    }
    if old.int_pointer().is_some_and(|old| old < seconds) {
        v.invalid(
            "POD-37",
            new,
            "must be less than or equal to previous value",
        )
        .with(old, "the old value");
        return false;
    }
    true
}

/// `validateOnlyAddedTolerations`.
fn validate_only_added_tolerations(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
    options: &PodOptions,
) {
    fn texts<'v>(toleration: Field<'_, 'v>) -> [&'v str; 4] {
        ["key", "operator", "value", "effect"].map(|key| toleration.key(key).text())
    }
    let kept: BTreeSet<_> = new.items().map(texts).collect();
    if !old
        .items()
        .all(|toleration| kept.contains(&texts(toleration)))
    {
        let detail = "existing toleration can not be modified except its tolerationSeconds";
        v.forbidden("POD-38", new, detail);
        return;
    }
    validate_tolerations(v, new, options);
}

/// `validateOnlyDeletedSchedulingGates`.
fn validate_only_deleted_scheduling_gates(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    let known = old.items().map(|gate| gate.key("name").text());
    let known: BTreeSet<&str> = known.collect();
    // Of two with one name, the last one is told.
    let names = new.items().map(|gate| gate.key("name").text());
    let last: BTreeMap<&str, usize> = names.zip(0..).collect();
    for (i, gate) in new.items().enumerate() {
        let name = gate.key("name");
        if !known.contains(name.text()) && last.get(name.text()) == Some(&i) {
            let detail = format!(
                "only deletion is allowed, but found new scheduling gate '{}'",
                name.text()
            );
            v.forbidden("POD-39", &name, detail);
        }
    }
}

/// `validateNodeSelectorMutation`, for Pods that wait at a gate.
fn validate_node_selector_mutation(
    v: &mut Validation,
    new_spec: &Field<'_, '_>,
    old_spec: &Field<'_, '_>,
) {
    let (new, old) = (new_spec.key("nodeSelector"), old_spec.key("nodeSelector"));
    let kept = old.entries().all(|(key, value)| {
        let now = new.entry(key);
        now.value().is_some() && now.text() == value.text()
    });
    if !kept {
        let detail = "only additions to spec.nodeSelector are allowed (no mutations or deletions)";
        v.invalid("POD-40", &new, detail);
    }
}

/// `validateNodeAffinityMutation`, for Pods that wait at a gate.
fn validate_node_affinity_mutation(
    v: &mut Validation,
    new_spec: &Field<'_, '_>,
    old_spec: &Field<'_, '_>,
) {
    let (affinity, old_affinity) = (new_spec.key("affinity"), old_spec.key("affinity"));
    let new = affinity.key("nodeAffinity");
    let old = old_affinity.key("nodeAffinity");
    let (new, old) = (new.key(REQUIRED), old.key(REQUIRED));
    let (new, old) = (new.key("nodeSelectorTerms"), old.key("nodeSelectorTerms"));
    if old.is_empty() {
        return;
    }
    if new.len() != old.len() {
        let detail = "no additions/deletions to non-empty NodeSelectorTerms list are allowed";
        v.invalid("POD-41", &new, detail);
        return;
    }
    for (term, old_term) in new.items().zip(old.items()) {
        if !validate_node_selector_term_has_only_additions(&term, &old_term) {
            let detail = "only additions are allowed (no mutations or deletions)";
            v.invalid("POD-41", &term, detail);
        }
    }
}

/// `validateNodeSelectorTermHasOnlyAdditions`.
fn validate_node_selector_term_has_only_additions(
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) -> bool {
    let parts = ["matchExpressions", "matchFields"];
    let is_empty = |term: &Field<'_, '_>| parts.iter().all(|part| term.key(part).is_empty());
    if is_empty(old) {
        return is_empty(new);
    }
    parts.iter().all(|part| {
        let (new, old) = (new.key(part), old.key(part));
        let mut pairs = new.items().zip(old.items());
        new.len() >= old.len() && pairs.all(|(new, old)| new.equals(&old))
    })
}

/// Whether two specs are the same but for what may change, which is judged elsewhere.
fn same_but_for_updatable_fields(new: &Field<'_, '_>, old: &Field<'_, '_>, gated: bool) -> bool {
    all_keys(new, old, |key, new, old| match key {
        "activeDeadlineSeconds" | "tolerations" | "schedulingGates" => true,
        "nodeSelector" if gated => true,
        "affinity" if gated => all_keys(new, old, |key, new, old| {
            key == "nodeAffinity" || new.equals(old)
        }),
        "containers" | "initContainers" => new.items().zip(old.items()).all(|(new, old)| {
            all_keys(&new, &old, |key, new, old| {
                key == "image" || new.equals(old)
            })
        }),
        "resources" => new.is_set() == old.is_set() && new.equals(old),
        "terminationGracePeriodSeconds" if old.int() < 0 && new.int_pointer() == Some(1) => true,
        _ => new.equals(old),
    })
}

/// Whether something holds for each key that one of two mappings has.
fn all_keys(
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
    mut holds: impl FnMut(&str, &Field<'_, '_>, &Field<'_, '_>) -> bool,
) -> bool {
    let (new_value, old_value) = (new.value(), old.value());
    let keys = new_value.into_iter().chain(old_value);
    let mut keys = keys.flat_map(|value| value.values().map(|value| value.name()));
    keys.all(|key| holds(key, &new.key(key), &old.key(key)))
}

/// `GetPodQOS`: a Pod keeps the class that it was created with, whatever its resources say.
fn pod_qos<'v>(pod: &Field<'_, 'v>) -> &'v str {
    match pod.key("status").key("qosClass").text() {
        "" => qos(&pod.key("spec")),
        class => class,
    }
}

/// `ComputePodQOS` of `pkg/apis/core/helper/qos`. Defaulting has rounded amounts to thousandths.
fn qos(spec: &Field<'_, '_>) -> &'static str {
    let mut guaranteed = true;
    let mut sums: [BTreeMap<&str, i128>; 2] = Default::default();
    for list in ["containers", "initContainers"] {
        for container in spec.key(list).items() {
            let resources = container.key("resources");
            let mut limits = 0;
            for (kind, sums) in ["requests", "limits"].iter().zip(&mut sums) {
                for name in ["cpu", "memory"] {
                    let list = resources.key(kind);
                    let amount = list.entry(name).quantity().unwrap_or_default();
                    if amount.sign() > 0 {
                        let sum = sums.entry(name).or_default();
                        *sum = sum.saturating_add(amount.milli());
                        limits += usize::from(*kind == "limits");
                    }
                }
            }
            guaranteed &= limits == 2;
        }
    }
    let [requests, limits] = sums;
    match guaranteed {
        _ if requests.is_empty() && limits.is_empty() => "BestEffort",
        true if requests == limits => "Guaranteed",
        _ => "Burstable",
    }
}
