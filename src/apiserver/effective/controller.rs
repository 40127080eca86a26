//! Defaults of ReplicationControllers.
//!
//! Mirrors `SetDefaults_ReplicationController` in `pkg/apis/core/v1/defaults.go`.

use super::Effective;
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `SetObjectDefaults_ReplicationController`. A template that isn't there stays away.
pub fn replication_controller(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    if object.get(spec, "template").is_some() {
        super::core::pod_template(object, spec, gates);
    }
    if let Some(labels) = object.at(spec, &["template", "metadata", "labels"]) {
        let metadata = object.default_mapping(root, "metadata");
        for (holder, key) in [(spec, "selector"), (metadata, "labels")] {
            let own = object.get(holder, key);
            if own.is_none_or(|own| object.value(own).is_empty()) {
                object.set_copy(holder, key, labels);
            }
        }
    }
    object.default_pointer(spec, "replicas", Kind::Int, "1");
}
