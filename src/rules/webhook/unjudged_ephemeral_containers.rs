//! `unjudged-ephemeral-containers`: see `rules/webhook/unjudged-ephemeral-containers.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook::{self, Request};
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "unjudged-ephemeral-containers",
        family: Family::Webhook,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/unjudged-ephemeral-containers.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for hook in hook::hooks(context).filter(|hook| hook.validates) {
        let named = |rule: &Node<'_>| hook::texts(*rule, "resources").any(|text| text == "pods");
        let judged =
            |rule: &Node<'_>| named(rule) && hook::matches(context, *rule, &request("pods"));
        let Some(node) = hook
            .rules()
            .find(judged)
            .and_then(|rule| rule.get("resources"))
        else {
            continue;
        };
        let added = request("pods/ephemeralcontainers");
        if !hook
            .rules()
            .any(|rule| hook::matches(context, rule, &added))
        {
            let message = "containers that are added to running pods aren't judged";
            sink.at(&RULE, context, node, message);
        }
    }
}

/// An update of pods, or of a part of them.
fn request(resource: &str) -> Request<'_> {
    Request {
        what: ("", "v1", resource, "UPDATE"),
        namespace: Some("default"),
        without: "",
    }
}
