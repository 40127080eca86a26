//! `unusable-ca-bundle`: see `rules/webhook/unusable-ca-bundle.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook;
use crate::tree::Node;
use crate::yaml::resolve;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "unusable-ca-bundle",
        family: Family::Webhook,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/unusable-ca-bundle.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    if is_injected(context) {
        return;
    }
    for hook in hook::hooks(context) {
        let bundle = hook.node.at(&["clientConfig", "caBundle"]);
        let Some(node) = bundle.filter(|node| !context.is_unknown(*node)) else {
            continue;
        };
        // What is no base64 at all, `bad-base64` tells of.
        let text = node
            .as_str()
            .and_then(|text| resolve::decode_binary(text).ok());
        let Some(pem) = text.filter(|pem| !pem.is_empty()) else {
            continue;
        };
        if !pem.contains("-----BEGIN CERTIFICATE-----") {
            let twice = resolve::decode_binary(&pem).is_ok_and(|pem| pem.contains("-----BEGIN"));
            let what = if twice { ": it is encoded twice" } else { "" };
            let message = format!("there is no certificate in it, so no call succeeds{what}");
            sink.at(&RULE, context, node, message);
        }
    }
}

/// Whether something fills the bundle in, cert-manager or OpenShift: until then, anything may stand
/// there.
fn is_injected(context: &Context<'_, '_>) -> bool {
    let annotations = context.object().root.at(&["metadata", "annotations"]);
    let mut keys = annotations.into_iter().flat_map(Node::entries);
    keys.any(|(key, _)| key.text().contains("/inject-"))
}
