//! `volume-mount-without-volume`: see `rules/server/volume-mount-without-volume.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::workload::{Workload, WorkloadKind};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "volume-mount-without-volume",
        family: Family::Server,
        severity: Severity::Error,
        proof: Proof::Rejected,
        page: include_str!("../../../rules/server/volume-mount-without-volume.md"),
    },
    scope: Scope::Server,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(workload) = read::workload(context) else {
        return;
    };
    let volumes = Volumes::of(context, &workload);
    let mounts = workload
        .all_containers()
        .filter_map(|container| container.get("volumeMounts"))
        .flat_map(Node::items);
    for mount in mounts {
        // A mount without a name is another fault.
        let Some(name) = mount.at(&["name"]).filter(|name| !name.text().is_empty()) else {
            continue;
        };
        let Some(text) = name.as_str().filter(|text| !volumes.names.contains(text)) else {
            continue;
        };
        if volumes.unclear || context.is_unknown(name) {
            sink.undecided(&RULE, "the name of a volume holds a placeholder");
            continue;
        }
        report(context, sink, workload.kind, name, text);
    }
}

/// The names that a mount may have.
struct Volumes<'t> {
    names: Vec<&'t str>,
    /// There may be others: a name, or all of the volumes, can't be known.
    unclear: bool,
}

impl<'t> Volumes<'t> {
    fn of(context: &Context<'_, 't>, workload: &Workload<'_, 't>) -> Self {
        let volumes = workload.volumes().map(|volume| (volume, &["name"][..]));
        let claims = workload
            .claim_templates()
            .map(|claim| (claim, &["metadata", "name"][..]));
        let names = volumes.chain(claims).filter_map(|(v, path)| v.at(path));
        let names: Vec<Node<'_>> = names.collect();
        let list = workload.pod_spec().and_then(|spec| spec.at(&["volumes"]));
        let templates = workload.object.root.at(&["spec", "volumeClaimTemplates"]);
        let unknown = |node: Node<'_>| context.is_unknown(node);
        Self {
            unclear: names.iter().any(|name| unknown(*name))
                || list.is_some_and(unknown)
                || templates.is_some_and(unknown),
            names: names.into_iter().filter_map(Node::as_str).collect(),
        }
    }
}

fn report(
    context: &Context<'_, '_>,
    sink: &mut Sink,
    kind: WorkloadKind,
    name: Node<'_>,
    text: &str,
) {
    let is_set = kind == WorkloadKind::StatefulSet;
    let what = if is_set {
        "volume or claim template"
    } else {
        "volume"
    };
    let message = format!("there is no {what} `{text}` to mount");
    let finding = sink.at(&RULE, context, name, message);
    if is_set && !validates_templates_of_sets(context) {
        finding
            .severity(Severity::Warning)
            .help("add the volume: the API server accepts the StatefulSet, but none of its pods");
    } else {
        finding.rejected("FieldValueNotFound", "");
    }
}

/// Since 1.34 the server validates the pod template of a StatefulSet as it does others
/// (`ValidatePodTemplateSpecForStatefulSet`, `SkipValidatePodTemplateSpec`).
fn validates_templates_of_sets(context: &Context<'_, '_>) -> bool {
    context.minor.number() >= 34
}
