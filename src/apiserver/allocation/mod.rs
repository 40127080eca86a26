//! What the storage of Services does before validation: addresses, families and node ports.
//!
//! Mirrors `pkg/registry/core/service/storage` (`storage.go`, `alloc.go`). The cluster is one of
//! IPv4 only, with the ranges 10.0.0.0/16 and 30000-32767, in which nothing is allocated but the
//! address of the API server. Not here: what
//! an update needs to know of the old Service (`update`).

mod update;

use super::effective::{Effective, Id};
use super::errors::{Reason, Validation};
use super::field::Field;
use super::validation::ip::parse_ip_sloppy;
use super::validation::service::addresses::{is_ipv4, validate_service_cluster_ips_related_fields};
use super::validation::service::{allocates_node_ports, needs_health_check};
use crate::tree::Kind;
use update::Pair;

pub use update::begin_update;

/// What an allocator might choose.
const ADDRESS: &str = "10.0.1.1";
/// What the allocator of node ports has first, from 30086 on: it leaves those below to who asks.
const CHOSEN_PORTS: [&str; 16] = [
    "30086", "30087", "30088", "30089", "30090", "30091", "30092", "30093", "30094", "30095",
    "30096", "30097", "30098", "30099", "30100", "30101",
];

/// `beginCreate`.
pub fn begin_create(v: &mut Validation, object: &mut Effective<'_>) {
    let Some(spec) = object.get(object.root(), "spec") else {
        return;
    };
    normalize_cluster_ips(object, spec);
    init_ip_family_fields(v, object, spec, None);
    if v.errors.is_empty() {
        allocate_cluster_ips(v, object, spec);
    }
    if !v.errors.is_empty() {
        return;
    }
    let ports = init_node_ports(v, object, spec);
    if v.errors.is_empty() && ask(object, needs_health_check) {
        allocate_health_check_node_port(v, object, spec, ports);
    }
}

/// `defaultOnReadService`, as far as it concerns what was just stored.
pub fn default_on_read(object: &mut Effective<'_>) {
    let Some(spec) = object.get(object.root(), "spec") else {
        return;
    };
    normalize_cluster_ips(object, spec);
    if object.text(spec, "type") == "ExternalName" {
        object.remove(spec, "internalTrafficPolicy");
    }
}

/// `normalizeClusterIPs`, without an old Service.
fn normalize_cluster_ips(object: &mut Effective<'_>, spec: Id) {
    let address = object.text(spec, "clusterIP");
    if !address.is_empty() && object.len(spec, "clusterIPs") == 0 {
        object.set_texts(spec, "clusterIPs", &[address]);
    }
}

/// `initIPFamilyFields`.
fn init_ip_family_fields<'t>(
    v: &mut Validation,
    object: &mut Effective<'t>,
    spec: Id,
    pair: Option<&Pair<'_, 't>>,
) {
    if object.text(spec, "type") == "ExternalName"
        || pair.is_some_and(|pair| pair.is_matching_prefer_dual_stack(object))
    {
        return;
    }
    let headless = object.text(spec, "clusterIP") == "None";
    let selects_nothing = headless && object.len(spec, "selector") == 0;
    if object.get(spec, "ipFamilyPolicy").is_none() {
        let policy = match pair.map_or("", Pair::old_policy) {
            "" if selects_nothing => "RequireDualStack",
            "" => "SingleStack",
            old => old,
        };
        object.set(spec, "ipFamilyPolicy", Kind::String, policy);
    }
    with_spec(object, |spec| {
        let old = pair.map(|pair| Field::root(pair.old.value(pair.old.root())));
        validate_service_cluster_ips_related_fields(v, spec, old.as_ref());
    });
    if !v.errors.is_empty() {
        return;
    }
    if let Some(pair) = pair {
        pair.release_secondaries(v, object);
    }
    with_spec(object, |spec| validate_single_stack(v, spec));
    infer_families(v, object, spec);
    if !v.errors.is_empty() {
        return;
    }
    if selects_nothing {
        default_all_families(object, spec);
        return;
    }
    with_spec(object, |spec| validate_families_are_configured(v, spec));
    if v.errors.is_empty() && object.len(spec, "ipFamilies") == 0 {
        object.set_texts(spec, "ipFamilies", &["IPv4"]);
    }
}

