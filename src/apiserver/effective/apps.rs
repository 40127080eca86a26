//! Defaults and dropped fields of the group `apps`.
//!
//! Mirrors `pkg/apis/apps/v1/defaults.go` and the strategies under `pkg/registry/apps`.

use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `DeprecatedRollbackTo`: the annotation that `rollbackTo` of a Deployment is to clients.
pub const ROLLBACK_TO: &str = "deprecated.deployment.rollback.to";
/// `DeprecatedTemplateGeneration`: the same of `templateGeneration` of a DaemonSet.
pub const TEMPLATE_GENERATION: &str = "deprecated.daemonset.template.generation";

/// `SetObjectDefaults_Deployment`.
pub fn deployment(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    super::core::pod_template(object, spec, gates);
    set_defaults_deployment(object, spec);
}

/// `SetObjectDefaults_ReplicaSet`.
pub fn replica_set(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    super::core::pod_template(object, spec, gates);
    object.default_pointer(spec, "replicas", Kind::Int, "1");
}

/// `SetObjectDefaults_DaemonSet`.
pub fn daemon_set(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    super::core::pod_template(object, spec, gates);
    set_defaults_daemon_set(object, spec);
}

/// `SetObjectDefaults_StatefulSet`.
pub fn stateful_set(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    super::core::pod_template(object, spec, gates);
    set_defaults_stateful_set(object, spec, gates);
    for claim in object.items(spec, "volumeClaimTemplates") {
        object.set(claim, "apiVersion", Kind::String, "v1");
        object.set(claim, "kind", Kind::String, "PersistentVolumeClaim");
        let claim_spec = object.default_mapping(claim, "spec");
        super::volumes::persistent_volume_claim_spec(object, claim_spec);
        let status = object.default_mapping(claim, "status");
        object.default_text(status, "phase", "Pending");
    }
}

/// `PrepareForCreate` of ReplicaSets, and the beginning of that of others.
pub fn prepare(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    object.remove(root, "status");
    if let Some(spec) = object.get(root, "spec") {
        super::core::drop_disabled_template_fields(object, spec, gates);
    }
}

/// `PrepareForCreate` of a Deployment, after its conversion.
pub fn prepare_deployment(object: &mut Effective<'_>, gates: &Gates) {
    prepare(object, gates);
    from_annotation(object, ROLLBACK_TO, "rollbackTo");
}

/// `PrepareForCreate` of a DaemonSet, after its conversion.
pub fn prepare_daemon_set(object: &mut Effective<'_>, gates: &Gates) {
    prepare(object, gates);
    from_annotation(object, TEMPLATE_GENERATION, "templateGeneration");
}

/// Gives clients back what is an annotation to them (`Convert_apps_…_To_v1_…`).
pub fn to_annotations(object: &mut Effective<'_>, kind: &str) {
    let root = object.root();
    let Some(spec) = object.get(root, "spec") else {
        return;
    };
    let metadata = object.default_mapping(root, "metadata");
    let annotations = object.default_mapping(metadata, "annotations");
    let number = |object: &Effective<'_>, key| object.text(spec, key).parse::<i64>().ok();
    if kind == "DaemonSet" {
        match object.get(spec, "templateGeneration") {
            Some(id) if number(object, "templateGeneration") >= Some(1) => {
                object.set_copy(annotations, TEMPLATE_GENERATION, id)
            }
            _ => object.set(annotations, TEMPLATE_GENERATION, Kind::String, "1"),
        };
        object.remove(spec, "templateGeneration");
    } else if let Some(id) = object.get(spec, "rollbackTo") {
        if number(object, "rollbackTo").is_some() {
            object.set_copy(annotations, ROLLBACK_TO, id);
        }
        object.remove(spec, "rollbackTo");
    }
}

/// Puts the text of an annotation where the server has a number.
fn from_annotation(object: &mut Effective<'_>, key: &'static str, field: &'static str) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    if let Some(annotations) = object.at(root, &["metadata", "annotations"]) {
        if let Some(id) = object.get(annotations, key) {
            object.set_copy(spec, field, id);
        }
        object.remove(annotations, key);
    }
}

/// `PrepareForCreate` of a StatefulSet.
pub fn prepare_stateful_set(object: &mut Effective<'_>, gates: &Gates) {
    prepare(object, gates);
    let rolling_update = ["spec", "updateStrategy", "rollingUpdate"];
    if let Some(rolling_update) = object.at(object.root(), &rolling_update)
        && !gates.max_unavailable_stateful_set
    {
        let gate = Some("MaxUnavailableStatefulSet");
        object.drop_field(rolling_update, "maxUnavailable", gate);
    }
}

/// `SetDefaults_Deployment`.
fn set_defaults_deployment(object: &mut Effective<'_>, spec: Id) {
    object.default_pointer(spec, "replicas", Kind::Int, "1");
    let strategy = object.default_mapping(spec, "strategy");
    object.default_text(strategy, "type", "RollingUpdate");
    if object.text(strategy, "type") == "RollingUpdate" {
        let rolling_update = object.default_mapping(strategy, "rollingUpdate");
        object.default_pointer(rolling_update, "maxUnavailable", Kind::String, "25%");
        object.default_pointer(rolling_update, "maxSurge", Kind::String, "25%");
    }
    object.default_pointer(spec, "revisionHistoryLimit", Kind::Int, "10");
    object.default_pointer(spec, "progressDeadlineSeconds", Kind::Int, "600");
}

/// `SetDefaults_DaemonSet`.
fn set_defaults_daemon_set(object: &mut Effective<'_>, spec: Id) {
    let strategy = object.default_mapping(spec, "updateStrategy");
    object.default_text(strategy, "type", "RollingUpdate");
    if object.text(strategy, "type") == "RollingUpdate" {
        let rolling_update = object.default_mapping(strategy, "rollingUpdate");
        object.default_pointer(rolling_update, "maxUnavailable", Kind::Int, "1");
        object.default_pointer(rolling_update, "maxSurge", Kind::Int, "0");
    }
    object.default_pointer(spec, "revisionHistoryLimit", Kind::Int, "10");
}

/// `SetDefaults_StatefulSet`.
fn set_defaults_stateful_set(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    object.default_text(spec, "podManagementPolicy", "OrderedReady");
    let strategy = object.default_mapping(spec, "updateStrategy");
    if object.text(strategy, "type").is_empty() {
        object.set(strategy, "type", Kind::String, "RollingUpdate");
        object.default_mapping(strategy, "rollingUpdate");
    }
    if object.text(strategy, "type") == "RollingUpdate"
        && let Some(rolling_update) = object.get(strategy, "rollingUpdate")
    {
        object.default_pointer(rolling_update, "partition", Kind::Int, "0");
        if gates.max_unavailable_stateful_set {
            object.default_pointer(rolling_update, "maxUnavailable", Kind::Int, "1");
        }
    }
    let retention = object.default_mapping(spec, "persistentVolumeClaimRetentionPolicy");
    object.default_text(retention, "whenDeleted", "Retain");
    object.default_text(retention, "whenScaled", "Retain");
    object.default_pointer(spec, "replicas", Kind::Int, "1");
    object.default_pointer(spec, "revisionHistoryLimit", Kind::Int, "10");
}
