//! Warnings about the ports of a pod: those that say a thing twice, or two things at once.
//!
//! Mirrors the parts about ports of `warningsForPodSpecAndMeta` in `pkg/api/pod/warnings.go`.

use std::collections::HashMap;

use super::warn;
use crate::apiserver::errors::{Validation, path};
use crate::apiserver::field::Field;
use crate::finding::Step;

const LISTS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// A port and where it stands.
#[derive(Clone, Copy)]
struct Port<'v> {
    list: &'static str,
    container: usize,
    index: usize,
    name: &'v str,
    number: i64,
    protocol: &'v str,
    host_ip: &'v str,
    host_port: i64,
}

/// Warns of the ports of all containers.
pub fn warnings_for_ports(v: &mut Validation, spec: &Field<'_, '_>) {
    let ports = ports(spec);
    warn_of_numbers(v, spec, &ports);
    if v.gates.warns_of_port_names {
        warn_of_names(v, spec, &ports);
    }
}

fn warn_of_numbers(v: &mut Validation, spec: &Field<'_, '_>, ports: &[Port<'_>]) {
    let mut all: HashMap<(i64, &str), Vec<Port<'_>>> = HashMap::new();
    for port in ports {
        if !port.host_ip.is_empty() && port.host_port == 0 {
            let text = format!("hostIP set without hostPort: {}", port.shown());
            port.with_field(spec, |field| warn(v, "WRN-26", field, &text));
        }
        if ports.len() == 1 {
            return;
        }
        let others = all.entry((port.number, port.protocol)).or_default();
        for other in others.iter() {
            if v.warns_more() {
                return;
            }
            if let Some((row, what)) = port.clash(other) {
                let text = format!("{what} port definition with {}", other.path(spec));
                port.with_field(spec, |field| warn(v, row, field, &text));
            }
        }
        others.push(*port);
    }
}

fn warn_of_names(v: &mut Validation, spec: &Field<'_, '_>, ports: &[Port<'_>]) {
    if ports.len() < 2 {
        return;
    }
    let mut names: HashMap<&str, Port<'_>> = HashMap::new();
    for port in ports.iter().filter(|port| !port.name.is_empty()) {
        let Some(other) = names.get(port.name) else {
            names.insert(port.name, *port);
            continue;
        };
        let (name, other) = (port.name, other.path(spec));
        let text = format!(
            "duplicate port name \"{name}\" with {other}, services and probes that select ports \
             by name will use {other}"
        );
        port.with_field(spec, |field| warn(v, "WRN-30", field, &text));
    }
}

fn ports<'v>(spec: &Field<'_, 'v>) -> Vec<Port<'v>> {
    let mut ports = Vec::new();
    for list in LISTS {
        for (container, item) in spec.key(list).items().enumerate() {
            for (index, port) in item.key("ports").items().enumerate() {
                ports.push(Port {
                    list,
                    container,
                    index,
                    name: port.key("name").text(),
                    number: port.key("containerPort").int(),
                    protocol: port.key("protocol").text(),
                    host_ip: port.key("hostIP").text(),
                    host_port: port.key("hostPort").int(),
                });
            }
        }
    }
    ports
}

impl Port<'_> {
    /// What is odd about it beside an earlier one of equal number and protocol.
    fn clash(&self, other: &Port<'_>) -> Option<(&'static str, &'static str)> {
        if self.host_ip == other.host_ip && self.host_port == other.host_port {
            return Some(("WRN-27", "duplicate"));
        }
        if self.host_port == 0 || other.host_port == 0 {
            return Some(("WRN-28", "overlapping"));
        }
        let one_without_ip = self.host_ip.is_empty() != other.host_ip.is_empty();
        (self.host_port == other.host_port && one_without_ip)
            .then_some(("WRN-29", "dangerously ambiguous"))
    }

    /// As Go's `%+v` prints it.
    fn shown(&self) -> String {
        format!(
            "{{Name:{} HostPort:{} ContainerPort:{} Protocol:{} HostIP:{}}}",
            self.name, self.host_port, self.number, self.protocol, self.host_ip
        )
    }

    fn path(&self, spec: &Field<'_, '_>) -> String {
        let mut shown = String::new();
        self.with_field(spec, |field| shown = path(field));
        shown
    }

    /// Finds its field again.
    fn with_field(&self, spec: &Field<'_, '_>, with: impl FnOnce(&Field<'_, '_>)) {
        let list = spec.key(self.list);
        let value = list.items().nth(self.container).and_then(|c| c.value());
        let container = list.child(Step::Index(self.container), value);
        let ports = container.key("ports");
        let value = ports.items().nth(self.index).and_then(|port| port.value());
        with(&ports.child(Step::Index(self.index), value));
    }
}
