//! Jobs, and what CronJobs make of them.

use super::policies::{validate_pod_failure_policy, validate_success_policy};
use super::update::validate_job_spec_update;
use crate::apiserver::effective::Effective;
use crate::apiserver::effective::batch::{
    CONTROLLER_UID_LABELS, GENERATED_NAME, JOB_NAME_LABELS, UID,
};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::apps::validate_nonnegative_field;
use crate::apiserver::validation::format::{
    is_dns1123_label, is_domain_prefixed_path, is_valid_label_value,
};
use crate::apiserver::validation::labels::{
    SelectorOptions, label_selector_as_selector, label_selector_has_invalid_label_value,
    validate_label_selector,
};
use crate::apiserver::validation::meta::{
    self, name_is_dns_subdomain, validate_object_meta, validate_object_meta_update,
};
use crate::apiserver::validation::pod::{PodOptions, validate_pod_template_spec};
use crate::finding::Step;
use crate::tree::Kind;

/// `maxParallelismForIndexedJob` and `maxFailedIndexesForIndexedJob`.
const INDEXED_MAX: i64 = 100_000;
/// `completionsSoftLimit`.
const COMPLETIONS_SOFT_MAX: i64 = 100_000;
/// `parallelismLimitForHighCompletions` and `maxFailedIndexesLimitForHighCompletions`.
const HIGH_COMPLETIONS_MAX: i64 = 10_000;
/// `maxManagedByLength`.
const MANAGED_BY_BYTES_MAX: usize = 63;

/// `ValidateJob`, since 1.37 `ValidateJobCreate`.
pub fn validate_job(v: &mut Validation, job: &Field<'_, '_>) {
    let spec = job.key("spec");
    let options = PodOptions::of_template(v, &spec.key("template"), None);
    validate_object_meta(v, &job.key("metadata"), true, name_is_dns_subdomain);
    validate_generated_selector(v, job, true);
    validate_job_spec_with_selector(v, &spec, &options);
    validate_name_allows_completions(v, job);
}

/// `ValidateJobUpdate`.
pub fn validate_job_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let (spec, old_spec) = (new.key("spec"), old.key("spec"));
    let (template, old_template) = (spec.key("template"), old_spec.key("template"));
    let mut options = PodOptions::of_template(v, &template, Some(&old_template));
    options.allow_invalid_label_value_in_selector |=
        label_selector_has_invalid_label_value(v, &old_spec.key("selector"));
    if v.gates.job_updates_judged_twice {
        validate_object_meta(v, &new.key("metadata"), true, name_is_dns_subdomain);
        let labels = old_template
            .value()
            .and_then(|t| t.at(&["metadata", "labels"]));
        let had = |label| labels.is_some_and(|labels| labels.entry(label).is_some());
        let prefixed = [JOB_NAME_LABELS[1], CONTROLLER_UID_LABELS[1]];
        validate_generated_selector(v, new, prefixed.into_iter().all(had));
        validate_job_spec_with_selector(v, &spec, &options);
    }
    validate_object_meta_update(v, &new.key("metadata"), &old.key("metadata"));
    validate_job_spec_with_selector(v, &spec, &options);
    validate_job_spec_update(v, &spec, &old_spec);
    validate_name_allows_completions(v, new);
}

