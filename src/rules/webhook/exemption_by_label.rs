//! `exemption-by-label`: see `rules/webhook/exemption-by-label.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::selector::Wants;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook::{self, NAME_LABEL};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "exemption-by-label",
        family: Family::Webhook,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/exemption-by-label.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for hook in hook::hooks(context).filter(|hook| hook.validates) {
        if let Some(node) = hook.node.get("objectSelector") {
            let selector = context.project.label_selector(node);
            if let Some(first) = selector.requirements.first() {
                let key = first.key;
                let message =
                    format!("whoever writes an object decides by `{key}` if it is judged");
                sink.at(&RULE, context, first.node, message);
            }
        }
        let Some(node) = hook.node.get("namespaceSelector") else {
            continue;
        };
        let selector = context.project.label_selector(node);
        let mut exemptions = selector.requirements.iter().filter(|requirement| {
            let exempts = matches!(requirement.wants, Wants::NotIn(_) | Wants::DoesNotExist);
            exempts && requirement.key != NAME_LABEL
        });
        if let Some(first) = exemptions.next() {
            let key = first.key;
            let message = format!("whoever labels a namespace with `{key}` takes it out");
            sink.at(&RULE, context, first.node, message);
        }
    }
}
