//! `webhook-covers-kube-system`: see `rules/webhook/webhook-covers-kube-system.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook::{self, Covered};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "webhook-covers-kube-system",
        family: Family::Webhook,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/webhook-covers-kube-system.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let requests = hook::to_come_back("kube-system");
    for hook in hook::hooks(context).filter(|hook| hook.fails(context)) {
        let covered = hook.first_covered(context, &requests, (&RULE, sink));
        if let Some(Covered { request, resources }) = covered {
            let without = request.without;
            let message = format!("while it doesn't answer, {without} in `kube-system`");
            sink.at(&RULE, context, resources, message);
        }
    }
}