/// `validateGeneratedSelector`. A Job that was made without labels with a prefix needs none.
fn validate_generated_selector(v: &mut Validation, job: &Field<'_, '_>, needs_prefixed: bool) {
    let spec = job.key("spec");
    if spec.key("manualSelector").bool() {
        return;
    }
    let metadata = job.key("metadata");
    let (name, name_field) = (meta::name(&metadata), metadata.key("name"));
    let template = spec.key("template");
    let pod = template.key("metadata");
    let labels = pod.key("labels");
    let uids = CONTROLLER_UID_LABELS.map(|label| (label, UID));
    let names = JOB_NAME_LABELS.map(|label| (label, &*name));
    let expected: Vec<_> = uids.into_iter().chain(names).collect();
    let expected = expected
        .into_iter()
        .filter(|(label, _)| needs_prefixed || !label.contains('/'));
    for (label, expected) in expected.clone() {
        let field = labels.entry(label);
        if field.text() != expected && !is_generated_name(&field) {
            v.invalid("JOB-29", &field, format!("must be '{expected}'"))
                .with(&name_field, "the name of the Job");
        }
    }
    if name_field.text().is_empty() {
        validate_generated_name(
            v,
            &template.child(Step::Key("labels"), labels.value()),
            &name,
        );
        validate_generated_name(v, &metadata.key("labels"), &name);
    }
    let (Some(value), selector) = (labels.value(), spec.key("selector")) else {
        return;
    };
    let mut generated = Effective::derived_from(value);
    for id in generated.children(generated.root()) {
        let key = generated.key_of(id);
        generated.remove(generated.root(), key);
    }
    for (label, _) in expected {
        match name_field
            .value()
            .filter(|_| JOB_NAME_LABELS.contains(&label))
        {
            Some(name) => generated.set_copy_of(generated.root(), label, name),
            None => {
                let text = if JOB_NAME_LABELS.contains(&label) {
                    GENERATED_NAME
                } else {
                    UID
                };
                generated.set(generated.root(), label, Kind::String, text);
            }
        }
    }
    let generated = Field::root(generated.value(generated.root()));
    let matcher = label_selector_as_selector(v, &selector);
    if matcher.is_some_and(|matcher| !matcher.matches(&generated)) {
        v.invalid("JOB-27", &selector, "`selector` not auto-generated");
    }
}

/// Whether a label stands for the name that the server generates.
fn is_generated_name(label: &Field<'_, '_>) -> bool {
    let value = label.value();
    value.is_some_and(|value| !value.is_written() && value.text() == GENERATED_NAME)
}

/// What `ValidateLabels` says where a generated name becomes the value of labels.
fn validate_generated_name(v: &mut Validation, labels: &Field<'_, '_>, name: &str) {
    for label in JOB_NAME_LABELS {
        if is_generated_name(&labels.entry(label)) {
            let wrong = is_valid_label_value(name, &v.gates);
            v.invalid_value("LBL-02", labels, name, wrong);
        }
    }
}

/// `ValidateJobSpec`.
fn validate_job_spec_with_selector(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    validate_job_spec(v, spec, options);
    let selector = spec.key("selector");
    if selector.is_set() {
        let selector_options = SelectorOptions {
            allow_invalid_values: options.allow_invalid_label_value_in_selector,
        };
        validate_label_selector(v, &selector, selector_options);
    } else {
        v.required("JOB-26", &selector, "");
    }
    let template = spec.key("template");
    let metadata = template.key("metadata");
    let labels = metadata.key("labels");
    let matcher = label_selector_as_selector(v, &selector);
    if matcher.is_some_and(|matcher| !matcher.matches(&labels)) {
        let detail = "`selector` does not match template `labels`";
        v.invalid("JOB-28", &labels, detail)
            .with(&selector, "the selector");
    }
}

/// `validateNameAllowsCompletions`, before 1.37 a part of `ValidateJob`, which judged updates, too:
/// a pod of an Indexed Job has its index in its host name.
fn validate_name_allows_completions(v: &mut Validation, job: &Field<'_, '_>) {
    let spec = job.key("spec");
    let completions = spec.key("completions");
    if spec.key("completionMode").text() != "Indexed" || completions.int() <= 0 {
        return;
    }
    let metadata = job.key("metadata");
    let host = format!("{}-{}", meta::name(&metadata), completions.int() - 1);
    if !is_dns1123_label(&host).is_empty() {
        let detail = format!("will not able to create pod with invalid DNS label: {host}");
        v.invalid("JOB-30", &metadata.key("name"), detail)
            .with(&completions, "completions");
    }
}

/// `validateJobSpec`. Not here: `scheduling`, which no minor has on (`WorkloadWithJob`).
pub fn validate_job_spec(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    let numbers = [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ];
    for key in numbers {
        validate_nonnegative_field(v, "JOB-01", &spec.key(key));
    }
    let (per_index, failed) = (
        spec.key("backoffLimitPerIndex"),
        spec.key("maxFailedIndexes"),
    );
    if failed.is_set() && !per_index.is_set() {
        v.required("JOB-02", &per_index, "when maxFailedIndexes is specified")
            .with(&failed, "maxFailedIndexes");
    }
    validate_managed_by(v, &spec.key("managedBy"));
    let mode = spec.key("completionMode");
    match mode.text_pointer() {
        Some("Indexed") => validate_indexed(v, spec),
        None | Some("NonIndexed") => {
            for field in [per_index, failed] {
                if field.is_set() {
                    v.invalid("JOB-10", &field, "requires indexed completion mode");
                }
            }
        }
        Some(_) => {
            v.not_supported("JOB-05", &mode, &["NonIndexed", "Indexed"]);
        }
    }
    let success = spec.key("successPolicy");
    validate_pod_failure_policy(v, spec);
    if success.is_set() && mode.text() != "Indexed" {
        v.invalid("JOB-11", &success, "requires indexed completion mode");
    } else if success.is_set() {
        validate_success_policy(v, spec, &success);
    }
    validate_pod_replacement_policy(v, spec);
    let template = spec.key("template");
    validate_pod_template_spec(v, &template, options);
    validate_restart_policy(v, spec, &template);
}

