//! `partition-holds-all-pods`: see `rules/workload/partition-holds-all-pods.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::object::selector::Tri;
use crate::object::workload::WorkloadKind;
use crate::project::Member;
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::read;
use crate::tree::Node;

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partition-holds-all-pods",
        family: Family::Workload,
        severity: Severity::Warning,
        proof: Proof::Confirmed,
        page: include_str!("../../../rules/workload/partition-holds-all-pods.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    if read::kind(context) != Some(WorkloadKind::StatefulSet) {
        return;
    }
    let root = context.object().root;
    let strategy = root.at(&["spec", "updateStrategy"]);
    let partition = strategy.and_then(|s| s.at(&["rollingUpdate", "partition"]));
    let (Some(strategy), Some(partition)) = (strategy, partition) else {
        return;
    };
    if read::text(context, strategy, &["type"], "RollingUpdate") != Some("RollingUpdate") {
        return;
    }
    let replicas = read::integer(root, &["spec", "replicas"], 1);
    let (Some(held), Some(replicas)) = (partition.as_i64(), replicas) else {
        return;
    };
    // The controller compares the partition with a pod's index, from 0 even where
    // `ordinals.start` isn't: `updateStatefulSet` in stateful_set_control.go.
    if replicas < 1 || held < replicas {
        return;
    }
    if let Some(why) = scaled_by_others(context) {
        sink.undecided(&RULE, why);
        return;
    }
    let message = format!(
        "partition {held} holds back every pod of {replicas}, \
         so no change of the template is ever rolled out"
    );
    let finding = sink.at(&RULE, context, partition, message);
    if let Some(written) = root.at(&["spec", "replicas"]) {
        finding.with(context.object(), written, "how many pods there are");
    }
}

/// Why the number of pods may be another one than the manifest says.
fn scaled_by_others(context: &Context<'_, '_>) -> Option<String> {
    let members = context.project.members().iter();
    let scaler = members
        .filter(|m| scales(m, context.object().name))
        .find(|m| context.project.same_namespace(&m.object, context.object()) != Tri::No);
    if let Some(scaler) = scaler {
        return Some(format!("{} sets the replicas", scaler.object.title()));
    }
    let unlisted = context
        .project
        .unlisted(context.member, "HorizontalPodAutoscaler");
    if unlisted.is_some() {
        return unlisted;
    }
    let written = context.object().root.at(&["spec", "replicas"]);
    let gap = context.project.gaps().first();
    gap.filter(|_| written.is_none()).map(|gap| gap.why.clone())
}

/// Whether an object scales the StatefulSet of this name, or one that can't be told.
fn scales(member: &Member<'_>, name: &str) -> bool {
    let object = &member.object;
    let default = match (object.group, object.kind) {
        ("autoscaling", "HorizontalPodAutoscaler") => "",
        ("keda.sh", "ScaledObject") => "Deployment",
        _ => return false,
    };
    let Some(target) = object.root.at(&["spec", "scaleTargetRef"]) else {
        return false;
    };
    let text = |key| target.at(&[key]).and_then(Node::as_str);
    text("kind").unwrap_or(default) == "StatefulSet" && text("name") == Some(name)
}
