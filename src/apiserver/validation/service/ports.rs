//! Ports of a Service.
//!
//! Mirrors `validateServicePort` and the checks of ports in `ValidateService`
//! (`pkg/apis/core/validation/validation.go`).

use crate::apiserver::effective::IntOrString;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{
    is_dns1123_label, is_qualified_name, is_valid_port_name, is_valid_port_num,
};
use crate::apiserver::validation::seen::Seen;

/// The port of the kubelet.
const KUBELET: i64 = 10250;

/// `validateServicePort` for each, and what type LoadBalancer once forbade.
pub fn validate_service_ports(v: &mut Validation, ports: &Field<'_, '_>) {
    let require_names = ports.len() > 1;
    let mut names = Seen::new();
    for port in ports.items() {
        validate_service_port(v, &port, require_names, &mut names);
    }
}

/// `validateServicePort`.
fn validate_service_port<'v>(
    v: &mut Validation,
    port: &Field<'_, 'v>,
    require_name: bool,
    names: &mut Seen<&'v str>,
) {
    let name = port.key("name");
    if !name.text().is_empty() {
        v.invalid_each("SVC-09", &name, is_dns1123_label(name.text()));
        if !names.insert(name.text()) {
            v.duplicate("SVC-10", &name);
        }
    } else if require_name {
        v.required("SVC-08", &name, "");
    }
    let number = port.key("port");
    v.invalid_each("SVC-11", &number, is_valid_port_num(number.int()));
    let protocol = port.key("protocol");
    if !matches!(protocol.text(), "SCTP" | "TCP" | "UDP") {
        v.not_supported("SVC-13", &protocol, &["SCTP", "TCP", "UDP"]);
    }
    let target = port.key("targetPort");
    match target.int_or_string() {
        Some(IntOrString::Str(name)) => v.invalid_each("SVC-14", &target, is_valid_port_name(name)),
        _ => v.invalid_each("SVC-14", &target, is_valid_port_num(target.int())),
    }
    let app_protocol = port.key("appProtocol");
    if app_protocol.is_set() {
        let wrong = is_qualified_name(app_protocol.text(), &v.gates);
        v.invalid_each("SVC-15", &app_protocol, wrong);
    }
}

/// Ports that type LoadBalancer once didn't expose.
pub fn validate_no_kubelet_port(v: &mut Validation, ports: &Field<'_, '_>) {
    for port in ports.items() {
        if port.key("port").int() == KUBELET {
            let detail = "may not expose port 10250 externally since it is used by kubelet";
            v.invalid("SVC-12", &port, detail);
        }
    }
}

/// Node ports where there are none, and those that two ports of a protocol have.
pub fn validate_node_ports(v: &mut Validation, spec: &Field<'_, '_>) {
    let kind = spec.key("type");
    let ports = spec.key("ports");
    if kind.text() == "ClusterIP" {
        for port in ports.items() {
            let node_port = port.key("nodePort");
            if node_port.int() != 0 {
                let detail = "may not be used when `type` is 'ClusterIP'";
                v.forbidden("SVC-16", &node_port, detail)
                    .with(&kind, "the type");
            }
        }
    }
    let mut seen = Seen::new();
    for port in ports.items() {
        let node_port = port.key("nodePort");
        let key = (port.key("protocol").text(), node_port.int());
        if key.1 == 0 {
            continue;
        }
        if !seen.insert(key) {
            v.duplicate("SVC-17", &node_port);
        }
    }
}

/// Two ports of one protocol with one number.
pub fn validate_no_duplicate_ports(v: &mut Validation, ports: &Field<'_, '_>) {
    let mut seen = Seen::new();
    for port in ports.items() {
        let key = (port.key("protocol").text(), port.key("port").int());
        if !seen.insert(key) {
            v.duplicate("SVC-18", &port);
        }
    }
}
