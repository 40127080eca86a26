//! What the rules about absent objects share: one finding for each name that pods ask for and
//! that nothing in sight has.

use std::collections::BTreeMap;

use crate::finding::Severity;
use crate::object::references::{Need, Reference, Referent};
use crate::project::Lookup;
use crate::rule::{Context, Rule, Sink};

/// Reports every absent object of a kind that the pods of a workload ask for; `is_made` says
/// which names something else makes.
pub fn report(
    rule: &'static Rule,
    context: &Context<'_, '_>,
    sink: &mut Sink,
    to: Referent,
    is_made: fn(&Context<'_, '_>, &str) -> bool,
) {
    let mut asked: BTreeMap<&str, Vec<Reference<'_>>> = BTreeMap::new();
    for reference in &context.member.references {
        if reference.to == to && reference.need != Need::Optional {
            asked.entry(reference.name).or_default().push(*reference);
        }
    }
    for (name, uses) in asked {
        if is_made(context, name) {
            continue;
        }
        match context.project.lookup(context.member, "", to.kind(), name) {
            Lookup::Found(..) | Lookup::Elsewhere => {}
            Lookup::Unknown(why) => sink.undecided(rule, why),
            Lookup::Absent { closed } => absent(rule, context, sink, &uses, closed),
        }
    }
}

fn absent(
    rule: &'static Rule,
    context: &Context<'_, '_>,
    sink: &mut Sink,
    uses: &[Reference<'_>],
    closed: bool,
) {
    let required = uses.iter().find(|r| r.need == Need::Required);
    let Some(shown) = required.or(uses.first()) else {
        return;
    };
    let what = shown.to.kind();
    let place = if closed { "in the bundle" } else { "in sight" };
    let message = format!("no {what} named `{}` is {place}", shown.name);
    let finding = sink.at(rule, context, shown.node, message);
    for other in uses.iter().filter(|r| r.node.id() != shown.node.id()) {
        finding.with(context.object(), other.node, "asked for here, too");
    }
    match (closed, shown.need) {
        (true, Need::Required) => finding.severity(Severity::Error),
        (true, _) => finding.severity(Severity::Warning),
        (false, _) => finding,
    };
}
