//! The Service that gives the pods of a StatefulSet their names: what the three rules on it share.

use crate::object::selector::Tri;
use crate::object::workload::WorkloadKind;
use crate::project::{Lookup, Member, Nearness, Role};
use crate::rule::Context;
use crate::rules::read;
use crate::tree::Node;

/// The `serviceName` of a StatefulSet, where one is written.
pub fn name<'t>(context: &Context<'_, 't>) -> Option<Node<'t>> {
    if read::kind(context) != Some(WorkloadKind::StatefulSet) {
        return None;
    }
    let name = context.object().root.at(&["spec", "serviceName"])?;
    let is_written = name.as_str().is_some_and(|name| !name.is_empty());
    is_written.then_some(name)
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
    let is_known = |s: &&Member<'_>| s.role == Role::Whole && !is_owned(s);
    let certain = nearness < Nearness::Elsewhere && services.iter().all(is_known);
    match answer {
        Tri::Yes if !certain => Some((first, Tri::Unknown)),
        answer => Some((first, answer)),
    }
}

/// Whether an object belongs to another one, an operator's as a rule: that one's controller has
/// written it and may bring more of the same, and change it at any time.
pub fn is_owned(member: &Member<'_>) -> bool {
    let owners = member.object.root.at(&["metadata", "ownerReferences"]);
    owners.is_some_and(|owners| !owners.is_empty())
}

/// Why a fault can't be told: for `Sink::undecided`.
pub fn unclear(name: Node<'_>) -> String {
    let name = name.text();
    format!("which Service `{name}` is meant, or a part of it, isn't known")
}
