//! What the rules about named target ports share: which of the selected workloads serve a port.
//!
//! The API server's controllers look a name up in each pod by itself, by name and protocol
//! (`FindPort` in `k8s.io/endpointslice`, `util/controller_utils.go`); a pod without it gets no
//! traffic on that port.

use crate::object::Object;
use crate::object::service::{NamedTarget, Service};
use crate::object::workload::{ContainerPort, Workload};
use crate::project::{Member, Nearness};
use crate::rule::{Context, Sink};
use crate::tree::{Kind, Node};

/// How a named target port fares with the closest workloads that the Service selects.
pub struct Fate<'p, 't> {
    /// The target port.
    pub target: NamedTarget<'t>,
    /// The workloads that declare it.
    pub serving: Vec<&'p Member<'t>>,
    /// The workloads that don't.
    pub lacking: Vec<&'p Member<'t>>,
    /// A port of that name under another protocol, and its workload.
    pub other_protocol: Option<(&'p Member<'t>, ContainerPort<'t>)>,
    /// How close the workloads are.
    pub nearness: Nearness,
}

/// The fates of the named target ports if not all are served everywhere, or what keeps them from
/// being known: of the rules that ask, one counts that. Jobs are left out: they bear the labels of
/// what they work for, but serve nothing.
pub fn fates<'p, 't>(
    context: &Context<'p, 't>,
    sink: &mut Sink,
) -> Result<Vec<Fate<'p, 't>>, String> {
    if sink.all_served {
        return Ok(Vec::new());
    }
    let fates = look(context)?;
    sink.all_served = fates.iter().all(|fate| fate.lacking.is_empty());
    Ok(fates)
}

fn look<'p, 't>(context: &Context<'p, 't>) -> Result<Vec<Fate<'p, 't>>, String> {
    let Some(service) = Service::of(context.object()) else {
        return Ok(Vec::new());
    };
    let targets: Vec<_> = service.named_targets().collect();
    if targets.is_empty() {
        return Ok(Vec::new());
    }
    let selector = context.project.map_selector(service.selector);
    let selected = context.project.selected(context.member, &selector);
    let serves = |m: &&Member<'t>| m.workload.is_some_and(|(kind, _)| kind.serves());
    let workloads: Vec<_> = selected.workloads.into_iter().filter(serves).collect();
    if workloads.is_empty() {
        return Ok(Vec::new());
    }
    if selected.nearness == Nearness::Elsewhere {
        return Err("the pods that it selects are in other folders".to_owned());
    }
    let mut fates = Vec::new();
    for target in targets {
        let fate = fate(target, &workloads, selected.nearness);
        // A port that is declared stays declared, whatever else there may be.
        let unknown = context.is_unknown(target.node)
            || context.project.is_placeholder(target.protocol)
            || fate.lacking.iter().any(|m| !all_ports_known(context, m));
        if unknown {
            return Err("not all ports of the pods that it selects are known".to_owned());
        }
        fates.push(fate);
    }
    Ok(fates)
}

fn fate<'p, 't>(
    target: NamedTarget<'t>,
    workloads: &[&'p Member<'t>],
    nearness: Nearness,
) -> Fate<'p, 't> {
    let ports = |m: &'p Member<'t>| m.as_workload().into_iter().flat_map(|w| w.ports());
    let is_served = |m: &&'p Member<'t>| {
        ports(m).any(|p| p.name == target.name && p.protocol == target.protocol)
    };
    let (serving, lacking): (Vec<_>, Vec<_>) = workloads.iter().copied().partition(is_served);
    let other_protocol = lacking.iter().find_map(|m| {
        let port = ports(m).find(|p| p.name == target.name)?;
        Some((*m, port))
    });
    Fate {
        target,
        serving,
        lacking,
        other_protocol,
        nearness,
    }
}

/// Whether a workload's ports are all written: no placeholders, and nothing that adds containers
/// when its pods are made (an annotation or label such as `sidecar.istio.io/inject`).
fn all_ports_known(context: &Context<'_, '_>, member: &Member<'_>) -> bool {
    let Some(workload) = member.as_workload() else {
        return false;
    };
    let meta = |key| workload.template.at(&["metadata", key]);
    let mut marks = [meta("annotations"), meta("labels")]
        .into_iter()
        .flatten()
        .flat_map(Node::entries);
    let is_injected = marks.any(|(key, value)| {
        let asks = key.text().contains("inject") || key.text() == "dapr.io/enabled";
        asks && !matches!(value.text(), "false" | "disabled")
    });
    let is_known = |port: ContainerPort<'_>| {
        !context.project.is_placeholder(port.name)
            && !context.project.is_placeholder(port.protocol)
            && port.node.kind() == Kind::Mapping
    };
    !is_injected && is_written(&workload) && workload.ports().all(is_known)
}

/// Whether containers and their ports are lists, as far as they are there.
fn is_written(workload: &Workload<'_, '_>) -> bool {
    let is_list = |node: Option<Node<'_>>| {
        node.is_none_or(|n| matches!(n.kind(), Kind::Sequence | Kind::Null))
    };
    let containers = workload.pod_spec().and_then(|s| s.get("containers"));
    containers.is_some_and(|c| c.kind() == Kind::Sequence)
        && workload.containers().all(|c| is_list(c.get("ports")))
}

/// What a workload declares instead, for a related place.
pub fn declared(member: &Member<'_>) -> String {
    let title = member.object.title();
    let ports = member.as_workload().into_iter().flat_map(|w| w.ports());
    let named: Vec<String> = ports
        .filter(|p| !p.name.is_empty())
        .map(|p| format!("{} ({})", p.name, p.protocol))
        .collect();
    if named.is_empty() {
        format!("{title} declares no named port")
    } else {
        format!("{title} declares {}", named.join(", "))
    }
}

/// Where a workload declares its ports, or could.
pub fn place_of_ports<'t>(object: &Object<'t>) -> Option<Node<'t>> {
    let workload = Workload::of(object)?;
    let ports = workload.containers().find_map(|c| c.get("ports"));
    ports.or_else(|| workload.pod_spec()?.get("containers"))
}
