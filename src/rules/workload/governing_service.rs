//! The Service that gives the pods of a StatefulSet their names: what the three rules on it share.

use crate::object::selector::Tri;
use crate::object::workload::WorkloadKind;
use crate::project::{Lookup, Member, Nearness, Role};
use crate::rule::Context;
use crate::rules::read;
use crate::tree::Node;

/// The `serviceName` of a StatefulSet, where one is written.
pub fn name<'t>(context: &Context<'_, 't>) -> Option<Node<'t>> {
    let is_set = read::kind(context) == Some(WorkloadKind::StatefulSet);
    let name = context.object().root.at(&["spec", "serviceName"])?;
    let is_written = name.as_str().is_some_and(|name| !name.is_empty());
    (is_set && is_written).then_some(name)
}

/// The Services that a name leads to.
pub fn lookup<'a, 't>(context: &Context<'a, 't>, name: Node<'t>) -> Lookup<'a, 't> {
    let name = name.as_str().unwrap_or("");
    context.project.lookup(context.member, "", "Service", name)
}

/// Whether the Service that a name leads to has a fault, and that Service. What is found far off
/// may be another one of the same name, so its faults are nobody's for sure. `None`: none is
/// found, which is the matter of `governing-service-missing`.
pub fn fault<'a, 't>(
    context: &Context<'a, 't>,
    name: Node<'t>,
    has_fault: impl Fn(&Member<'t>) -> Tri,
) -> Option<(&'a Member<'t>, Tri)> {
    let Lookup::Found(services, nearness) = lookup(context, name) else {
        return None;
    };
    let (first, rest) = services.split_first()?;
    let answer = rest.iter().fold(has_fault(first), |answer, service| {
        if has_fault(service) == answer {
            answer
        } else {
            Tri::Unknown
        }
    });
    let certain = nearness < Nearness::Elsewhere && services.iter().all(|s| s.role == Role::Whole);
    match answer {
        Tri::Yes if !certain => Some((first, Tri::Unknown)),
        answer => Some((first, answer)),
    }
}
