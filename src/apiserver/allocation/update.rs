//! What the storage does with an updated Service, and what it takes over from the old one.
//!
//! Mirrors `beginUpdate`, `patchAllocatedValues` and `normalizeClusterIPs` in
//! `pkg/registry/core/service/storage/storage.go`, `allocateUpdate` in `alloc.go` beside it, and
//! `dropTypeDependentFields` in `pkg/registry/core/service/strategy.go`.

use super::{
    ADDRESS, NodePorts, allocate_cluster_ips, allocate_health_check_node_port, ask,
    init_ip_family_fields, with_spec,
};
use crate::apiserver::effective::{Effective, Id};
use crate::apiserver::errors::{Reason, Validation};
use crate::apiserver::validation::service::{
    allocates_node_ports, externally_accessible, needs_health_check,
};
use crate::tree::Kind;

/// An old Service beside the new one.
pub(super) struct Pair<'o, 't> {
    pub(super) old: &'o Effective<'t>,
    old_spec: Id,
    spec: Id,
}

/// `beginUpdate`, and what `PrepareForUpdate` clears.
pub fn begin_update<'t>(v: &mut Validation, object: &mut Effective<'t>, old: &Effective<'t>) {
    let specs = object
        .get(object.root(), "spec")
        .zip(old.get(old.root(), "spec"));
    let Some((spec, old_spec)) = specs else {
        return;
    };
    let pair = Pair {
        old,
        old_spec,
        spec,
    };
    pair.patch_allocated_values(v, object);
    pair.normalize_cluster_ips(object);
    init_ip_family_fields(v, object, spec, Some(&pair));
    if v.errors.is_empty() {
        pair.update_cluster_ips(v, object);
    }
    if !v.errors.is_empty() {
        return;
    }
    let ports = pair.update_node_ports(v, object);
    let needed = ask(old, needs_health_check);
    if v.errors.is_empty() && !needed && ask(object, needs_health_check) {
        allocate_health_check_node_port(v, object, spec, ports);
    }
    if v.errors.is_empty() {
        pair.drop_type_dependent_fields(object);
    }
}

