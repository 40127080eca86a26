//! `overlapping-selectors`: see `rules/bundle/overlapping-selectors.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::selector::{Selector, Tri};
use crate::object::workload::WorkloadKind;
use crate::project::{Member, Nearness, Project};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "overlapping-selectors",
        family: Family::Bundle,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/bundle/overlapping-selectors.md"),
    },
    scope: Scope::Project,
    check,
};

/// How many others are shown.
const SHOWN: usize = 3;

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let (project, member) = (context.project, context.member);
    let Some((written, selector)) = selector_of(project, member) else {
        return;
    };
    let selected = project.selected(member, &selector);
    if selected.nearness != Nearness::Bundle {
        return;
    }
    let others = selected.workloads.into_iter();
    let others = others.filter(|other| is_reported_here(project, member, other));
    let others: Vec<_> = others.take(SHOWN).collect();
    let Some(first) = others.first() else {
        return;
    };
    let message = format!(
        "the selector also selects the pods of {}",
        first.object.title()
    );
    let finding = sink.at(&RULE, context, written, message);
    for other in &others {
        let labels = other.as_workload().and_then(|w| w.pod_labels());
        if let Some(labels) = labels {
            let message = format!("the labels of the pods of {}", other.object.title());
            finding.with(&other.object, labels, message);
        }
    }
}

/// Whether an overlap with a selected workload is this one's to report: two that select each
/// other's pods are reported once, at the later one, and an object that is there twice is
/// another rule's.
fn is_reported_here<'t>(project: &Project<'t>, member: &Member<'t>, other: &Member<'t>) -> bool {
    let (here, there) = (&member.object, &other.object);
    let is_same = (here.storage_group(), here.kind, here.name)
        == (there.storage_group(), there.kind, there.name);
    let Some((_, selector)) = selector_of(project, other).filter(|_| !is_same) else {
        return false;
    };
    let is_later = || {
        let spot = |m: &Member<'_>| (m.object.source, m.object.document, m.object.item);
        spot(member) > spot(other)
    };
    match member.selected_by(&selector) {
        Tri::Yes => is_later(),
        Tri::No => true,
        Tri::Unknown => false,
    }
}

/// The selector of a controller of pods, where it is known and asks for something.
fn selector_of<'t>(project: &Project<'t>, member: &Member<'t>) -> Option<(Node<'t>, Selector<'t>)> {
    let workload = member.as_workload()?;
    if !workload.kind.is_long_running() {
        return None;
    }
    let written = workload.selector()?;
    let selector = if workload.kind == WorkloadKind::ReplicationController {
        project.map_selector(written)
    } else {
        project.label_selector(written)
    };
    let is_known = !selector.unclear && !selector.is_empty();
    is_known.then_some((written, selector))
}
