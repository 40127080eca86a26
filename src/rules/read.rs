//! What several checks read of an object: its kind, if it is still served, and values that are
//! known for sure. Not here: views of pods (`object::workload`).

use crate::finding::Step;
use crate::object::workload::{Workload, WorkloadKind};
use crate::rule::Context;
use crate::tree::Node;

/// What makes pods in the object, if the supported minors serve its version; old ones
/// (`apps/v1beta1`, `extensions/v1beta1`) have other defaults and are only history.
pub fn kind(context: &Context<'_, '_>) -> Option<WorkloadKind> {
    let object = context.object();
    let kind = object.workload?;
    (object.version == "v1" && object.group != "extensions").then_some(kind)
}

/// The view of the pods that the object makes, if the supported minors serve its version.
pub fn workload<'a, 't>(context: &Context<'a, 't>) -> Option<Workload<'a, 't>> {
    kind(context)?;
    context.member.as_workload()
}

/// All containers of a workload, init containers included, each with the steps to it.
pub fn containers<'t>(workload: &Workload<'_, 't>) -> Vec<(Vec<Step<'t>>, Node<'t>)> {
    let template = workload.kind.template_path().iter();
    let spec: Vec<Step<'t>> = template
        .chain(&["spec"])
        .map(|key| Step::Key(key))
        .collect();
    let mut containers = Vec::new();
    for list in ["containers", "initContainers"] {
        let written = workload.pod_spec().and_then(|spec| spec.get(list));
        let items = written.into_iter().flat_map(Node::items);
        for (index, container) in items.enumerate() {
            let mut steps = spec.clone();
            steps.extend([Step::Key(list), Step::Index(index)]);
            containers.push((steps, container));
        }
    }
    containers
}

/// The 32-bit integer at a path, or what the server sets where none is written. `None`: it can't
/// be known, or isn't an integer.
pub fn integer(node: Node<'_>, path: &[&str], default: i64) -> Option<i64> {
    match node.at(path) {
        None => Some(default),
        Some(value) => {
            let number = value.as_i64()?;
            i32::try_from(number).is_ok().then_some(number)
        }
    }
}

/// The text at a path, or what the server sets where none is written or it is empty. `None`: it
/// can't be known, or isn't text.
pub fn text<'t>(
    context: &Context<'_, 't>,
    node: Node<'t>,
    path: &[&str],
    default: &'t str,
) -> Option<&'t str> {
    match node.at(path) {
        None => Some(default),
        Some(value) if context.is_unknown(value) => None,
        Some(value) => value
            .as_str()
            .map(|text| if text.is_empty() { default } else { text }),
    }
}
