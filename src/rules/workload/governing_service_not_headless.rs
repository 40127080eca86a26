//! `governing-service-not-headless`: see `rules/workload/governing-service-not-headless.md`.

use super::governing_service;
use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::selector::Tri;
use crate::project::Member;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governing-service-not-headless",
        family: Family::Workload,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/workload/governing-service-not-headless.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(name) = governing_service::name(context) else {
        return;
    };
    let not_headless = |service: &Member<'_>| {
        let root = service.object.root;
        let address = root.at(&["spec", "clusterIP"]);
        // A list of addresses alone is rejected, and not for this rule to judge.
        let list = root.at(&["spec", "clusterIPs"]);
        match address.map(Node::as_str) {
            None if list.is_some() => Tri::Unknown,
            None => Tri::Yes,
            Some(Some("None")) => Tri::No,
            Some(Some(text)) if !context.project.is_placeholder(text) => Tri::Yes,
            Some(_) => Tri::Unknown,
        }
    };
    match governing_service::fault(context, name, not_headless) {
        Some((service, Tri::Yes)) => {
            let object = &service.object;
            let message = format!("Service `{}` is not headless", name.text());
            let address = object.root.at(&["spec", "clusterIP"]);
            let shown = address.or_else(|| object.root.at(&["spec"]));
            let shown = shown.unwrap_or(object.root);
            sink.at(&RULE, context, name, message)
                .with(object, shown, "`clusterIP` is not `None`");
        }
        Some((_, Tri::Unknown)) => {
            let why = format!("whether Service/{} is headless", name.text());
            sink.undecided(&RULE, why);
        }
        _ => {}
    }
}
