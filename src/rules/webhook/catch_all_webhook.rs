//! `catch-all-webhook`: see `rules/webhook/catch-all-webhook.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook::{self, Hook};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "catch-all-webhook",
        family: Family::Webhook,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/catch-all-webhook.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let rules = hook::hooks(context).flat_map(Hook::rules);
    for rule in rules.filter(|rule| hook::has(*rule, "apiGroups", "*")) {
        let mut resources = hook::texts(rule, "resources");
        if let Some(all) = resources.find(|resource| matches!(*resource, "*" | "*/*"))
            && let Some(node) = rule.get("resources")
        {
            let message = format!("`{all}` of all groups: it is called for every kind there is");
            sink.at(&RULE, context, node, message);
        }
    }
}
