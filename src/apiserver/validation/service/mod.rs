//! Services.
//!
//! Mirrors `ValidateServiceCreate`, `ValidateServiceUpdate` and what they call in
//! `pkg/apis/core/validation/validation.go`. What is allocated before is in
//! `apiserver::allocation`; checks that its defaults make pointless are left out.

pub mod addresses;
mod ports;
mod update;

use super::format::is_qualified_name;
use super::ip::{
    is_valid_cidr_for_legacy_field, is_valid_ip_for_legacy_field, validate_endpoint_ip,
};
use super::labels::validate_labels;
use super::meta::{name_is_dns_label, name_is_dns1035_label, validate_object_meta};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

pub use update::validate_service_update;

const FOR_LOAD_BALANCERS: &str = "may only be used when `type` is 'LoadBalancer'";
const TOPOLOGY_MODE: &str = "service.kubernetes.io/topology-mode";
/// `DeprecatedAnnotationTopologyAwareHints`.
pub const TOPOLOGY_HINTS: &str = "service.kubernetes.io/topology-aware-hints";
const SOURCE_RANGES: &str = "service.beta.kubernetes.io/load-balancer-source-ranges";

/// `ValidateServiceCreate`.
pub fn validate_service_create(v: &mut Validation, service: &Field<'_, '_>) {
    let format = if v.gates.relaxed_service_names {
        name_is_dns_label
    } else {
        name_is_dns1035_label
    };
    validate_object_meta(v, &service.key("metadata"), true, format);
    validate_service(v, service, None);
}

/// `ValidateService`.
fn validate_service(v: &mut Validation, service: &Field<'_, '_>, old: Option<&Field<'_, '_>>) {
    let metadata = service.key("metadata");
    let annotations = metadata.key("annotations");
    validate_topology(v, &annotations);
    let spec = service.key("spec");
    let kind = spec.key("type");
    let headless = is_headless_service(&spec);
    let list = spec.key("ports");
    if list.is_empty() && !headless && kind.text() != "ExternalName" {
        v.required("SVC-03", &list, "").with(&kind, "the type");
    }
    validate_type_dependents(v, &spec, headless);
    ports::validate_service_ports(v, &list);
    validate_labels(v, &spec.key("selector"));
    validate_session_affinity(v, &spec);
    addresses::validate_service_cluster_ips_related_fields(v, &spec, old);
    validate_external_ips(v, &spec, old);
    const TYPES: [&str; 4] = ["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"];
    if !TYPES.contains(&kind.text()) {
        v.not_supported("SVC-34", &kind, &TYPES);
    }
    ports::validate_node_ports(v, &spec);
    ports::validate_no_duplicate_ports(v, &list);
    validate_source_ranges(v, &spec, &annotations, old);
    let allocate = spec.key("allocateLoadBalancerNodePorts");
    if allocate.is_set() && kind.text() != "LoadBalancer" {
        v.forbidden("SVC-38", &allocate, FOR_LOAD_BALANCERS)
            .with(&kind, "the type");
    }
    validate_load_balancer_class_field(v, None, &spec);
    validate_service_external_traffic_policy(v, &spec);
    let internal = spec.key("internalTrafficPolicy");
    if internal.is_set() && !matches!(internal.text(), "Cluster" | "Local") {
        v.not_supported("SVC-46", &internal, &["Cluster", "Local"]);
    }
    validate_service_traffic_distribution(v, &spec.key("trafficDistribution"));
}

/// `isHeadlessService` of a Service's spec.
pub fn is_headless_service(spec: &Field<'_, '_>) -> bool {
    let addresses = spec.key("clusterIPs");
    addresses.len() == 1 && addresses.items().all(|address| address.text() == "None")
}

/// `ExternallyAccessible` (`pkg/api/service/util.go`) of a Service's spec.
pub fn externally_accessible(spec: &Field<'_, '_>) -> bool {
    match spec.key("type").text() {
        "LoadBalancer" | "NodePort" => true,
        "ClusterIP" => !spec.key("externalIPs").is_empty(),
        _ => false,
    }
}

/// `shouldAllocateNodePorts` (`pkg/registry/core/service/storage/alloc.go`) of a Service's spec.
pub fn allocates_node_ports(spec: &Field<'_, '_>) -> bool {
    match spec.key("type").text() {
        "NodePort" => true,
        "LoadBalancer" => spec.key("allocateLoadBalancerNodePorts").bool(),
        _ => false,
    }
}

/// `NeedsHealthCheck` (`pkg/api/service/util.go`) of a Service's spec.
pub fn needs_health_check(spec: &Field<'_, '_>) -> bool {
    spec.key("type").text() == "LoadBalancer" && spec.key("externalTrafficPolicy").text() == "Local"
}

