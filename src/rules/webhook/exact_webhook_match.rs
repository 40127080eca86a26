//! `exact-webhook-match`: see `rules/webhook/exact-webhook-match.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "exact-webhook-match",
        family: Family::Webhook,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/exact-webhook-match.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for hook in hook::hooks(context).filter(|hook| hook.validates) {
        let narrow = |rule| !hook::texts(rule, "apiVersions").any(|version| version == "*");
        let exact = hook.node.get("matchPolicy");
        let exact = exact.filter(|policy| policy.as_str() == Some("Exact"));
        if let Some(policy) = exact.filter(|_| hook.rules().any(narrow)) {
            let message = "what is sent in another version of the same resource isn't judged";
            sink.at(&RULE, context, policy, message);
        }
    }
}
