//! `governing-service-missing`: see `rules/workload/governing-service-missing.md`.

use super::governing_service;
use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::project::Lookup;
use crate::rule::{Context, Rule, Scope, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governing-service-missing",
        family: Family::Workload,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/workload/governing-service-missing.md"),
    },
    scope: Scope::Absence,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(name) = governing_service::name(context) else {
        return;
    };
    match governing_service::lookup(context, name) {
        Lookup::Found(..) | Lookup::Elsewhere => {}
        Lookup::Unknown(why) => sink.undecided(&RULE, why),
        Lookup::Absent { .. } if governing_service::is_owned(context.member) => {
            sink.undecided(&RULE, "its owner may make the Service, too");
        }
        Lookup::Absent { closed } => {
            let message = format!("there is no Service `{}` in sight", name.text());
            let finding = sink.at(&RULE, context, name, message);
            if closed {
                finding.severity(Severity::Error);
            }
        }
    }
}
