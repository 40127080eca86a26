//! Defaults of volumes.
//!
//! Mirrors `SetDefaults_Volume` and its neighbours in `pkg/apis/core/v1/defaults.go`, and what
//! `SetObjectDefaults_Pod` in `zz_generated.defaults.go` does to volumes.

use super::resources::set_defaults_resources;
use super::{Effective, Id, image};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// The defaults of one volume.
pub fn volume(object: &mut Effective<'_>, volume: Id, gates: &Gates) {
    set_defaults_volume(object, volume, gates);
    if let Some(host_path) = object.get(volume, "hostPath") {
        object.default_pointer(host_path, "type", Kind::String, "");
    }
    for key in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = object.get(volume, key) {
            object.default_pointer(source, "defaultMode", Kind::Int, "420");
        }
    }
    if let Some(downward) = object.get(volume, "downwardAPI") {
        downward_items(object, downward);
    }
    for source in projected_sources(object, volume) {
        if let Some(downward) = object.get(source, "downwardAPI") {
            downward_items(object, downward);
        }
        if let Some(token) = object.get(source, "serviceAccountToken") {
            object.default_pointer(token, "expirationSeconds", Kind::Int, "3600");
        }
    }
    in_tree_sources(object, volume);
    if let Some(template) = object.at(volume, &["ephemeral", "volumeClaimTemplate"]) {
        let spec = object.default_mapping(template, "spec");
        persistent_volume_claim_spec(object, spec);
    }
}

/// `SetDefaults_PersistentVolumeClaimSpec`, and the rounding of what is asked for.
pub fn persistent_volume_claim_spec(object: &mut Effective<'_>, spec: Id) {
    object.default_pointer(spec, "volumeMode", Kind::String, "Filesystem");
    set_defaults_resources(object, spec);
}

/// The sources of a projected volume.
pub fn projected_sources(object: &mut Effective<'_>, volume: Id) -> Vec<Id> {
    match object.get(volume, "projected") {
        Some(projected) => object.items(projected, "sources"),
        None => Vec::new(),
    }
}

/// `SetDefaults_Volume`.
fn set_defaults_volume(object: &mut Effective<'_>, volume: Id, gates: &Gates) {
    let has_source = object
        .value(volume)
        .values()
        .any(|field| field.name() != "name" && field.kind() != Kind::Null);
    if !has_source {
        object.set(volume, "emptyDir", Kind::Mapping, "");
    }
    if gates.image_volumes
        && let Some(source) = object.get(volume, "image")
    {
        let policy = pull_policy(object.text(source, "reference"), gates);
        object.default_text(source, "pullPolicy", policy);
    }
}

/// `imagePullPolicy` where it isn't written.
pub fn pull_policy(reference: &str, gates: &Gates) -> &'static str {
    if image::is_latest(reference, gates) {
        "Always"
    } else {
        "IfNotPresent"
    }
}

/// `SetDefaults_ObjectFieldSelector` of the files of a `downwardAPI`.
fn downward_items(object: &mut Effective<'_>, downward: Id) {
    for item in object.items(downward, "items") {
        if let Some(field) = object.get(item, "fieldRef") {
            object.default_text(field, "apiVersion", "v1");
        }
    }
}

/// Sources whose drivers were once part of Kubernetes.
fn in_tree_sources(object: &mut Effective<'_>, volume: Id) {
    if let Some(iscsi) = object.get(volume, "iscsi") {
        object.default_text(iscsi, "iscsiInterface", "default");
    }
    if let Some(rbd) = object.get(volume, "rbd") {
        object.default_text(rbd, "pool", "rbd");
        object.default_text(rbd, "user", "admin");
        object.default_text(rbd, "keyring", "/etc/ceph/keyring");
    }
    if let Some(disk) = object.get(volume, "azureDisk") {
        object.default_pointer(disk, "cachingMode", Kind::String, "ReadWrite");
        object.default_pointer(disk, "fsType", Kind::String, "ext4");
        object.default_pointer(disk, "readOnly", Kind::Bool, "false");
        object.default_pointer(disk, "kind", Kind::String, "Shared");
    }
    if let Some(scale_io) = object.get(volume, "scaleIO") {
        object.default_text(scale_io, "storageMode", "ThinProvisioned");
        object.default_text(scale_io, "fsType", "xfs");
    }
}