fn validate_topology(v: &mut Validation, annotations: &Field<'_, '_>) {
    let mode = annotations.entry(TOPOLOGY_MODE);
    let hints = annotations.entry(TOPOLOGY_HINTS);
    let both = mode.value().is_some() && hints.value().is_some();
    if both && mode.text() != hints.text() {
        let detail = format!("must match annotations[{TOPOLOGY_HINTS}] when both are specified");
        v.invalid("SVC-02", &mode, detail)
            .with(&hints, "the other annotation");
    }
}

fn validate_type_dependents(v: &mut Validation, spec: &Field<'_, '_>, headless: bool) {
    let addresses = spec.key("clusterIPs");
    let kind = spec.key("type");
    if kind.text() == "LoadBalancer" && v.gates.kubelet_port_is_forbidden {
        ports::validate_no_kubelet_port(v, &spec.key("ports"));
    }
    match kind.text() {
        kind @ ("LoadBalancer" | "NodePort") if headless => {
            if let Some(first) = addresses.items().next() {
                let detail = format!("may not be set to 'None' for {kind} services");
                v.invalid("SVC-04", &first, detail)
                    .with(&spec.key("type"), "the type");
            }
        }
        "ExternalName" => {
            let forbidden = "may not be set for ExternalName services";
            let families = spec.key("ipFamilies");
            let policy = spec.key("ipFamilyPolicy");
            if !addresses.is_empty() {
                v.forbidden("SVC-05", &addresses, forbidden)
                    .with(&kind, "the type");
            }
            if !families.is_empty() {
                v.forbidden("SVC-06", &families, forbidden)
                    .with(&kind, "the type");
            }
            if policy.is_set() {
                v.forbidden("SVC-06", &policy, forbidden)
                    .with(&kind, "the type");
            }
            let name = spec.key("externalName");
            let cname = name.text().strip_suffix('.').unwrap_or(name.text());
            if cname.is_empty() {
                v.required("SVC-07", &name, "");
            } else {
                v.invalid_each("SVC-07", &name, super::format::is_dns1123_subdomain(cname));
            }
        }
        _ => {}
    }
}

fn validate_session_affinity(v: &mut Validation, spec: &Field<'_, '_>) {
    let affinity = spec.key("sessionAffinity");
    match affinity.text() {
        "ClientIP" => {
            let config = spec.key("sessionAffinityConfig");
            let client = config.key("clientIP");
            let timeout = client.key("timeoutSeconds");
            if !(1..=86400).contains(&timeout.int()) {
                let detail = "must be greater than 0 and less than 86400";
                v.invalid("SVC-22", &timeout, detail);
            }
        }
        "None" => {}
        _ => {
            v.not_supported("SVC-20", &affinity, &["ClientIP", "None"]);
        }
    }
}

fn validate_external_ips(v: &mut Validation, spec: &Field<'_, '_>, old: Option<&Field<'_, '_>>) {
    let old_values = match old {
        Some(old) if v.gates.legacy_addresses_may_stay => {
            let old_spec = old.key("spec");
            let values: Vec<&str> = old_spec
                .key("externalIPs")
                .items()
                .map(|i| i.text())
                .collect();
            values
        }
        _ => Vec::new(),
    };
    for address in spec.key("externalIPs").items() {
        let wrong = is_valid_ip_for_legacy_field(address.text(), &v.gates, &old_values);
        if wrong.is_empty() {
            v.invalid_each("SVC-33", &address, validate_endpoint_ip(address.text()));
        } else {
            v.invalid_each("SVC-33", &address, wrong);
        }
    }
}

/// The ranges of the field or, where that is empty, of the annotation.
fn validate_source_ranges(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    annotations: &Field<'_, '_>,
    old: Option<&Field<'_, '_>>,
) {
    let kind = spec.key("type");
    let written = spec.key("loadBalancerSourceRanges");
    let ranges = written.renamed("LoadBalancerSourceRanges");
    let annotation = annotations.entry(SOURCE_RANGES);
    let by_field = !ranges.is_empty();
    let (row, field) = match annotation.value() {
        _ if by_field => ("SVC-35", &ranges),
        Some(_) => ("SVC-37", &annotation),
        None => return,
    };
    if kind.text() != "LoadBalancer" {
        v.forbidden(row, field, FOR_LOAD_BALANCERS)
            .with(&kind, "the type");
    }
    if !v.gates.source_ranges_are_told_apart {
        validate_ranges_at_once(v, by_field, &ranges, &annotation);
        return;
    }
    let old_value = old.and_then(|old| old.value());
    if by_field {
        let old_ranges = old_value.and_then(|old| old.at(&["spec", "loadBalancerSourceRanges"]));
        let old_texts: Vec<&str> = old_ranges
            .filter(|_| v.gates.legacy_addresses_may_stay)
            .map_or(Vec::new(), |list| {
                list.values().map(|i| trim(i.text())).collect()
            });
        for range in ranges.items() {
            let text = trim(range.text());
            let wrong = is_valid_cidr_for_legacy_field(text, &v.gates, &old_texts);
            v.invalid_each("SVC-36", &range, wrong);
        }
        return;
    }
    let old_annotations = old_value.and_then(|old| old.at(&["metadata", "annotations"]));
    let same = old_annotations
        .and_then(|annotations| annotations.entry(SOURCE_RANGES))
        .map_or(old.is_some() && annotation.text().is_empty(), |old| {
            old.text() == annotation.text()
        });
    if !(same && v.gates.legacy_addresses_may_stay) {
        for range in texts_of_annotation(annotation.text()) {
            let wrong = is_valid_cidr_for_legacy_field(range, &v.gates, &[]);
            v.invalid_value("SVC-37", &annotation, range, wrong);
        }
    }
}

