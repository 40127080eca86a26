//! `webhook-covers-itself`: see `rules/webhook/webhook-covers-itself.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook::{self, Covered};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "webhook-covers-itself",
        family: Family::Webhook,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/webhook-covers-itself.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for hook in hook::hooks(context).filter(|hook| hook.fails(context)) {
        let namespace = hook.node.at(&["clientConfig", "service", "namespace"]);
        let Some(node) = namespace.filter(|node| !context.is_unknown(*node)) else {
            continue;
        };
        let requests = hook::to_come_back(node.text());
        let covered = hook.first_covered(context, &requests, (&RULE, sink));
        if let Some(Covered { request, resources }) = covered {
            let message = format!(
                "while it doesn't answer, {} in its own namespace, `{}`",
                request.without,
                node.text()
            );
            let finding = sink.at(&RULE, context, resources, message);
            finding.with(context.object(), node, "the namespace that it lives in");
        }
    }
}
