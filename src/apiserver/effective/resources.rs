//! Defaults of resource lists and of resources of whole pods.
//!
//! Mirrors `SetDefaults_ResourceList` in `pkg/apis/core/v1/defaults.go`.

use super::{Effective, Id};

/// `SetDefaults_ResourceList` of the list under a key: rounds its amounts.
pub fn set_defaults_resource_list(object: &mut Effective<'_>, of: Id, key: &str) {
    let Some(list) = object.get(of, key) else {
        return;
    };
    for id in object.children(list) {
        let rounded = object.value(id).quantity().rounded_to_milli();
        object.set_quantity(id, rounded);
    }
}

/// The limits and the requests under `resources`.
pub fn set_defaults_resources(object: &mut Effective<'_>, of: Id) {
    if let Some(resources) = object.get(of, "resources") {
        set_defaults_resource_list(object, resources, "limits");
        set_defaults_resource_list(object, resources, "requests");
    }
}