impl<'t> Pair<'_, 't> {
    pub(super) fn old_policy(&self) -> &'t str {
        self.old.text(self.old_spec, "ipFamilyPolicy")
    }

    fn old_type(&self) -> &'t str {
        self.old.text(self.old_spec, "type")
    }

    fn same_text(&self, object: &Effective<'t>, key: &str) -> bool {
        object.text(self.spec, key) == self.old.text(self.old_spec, key)
    }

    fn same_texts(&self, object: &Effective<'t>, key: &str) -> bool {
        object.texts(self.spec, key) == self.old.texts(self.old_spec, key)
    }

    /// `patchAllocatedValues`: what the client may leave out.
    fn patch_allocated_values(&self, v: &Validation, object: &mut Effective<'t>) {
        let (kind, old_kind) = (object.text(self.spec, "type"), self.old_type());
        if kind != "ExternalName" && old_kind != "ExternalName" {
            let address = self.old.text(self.old_spec, "clusterIP");
            object.default_text(self.spec, "clusterIP", address);
            let addresses = self.old.texts(self.old_spec, "clusterIPs");
            if object.len(self.spec, "clusterIPs") == 0 && !addresses.is_empty() {
                object.set_texts(self.spec, "clusterIPs", &addresses);
            }
        }
        let are_kept = if v.gates.node_ports_are_kept_where_allocated {
            ask(self.old, allocates_node_ports) && ask(object, allocates_node_ports)
        } else {
            takes_node_ports(kind) && takes_node_ports(old_kind)
        };
        if are_kept {
            self.patch_node_ports(object);
        }
        let port = self.old.text(self.old_spec, "healthCheckNodePort");
        if ask(self.old, needs_health_check)
            && ask(object, needs_health_check)
            && object.int(self.spec, "healthCheckNodePort") == 0
        {
            object.set(self.spec, "healthCheckNodePort", Kind::Int, port);
        }
    }

    /// Ports keep the node port that the old one of their name has, if no other port has it.
    fn patch_node_ports(&self, object: &mut Effective<'t>) {
        let old_ports = self.old.children_of(self.old_spec, "ports");
        let ports = object.items(self.spec, "ports");
        let written: Vec<i64> = ports.iter().map(|p| object.int(*p, "nodePort")).collect();
        for port in ports {
            let name = object.text(port, "name");
            let named = |old: &&Id| self.old.text(**old, "name") == name;
            let Some(old) = old_ports.iter().rfind(named) else {
                continue;
            };
            let node_port = self.old.int(*old, "nodePort");
            let unset = object.int(port, "nodePort") == 0;
            if unset && node_port != 0 && !written.contains(&node_port) {
                let text = self.old.text(*old, "nodePort");
                object.set(port, "nodePort", Kind::Int, text);
            }
        }
    }

    /// `normalizeClusterIPs`: what clients mean that don't know `clusterIPs`.
    fn normalize_cluster_ips(&self, object: &mut Effective<'t>) {
        let (address, old) = (
            object.text(self.spec, "clusterIP"),
            self.old.text(self.old_spec, "clusterIP"),
        );
        let addresses = self.old.texts(self.old_spec, "clusterIPs");
        if address == old {
            if !addresses.is_empty() && object.len(self.spec, "clusterIPs") == 0 {
                object.set_texts(self.spec, "clusterIPs", &addresses);
            }
        } else if self.same_texts(object, "clusterIPs") {
            if address.is_empty() {
                object.remove(self.spec, "clusterIPs");
            } else {
                object.set_texts(self.spec, "clusterIPs", &[address]);
            }
        }
    }

    /// `isMatchingPreferDualStackClusterIPFields`.
    pub(super) fn is_matching_prefer_dual_stack(&self, object: &Effective<'t>) -> bool {
        let prefers = |policy: &str| policy == "PreferDualStack";
        let old_policy = self.old_policy();
        self.same_text(object, "type")
            && matches!(
                object.text(self.spec, "type"),
                "ClusterIP" | "NodePort" | "LoadBalancer"
            )
            && prefers(object.text(self.spec, "ipFamilyPolicy"))
            && (old_policy.is_empty() || prefers(old_policy))
            && self.same_texts(object, "clusterIPs")
            && self.same_texts(object, "ipFamilies")
    }

    /// Who goes to one family says so, or only says so.
    pub(super) fn release_secondaries(&self, v: &mut Validation, object: &mut Effective<'t>) {
        let single = object.text(self.spec, "ipFamilyPolicy") == "SingleStack";
        for (key, what) in [("clusterIPs", "cluster IP"), ("ipFamilies", "IP family")] {
            let texts = object.texts(self.spec, key);
            if single {
                if let [first, _, ..] = texts[..]
                    && self.same_texts(object, key)
                {
                    object.set_texts(self.spec, key, &[first]);
                }
            } else if !texts.is_empty() && texts.len() < self.old.len(self.old_spec, key) {
                let detail = format!("must be 'SingleStack' to release the secondary {what}");
                with_spec(object, |spec| {
                    v.invalid("SVA-06", &spec.key("ipFamilyPolicy"), detail);
                });
            }
        }
    }

    /// `updateClusterIPs`. With one family in the cluster nothing is ever released.
    fn update_cluster_ips(&self, v: &mut Validation, object: &mut Effective<'t>) {
        if self.is_matching_prefer_dual_stack(object) {
            return;
        }
        if self.old_type() == "ExternalName" {
            allocate_cluster_ips(v, object, self.spec);
            return;
        }
        let families = object.texts(self.spec, "ipFamilies");
        let mut addresses = object.texts(self.spec, "clusterIPs");
        // What becomes headless and selects nothing gets a second family, and with it an address
        // that validation then complains of. For IPv6 the server falls over.
        if self.old.text(self.old_spec, "clusterIP") != "None"
            && self.old.len(self.old_spec, "ipFamilies") == 1
            && matches!(families[..], [_, "IPv4"])
            && object.text(self.spec, "type") != "ExternalName"
        {
            addresses.push(ADDRESS);
            object.set_texts(self.spec, "clusterIPs", &addresses);
        }
    }

    /// `updateNodePorts`.
    fn update_node_ports(&self, v: &mut Validation, object: &mut Effective<'t>) -> NodePorts {
        let old_ports = self.old.children_of(self.old_spec, "ports");
        let items = object.items(self.spec, "ports");
        let mut ports = NodePorts::of(object, &items);
        let had: Vec<i64> = old_ports
            .iter()
            .map(|p| self.old.int(*p, "nodePort"))
            .collect();
        ports.taken.extend(&had);
        if ask(self.old, needs_health_check) {
            ports
                .taken
                .push(self.old.int(self.old_spec, "healthCheckNodePort"));
        }
        if !takes_node_ports(object.text(self.spec, "type")) {
            return ports;
        }
        let allocates = ask(object, allocates_node_ports);
        let mut seen: Vec<(&str, i64)> = Vec::new();
        for (i, port) in items.into_iter().enumerate() {
            let wanted = object.int(port, "nodePort");
            if wanted == 0 {
                if allocates {
                    ports.choose(object, port, "nodePort");
                }
                continue;
            }
            let given = had.contains(&wanted) || seen.iter().any(|(_, number)| *number == wanted);
            if !given && !ports.allocate(v, object, i, wanted) {
                return ports;
            }
            let key = (object.text(port, "protocol"), wanted);
            if seen.contains(&key) {
                tell_duplicate(v, object, i, key);
                return ports;
            }
            seen.push(key);
        }
        ports
    }

    /// `dropTypeDependentFields`: clears what the new type has no use for, where the client
    /// only sent back what it got.
    fn drop_type_dependent_fields(&self, object: &mut Effective<'t>) {
        let (kind, old_kind) = (object.text(self.spec, "type"), self.old_type());
        if kind == "ExternalName" && old_kind != "ExternalName" {
            if self.same_text(object, "clusterIP") && self.same_texts(object, "clusterIPs") {
                object.remove(self.spec, "clusterIP");
                object.remove(self.spec, "clusterIPs");
            }
            if self.same_texts(object, "ipFamilies") {
                object.remove(self.spec, "ipFamilies");
            }
            if self.same_text(object, "ipFamilyPolicy") {
                object.remove(self.spec, "ipFamilyPolicy");
            }
        }
        if takes_node_ports(old_kind) && !takes_node_ports(kind) {
            self.drop_node_ports(object);
        }
        let needed = ask(self.old, needs_health_check) && !ask(object, needs_health_check);
        if needed && self.same_int(object, "healthCheckNodePort") {
            object.remove(self.spec, "healthCheckNodePort");
        }
        if old_kind == "LoadBalancer" && kind != "LoadBalancer" {
            for key in ["allocateLoadBalancerNodePorts", "loadBalancerClass"] {
                let written = object.get(self.spec, key).is_some();
                let had = self.old.get(self.old_spec, key).is_some();
                if written == had && self.same_text(object, key) {
                    object.remove(self.spec, key);
                }
            }
        }
        let was_accessible = ask(self.old, externally_accessible);
        if was_accessible
            && !ask(object, externally_accessible)
            && self.same_text(object, "externalTrafficPolicy")
        {
            object.remove(self.spec, "externalTrafficPolicy");
        }
    }

    fn same_int(&self, object: &Effective<'t>, key: &str) -> bool {
        object.int(self.spec, key) == self.old.int(self.old_spec, key)
    }

    /// Unless a node port is new.
    fn drop_node_ports(&self, object: &mut Effective<'t>) {
        let old_ports = self.old.children_of(self.old_spec, "ports");
        let ports = object.items(self.spec, "ports");
        let is_old = |port: &Id| {
            let node_port = object.int(*port, "nodePort");
            let has = |old: &Id| self.old.int(*old, "nodePort") == node_port;
            node_port == 0 || old_ports.iter().any(has)
        };
        if ports.iter().all(is_old) {
            for port in ports {
                object.remove(port, "nodePort");
            }
        }
    }
}

/// The server answers with an internal error.
fn tell_duplicate(v: &mut Validation, object: &Effective<'_>, index: usize, key: (&str, i64)) {
    let detail = format!("duplicate nodePort: {{{} {}}}", key.0, key.1);
    with_spec(object, |spec| {
        if let Some(port) = spec.key("ports").items().nth(index) {
            v.error("SVA-12", Reason::Internal, &port.key("nodePort"), detail);
        }
    });
}

fn takes_node_ports(kind: &str) -> bool {
    matches!(kind, "NodePort" | "LoadBalancer")
}
