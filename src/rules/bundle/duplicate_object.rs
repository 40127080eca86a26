//! `duplicate-object`: see `rules/bundle/duplicate-object.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "duplicate-object",
        family: Family::Bundle,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/bundle/duplicate-object.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(first) = context.project.first_double(context.member) else {
        return;
    };
    let object = context.object();
    let (Some(name), Some(first_name)) = (
        object.root.at(&["metadata", "name"]),
        first.object.root.at(&["metadata", "name"]),
    ) else {
        return;
    };
    let message = format!(
        "{} is declared twice: this one overwrites the first",
        object.title()
    );
    sink.at(&RULE, context, name, message)
        .with(&first.object, first_name, "declared here first");
}
