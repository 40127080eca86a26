//! Defaults and dropped fields of the group `apps`.
//!
//! Mirrors `pkg/apis/apps/v1/defaults.go` and the strategies under `pkg/registry/apps`.

use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `SetObjectDefaults_Deployment`.
pub fn deployment(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    super::core::pod_template(object, spec, gates);
    set_defaults_deployment(object, spec);
}

/// What `PrepareForCreate` of a Deployment drops.
pub fn prepare_deployment(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    object.remove(root, "status");
    if let Some(spec) = object.get(root, "spec") {
        super::core::drop_disabled_template_fields(object, spec, gates);
    }
}

/// `SetDefaults_Deployment`.
fn set_defaults_deployment(object: &mut Effective<'_>, spec: Id) {
    object.default_pointer(spec, "replicas", Kind::Int, "1");
    let strategy = object.default_mapping(spec, "strategy");
    object.default_text(strategy, "type", "RollingUpdate");
    if object
        .value(strategy)
        .get("type")
        .is_some_and(|v| v.text() == "RollingUpdate")
    {
        let rolling_update = object.default_mapping(strategy, "rollingUpdate");
        object.default_pointer(rolling_update, "maxUnavailable", Kind::String, "25%");
        object.default_pointer(rolling_update, "maxSurge", Kind::String, "25%");
    }
    object.default_pointer(spec, "revisionHistoryLimit", Kind::Int, "10");
    object.default_pointer(spec, "progressDeadlineSeconds", Kind::Int, "600");
}
