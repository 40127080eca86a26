//! `governing-service-selects-others`: see `rules/workload/governing-service-selects-others.md`.

use super::governing_service;
use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::selector::Tri;
use crate::project::Member;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governing-service-selects-others",
        family: Family::Workload,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/workload/governing-service-selects-others.md"),
    },
    scope: Scope::Project,
    check,
};

/// Labels that the controller adds to the template's (`newStatefulSetPod`, `updateIdentity`).
const ADDED: [&str; 3] = [
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "controller-revision-hash",
];

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(name) = governing_service::name(context) else {
        return;
    };
    if context.member.workload.is_none() {
        return;
    }
    let selects_others = |service: &Member<'_>| selects_others(context, service);
    match governing_service::fault(context, name, selects_others) {
        Some((service, Tri::Yes)) => {
            let message = format!(
                "Service `{}` doesn't select the pods of this StatefulSet",
                name.text()
            );
            let finding = sink.at(&RULE, context, name, message);
            if let Some(selector) = selector(service) {
                finding.with(&service.object, selector, "what it selects");
            }
            let labels = context.member.as_workload().and_then(|w| w.pod_labels());
            if let Some(labels) = labels {
                finding.with(context.object(), labels, "the labels of the pods");
            }
        }
        Some((_, Tri::Unknown)) => sink.undecided(&RULE, governing_service::unclear(name)),
        _ => {}
    }
}

fn selects_others(context: &Context<'_, '_>, service: &Member<'_>) -> Tri {
    let address = service.object.root.at(&["spec", "clusterIP"]);
    // Without a selector its endpoints are made by hand; one with an address is another fault.
    let (Some(written), Some("None")) = (selector(service), address.and_then(Node::as_str)) else {
        return Tri::No;
    };
    let mut selector = context.project.map_selector(written);
    selector.requirements.retain(|r| !ADDED.contains(&r.key));
    match selector.matches(&context.member.pod_labels) {
        Tri::Yes => Tri::No,
        Tri::No => Tri::Yes,
        Tri::Unknown => Tri::Unknown,
    }
}

fn selector<'t>(service: &Member<'t>) -> Option<Node<'t>> {
    service.object.root.at(&["spec", "selector"])
}
