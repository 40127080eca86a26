//! `undeclared-probe-port`: see `rules/workload/undeclared-probe-port.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::workload::container_ports;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "undeclared-probe-port",
        family: Family::Workload,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/workload/undeclared-probe-port.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(workload) = read::workload(context) else {
        return;
    };
    for container in workload.containers() {
        for (probe, effect) in PROBES {
            for handler in ["httpGet", "tcpSocket"] {
                if let Some(port) = container.at(&[probe, handler, "port"]) {
                    check_port(context, sink, container, port, (probe, effect));
                }
            }
        }
    }
}

/// The probes, and what becomes of one that can't be run: the kubelet keeps the result that the
/// probe starts with (`doProbe` in pkg/kubelet/prober/worker.go).
const PROBES: [(&str, &str); 3] = [
    ("readinessProbe", "the pod never becomes ready"),
    ("livenessProbe", "a hanging container is never restarted"),
    ("startupProbe", "the container never counts as started"),
];

fn check_port<'t>(
    context: &Context<'_, 't>,
    sink: &mut Sink,
    container: Node<'t>,
    port: Node<'t>,
    (probe, effect): (&str, &str),
) {
    let Some(name) = port.as_str().filter(|_| !context.is_unknown(port)) else {
        return;
    };
    if name.is_empty() || container_ports(container).any(|port| port.name == name) {
        return;
    }
    let unknown = |port: Node<'_>| context.is_unknown(port);
    let ports = container.at(&["ports"]);
    if ports.is_some_and(unknown)
        || container_ports(container).any(|p| p.node.at(&["name"]).is_some_and(unknown))
    {
        sink.undecided(&RULE, "the name of a port holds a placeholder");
        return;
    }
    let message =
        format!("the container declares no port `{name}`, so its {probe} can't be run: {effect}");
    let finding = sink.at(&RULE, context, port, message);
    if let Some(ports) = ports {
        finding.with(context.object(), ports, "the ports that it declares");
    }
}
