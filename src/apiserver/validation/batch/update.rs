//! What an update of a Job may change.

use crate::apiserver::effective::{Effective, Id, Value};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::meta::validate_immutable_field;
use crate::finding::Step;

/// `ValidateJobSpecUpdate`, but for what it asks of any Job.
pub fn validate_job_spec_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    validate_completions(v, new, old);
    validate_immutable_field(v, "JOB-32", &new.key("selector"), &old.key("selector"));
    validate_pod_template_update(v, new, old);
    let immutable = [
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ];
    for key in immutable {
        validate_immutable_field(v, "JOB-32", &new.key(key), &old.key(key));
    }
}

/// `validateCompletions`.
fn validate_completions(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let (completions, before) = (new.key("completions"), old.key("completions"));
    if new.key("completionMode").text() != "Indexed" {
        validate_immutable_field(v, "JOB-31", &completions, &before);
        return;
    }
    let parallelism = new.key("parallelism");
    let changed = completions.is_set() && !completions.equals(&before);
    if changed && completions.int() != parallelism.int() {
        let detail = "can only be modified in tandem with spec.parallelism";
        v.invalid("JOB-31", &completions, detail)
            .with(&parallelism, "parallelism")
            .with(&before, "the old value");
    }
}

/// `validatePodTemplateUpdate`. As far as manifests say, a Job that is suspended never started.
fn validate_pod_template_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let (template, old_template) = (new.key("template"), old.key("template"));
    let values = template.value().zip(old_template.value());
    let Some((value, old_value)) = values.filter(|_| old.key("suspend").bool()) else {
        validate_immutable_field(v, "JOB-32", &template, &old_template);
        return;
    };
    let mut allowed = Effective::derived_from(old_value);
    allow_scheduling_directives(&mut allowed, value);
    if !v.gates.mutable_pod_resources {
        let allowed = allowed.value(allowed.root());
        let allowed = old.child(Step::Key("template"), Some(allowed));
        validate_immutable_field(v, "JOB-32", &template, &allowed);
        return;
    }
    let pod = allowed.default_mapping(allowed.root(), "spec");
    allow_resources(&mut allowed, pod, value);
    let step = Step::Key("template.spec");
    let allowed = old.child(step, Some(allowed.value(pod)));
    let changed = new.child(step, template.key("spec").value());
    validate_immutable_field(v, "JOB-32", &changed, &allowed);
}

/// Takes over what the scheduler goes by, and labels and annotations.
fn allow_scheduling_directives<'v>(allowed: &mut Effective<'v>, new: Value<'v>) {
    let metadata = allowed.default_mapping(allowed.root(), "metadata");
    let new_metadata = new.get("metadata");
    for key in ["annotations", "labels"] {
        take_over(allowed, metadata, key, new_metadata);
    }
    let pod = allowed.default_mapping(allowed.root(), "spec");
    let new_pod = new.get("spec");
    for key in ["nodeSelector", "tolerations", "schedulingGates"] {
        take_over(allowed, pod, key, new_pod);
    }
    let new_affinity = new_pod.and_then(|pod| pod.get("affinity"));
    let affinity = match (new_affinity, allowed.get(pod, "affinity")) {
        (None, None) => return,
        (_, Some(affinity)) => affinity,
        (Some(_), None) => allowed.default_mapping(pod, "affinity"),
    };
    take_over(allowed, affinity, "nodeAffinity", new_affinity);
    if new_affinity.is_none() && allowed.value(affinity).is_empty() {
        allowed.remove(pod, "affinity");
    }
}

/// `validatePodResourceUpdatesOnly`: takes over the resources of containers of the same name.
fn allow_resources<'v>(allowed: &mut Effective<'v>, pod: Id, new: Value<'v>) {
    let new_pod = new.get("spec");
    for list in ["containers", "initContainers"] {
        let Some(new_list) = new_pod.and_then(|pod| pod.get(list)) else {
            continue;
        };
        let containers = allowed.items(pod, list);
        if containers.len() != new_list.len() {
            continue;
        }
        for (container, new) in containers.into_iter().zip(new_list.values()) {
            let name = new.get("name").map_or("", Value::text);
            if allowed.text(container, "name") == name {
                take_over(allowed, container, "resources", Some(new));
            }
        }
    }
}

/// Puts a value of a new mapping in place of the old one; nothing, where it has none.
fn take_over<'v>(allowed: &mut Effective<'v>, of: Id, key: &'static str, new: Option<Value<'v>>) {
    match new.and_then(|new| new.get(key)) {
        Some(value) => allowed.set_copy_of(of, key, value),
        None => allowed.remove(of, key),
    }
}
