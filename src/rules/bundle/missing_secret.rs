//! `missing-secret`: see `rules/bundle/missing-secret.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::references::Referent;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::absence;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "missing-secret",
        family: Family::Bundle,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: include_str!("../../../rules/bundle/missing-secret.md"),
    },
    scope: Scope::Absence,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    absence::report(&RULE, context, sink, Referent::Secret, is_made);
}

/// Tokens of ServiceAccounts, which clusters made before 1.24: `default-token-x7k2p`.
fn is_made(_: &Context<'_, '_>, name: &str) -> bool {
    let random = name.rsplit_once("-token-").map(|(_, random)| random);
    random.is_some_and(|r| r.len() == 5 && r.bytes().all(|b| b.is_ascii_alphanumeric()))
}
