//! StatefulSets.

use super::{
    NO_MATCH, int_or_percent_value, is_not_more_than_100_percent, validate_nonnegative_field,
    validate_positive_int_or_percent,
};
use crate::apiserver::effective::{Effective, Id, Value};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::claim::{ClaimOptions, validate_persistent_volume_claim_spec};
use crate::apiserver::validation::format::is_dns1123_label;
use crate::apiserver::validation::labels::{
    SelectorOptions, label_selector_as_selector, validate_label_selector, validate_labels,
};
use crate::apiserver::validation::meta::{
    name_is_dns_label, validate_annotations, validate_immutable_field, validate_object_meta,
    validate_object_meta_update,
};
use crate::apiserver::validation::pod::{
    PodOptions, validate_pod_specific_annotations, validate_pod_template_spec,
};
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;
use crate::tree::Kind;

/// `StatefulSetValidationOptions`.
#[derive(Clone, Copy, Debug, Default)]
struct StatefulSetOptions {
    allow_invalid_service_name: bool,
    skip_pod_template_spec: bool,
    skip_volume_claim_templates: bool,
}

/// `ValidateStatefulSet`.
pub fn validate_stateful_set(v: &mut Validation, stateful_set: &Field<'_, '_>) {
    let spec = stateful_set.key("spec");
    let options = PodOptions::of_template(v, &spec.key("template"), None);
    let own = StatefulSetOptions {
        allow_invalid_service_name: !v.gates.stateful_set_service_name,
        skip_pod_template_spec: !v.gates.stateful_set_templates,
        skip_volume_claim_templates: !v.gates.stateful_set_templates,
    };
    validate_object_meta(v, &stateful_set.key("metadata"), true, name_is_dns_label);
    validate_stateful_set_spec(v, &spec, &options, own);
}

/// `ValidateStatefulSetUpdate`. What an old object already has wrong in its template is let
/// through.
pub fn validate_stateful_set_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    validate_object_meta_update(v, &new.key("metadata"), &old.key("metadata"));
    let (new, old) = (new.key("spec"), old.key("spec"));
    let (template, old_template) = (new.key("template"), old.key("template"));
    let options = PodOptions::of_template(v, &template, Some(&old_template));
    let mut own = StatefulSetOptions {
        allow_invalid_service_name: true,
        skip_pod_template_spec: !v.gates.stateful_set_templates,
        skip_volume_claim_templates: true,
    };
    if !own.skip_pod_template_spec {
        let mut trial = Validation::new(v.gates);
        validate_stateful_set_spec(&mut trial, &old, &options, own);
        own.skip_pod_template_spec = !trial.errors.is_empty();
    }
    validate_stateful_set_spec(v, &new, &options, own);
    validate_immutable_fields(v, &new, &old);
}

/// What `ValidateStatefulSetUpdate` doesn't let change.
fn validate_immutable_fields(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let immutable = [
        "selector",
        "volumeClaimTemplates",
        "serviceName",
        "podManagementPolicy",
    ];
    if v.gates.stateful_set_immutable_fields {
        for key in immutable {
            validate_immutable_field(v, "STS-24", &new.key(key), &old.key(key));
        }
        return;
    }
    let revisions = !v.gates.stateful_set_revision_history_mutable;
    let history = revisions.then_some("revisionHistoryLimit");
    let mut keys = immutable.into_iter().chain(history);
    let Some(changed) = keys.find(|key| !new.key(key).equals(&old.key(key))) else {
        return;
    };
    let detail = if revisions {
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
         'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are \
         forbidden"
    } else {
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', \
         'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and \
         'minReadySeconds' are forbidden"
    };
    v.forbidden("STS-24", new, detail)
        .with(&new.key(changed), "the changed field")
        .with(&old.key(changed), "the old value");
}

/// `ValidateStatefulSetSpec`.
fn validate_stateful_set_spec(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    options: &PodOptions,
    own: StatefulSetOptions,
) {
    let policy = spec.key("podManagementPolicy");
    if !matches!(policy.text(), "OrderedReady" | "Parallel") {
        v.invalid("STS-02", &policy, "must be 'OrderedReady' or 'Parallel'");
    }
    validate_update_strategy(v, &spec.key("updateStrategy"));
    let retention = spec.key("persistentVolumeClaimRetentionPolicy");
    validate_retention_policy(v, &retention.key("whenDeleted"));
    validate_retention_policy(v, &retention.key("whenScaled"));
    if !own.skip_volume_claim_templates {
        let claim_options = ClaimOptions::of_claim(v, None);
        for claim in spec.key("volumeClaimTemplates").items() {
            validate_persistent_volume_claim_spec(v, &claim.key("spec"), &claim_options);
        }
    }
    validate_nonnegative_field(v, "STS-10", &spec.key("replicas"));
    validate_nonnegative_field(v, "STS-10", &spec.key("minReadySeconds"));
    validate_nonnegative_field(v, "STS-11", &spec.key("ordinals").key("start"));
    let service = spec.key("serviceName");
    if !own.allow_invalid_service_name && !service.text().is_empty() {
        v.invalid_each("STS-12", &service, is_dns1123_label(service.text()));
    }
    validate_selector_and_template(v, spec, options, own);
    let pod = spec.key("template");
    let pod = pod.key("spec");
    let policy = pod.key("restartPolicy");
    if policy.text() != "Always" {
        v.not_supported("STS-22", &policy, &["Always"]);
    }
    let deadline = pod.key("activeDeadlineSeconds");
    if deadline.is_set() {
        let detail = "activeDeadlineSeconds in StatefulSet is not Supported";
        v.forbidden("STS-23", &deadline, detail);
    }
}