/// One address and one family, if there is to be one.
fn validate_single_stack(v: &mut Validation, spec: &Field<'_, '_>) {
    let policy = spec.key("ipFamilyPolicy");
    if policy.text() != "SingleStack" {
        return;
    }
    for (key, what) in [("clusterIPs", "cluster IPs"), ("ipFamilies", "IP families")] {
        let list = spec.key(key);
        if list.len() == 2 {
            let detail = format!(
                "must be 'RequireDualStack' or 'PreferDualStack' when multiple {what} are \
                 specified"
            );
            v.invalid("SVA-02", &policy, detail).with(&list, key);
        }
    }
}

/// The families of addresses for which none is written.
fn infer_families(v: &mut Validation, object: &mut Effective<'_>, spec: Id) {
    let mut families = object.texts(spec, "ipFamilies");
    let known = families.len();
    let addresses = object.texts(spec, "clusterIPs");
    for (i, address) in addresses.iter().enumerate().skip(known) {
        if *address == "None" {
            break;
        }
        if is_ipv4(address) {
            families.push("IPv4");
            continue;
        }
        with_spec(object, |spec| {
            if let Some(address) = spec.key("clusterIPs").items().nth(i) {
                let detail = "IPv6 is not configured on this cluster";
                v.invalid("SVA-05", &address, detail);
            }
        });
    }
    if families.len() > known {
        object.set_texts(spec, "ipFamilies", &families);
    }
}

/// A headless Service without a selector has both families, whatever the cluster has.
fn default_all_families(object: &mut Effective<'_>, spec: Id) {
    let mut families = object.texts(spec, "ipFamilies");
    if families.is_empty() {
        families.push("IPv4");
    }
    if let [only] = families[..]
        && object.text(spec, "ipFamilyPolicy") != "SingleStack"
    {
        families.push(if only == "IPv4" { "IPv6" } else { "IPv4" });
    }
    object.set_texts(spec, "ipFamilies", &families);
}

fn validate_families_are_configured(v: &mut Validation, spec: &Field<'_, '_>) {
    let policy = spec.key("ipFamilyPolicy");
    if policy.text() == "RequireDualStack" {
        let detail = "this cluster is not configured for dual-stack services";
        v.invalid("SVA-03", &policy, detail);
    }
    for family in spec.key("ipFamilies").items() {
        if family.text() != "IPv4" {
            v.invalid("SVA-04", &family, "not configured on this cluster");
        }
    }
}

/// `allocClusterIPs`.
fn allocate_cluster_ips(v: &mut Validation, object: &mut Effective<'_>, spec: Id) {
    let addresses = object.texts(spec, "clusterIPs");
    match addresses.first() {
        _ if object.text(spec, "type") == "ExternalName" => {}
        Some(&"None") => {}
        None => {
            object.set(spec, "clusterIP", Kind::String, ADDRESS);
            object.set_texts(spec, "clusterIPs", &[ADDRESS]);
        }
        Some(address) => {
            let Some(why) = why_not_allocated(v, address) else {
                return;
            };
            let detail = format!("failed to allocate IP {address}: {why}");
            with_spec(object, |spec| {
                v.invalid("SVA-07", &spec.key("clusterIPs"), detail);
            });
        }
    }
}

/// Why the allocator of addresses won't give this one.
fn why_not_allocated(v: &Validation, address: &str) -> Option<String> {
    let address = parse_ip_sloppy(address)?.text();
    let at_an_end = matches!(&*address, "10.0.0.0" | "10.0.255.255");
    if address == "10.0.0.1" {
        Some("provided IP is already allocated".to_owned())
    } else if address.starts_with("10.0.") && !at_an_end {
        None
    } else if v.gates.multi_cidr_service_allocator {
        Some("the provided network does not match the current range".to_owned())
    } else {
        Some(format!(
            "the provided IP ({address}) is not in the valid range. The range of valid IPs is \
             10.0.0.0/16"
        ))
    }
}