/// `GetLoadBalancerSourceRanges`, which tells of all ranges at once.
fn validate_ranges_at_once(
    v: &mut Validation,
    by_field: bool,
    ranges: &Field<'_, '_>,
    annotation: &Field<'_, '_>,
) {
    let detail = "must be a list of IP ranges. For example, 10.240.0.0/24,10.250.0.0/24 ";
    let gates = v.gates;
    let is_range = |text: &str| is_valid_cidr_for_legacy_field(text, &gates, &[]).is_empty();
    if by_field && !ranges.items().all(|range| is_range(trim(range.text()))) {
        v.invalid("SVC-36", ranges, detail);
    }
    if !by_field && !texts_of_annotation(annotation.text()).all(is_range) {
        v.invalid("SVC-37", annotation, detail);
    }
}

fn texts_of_annotation(annotation: &str) -> impl Iterator<Item = &str> {
    let text = trim(annotation);
    let texts = (!text.is_empty()).then(|| text.split(',').map(trim));
    texts.into_iter().flatten()
}

/// Go's `strings.TrimSpace`.
fn trim(text: &str) -> &str {
    text.trim()
}

/// `validateLoadBalancerClassField`.
fn validate_load_balancer_class_field(
    v: &mut Validation,
    old: Option<&Field<'_, '_>>,
    spec: &Field<'_, '_>,
) {
    let class = spec.key("loadBalancerClass");
    let balanced = spec.key("type").text() == "LoadBalancer";
    if let Some(old) = old.filter(|old| balanced && old.key("type").text() == "LoadBalancer") {
        let old_class = old.key("loadBalancerClass");
        if old_class.text_pointer() != class.text_pointer() {
            v.invalid("SVU-07", &class, "may not change once set")
                .with(&old_class, "the old value");
        }
    }
    if !class.is_set() {
        return;
    }
    if balanced {
        let wrong = is_qualified_name(class.text(), &v.gates);
        v.invalid_each("SVC-41", &class, wrong);
    } else {
        v.forbidden("SVC-40", &class, FOR_LOAD_BALANCERS)
            .with(&spec.key("type"), "the type");
    }
}

/// `validateServiceExternalTrafficPolicy`.
fn validate_service_external_traffic_policy(v: &mut Validation, spec: &Field<'_, '_>) {
    let kind = spec.key("type");
    let policy = spec.key("externalTrafficPolicy");
    if !externally_accessible(spec) {
        if !policy.text().is_empty() {
            let detail = "may only be set for externally-accessible services";
            v.invalid("SVC-42", &policy, detail).with(&kind, "the type");
        }
    } else if !matches!(policy.text(), "Cluster" | "Local") {
        v.not_supported("SVC-43", &policy, &["Cluster", "Local"]);
    }
    let port = spec.key("healthCheckNodePort");
    if needs_health_check(spec) {
        v.invalid_each(
            "SVC-45",
            &port,
            super::format::is_valid_port_num(port.int()),
        );
    } else if port.int() != 0 {
        let detail = "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` \
                      is 'Local'";
        v.invalid("SVC-44", &port, detail)
            .with(&kind, "the type")
            .with(&policy, "the policy");
    }
}

/// `validateServiceTrafficDistribution`.
fn validate_service_traffic_distribution(v: &mut Validation, distribution: &Field<'_, '_>) {
    let known: &[&str] = if v.gates.prefer_same_traffic_distribution {
        &["PreferClose", "PreferSameZone", "PreferSameNode"]
    } else {
        &["PreferClose"]
    };
    if distribution.is_set() && !known.contains(&distribution.text()) {
        v.not_supported("SVC-47", distribution, known);
    }
}
