//! `missing-config-map`: see `rules/bundle/missing-config-map.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::references::Referent;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::absence;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "missing-config-map",
        family: Family::Bundle,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/bundle/missing-config-map.md"),
    },
    scope: Scope::Absence,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    absence::report(&RULE, context, sink, Referent::ConfigMap, is_made);
}

/// What the control plane makes: in every namespace
/// (`pkg/controller/certificates/rootcacertpublisher/publisher.go`), and for API servers behind it.
fn is_made(_: &Context<'_, '_>, name: &str) -> bool {
    matches!(
        name,
        "kube-root-ca.crt" | "extension-apiserver-authentication"
    )
}