/// `initNodePorts`: ports with one number share the node port that one of them asks for, or that
/// is chosen for them.
fn init_node_ports(v: &mut Validation, object: &mut Effective<'_>, spec: Id) -> NodePorts {
    let items = object.items(spec, "ports");
    let mut ports = NodePorts::of(object, &items);
    if !matches!(object.text(spec, "type"), "NodePort" | "LoadBalancer") {
        return ports;
    }
    let allocates = ask(object, allocates_node_ports);
    // The numbers so far, with the ports that have got a node port for theirs.
    let mut by_number: Vec<(i64, Id)> = Vec::new();
    for (i, item) in items.iter().enumerate() {
        let (number, written) = (object.int(*item, "port"), object.int(*item, "nodePort"));
        if written == 0 && !allocates {
            continue;
        }
        let first = by_number.iter().find(|(known, _)| *known == number);
        let giver = match first.map(|(_, giver)| *giver) {
            Some(giver) if written == 0 || written == object.int(giver, "nodePort") => giver,
            Some(_) => {
                if !ports.allocate(v, object, i, written) {
                    return ports;
                }
                continue;
            }
            None => {
                let asks = |other: &&Id| {
                    object.int(**other, "port") == number && object.int(**other, "nodePort") != 0
                };
                let asking = items.iter().find(asks).copied();
                if let Some(asking) = asking {
                    let wanted = object.int(asking, "nodePort");
                    if !ports.allocate(v, object, i, wanted) {
                        return ports;
                    }
                } else {
                    ports.choose(object, *item, "nodePort");
                }
                let giver = asking.unwrap_or(*item);
                by_number.push((number, giver));
                giver
            }
        };
        if let Some(node_port) = object.get(giver, "nodePort").filter(|_| giver != *item) {
            object.set_copy(*item, "nodePort", node_port);
        }
    }
    ports
}

/// What the allocator of node ports gave to one Service so far.
struct NodePorts {
    taken: Vec<i64>,
    /// What the Service asks for. What is chosen isn't among it: the server chooses by chance.
    asked: Vec<i64>,
}

impl NodePorts {
    fn of(object: &Effective<'_>, ports: &[Id]) -> Self {
        let asked = ports.iter().map(|port| object.int(*port, "nodePort"));
        Self {
            taken: Vec::new(),
            asked: asked.collect(),
        }
    }

    /// Whether the port at an index gets what it asks for.
    fn allocate(
        &mut self,
        v: &mut Validation,
        object: &Effective<'_>,
        index: usize,
        wanted: i64,
    ) -> bool {
        let Some((row, detail)) = self.why_not(wanted) else {
            self.taken.push(wanted);
            return true;
        };
        with_spec(object, |spec| {
            if let Some(port) = spec.key("ports").items().nth(index) {
                v.invalid(row, &port.key("nodePort"), detail);
            }
        });
        false
    }

    fn why_not(&self, wanted: i64) -> Option<(&'static str, &'static str)> {
        if !(30000..=32767).contains(&wanted) {
            let detail =
                "provided port is not in the valid range. The range of valid ports is 30000-32767";
            return Some(("SVA-08", detail));
        }
        let taken = self.taken.contains(&wanted);
        taken.then_some(("SVA-09", "provided port is already allocated"))
    }

    /// Sets a free port; none if all that are at hand are taken, which changes no verdict.
    fn choose(&mut self, object: &mut Effective<'_>, of: Id, key: &'static str) {
        let numbers = (30086..).zip(CHOSEN_PORTS);
        let is_free = |(number, _): &(i64, &str)| {
            !self.taken.contains(number) && !self.asked.contains(number)
        };
        if let Some((number, text)) = { numbers }.find(is_free) {
            self.taken.push(number);
            object.set(of, key, Kind::Int, text);
        }
    }
}

/// `allocHealthCheckNodePort`. The server answers with an internal error.
fn allocate_health_check_node_port(
    v: &mut Validation,
    object: &mut Effective<'_>,
    spec: Id,
    mut ports: NodePorts,
) {
    let wanted = object.int(spec, "healthCheckNodePort");
    if wanted == 0 {
        ports.choose(object, spec, "healthCheckNodePort");
        return;
    }
    if let Some((_, why)) = ports.why_not(wanted) {
        let detail = format!("failed to allocate requested HealthCheck NodePort {wanted}: {why}");
        with_spec(object, |spec| {
            let field = spec.key("healthCheckNodePort");
            v.error("SVA-10", Reason::Internal, &field, detail);
        });
    }
}

/// Looks at the spec of a Service as validation does.
fn with_spec<R>(object: &Effective<'_>, look: impl FnOnce(&Field<'_, '_>) -> R) -> R {
    let root = Field::root(object.value(object.root()));
    let spec = root.key("spec");
    look(&spec)
}

fn ask(object: &Effective<'_>, question: fn(&Field<'_, '_>) -> bool) -> bool {
    with_spec(object, question)
}
