//! `undeclared-probe-port`: see `rules/workload/undeclared-probe-port.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity, Step};
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
    for (steps, container) in read::containers(&workload) {
        let restarts = container.at(&["restartPolicy"]).and_then(Node::as_str);
        if steps.contains(&Step::Key("initContainers")) && restarts != Some("Always") {
            // It has no probes: the server rejects them.
            continue;
        }
        for (probe, effect) in PROBES {
            for handler in ["httpGet", "tcpSocket"] {
                if let Some(port) = container.at(&[probe, handler, "port"]) {
                    let mut steps = steps.clone();
                    steps.extend([probe, handler, "port"].map(Step::Key));
                    let effect = format!("its {probe} can't be run: {effect}");
                    check_port(context, sink, container, port, (&steps, &effect));
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

fn check_port(
    context: &Context<'_, '_>,
    sink: &mut Sink,
    container: Node<'_>,
    port: Node<'_>,
    (steps, effect): (&[Step<'_>], &str),
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
    let message = format!("the container declares no port `{name}`, so {effect}");
    let finding = sink.at_steps(&RULE, context, steps, message);
    if let Some(ports) = ports {
        finding.with(context.object(), ports, "the ports that it declares");
    }
}
