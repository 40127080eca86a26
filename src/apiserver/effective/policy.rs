//! What the server makes of the group `policy`. It has no defaults.
//!
//! Mirrors the strategies under `pkg/registry/policy`.

use super::Effective;
use crate::apiserver::gates::Gates;

/// `SetObjectDefaults_PodDisruptionBudget`: there are none.
pub fn pod_disruption_budget(object: &mut Effective<'_>, _: &Gates) {
    let root = object.root();
    object.default_mapping(root, "spec");
}

/// `PrepareForCreate` of a PodDisruptionBudget.
pub fn prepare_pod_disruption_budget(object: &mut Effective<'_>, _: &Gates) {
    let root = object.root();
    object.remove(root, "status");
}
