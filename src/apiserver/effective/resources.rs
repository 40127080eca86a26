//! Defaults of resource lists and of resources of whole pods.
//!
//! Mirrors `SetDefaults_ResourceList` in `pkg/apis/core/v1/defaults.go`.

use std::collections::BTreeMap;

use super::{Effective, Id};
use crate::object::quantity::Quantity;

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

/// Amounts by the names of their resources.
pub type Amounts<'t> = BTreeMap<&'t str, Quantity>;

/// `AggregateContainerRequests` and `AggregateContainerLimits` (component-helpers
/// `resource/helpers.go`): what the containers of a pod need at its fullest.
pub fn aggregate<'t>(object: &mut Effective<'t>, spec: Id, list: &str) -> Amounts<'t> {
    let mut sum = Amounts::new();
    for container in object.items(spec, "containers") {
        for (name, amount) in amounts(object, container, list) {
            add(&mut sum, name, amount);
        }
    }
    let mut sidecars = Amounts::new();
    let mut most = Amounts::new();
    for container in object.items(spec, "initContainers") {
        let sidecar = object.text(container, "restartPolicy") == "Always";
        for (name, amount) in amounts(object, container, list) {
            let before = sidecars.get(name);
            let needed = before.map_or(amount, |before| before.plus(amount));
            if sidecar {
                add(&mut sum, name, amount);
                sidecars.insert(name, needed);
            }
            max(&mut most, name, needed);
        }
    }
    for (name, needed) in most {
        max(&mut sum, name, needed);
    }
    sum
}

fn amounts<'t>(object: &Effective<'t>, container: Id, list: &str) -> Vec<(&'t str, Quantity)> {
    let Some(list) = object.at(container, &["resources", list]) else {
        return Vec::new();
    };
    let ids = object.children(list).into_iter();
    ids.map(|id| (object.key_of(id), object.value(id).quantity()))
        .collect()
}

/// `addResourceList`.
fn add<'t>(to: &mut Amounts<'t>, name: &'t str, amount: Quantity) {
    let sum = to.entry(name);
    sum.and_modify(|sum| *sum = sum.plus(amount))
        .or_insert(amount);
}

/// `maxResourceList`.
fn max<'t>(to: &mut Amounts<'t>, name: &'t str, amount: Quantity) {
    let most = to.entry(name);
    most.and_modify(|most| *most = (*most).max(amount))
        .or_insert(amount);
}