fn validate_managed_by(v: &mut Validation, managed_by: &Field<'_, '_>) {
    match managed_by.text_pointer() {
        None => {}
        Some("") => {
            v.required("JOB-03", managed_by, "");
        }
        Some(text) => {
            v.invalid_each("JOB-03", managed_by, is_domain_prefixed_path(text));
            if text.len() > MANAGED_BY_BYTES_MAX {
                v.too_long_max_length("JOB-04", managed_by, MANAGED_BY_BYTES_MAX);
            }
        }
    }
}

/// What `validateJobSpec` asks of the numbers of an Indexed Job.
fn validate_indexed(v: &mut Validation, spec: &Field<'_, '_>) {
    let completions = spec.key("completions");
    let parallelism = spec.key("parallelism");
    let failed = spec.key("maxFailedIndexes");
    if !completions.is_set() {
        v.required("JOB-06", &completions, "when completion mode is Indexed");
    }
    if parallelism.int() > INDEXED_MAX {
        let detail = "must be less than or equal to 100000 when completion mode is Indexed";
        v.invalid("JOB-07", &parallelism, detail);
    }
    if completions.is_set() && failed.is_set() && failed.int() > completions.int() {
        v.invalid(
            "JOB-08",
            &failed,
            "must be less than or equal to completions",
        )
        .with(&completions, "completions");
    }
    if failed.int() > INDEXED_MAX {
        v.invalid("JOB-08", &failed, "must be less than or equal to 100000");
    }
    let per_index = spec.key("backoffLimitPerIndex").is_set();
    if completions.int() <= COMPLETIONS_SOFT_MAX || !per_index {
        return;
    }
    if !failed.is_set() {
        let detail = "must be specified when completions is above 100000";
        v.required("JOB-09", &failed, detail);
    }
    for field in [parallelism, failed] {
        if field.int() > HIGH_COMPLETIONS_MAX {
            let detail = "must be less than or equal to 10000 when completions are above 100000 \
                          and used with backoff limit per index";
            v.invalid("JOB-09", &field, detail)
                .with(&completions, "completions");
        }
    }
}

/// `validatePodReplacementPolicy`.
fn validate_pod_replacement_policy(v: &mut Validation, spec: &Field<'_, '_>) {
    let replacement = spec.key("podReplacementPolicy");
    let Some(text) = replacement.text_pointer() else {
        return;
    };
    let failure = spec.key("podFailurePolicy");
    if failure.is_set() && text != "Failed" {
        v.not_supported("JOB-22", &replacement, &["Failed"])
            .with(&failure, "the pod failure policy");
    } else if !failure.is_set() && !matches!(text, "Failed" | "TerminatingOrFailed") {
        v.not_supported("JOB-22", &replacement, &["Failed", "TerminatingOrFailed"]);
    }
}

/// What `validateJobSpec` asks of the restart policy.
fn validate_restart_policy(v: &mut Validation, spec: &Field<'_, '_>, template: &Field<'_, '_>) {
    let pod = template.key("spec");
    let policy = pod.key("restartPolicy");
    let failure = spec.key("podFailurePolicy");
    match policy.text() {
        "" | "Always" => {
            let detail = "valid values: \"OnFailure\", \"Never\"";
            v.required("JOB-23", &policy, detail);
        }
        "OnFailure" if failure.is_set() => {
            let detail = "only \"Never\" is supported when podFailurePolicy is specified";
            v.invalid("JOB-25", &policy, detail)
                .with(&failure, "the pod failure policy");
        }
        "OnFailure" | "Never" => {}
        _ => {
            v.not_supported("JOB-24", &policy, &["OnFailure", "Never"]);
        }
    }
}
