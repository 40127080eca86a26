//! `undeclared-target-port`: see `rules/service/undeclared-target-port.md`.

use super::target::{declared, fates, place_of_ports};
use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::project::Member;
use crate::rule::{Context, Rule, Scope, Sink};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "undeclared-target-port",
        family: Family::Service,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/service/undeclared-target-port.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let fates = match fates(context, sink) {
        Ok(fates) => fates,
        Err(why) => return sink.undecided(&RULE, why),
    };
    for fate in fates {
        if !fate.serving.is_empty() || fate.other_protocol.is_some() {
            continue;
        }
        let target = fate.target;
        let message = format!(
            "no pod that the Service selects declares a {} port named `{}`",
            target.protocol, target.name
        );
        let finding = sink.at(&RULE, context, target.node, message);
        for member in fate.lacking.iter().take(3) {
            if let Some(ports) = place_of_ports(&member.object) {
                finding.with(&member.object, ports, declared(member));
            }
        }
        if let [one] = fate.lacking.as_slice()
            && let Some(help) = help(one, target.protocol)
        {
            finding.help(help);
        }
    }
}

/// What to do where one port is all that can be meant.
fn help(member: &Member<'_>, protocol: &str) -> Option<String> {
    let title = member.object.title();
    let ports = member.as_workload()?.ports();
    let ports: Vec<_> = ports.filter(|p| p.protocol == protocol).collect();
    let [port] = ports.as_slice() else {
        return None;
    };
    match (port.name, port.number) {
        ("", Some(number)) => Some(format!(
            "use the number: {title} declares {number}, without a name"
        )),
        ("", None) => None,
        (name, _) => Some(format!("use `{name}`: the only port of {title}")),
    }
}
