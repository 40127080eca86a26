//! A view of a Service: its selector and where its ports lead.

use super::Object;
use crate::tree::{Kind, Node};

/// A Service whose endpoints come from a selector.
#[derive(Clone, Copy, Debug)]
pub struct Service<'t> {
    /// The map of labels that its pods bear, not empty.
    pub selector: Node<'t>,
    spec: Node<'t>,
}

/// A port of a Service that leads to a port of its pods by name.
#[derive(Clone, Copy, Debug)]
pub struct NamedTarget<'t> {
    /// Where the name is written.
    pub node: Node<'t>,
    /// The name.
    pub name: &'t str,
    /// The protocol; `TCP` unless written.
    pub protocol: &'t str,
}

impl<'t> Service<'t> {
    /// The view of a Service with a selector. An `ExternalName` ignores its selector
    /// (`pkg/controller/endpointslice/endpointslice_controller.go`, `syncService`), and what a
    /// type that isn't known does isn't known.
    pub fn of(object: &Object<'t>) -> Option<Self> {
        if (object.group, object.kind) != ("", "Service") {
            return None;
        }
        let spec = object.root.at(&["spec"])?;
        let selector = spec.at(&["selector"])?;
        let has_pods = match spec.at(&["type"]) {
            None => true,
            Some(name) => matches!(name.text(), "" | "ClusterIP" | "NodePort" | "LoadBalancer"),
        };
        let is_map = selector.kind() == Kind::Mapping && !selector.is_empty();
        (has_pods && is_map).then_some(Self { selector, spec })
    }

    /// The ports that lead to a port of the pods by name. A number needs no declaration, and an
    /// empty name means the Service's own number.
    pub fn named_targets(&self) -> impl Iterator<Item = NamedTarget<'t>> + use<'t> {
        let ports = self.spec.get("ports").into_iter().flat_map(Node::items);
        ports.filter_map(|port| {
            let node = port.get("targetPort")?;
            let protocol = match port.at(&["protocol"]) {
                None => "TCP",
                Some(protocol) => protocol.as_str()?,
            };
            let name = node.as_str().filter(|name| !name.is_empty())?;
            let protocol = if protocol.is_empty() { "TCP" } else { protocol };
            Some(NamedTarget {
                node,
                name,
                protocol,
            })
        })
    }
}
