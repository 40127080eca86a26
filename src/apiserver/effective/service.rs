//! Defaults of Services.
//!
//! Mirrors `SetDefaults_Service` in `pkg/apis/core/v1/defaults.go`. Not here: what the storage
//! fills in before validation (`apiserver::allocation`).

use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `SetObjectDefaults_Service`.
pub fn service(object: &mut Effective<'_>, _: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    default_session_affinity(object, spec);
    object.default_text(spec, "type", "ClusterIP");
    for port in object.items(spec, "ports") {
        default_port(object, port);
    }
    let external_ips = object.value(spec).get("externalIPs");
    let has_external_ips = external_ips.is_some_and(|list| !list.is_empty());
    let (externally_accessible, internal, balanced) = match object.text(spec, "type") {
        "LoadBalancer" => (true, true, true),
        "NodePort" => (true, true, false),
        "ClusterIP" => (has_external_ips, true, false),
        _ => (false, false, false),
    };
    if externally_accessible {
        object.default_text(spec, "externalTrafficPolicy", "Cluster");
    }
    if internal {
        object.default_pointer(spec, "internalTrafficPolicy", Kind::String, "Cluster");
    }
    if balanced {
        object.default_pointer(spec, "allocateLoadBalancerNodePorts", Kind::Bool, "true");
    }
}

/// `PrepareForCreate`.
pub fn prepare_service(object: &mut Effective<'_>, gates: &Gates) {
    object.remove(object.root(), "status");
    if !gates.service_traffic_distribution
        && let Some(spec) = object.get(object.root(), "spec")
    {
        let gate = Some("ServiceTrafficDistribution");
        object.drop_field(spec, "trafficDistribution", gate);
    }
}

fn default_session_affinity(object: &mut Effective<'_>, spec: Id) {
    object.default_text(spec, "sessionAffinity", "None");
    match object.text(spec, "sessionAffinity") {
        "None" => object.drop_field(spec, "sessionAffinityConfig", None),
        "ClientIP" => {
            let path = ["sessionAffinityConfig", "clientIP", "timeoutSeconds"];
            if object.at(spec, &path).is_none() {
                let config = object.default_mapping(spec, "sessionAffinityConfig");
                let client = object.default_mapping(config, "clientIP");
                object.set(client, "timeoutSeconds", Kind::Int, "10800");
            }
        }
        _ => {}
    }
}

fn default_port(object: &mut Effective<'_>, port: Id) {
    object.default_text(port, "protocol", "TCP");
    let target = object.value(port).get("targetPort");
    let absent = target.is_none_or(|target| match target.kind() {
        Kind::String => target.text().is_empty(),
        _ => target.int() == 0,
    });
    if absent {
        match object.get(port, "port") {
            Some(number) => object.set_copy(port, "targetPort", number),
            None => object.set(port, "targetPort", Kind::Int, "0"),
        };
    }
}
