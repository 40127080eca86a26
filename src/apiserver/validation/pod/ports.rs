//! Ports of containers.
//!
//! Mirrors `validateContainerPorts` and `checkHostPortConflicts` in
//! `pkg/apis/core/validation/validation.go`. Not here: ports of pods in the network of their host.

use crate::apiserver::effective::IntOrString;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{is_valid_port_name, is_valid_port_num};
use crate::apiserver::validation::seen::Seen;

/// A host's port: its protocol, address and number.
type HostPort<'v> = (&'v str, &'v str, i64);

/// `validateContainerPorts`.
pub fn validate_container_ports(v: &mut Validation, ports: &Field<'_, '_>) {
    let mut all_names = Seen::new();
    for port in ports.items() {
        let name = port.key("name");
        if !name.text().is_empty() {
            let wrong = is_valid_port_name(name.text());
            if !wrong.is_empty() {
                v.invalid_each("CON-08", &name, wrong);
            } else if !all_names.insert(name.text()) {
                v.duplicate("CON-09", &name);
            }
        }
        let container_port = port.key("containerPort");
        if container_port.int() == 0 {
            v.required("CON-10", &container_port, "");
        } else {
            let wrong = is_valid_port_num(container_port.int());
            v.invalid_each("CON-11", &container_port, wrong);
        }
        let host_port = port.key("hostPort");
        if host_port.int() != 0 {
            v.invalid_each("CON-12", &host_port, is_valid_port_num(host_port.int()));
        }
        let protocol = port.key("protocol");
        if !matches!(protocol.text(), "SCTP" | "TCP" | "UDP") {
            v.not_supported("CON-13", &protocol, &["SCTP", "TCP", "UDP"]);
        }
    }
}

/// `AccumulateUniqueHostPorts` for one container.
pub fn accumulate_unique_host_ports<'v>(
    v: &mut Validation,
    container: &Field<'_, 'v>,
    accumulator: &mut Seen<HostPort<'v>>,
) {
    for port in container.key("ports").items() {
        let host_port = port.key("hostPort");
        let (protocol, address) = (port.key("protocol").text(), port.key("hostIP").text());
        let number = host_port.int();
        if number != 0 && !accumulator.insert((protocol, address, number)) {
            let value = format!("{protocol}/{address}/{number}");
            v.duplicate("CON-14", &host_port).of(&value);
        }
    }
}

/// `ValidatePortNumOrName`.
pub fn validate_port_num_or_name(v: &mut Validation, row: &'static str, port: &Field<'_, '_>) {
    match port.int_or_string() {
        Some(IntOrString::Str(name)) => v.invalid_each(row, port, is_valid_port_name(name)),
        Some(IntOrString::Int(number)) => v.invalid_each(row, port, is_valid_port_num(number)),
        None => v.invalid_each(row, port, is_valid_port_num(0)),
    }
}
