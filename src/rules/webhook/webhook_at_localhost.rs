//! `webhook-at-localhost`: see `rules/webhook/webhook-at-localhost.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "webhook-at-localhost",
        family: Family::Webhook,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/webhook-at-localhost.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for hook in hook::hooks(context) {
        let Some(url) = hook.node.at(&["clientConfig", "url"]) else {
            continue;
        };
        let host = url.text().strip_prefix("https://").unwrap_or("");
        let local = ["localhost", "127.0.0.1", "[::1]"].iter().find(|local| {
            let rest = host.strip_prefix(**local);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
        if let Some(local) = local {
            let message = format!("`{local}` is each API server's own host");
            sink.at(&RULE, context, url, message);
        }
    }
}