/// The update strategy, with `validateRollingUpdateStatefulSet`.
fn validate_update_strategy(v: &mut Validation, strategy: &Field<'_, '_>) {
    let rolling_update = strategy.key("rollingUpdate");
    match strategy.key("type").text() {
        "OnDelete" if rolling_update.is_set() => {
            let detail = "only allowed for updateStrategy 'RollingUpdate'";
            v.invalid("STS-05", &rolling_update, detail);
        }
        "OnDelete" => {}
        "RollingUpdate" => {
            validate_nonnegative_field(v, "STS-06", &rolling_update.key("partition"));
            let unavailable = rolling_update.key("maxUnavailable");
            if unavailable.is_set() {
                validate_positive_int_or_percent(v, "STS-07", &unavailable);
                if int_or_percent_value(&unavailable) == 0 {
                    v.invalid("STS-07", &unavailable, "cannot be 0");
                }
                is_not_more_than_100_percent(v, "STS-07", &unavailable);
            }
        }
        _ => {
            v.invalid("STS-04", strategy, "must be 'RollingUpdate' or 'OnDelete'");
        }
    }
}

/// `ValidatePersistentVolumeClaimRetentionPolicyType`.
fn validate_retention_policy(v: &mut Validation, policy: &Field<'_, '_>) {
    if !matches!(policy.text(), "Retain" | "Delete") {
        v.not_supported("STS-08", policy, &["Retain", "Delete"]);
    }
}

/// The selector, and the template as the pods get it.
fn validate_selector_and_template(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    options: &PodOptions,
    own: StatefulSetOptions,
) {
    let selector = spec.key("selector");
    if !selector.is_set() {
        v.required("STS-13", &selector, "");
    } else {
        validate_label_selector(v, &selector, SelectorOptions::default());
        let empty = selector.key("matchLabels").is_empty();
        if empty && selector.key("matchExpressions").is_empty() {
            let detail = "empty selector is invalid for statefulset";
            v.invalid("STS-15", &selector, detail);
        }
    }
    let Some(matcher) = label_selector_as_selector(v, &selector) else {
        v.invalid("STS-16", &selector, "");
        return;
    };
    let template = spec.key("template");
    let metadata = template.key("metadata");
    let labels = metadata.key("labels");
    if !matcher.is_empty() && !matcher.matches(&labels) {
        v.invalid("STS-17", &labels, NO_MATCH)
            .with(&selector, "the selector");
    }
    if !own.skip_pod_template_spec {
        validate_template_with_claims(v, spec, &template, options);
    }
    let annotations = metadata.key("annotations");
    validate_labels(v, &template.child(Step::Key("labels"), labels.value()));
    let annotations = template.child(Step::Key("annotations"), annotations.value());
    validate_annotations(v, &annotations);
    validate_pod_specific_annotations(v, &annotations, &template.key("spec"), options);
}

/// The template with a volume for each claim template, which takes the place of one that has the
/// same name. The controller sets `hostname` and `subdomain`.
fn validate_template_with_claims(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    template: &Field<'_, '_>,
    options: &PodOptions,
) {
    let pod = template.key("spec");
    let claims = spec.key("volumeClaimTemplates");
    let names = ["hostname", "subdomain"];
    let untouched = claims.is_empty() && names.iter().all(|key| pod.key(key).text().is_empty());
    let Some(value) = template.value().filter(|_| !untouched) else {
        return validate_pod_template_spec(v, template, options);
    };
    let mut derived = Effective::derived_from(value);
    let pod_id = derived.default_mapping(derived.root(), "spec");
    for name in names {
        derived.remove(pod_id, name);
    }
    if !claims.is_empty() {
        add_claims(&mut derived, pod_id, &claims, &pod.key("volumes"));
    }
    let value = derived.value(derived.root());
    validate_pod_template_spec(v, &spec.child(Step::Key("template"), Some(value)), options);
}

/// `volumesToAddForTemplates`, and what is left of the template's own volumes. Several claims come
/// in an order that nobody can know.
fn add_claims<'v>(
    derived: &mut Effective<'v>,
    pod: Id,
    claims: &Field<'_, 'v>,
    volumes: &Field<'_, 'v>,
) {
    let list = derived.set_derived(pod, "volumes", Kind::Sequence);
    let mut names = Seen::new();
    for claim in claims.items() {
        let metadata = claim.key("metadata");
        let name = metadata.key("name");
        let Some(at) = claim.value().filter(|_| names.insert(name.text())) else {
            continue;
        };
        let volume = derived.push_mapping(list, at);
        let source = derived.set_derived(volume, "persistentVolumeClaim", Kind::Mapping);
        if let Some(value) = name.value() {
            derived.set_copy_of(volume, "name", value);
            derived.set_copy_of(source, "claimName", value);
        }
    }
    let own = volumes.items().filter_map(|volume| volume.value());
    for volume in own {
        let name = volume.get("name").map_or("", Value::text);
        if !names.has(name) {
            derived.push_copy(list, volume);
        }
    }
}
