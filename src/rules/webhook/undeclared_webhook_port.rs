//! `undeclared-webhook-port`: see `rules/webhook/undeclared-webhook-port.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::project::{Member, Nearness, Role};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;
use crate::rules::webhook::hook;
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "undeclared-webhook-port",
        family: Family::Webhook,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/undeclared-webhook-port.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for hook in hook::hooks(context) {
        let Some(service) = hook.node.at(&["clientConfig", "service"]) else {
            continue;
        };
        if let Some(why) = context.project.unlisted(context.member, "Service") {
            sink.undecided(&RULE, why);
            continue;
        }
        let wanted = read::integer(service, &["port"], 443);
        if let Some((wanted, member)) = wanted.zip(called(context, service)) {
            let spec = member.object.root.get("spec");
            let ports = spec.and_then(|spec| spec.get("ports"));
            let Some(ports) = ports.filter(|ports| lacks(*ports, wanted)) else {
                continue;
            };
            let node = service.get("port").or_else(|| service.get("name"));
            let message = format!("the Service has no port {wanted}, so no call succeeds");
            let finding = sink.at(&RULE, context, node.unwrap_or(service), message);
            finding.with(&member.object, ports, "the ports that it has");
        }
    }
}

/// The Service that is called, if it is in sight, close by, and no other name for something else.
fn called<'a, 't>(context: &Context<'a, 't>, service: Node<'t>) -> Option<&'a Member<'t>> {
    let text = |key| service.get(key).and_then(Node::as_str);
    let (name, namespace) = (text("name")?, text("namespace")?);
    let project = context.project;
    let mut services = project.of_kind("Service").filter(|member| {
        let object = &member.object;
        object.group.is_empty()
            && object.name == name
            && object.identity().namespace.as_deref() == Some(namespace)
            && project.nearness(context.member, member) < Nearness::Elsewhere
    });
    let only = services
        .next()
        .filter(|member| member.role == Role::Whole)?;
    let kind = only
        .object
        .root
        .at(&["spec", "type"])
        .and_then(Node::as_str);
    (services.next().is_none() && kind != Some("ExternalName")).then_some(only)
}

/// Whether all ports are known, and none is this one.
fn lacks(ports: Node<'_>, wanted: i64) -> bool {
    let mut numbers = ports.items().map(|port| port.get("port")?.as_i64());
    numbers.all(|number| number.is_some_and(|number| number != wanted))
}
