//! `long-webhook-timeout`: see `rules/webhook/long-webhook-timeout.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "long-webhook-timeout",
        family: Family::Webhook,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/long-webhook-timeout.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for hook in hook::hooks(context) {
        let Some(seconds) = hook.timeout().filter(|seconds| *seconds > SECONDS_MAX) else {
            continue;
        };
        let written = hook.node.get("timeoutSeconds");
        let Some(node) = written.or_else(|| hook.node.get("name")) else {
            continue;
        };
        let from = if written.is_some() {
            ""
        } else {
            ", the default"
        };
        let message = format!("every request that it hangs on takes {seconds} s longer{from}");
        sink.at(&RULE, context, node, message);
    }
}

/// What a call may take: above, clients that allow a few seconds for a whole request give up first.
const SECONDS_MAX: i64 = 5;
