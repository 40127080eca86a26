//! `exclusive-claim-with-surge`: see `rules/storage/exclusive-claim-with-surge.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::Object;
use crate::object::references::{Reference, Referent};
use crate::object::workload::{Workload, WorkloadKind};
use crate::project::{Lookup, Member, Nearness};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::tree::{Kind, Node};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "exclusive-claim-with-surge",
        family: Family::Storage,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/storage/exclusive-claim-with-surge.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    let Some(workload) = context.member.as_workload() else {
        return;
    };
    let asked = context.member.references.iter();
    let mut claims = asked.filter(|asked| asked.to == Referent::Claim).peekable();
    if workload.kind != WorkloadKind::Deployment
        || claims.peek().is_none()
        || !keeps_a_pod_while_adding(context)
    {
        return;
    }
    let mut seen = Vec::new();
    for claim in claims {
        if seen.contains(&claim.name) {
            continue;
        }
        seen.push(claim.name);
        judge(context, &workload, *claim, sink);
    }
}

fn judge<'t>(
    context: &Context<'_, 't>,
    workload: &Workload<'_, 't>,
    claim: Reference<'t>,
    sink: &mut Sink,
) {
    let kind = "PersistentVolumeClaim";
    let found = context.project.lookup(context.member, "", kind, claim.name);
    let Lookup::Found(claims, Nearness::Bundle | Nearness::Folder) = found else {
        return;
    };
    let modes: Option<Vec<_>> = claims.iter().map(|m| exclusive_mode(m)).collect();
    let Some((first, modes)) = claims.first().zip(modes) else {
        return;
    };
    let Some(mode) = modes.first() else {
        return;
    };
    let is_for_one_pod = mode.text() == "ReadWriteOncePod";
    if !is_for_one_pod && is_bound_to_a_node(workload) {
        return;
    }
    if let Some(why) = placed_by_hand(context, &first.object) {
        sink.undecided(&RULE, why);
        return;
    }
    let message = if is_for_one_pod {
        "an update adds a pod before it takes the old one away, and the claim is for one pod alone"
    } else {
        "an update adds a pod before it takes the old one away, and the claim is for one node alone"
    };
    let name = &claim.name;
    sink.at(&RULE, context, claim.node, message).with(
        &first.object,
        *mode,
        format!("the access mode of `{name}`"),
    );
}

/// Whether an update adds a pod and keeps an old one until the new one is ready: `maxSurge` is
/// more than 0, and `maxUnavailable` less than all. Mirrors `ResolveFenceposts` in
/// `pkg/controller/deployment/util/deployment_util.go`: surge is rounded up, unavailable down.
fn keeps_a_pod_while_adding(context: &Context<'_, '_>) -> bool {
    let spec = |path: &[&str]| context.object().root.at(path);
    let replicas = match spec(&["spec", "replicas"]) {
        None => Some(1),
        Some(node) => node.as_i64(),
    };
    let is_rolling = match spec(&["spec", "strategy", "type"]) {
        None => true,
        Some(node) => matches!(node.text(), "" | "RollingUpdate"),
    };
    let share = |key| match spec(&["spec", "strategy", "rollingUpdate", key]) {
        None => Some(Share::Percent(25)),
        Some(node) => Share::of(node),
    };
    let (Some(replicas), Some(surge), Some(unavailable)) =
        (replicas, share("maxSurge"), share("maxUnavailable"))
    else {
        return false;
    };
    is_rolling && replicas > 0 && surge.is_some_pods() && unavailable.down(replicas) < replicas
}

#[derive(Clone, Copy)]
enum Share {
    Pods(i64),
    Percent(i64),
}

impl Share {
    fn of(node: Node<'_>) -> Option<Self> {
        match node.kind() {
            Kind::Int => node.as_i64().map(Self::Pods),
            Kind::String => node
                .text()
                .strip_suffix('%')
                .and_then(|percent| percent.parse().ok())
                .map(Self::Percent),
            _ => None,
        }
    }

    /// Whether it is at least one pod of one or more: percents are rounded up.
    fn is_some_pods(self) -> bool {
        let (Self::Pods(n) | Self::Percent(n)) = self;
        n > 0
    }

    fn down(self, of: i64) -> i64 {
        match self {
            Self::Pods(pods) => pods,
            Self::Percent(percent) => percent.saturating_mul(of) / 100,
        }
    }
}

/// The access mode of a claim that has only one, for one node or one pod.
fn exclusive_mode<'t>(claim: &Member<'t>) -> Option<Node<'t>> {
    let modes = claim.object.root.at(&["spec", "accessModes"])?;
    let mut items = modes.items();
    let mode = items.next()?;
    let is_exclusive = matches!(mode.as_str()?, "ReadWriteOnce" | "ReadWriteOncePod");
    (is_exclusive && items.next().is_none()).then_some(mode)
}

/// Whether something keeps all its pods on one node, where they can share the claim.
fn is_bound_to_a_node(workload: &Workload<'_, '_>) -> bool {
    const HOST: &str = "kubernetes.io/hostname";
    let Some(spec) = workload.pod_spec() else {
        return false;
    };
    let required = "requiredDuringSchedulingIgnoredDuringExecution";
    let terms = spec.at(&["affinity", "podAffinity", required]);
    let with_pods = terms.is_some_and(|terms| {
        let mut topologies = terms.items().filter_map(|t| t.get("topologyKey"));
        topologies.any(|t| t.text() == HOST)
    });
    let terms = spec.at(&["affinity", "nodeAffinity", required, "nodeSelectorTerms"]);
    let by_affinity = terms.is_some_and(|terms| {
        let expressions = terms.items().filter_map(|t| t.get("matchExpressions"));
        let mut keys = expressions
            .flat_map(Node::items)
            .filter_map(|e| e.get("key"));
        keys.any(|k| k.text() == HOST)
    });
    spec.at(&["nodeName"]).is_some()
        || spec.at(&["nodeSelector", HOST]).is_some()
        || with_pods
        || by_affinity
}

/// Why the volume behind a claim may be one that isn't attached to nodes, or sits on one: it is
/// chosen or made by hand, and only drivers that attach hold a claim to one node.
fn placed_by_hand(context: &Context<'_, '_>, claim: &Object<'_>) -> Option<String> {
    let spec = |key| claim.root.at(&["spec", key]);
    let class = spec("storageClassName").map(Node::text);
    if class == Some("") || spec("volumeName").is_some() || spec("selector").is_some() {
        return Some("a volume made by hand may be one that all nodes reach".to_owned());
    }
    let unlisted = context.project.unlisted(context.member, "PersistentVolume");
    if unlisted.is_some() {
        return unlisted;
    }
    let mut volumes = context.project.of_kind("PersistentVolume");
    let same_class = volumes.find(|m| {
        let of_volume = m.object.root.at(&["spec", "storageClassName"]);
        of_volume.map_or("", Node::text) == class.unwrap_or("")
    })?;
    Some(format!("{} may be its volume", same_class.object.title()))
}
