//! Defaults and dropped fields of ReplicationControllers.
//!
//! Mirrors `SetDefaults_ReplicationController` in `pkg/apis/core/v1/defaults.go` and the strategy
//! under `pkg/registry/core`.

use super::Effective;
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `SetObjectDefaults_ReplicationController`.
pub fn replication_controller(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    let metadata = object.default_mapping(root, "metadata");
    if let Some(labels) = object.at(spec, &["template", "metadata", "labels"]) {
        for (of, key) in [(spec, "selector"), (metadata, "labels")] {
            if object
                .value(of)
                .get(key)
                .is_none_or(|value| value.is_empty())
            {
                object.set_copy(of, key, labels);
            }
        }
    }
    object.default_pointer(spec, "replicas", Kind::Int, "1");
    if object.get(spec, "template").is_some() {
        super::core::pod_template(object, spec, gates);
    }
}
