//! `volume-hidden-by-claim-template`: see `rules/storage/volume-hidden-by-claim-template.md`.

use std::collections::BTreeMap;

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "volume-hidden-by-claim-template",
        family: Family::Storage,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/storage/volume-hidden-by-claim-template.md"),
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(workload) = context.member.as_workload() else {
        return;
    };
    let mut templates: BTreeMap<&str, Node<'_>> = BTreeMap::new();
    for template in workload.claim_templates() {
        let name = template.at(&["metadata", "name"]);
        if let Some(name) = name.filter(|name| name.as_str().is_some()) {
            templates.entry(name.text()).or_insert(name);
        }
    }
    for volume in workload.volumes() {
        let Some(name) = volume.get("name").filter(|n| n.as_str().is_some()) else {
            continue;
        };
        // An old habit: the volume stands for the claim that the template makes. Nothing is lost.
        let claim = volume.at(&["persistentVolumeClaim", "claimName"]);
        let stands_for_claim = claim.is_some_and(|claim| claim.text() == name.text());
        if context.is_unknown(name) || stands_for_claim {
            continue;
        }
        let Some(template) = templates.get(name.text()) else {
            continue;
        };
        let message = format!(
            "the claim template `{0}` hides the volume `{0}`",
            name.text()
        );
        sink.at(&RULE, context, name, message).with(
            context.object(),
            *template,
            "the claim template of that name",
        );
    }
}
