//! The kinds that are kept of a cluster: how they are called, what stays of their objects, and
//! which rules look for them.
//!
//! What no rule reads of an object that isn't judged itself is left out; what the server's
//! validation demands stays, since nothing is told of an object that it would reject.
//! `tests/reviews.rs` holds this to the rules.

use Keep::{Only, Speaking, Whole, With};

use crate::cluster::list::Resource;

/// A kind that is kept.
#[derive(Debug)]
pub struct Kind {
    /// What it is asked by.
    pub resource: Resource,
    /// What stays of its objects.
    pub keep: Keep,
}

/// What stays of a value; of a list, what stays of each item.
#[derive(Debug)]
pub enum Keep {
    /// All of it.
    Whole,
    /// These fields.
    Only(&'static [(&'static str, Keep)]),
    /// The items that have this field, and this much of them.
    With(&'static str, &'static Keep),
    /// The annotations that rules read.
    Speaking,
}

impl Kind {
    /// Its number in `KINDS`.
    pub fn number(group: &str, kind: &str) -> Option<usize> {
        let mut kinds = KINDS.iter().map(|kind| &kind.resource);
        kinds.position(|known| (known.group, known.kind) == (group, kind))
    }
}

/// The kinds, as `deploy/` asks for rights to them.
pub static KINDS: [Kind; 7] = [
    Kind {
        resource: Resource {
            group: "",
            version: "v1",
            kind: "Service",
            plural: "services",
        },
        keep: Only(&[
            (
                "metadata",
                Only(&[
                    ("annotations", Speaking),
                    ("name", Whole),
                    ("namespace", Whole),
                    ("ownerReferences", Whole),
                ]),
            ),
            ("spec", Whole),
        ]),
    },
    Kind {
        resource: Resource {
            group: "apps",
            version: "v1",
            kind: "Deployment",
            plural: "deployments",
        },
        keep: Only(&[
            ("metadata", METADATA),
            (
                "spec",
                Only(&[
                    ("replicas", Whole),
                    ("selector", Whole),
                    ("strategy", Whole),
                    ("template", TEMPLATE),
                ]),
            ),
        ]),
    },
    Kind {
        resource: Resource {
            group: "apps",
            version: "v1",
            kind: "StatefulSet",
            plural: "statefulsets",
        },
        keep: Only(&[
            ("metadata", METADATA),
            (
                "spec",
                Only(&[
                    ("replicas", Whole),
                    ("selector", Whole),
                    ("serviceName", Whole),
                    ("template", TEMPLATE),
                    ("volumeClaimTemplates", CLAIM),
                ]),
            ),
        ]),
    },
    Kind {
        resource: Resource {
            group: "",
            version: "v1",
            kind: "PersistentVolumeClaim",
            plural: "persistentvolumeclaims",
        },
        keep: CLAIM,
    },
    Kind {
        resource: Resource {
            group: "policy",
            version: "v1",
            kind: "PodDisruptionBudget",
            plural: "poddisruptionbudgets",
        },
        keep: Only(&[("metadata", METADATA), ("spec", Whole)]),
    },
    Kind {
        resource: Resource {
            group: "autoscaling",
            version: "v2",
            kind: "HorizontalPodAutoscaler",
            plural: "horizontalpodautoscalers",
        },
        keep: Only(&[
            ("metadata", METADATA),
            (
                "spec",
                Only(&[
                    ("maxReplicas", Whole),
                    ("minReplicas", Whole),
                    ("scaleTargetRef", Whole),
                ]),
            ),
        ]),
    },
    Kind {
        resource: Resource {
            group: "storage.k8s.io",
            version: "v1",
            kind: "StorageClass",
            plural: "storageclasses",
        },
        keep: Only(&[
            ("metadata", METADATA),
            ("provisioner", Whole),
            ("volumeBindingMode", Whole),
        ]),
    },
];

const METADATA: Keep = Only(&[
    ("annotations", Speaking),
    ("name", Whole),
    ("namespace", Whole),
]);

const CLAIM: Keep = Only(&[
    ("metadata", METADATA),
    (
        "spec",
        Only(&[
            ("accessModes", Whole),
            ("resources", Whole),
            ("selector", Whole),
            ("storageClassName", Whole),
            ("volumeName", Whole),
        ]),
    ),
]);

const TEMPLATE: Keep = Only(&[
    (
        "metadata",
        Only(&[("annotations", Speaking), ("labels", Whole)]),
    ),
    (
        "spec",
        Only(&[
            (
                "affinity",
                Only(&[("nodeAffinity", REQUIRED), ("podAffinity", REQUIRED)]),
            ),
            ("containers", CONTAINER),
            // The sidecars among them, which declare ports as containers do.
            ("initContainers", With("restartPolicy", &CONTAINER)),
            ("nodeName", Whole),
            ("nodeSelector", Whole),
            (
                "volumes",
                With(
                    "persistentVolumeClaim",
                    &Only(&[("name", Whole), ("persistentVolumeClaim", Whole)]),
                ),
            ),
        ]),
    ),
]);

const REQUIRED: Keep = Only(&[("requiredDuringSchedulingIgnoredDuringExecution", Whole)]);

const CONTAINER: Keep = Only(&[
    ("image", Whole),
    ("name", Whole),
    ("ports", Whole),
    ("restartPolicy", Whole),
]);

/// The rules that look at other objects, and the kinds that they look for. What such a rule says
/// may be wrong where one of these isn't known or is old.
pub const LOOKED_FOR: [(&str, &[&str]); 11] = [
    ("duplicate-object", &[]),
    (
        "exclusive-claim-with-surge",
        &["Deployment", "PersistentVolumeClaim"],
    ),
    ("governing-service-missing", &["Service"]),
    (
        "governing-service-not-headless",
        &["Service", "StatefulSet"],
    ),
    (
        "governing-service-selects-others",
        &["Service", "StatefulSet"],
    ),
    ("missing-claim", &["PersistentVolumeClaim", "StatefulSet"]),
    ("overlapping-selectors", &["Deployment", "StatefulSet"]),
    ("partition-holds-all-pods", &["HorizontalPodAutoscaler"]),
    ("target-port-not-everywhere", PORTS),
    ("target-port-protocol-mismatch", PORTS),
    ("undeclared-target-port", PORTS),
];

const PORTS: &[&str] = &["Deployment", "Service", "StatefulSet"];
