//! `missing-webhook-service`: see `rules/webhook/missing-webhook-service.md`.

use std::collections::BTreeMap;

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::project::Lookup;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook::{self, Hook};
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "missing-webhook-service",
        family: Family::Webhook,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/missing-webhook-service.md"),
    },
    scope: Scope::Absence,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let mut called: BTreeMap<(&str, &str), Vec<(Hook<'_>, Node<'_>)>> = BTreeMap::new();
    for hook in hook::hooks(context) {
        let Some(service) = hook.node.at(&["clientConfig", "service"]) else {
            continue;
        };
        let (name, namespace) = (service.get("name"), service.get("namespace"));
        let Some((name, namespace)) = name.zip(namespace) else {
            continue;
        };
        if context.is_unknown(namespace) {
            sink.undecided(&RULE, "the namespace holds a placeholder");
            continue;
        }
        let calls = called.entry((namespace.text(), name.text())).or_default();
        calls.push((hook, name));
    }
    for ((namespace, name), calls) in called {
        let project = context.project;
        match project.lookup_in(namespace, context.member, "", "Service", name) {
            Lookup::Found(..) | Lookup::Elsewhere => {}
            Lookup::Unknown(why) => sink.undecided(&RULE, why),
            Lookup::Absent { closed } => absent(context, sink, namespace, &calls, closed),
        }
    }
}

fn absent(
    context: &Context<'_, '_>,
    sink: &mut Sink,
    namespace: &str,
    calls: &[(Hook<'_>, Node<'_>)],
    closed: bool,
) {
    let Some((_, name)) = calls.first() else {
        return;
    };
    let fails = calls.iter().any(|(hook, _)| hook.fails(context));
    let place = if closed { "in the bundle" } else { "in sight" };
    let called = name.text();
    let mut message = format!("no Service named `{called}` of namespace `{namespace}` is {place}");
    if fails {
        message.push_str(": what matches is refused");
    }
    let finding = sink.at(&RULE, context, *name, message);
    for (_, other) in calls.iter().skip(1) {
        finding.with(context.object(), *other, "called here, too");
    }
    match (closed, fails) {
        (true, true) => finding.severity(Severity::Error),
        (true, false) => finding.severity(Severity::Warning),
        (false, _) => finding,
    };
}
