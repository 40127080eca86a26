//! `volume-mount-without-volume`: see `rules/server/volume-mount-without-volume.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity, Step};
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
    for (steps, container) in read::containers(&workload) {
        let mounts = container.get("volumeMounts");
        let mounts = mounts.into_iter().flat_map(Node::items);
        for (index, mount) in mounts.enumerate() {
            let mut steps = steps.clone();
            steps.extend([
                Step::Key("volumeMounts"),
                Step::Index(index),
                Step::Key("name"),
            ]);
            check_mount(context, sink, &volumes, mount, &steps);
        }
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

fn check_mount(
    context: &Context<'_, '_>,
    sink: &mut Sink,
    volumes: &Volumes<'_>,
    mount: Node<'_>,
    steps: &[Step<'_>],
) {
    let name = mount.at(&["name"]).and_then(Node::as_str).unwrap_or("");
    // A mount without a name is another fault.
    if name.is_empty() || volumes.names.contains(&name) {
        return;
    }
    if volumes.unclear || context.project.is_placeholder(name) {
        sink.undecided(&RULE, "the name of a volume holds a placeholder");
        return;
    }
    let is_set = read::kind(context) == Some(WorkloadKind::StatefulSet);
    let what = if is_set {
        "volume or claim template"
    } else {
        "volume"
    };
    let message = format!("there is no {what} `{name}` to mount");
    let finding = sink.at_steps(&RULE, context, steps, message);
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
