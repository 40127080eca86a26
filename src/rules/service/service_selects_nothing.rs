//! `service-selects-nothing`: see `rules/service/service-selects-nothing.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::selector::{Requirement, Selector, Tri, Wants};
use crate::object::service::Service;
use crate::object::workload::WorkloadKind;
use crate::project::Member;
use crate::rule::{Context, Rule, Scope, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "service-selects-nothing",
        family: Family::Service,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/service/service-selects-nothing.md"),
    },
    scope: Scope::Absence,
    check,
};

/// Its pods are in no manifest: the control plane's own, made by the cluster's installer.
const CLUSTER_NAMESPACE: &str = "kube-system";

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(service) = Service::of(context.object()) else {
        return;
    };
    let project = context.project;
    let selector = project.map_selector(service.selector);
    let selected = project.selected(context.member, &selector);
    if !selected.workloads.is_empty() {
        return;
    }
    if let Some(why) = selected.unknown {
        sink.undecided(&RULE, why);
        return;
    }
    let closed = project.location(context.member).closed;
    if !closed && project.workloads().next().is_none() {
        sink.undecided(&RULE, "nothing in sight makes pods");
        return;
    }
    if !closed && context.object().namespace == Some(CLUSTER_NAMESPACE) {
        let why = "the cluster runs pods of its own in kube-system";
        sink.undecided(&RULE, why);
        return;
    }
    if !closed && let Some(set) = may_label_itself(context, &selector) {
        let why = format!("the pods of {} may label themselves", set.object.title());
        sink.undecided(&RULE, why);
        return;
    }
    let near = project.near_misses(context.member, &selector);
    let message = format!("nothing in sight has pods with {}", shown(&selector));
    let finding = sink.at(&RULE, context, service.selector, message);
    if closed {
        finding.severity(Severity::Error);
    }
    for member in &near {
        let labels = member.as_workload().and_then(|w| w.pod_labels());
        if let Some(labels) = labels {
            finding.with(
                &member.object,
                labels,
                difference(context, member, &selector),
            );
        }
    }
    if let [one] = near.as_slice()
        && let Some(help) = help(one, &selector)
    {
        finding.help(help);
    }
}

/// A StatefulSet that meets the selector but for keys that its template doesn't have: what tells
/// its pods apart, such as who leads, they often write on themselves when they run.
fn may_label_itself<'p, 't>(
    context: &Context<'p, 't>,
    selector: &Selector<'t>,
) -> Option<&'p Member<'t>> {
    let project = context.project;
    let mut sets = project.of_kind("StatefulSet");
    sets.find(|set| {
        let lacks = |r: &&Requirement<'t>| set.pod_labels.get(r.key).is_none();
        let (lacking, others): (Vec<_>, Vec<_>) = selector.requirements.iter().partition(lacks);
        let is_own = |r: &&Requirement<'t>| WorkloadKind::StatefulSet.sets_label(r.key);
        !lacking.is_empty()
            && !lacking.iter().any(is_own)
            && !others.is_empty()
            && others.iter().all(|r| r.holds(&set.pod_labels) == Tri::Yes)
            && project.same_namespace(&set.object, context.object()) != Tri::No
    })
}

/// The labels that a selector asks for, as `app=web, tier=front`.
fn shown(selector: &Selector<'_>) -> String {
    let pairs: Vec<String> = selector.requirements.iter().map(pair).collect();
    pairs.join(", ")
}

fn pair(requirement: &Requirement<'_>) -> String {
    format!("{}={}", requirement.key, wanted(requirement))
}

fn wanted<'t>(requirement: &Requirement<'t>) -> &'t str {
    match &requirement.wants {
        Wants::In(values) => values.first().copied().unwrap_or(""),
        _ => "",
    }
}

fn unmet<'s, 't>(selector: &'s Selector<'t>, member: &Member<'t>) -> Vec<&'s Requirement<'t>> {
    let holds = |r: &&Requirement<'t>| r.holds(&member.pod_labels) == Tri::Yes;
    selector.requirements.iter().filter(|r| !holds(r)).collect()
}

/// What keeps the pods of a near miss from being selected.
fn difference(context: &Context<'_, '_>, member: &Member<'_>, selector: &Selector<'_>) -> String {
    let title = member.object.title();
    let unmet = unmet(selector, member);
    if unmet.is_empty() {
        let namespace = |n: Option<&str>| n.unwrap_or("the default one").to_owned();
        return format!(
            "{title} has them, but in the namespace {}, not {}",
            namespace(member.object.namespace),
            namespace(context.object().namespace),
        );
    }
    let has = |r: &&Requirement<'_>| match member.pod_labels.get(r.key) {
        Some(value) => format!("{}={value}", r.key),
        None => format!("no {}", r.key),
    };
    let has: Vec<String> = unmet.iter().map(has).collect();
    format!("{title} has {}", has.join(", "))
}

/// What to do where one label is all that is wrong.
fn help(member: &Member<'_>, selector: &Selector<'_>) -> Option<String> {
    let unmet = unmet(selector, member);
    let [one] = unmet.as_slice() else {
        return None;
    };
    let title = member.object.title();
    Some(match member.pod_labels.get(one.key) {
        Some(value) => format!(
            "if {title} is meant, only `{}` differs: select `{value}`, or label its pods `{}`",
            one.key,
            wanted(one)
        ),
        None => format!(
            "if {title} is meant, only `{}` is missing: label its pods `{}`, or select without it",
            one.key,
            pair(one)
        ),
    })
}
