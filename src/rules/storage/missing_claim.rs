//! `missing-claim`: see `rules/storage/missing-claim.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::references::Referent;
use crate::object::selector::Tri;
use crate::object::workload::Workload;
use crate::project::Member;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::absence;
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "missing-claim",
        family: Family::Storage,
        severity: Severity::Info,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/storage/missing-claim.md"),
    },
    scope: Scope::Absence,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    absence::report(&RULE, context, sink, Referent::Claim, is_made);
}

/// What StatefulSets make, `<template>-<set>-<ordinal>`, and Pods with ephemeral volumes,
/// `<pod>-<volume>`.
fn is_made(context: &Context<'_, '_>, name: &str) -> bool {
    let of_set = name.rsplit_once('-').is_some_and(|(owner, ordinal)| {
        let is_ordinal = !ordinal.is_empty() && ordinal.bytes().all(|b| b.is_ascii_digit());
        is_ordinal && splits(owner).any(|(template, set)| has_template(context, set, template))
    });
    of_set || splits(name).any(|(pod, volume)| has_ephemeral(context, pod, volume))
}

/// All ways to take a name for two, joined by a hyphen.
fn splits(name: &str) -> impl Iterator<Item = (&str, &str)> {
    let hyphens = name.match_indices('-').map(|(at, _)| at);
    hyphens.filter_map(|at| Some((name.get(..at)?, name.get(at + 1..)?)))
}

fn has_template<'a>(context: &Context<'a, '_>, set: &'a str, template: &str) -> bool {
    let mut workloads = namesakes(context, "StatefulSet", set);
    workloads.any(|w| {
        let mut templates = w.claim_templates();
        templates.any(|t| t.at(&["metadata", "name"]).map(Node::text) == Some(template))
    })
}

fn has_ephemeral<'a>(context: &Context<'a, '_>, pod: &'a str, volume: &str) -> bool {
    let mut workloads = namesakes(context, "Pod", pod);
    workloads.any(|w| {
        let mut volumes = w.volumes().filter(|v| v.get("ephemeral").is_some());
        volumes.any(|v| v.get("name").map(Node::text) == Some(volume))
    })
}

/// The workloads of a kind and name that aren't in another namespace for sure.
fn namesakes<'a, 't>(
    context: &Context<'a, 't>,
    kind: &'a str,
    name: &'a str,
) -> impl Iterator<Item = Workload<'a, 't>> {
    let (project, from) = (context.project, &context.member.object);
    let members = project.named(kind, name);
    let here = members.filter(move |m| project.same_namespace(&m.object, from) != Tri::No);
    here.filter_map(Member::as_workload)
}
