//! Defaults and dropped fields of the group `batch`.
//!
//! Mirrors `pkg/apis/batch/v1/defaults.go` and the strategies under `pkg/registry/batch`.

use std::borrow::Cow;

use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::apiserver::validation::format::is_valid_label_value;
use crate::apiserver::validation::meta::generated_name;
use crate::tree::Kind;

/// Stands for the uid that the server gives a Job, which nobody can know.
pub const UID: &str = "00000000-0000-4000-8000-000000000000";
/// Stands for a name that the server generates.
pub const GENERATED_NAME: &str = "generated";
/// `LegacyJobNameLabel` and `JobNameLabel`.
pub const JOB_NAME_LABELS: [&str; 2] = ["job-name", "batch.kubernetes.io/job-name"];
/// `LegacyControllerUidLabel` and `ControllerUidLabel`.
pub const CONTROLLER_UID_LABELS: [&str; 2] =
    ["controller-uid", "batch.kubernetes.io/controller-uid"];

/// `SetObjectDefaults_Job`.
pub fn job(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    set_defaults_job(object, spec);
    set_defaults_pod_failure_policy(object, spec);
    super::core::pod_template(object, spec, gates);
}

/// `SetObjectDefaults_CronJob`.
pub fn cron_job(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    object.default_text(spec, "concurrencyPolicy", "Allow");
    object.default_pointer(spec, "suspend", Kind::Bool, "false");
    object.default_pointer(spec, "successfulJobsHistoryLimit", Kind::Int, "3");
    object.default_pointer(spec, "failedJobsHistoryLimit", Kind::Int, "1");
    let template = object.default_mapping(spec, "jobTemplate");
    let job = object.default_mapping(template, "spec");
    if gates.cron_job_failure_policy_defaults {
        set_defaults_pod_failure_policy(object, job);
    }
    super::core::pod_template(object, job, gates);
}

/// `PrepareForCreate` of a Job. An update keeps what was generated then, as clients that apply
/// manifests do.
pub fn prepare_job(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    object.remove(root, "status");
    let spec = object.default_mapping(root, "spec");
    let manual = object.value(spec).get("manualSelector");
    if !manual.is_some_and(|manual| manual.bool()) {
        generate_selector(object, spec, gates);
    }
    if !gates.job_success_policy {
        object.drop_field(spec, "successPolicy", Some("JobSuccessPolicy"));
    }
    object.drop_field(spec, "scheduling", Some("WorkloadWithJob"));
    super::core::drop_disabled_template_fields(object, spec, gates);
}

/// What only the creation of a Job drops.
pub fn prepare_job_for_create(object: &mut Effective<'_>, gates: &Gates) {
    if let Some(spec) = object.get(object.root(), "spec")
        && !gates.job_managed_by
    {
        object.drop_field(spec, "managedBy", Some("JobManagedBy"));
    }
}

/// `PrepareForCreate` of a CronJob.
pub fn prepare_cron_job(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    object.remove(root, "status");
    if let Some(job) = object.at(root, &["spec", "jobTemplate", "spec"]) {
        object.drop_field(job, "scheduling", Some("WorkloadWithJob"));
        super::core::drop_disabled_template_fields(object, job, gates);
    }
}

/// `SetDefaults_Job`.
fn set_defaults_job(object: &mut Effective<'_>, spec: Id) {
    if object.get(spec, "parallelism").is_none() {
        object.default_pointer(spec, "completions", Kind::Int, "1");
    }
    object.default_pointer(spec, "parallelism", Kind::Int, "1");
    let per_index = object.get(spec, "backoffLimitPerIndex").is_some();
    let limit = if per_index { "2147483647" } else { "6" };
    object.default_pointer(spec, "backoffLimit", Kind::Int, limit);
    let metadata = object.default_mapping(object.root(), "metadata");
    let labels = object.value(metadata).get("labels");
    if labels.is_none_or(|labels| labels.is_empty())
        && let Some(labels) = object.at(spec, &["template", "metadata", "labels"])
    {
        object.set_copy(metadata, "labels", labels);
    }
    object.default_pointer(spec, "completionMode", Kind::String, "NonIndexed");
    object.default_pointer(spec, "suspend", Kind::Bool, "false");
    let policy = object.get(spec, "podFailurePolicy").is_some();
    let replacement = if policy {
        "Failed"
    } else {
        "TerminatingOrFailed"
    };
    object.default_pointer(spec, "podReplacementPolicy", Kind::String, replacement);
    object.default_pointer(spec, "manualSelector", Kind::Bool, "false");
}

/// `SetDefaults_PodFailurePolicyOnPodConditionsPattern`, for each.
fn set_defaults_pod_failure_policy(object: &mut Effective<'_>, spec: Id) {
    let Some(policy) = object.get(spec, "podFailurePolicy") else {
        return;
    };
    for rule in object.items(policy, "rules") {
        for pattern in object.items(rule, "onPodConditions") {
            object.default_text(pattern, "status", "True");
        }
    }
}

/// `generateSelector`. The labels of the Job, where they are those of the template, are the same
/// map to the server.
fn generate_selector(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    let template = object.default_mapping(spec, "template");
    let pod = object.default_mapping(template, "metadata");
    let own = object.default_mapping(object.root(), "metadata");
    let (labels, of_job) = (object.get(pod, "labels"), object.get(own, "labels"));
    let shared = match (labels, of_job) {
        (Some(labels), Some(of_job)) => {
            object.value(of_job).origin() == object.value(labels).origin()
        }
        _ => false,
    };
    let labels = object.default_mapping(pod, "labels");
    add_generated_labels(object, labels, own);
    if let Some(of_job) = of_job.filter(|_| shared) {
        add_generated_labels(object, of_job, own);
    }
    // Read back from the storage, a Job without labels has those of its template. Validation comes
    // before that: labels that are wrong are told of the template alone.
    let unlabelled = object
        .value(own)
        .get("labels")
        .is_none_or(|labels| labels.is_empty());
    let (name, base) = (object.text(own, "name"), object.text(own, "generateName"));
    let name = match name {
        "" if !base.is_empty() => generated_name(base).into(),
        name => Cow::Borrowed(name),
    };
    if unlabelled && is_valid_label_value(&name, gates).is_empty() {
        object.set_copy(own, "labels", labels);
    }
    let selector = object.default_mapping(spec, "selector");
    let match_labels = object.default_mapping(selector, "matchLabels");
    let [_, label] = CONTROLLER_UID_LABELS;
    if object.value(match_labels).entry(label).is_none() {
        object.set(match_labels, label, Kind::String, UID);
    }
}

fn add_generated_labels(object: &mut Effective<'_>, labels: Id, metadata: Id) {
    for label in JOB_NAME_LABELS {
        if object.value(labels).entry(label).is_some() {
            continue;
        }
        let name = object.get(metadata, "name");
        let generated = !object.text(metadata, "generateName").is_empty();
        match name.filter(|name| !object.value_text(*name).is_empty()) {
            Some(name) => object.set_copy(labels, label, name),
            None if generated => object.set(labels, label, Kind::String, GENERATED_NAME),
            None => object.set(labels, label, Kind::String, ""),
        };
    }
    for label in CONTROLLER_UID_LABELS {
        if object.value(labels).entry(label).is_none() {
            object.set(labels, label, Kind::String, UID);
        }
    }
}
