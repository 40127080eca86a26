//! What pods need by name: ConfigMaps, Secrets and claims, with where they are asked for.
//!
//! Mirrors `VisitPodSecretNames` and `VisitPodConfigmapNames` in `pkg/api/v1/pod/util.go`. Not
//! here: whether they exist (`project`).

use std::collections::BTreeSet;

use super::workload::Workload;
use crate::tree::{Kind, Node};

/// A name by which pods ask for an object.
#[derive(Clone, Copy, Debug)]
pub struct Reference<'t> {
    /// What is asked for.
    pub to: Referent,
    /// Its name, not empty.
    pub name: &'t str,
    /// Where the name is written.
    pub node: Node<'t>,
    /// What happens without it.
    pub need: Need,
}

/// What pods can ask for by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Referent {
    /// A ConfigMap.
    ConfigMap,
    /// A Secret.
    Secret,
    /// A PersistentVolumeClaim.
    Claim,
}

/// What happens to pods without what they ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// They don't start.
    Required,
    /// They start if their images can be pulled all the same.
    Pull,
    /// They start (`optional: true`), or it can't be known.
    Optional,
}

impl Referent {
    /// The kind of the object.
    pub fn kind(self) -> &'static str {
        match self {
            Self::ConfigMap => "ConfigMap",
            Self::Secret => "Secret",
            Self::Claim => "PersistentVolumeClaim",
        }
    }
}

/// Everything that the pods of a workload ask for, in no particular order. Volumes that claim
/// templates hide aren't used, so they ask for nothing.
pub fn references<'t>(workload: &Workload<'_, 't>) -> Vec<Reference<'t>> {
    let mut found = Vec::new();
    for container in workload.all_containers() {
        of_container(container, &mut found);
    }
    let templates = workload.claim_templates();
    let templates = templates.map(|t| t.at(&["metadata", "name"]).map(Node::text));
    let templates: BTreeSet<Option<&str>> = templates.collect();
    let hidden = |volume: &Node<'t>| templates.contains(&volume.get("name").map(Node::text));
    for volume in workload.volumes().filter(|v| !hidden(v)) {
        of_volume(volume, &mut found);
    }
    let pull = workload.pod_spec().and_then(|s| s.get("imagePullSecrets"));
    for item in pull.into_iter().flat_map(Node::items) {
        add(Referent::Secret, item.get("name"), Need::Pull, &mut found);
    }
    found
}

fn of_container<'t>(container: Node<'t>, found: &mut Vec<Reference<'t>>) {
    for item in container.get("envFrom").into_iter().flat_map(Node::items) {
        add_object(Referent::ConfigMap, item.get("configMapRef"), "name", found);
        add_object(Referent::Secret, item.get("secretRef"), "name", found);
    }
    for item in container.get("env").into_iter().flat_map(Node::items) {
        let from = |key| item.at(&["valueFrom", key]);
        add_object(Referent::ConfigMap, from("configMapKeyRef"), "name", found);
        add_object(Referent::Secret, from("secretKeyRef"), "name", found);
    }
}

fn of_volume<'t>(volume: Node<'t>, found: &mut Vec<Reference<'t>>) {
    let sources = volume.at(&["projected", "sources"]);
    for source in sources.into_iter().flat_map(Node::items) {
        add_object(Referent::ConfigMap, source.get("configMap"), "name", found);
        add_object(Referent::Secret, source.get("secret"), "name", found);
    }
    add_object(Referent::ConfigMap, volume.get("configMap"), "name", found);
    add_object(Referent::Secret, volume.get("secret"), "secretName", found);
    let claim = volume.get("persistentVolumeClaim");
    add_object(Referent::Claim, claim, "claimName", found);
    let azure = volume.get("azureFile");
    add_object(Referent::Secret, azure, "secretName", found);
    let csi = volume.at(&["csi", "nodePublishSecretRef"]);
    add_object(Referent::Secret, csi, "name", found);
    for driver in DRIVERS_WITH_SECRET {
        let secret = volume.at(&[driver, "secretRef"]);
        add_object(Referent::Secret, secret, "name", found);
    }
}

const DRIVERS_WITH_SECRET: [&str; 7] = [
    "cephfs",
    "cinder",
    "flexVolume",
    "iscsi",
    "rbd",
    "scaleIO",
    "storageos",
];

/// Adds what an object with a name, and perhaps `optional`, asks for.
fn add_object<'t>(
    to: Referent,
    object: Option<Node<'t>>,
    key: &str,
    found: &mut Vec<Reference<'t>>,
) {
    let Some(object) = object else {
        return;
    };
    let need = match object.get("optional") {
        None => Need::Required,
        Some(optional) => match (optional.kind(), optional.as_bool()) {
            (Kind::Null, _) | (_, Some(false)) => Need::Required,
            _ => Need::Optional,
        },
    };
    add(to, object.get(key), need, found);
}

fn add<'t>(to: Referent, name: Option<Node<'t>>, need: Need, found: &mut Vec<Reference<'t>>) {
    let text = name.and_then(Node::as_str).filter(|text| !text.is_empty());
    if let (Some(node), Some(name)) = (name, text) {
        found.push(Reference {
            to,
            name,
            node,
            need,
        });
    }
}
