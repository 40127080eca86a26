//! What an audit lists: the kinds that rules judge, and those that they relate to.

use super::inventory::Part;
use crate::cluster::list::{Content, Resource};

/// A kind that is listed.
#[derive(Debug)]
pub struct Kind {
    /// What it is asked by.
    pub resource: Resource,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// What its objects are listed for.
    pub part: Part,
}

impl Kind {
    /// How much of an object is asked for.
    pub fn content(&self) -> Content {
        match self.part {
            Part::Named => Content::Metadata,
            Part::Judged | Part::Seen => Content::Whole,
        }
    }
}

const fn kind(
    (group, version): (&'static str, &'static str),
    (kind, plural): (&'static str, &'static str),
    namespaced: bool,
    part: Part,
) -> Kind {
    Kind {
        resource: Resource {
            group,
            version,
            kind,
            plural,
        },
        namespaced,
        part,
    }
}

const CORE: (&str, &str) = ("", "v1");
const APPS: (&str, &str) = ("apps", "v1");
const BATCH: (&str, &str) = ("batch", "v1");
const WEBHOOKS: (&str, &str) = ("admissionregistration.k8s.io", "v1");

/// Everything that an audit lists, in this order: what makes pods comes before the pods, and what
/// refers before what is referred to, which may have come meanwhile.
pub static KINDS: &[Kind] = &[
    kind(APPS, ("Deployment", "deployments"), true, Part::Judged),
    kind(APPS, ("StatefulSet", "statefulsets"), true, Part::Judged),
    kind(APPS, ("DaemonSet", "daemonsets"), true, Part::Judged),
    kind(APPS, ("ReplicaSet", "replicasets"), true, Part::Judged),
    kind(
        CORE,
        ("ReplicationController", "replicationcontrollers"),
        true,
        Part::Judged,
    ),
    kind(BATCH, ("CronJob", "cronjobs"), true, Part::Judged),
    kind(BATCH, ("Job", "jobs"), true, Part::Judged),
    kind(
        WEBHOOKS,
        (
            "ValidatingWebhookConfiguration",
            "validatingwebhookconfigurations",
        ),
        false,
        Part::Judged,
    ),
    kind(
        WEBHOOKS,
        (
            "MutatingWebhookConfiguration",
            "mutatingwebhookconfigurations",
        ),
        false,
        Part::Judged,
    ),
    kind(CORE, ("Service", "services"), true, Part::Judged),
    kind(CORE, ("Pod", "pods"), true, Part::Judged),
    kind(
        ("autoscaling", "v2"),
        ("HorizontalPodAutoscaler", "horizontalpodautoscalers"),
        true,
        Part::Judged,
    ),
    kind(
        ("policy", "v1"),
        ("PodDisruptionBudget", "poddisruptionbudgets"),
        true,
        Part::Judged,
    ),
    kind(
        CORE,
        ("PersistentVolumeClaim", "persistentvolumeclaims"),
        true,
        Part::Judged,
    ),
    kind(CORE, ("ConfigMap", "configmaps"), true, Part::Named),
    kind(CORE, ("Secret", "secrets"), true, Part::Named),
    kind(
        CORE,
        ("PersistentVolume", "persistentvolumes"),
        false,
        Part::Seen,
    ),
    NAMESPACES,
];

/// The namespaces.
pub const NAMESPACES: Kind = kind(CORE, ("Namespace", "namespaces"), false, Part::Seen);

/// What the rules on webhooks read.
pub fn of_webhooks() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter().filter(|kind| {
        let resource = &kind.resource;
        resource.group == WEBHOOKS.0 || matches!(resource.kind, "Service" | "Namespace")
    })
}
