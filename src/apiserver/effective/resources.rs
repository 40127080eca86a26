//! Defaults of resource lists and of resources of whole pods.
//!
//! Mirrors `SetDefaults_ResourceList` in `pkg/apis/core/v1/defaults.go`.

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
pub type Amounts<'t> = Vec<(&'t str, Quantity)>;

/// `AggregateContainerRequests` and `AggregateContainerLimits` (component-helpers
/// `resource/helpers.go`): what the containers of a pod need at its fullest.
pub fn aggregate<'t>(object: &mut Effective<'t>, spec: Id, list: &str) -> Amounts<'t> {
    let mut sum = Amounts::new();
    for container in object.items(spec, "containers") {
        add_list(&mut sum, &amounts(object, container, list));
    }
    let mut sidecars = Amounts::new();
    let mut most = Amounts::new();
    for container in object.items(spec, "initContainers") {
        let own = amounts(object, container, list);
        let mut needed = sidecars.clone();
        add_list(&mut needed, &own);
        if object.text(container, "restartPolicy") == "Always" {
            add_list(&mut sum, &own);
            sidecars.clone_from(&needed);
        }
        max_list(&mut most, &needed);
    }
    max_list(&mut sum, &most);
    sum
}

fn amounts<'t>(object: &Effective<'t>, container: Id, list: &str) -> Amounts<'t> {
    let Some(list) = object.at(container, &["resources", list]) else {
        return Amounts::new();
    };
    let ids = object.children(list).into_iter();
    ids.map(|id| (object.key_of(id), object.value(id).quantity()))
        .collect()
}

/// `addResourceList`.
fn add_list<'t>(to: &mut Amounts<'t>, list: &Amounts<'t>) {
    for (name, amount) in list {
        match to.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum = sum.plus(*amount),
            None => to.push((name, *amount)),
        }
    }
}

/// `maxResourceList`.
fn max_list<'t>(to: &mut Amounts<'t>, list: &Amounts<'t>) {
    for (name, amount) in list {
        match to.iter_mut().find(|(known, _)| known == name) {
            Some((_, most)) => *most = (*most).max(*amount),
            None => to.push((name, *amount)),
        }
    }
}
