//! Volumes of a pod.
//!
//! Mirrors `ValidateVolumes` and `validateVolumeSource` in
//! `pkg/apis/core/validation/validation.go`. Each source has its function in one of the files
//! beside this one.

mod drivers;
mod files;
mod projected;

use std::collections::BTreeMap;

use super::PodOptions;
use crate::apiserver::effective::Value;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::claim::{
    ClaimOptions, validate_persistent_volume_claim_template,
};
use crate::apiserver::validation::format::is_dns1123_label;
use crate::apiserver::validation::meta::{self, name_is_dns_subdomain};
use crate::apiserver::validation::pod::paths::{
    validate_local_non_reserved_path, validate_path_no_backsteps,
};
use crate::finding::Step;

/// The volumes without faults, by name: what may be mounted.
pub type Volumes<'v> = BTreeMap<&'v str, Value<'v>>;

/// Whether a volume is a claim (`isMatchedDevice`).
pub fn is_claim(volume: &Value<'_>) -> bool {
    let has = |key| volume.get(key).is_some();
    has("persistentVolumeClaim") || has("ephemeral")
}

/// `ValidateVolumes`: judges them and returns those without faults. `pod` is the metadata of a
/// pod; a template has none here.
pub fn validate_volumes<'v>(
    v: &mut Validation,
    volumes: &Field<'_, 'v>,
    pod: Option<&Field<'_, 'v>>,
    options: &PodOptions,
) -> Volumes<'v> {
    let mut sound = Volumes::new();
    for volume in volumes.items() {
        let before = v.errors.len();
        let name = volume.key("name");
        validate_volume_source(v, &volume, pod, options);
        if name.text().is_empty() {
            v.required("VOL-01", &name, "");
        } else {
            v.invalid_each("VOL-02", &name, is_dns1123_label(name.text()));
        }
        if sound.contains_key(name.text()) {
            v.duplicate("VOL-03", &name);
        }
        if let Some(value) = volume.value().filter(|_| v.errors.len() == before) {
            sound.insert(name.text(), value);
        }
        if let Some(pod) = pod {
            let source = volume.key("persistentVolumeClaim");
            let claim = source.key("claimName");
            validate_claim_is_not_created(v, &claim, volumes, pod);
        }
    }
    sound
}

/// A claim that an ephemeral volume of the pod makes can't be one of its other volumes.
fn validate_claim_is_not_created(
    v: &mut Validation,
    claim: &Field<'_, '_>,
    volumes: &Field<'_, '_>,
    pod: &Field<'_, '_>,
) {
    let pod = meta::name(pod);
    let Some(rest) = claim.text().strip_prefix(&*pod).filter(|_| !pod.is_empty()) else {
        return;
    };
    let Some(name) = rest.strip_prefix('-') else {
        return;
    };
    let maker = volumes
        .items()
        .find(|other| other.key("ephemeral").is_set() && other.key("name").text() == name);
    if let Some(maker) = maker {
        let detail = "must not reference a PVC that gets created for an ephemeral volume";
        v.invalid("VOL-19", claim, detail)
            .with(&maker, "the ephemeral volume");
    }
}

/// A kind of source: its key, the key under which it may not be a second one, and its judge.
type Source = (
    &'static str,
    &'static str,
    fn(&mut Validation, &Field<'_, '_>),
);

/// The sources in upstream's order, up to those that need to know more than themselves.
const SOURCES: [Source; 30] = [
    ("emptyDir", "emptyDir", validate_empty_dir),
    ("hostPath", "hostPath", validate_host_path_volume_source),
    ("gitRepo", "gitRepo", files::validate_git_repo_volume_source),
    (
        "gcePersistentDisk",
        "gcePersistentDisk",
        drivers::validate_gce_persistent_disk,
    ),
    (
        "awsElasticBlockStore",
        "awsElasticBlockStore",
        drivers::validate_aws_elastic_block_store,
    ),
    ("secret", "secret", files::validate_secret_volume_source),
    ("nfs", "nfs", drivers::validate_nfs_volume_source),
    ("iscsi", "iscsi", drivers::validate_iscsi_volume_source),
    (
        "glusterfs",
        "glusterfs",
        drivers::validate_glusterfs_volume_source,
    ),
    (
        "flocker",
        "flocker",
        drivers::validate_flocker_volume_source,
    ),
    (
        "persistentVolumeClaim",
        "persistentVolumeClaim",
        validate_persistent_claim_volume_source,
    ),
    ("rbd", "rbd", drivers::validate_rbd_volume_source),
    ("cinder", "cinder", drivers::validate_cinder_volume_source),
    ("cephfs", "cephFS", drivers::validate_ceph_fs_volume_source),
    (
        "quobyte",
        "quobyte",
        drivers::validate_quobyte_volume_source,
    ),
    (
        "downwardAPI",
        "downwarAPI",
        files::validate_downward_api_volume_source,
    ),
    ("fc", "fc", drivers::validate_fc_volume_source),
    (
        "flexVolume",
        "flexVolume",
        drivers::validate_flex_volume_source,
    ),
    (
        "configMap",
        "configMap",
        files::validate_config_map_volume_source,
    ),
    ("azureFile", "azureFile", drivers::validate_azure_file),
    (
        "vsphereVolume",
        "vsphereVolume",
        drivers::validate_vsphere_volume_source,
    ),
    (
        "photonPersistentDisk",
        "photonPersistentDisk",
        drivers::validate_photon_persistent_disk,
    ),
    (
        "portworxVolume",
        "portworxVolume",
        drivers::validate_portworx_volume_source,
    ),
    ("azureDisk", "azureDisk", drivers::validate_azure_disk),
    (
        "storageos",
        "storageos",
        drivers::validate_storage_os_volume_source,
    ),
    ("projected", "projected", |_, _| {}),
    (
        "scaleIO",
        "scaleIO",
        drivers::validate_scale_io_volume_source,
    ),
    ("csi", "csi", drivers::validate_csi_volume_source),
    ("ephemeral", "ephemeral", validate_ephemeral_volume_source),
    ("image", "image", |_, _| {}),
];

/// `validateVolumeSource`. That there is one needs no check: a volume without is an `emptyDir`.
fn validate_volume_source(
    v: &mut Validation,
    volume: &Field<'_, '_>,
    pod: Option<&Field<'_, '_>>,
    options: &PodOptions,
) {
    let mut first = None;
    for (key, second_key, validate) in SOURCES {
        let source = volume.key(key);
        if !source.is_set() {
            continue;
        }
        if let Some(first) = first {
            let path = volume.child(Step::Key(second_key), source.value());
            v.forbidden("VOL-05", &path, "may not specify more than 1 volume type")
                .with(&volume.key(first), "the first type");
        } else {
            first = Some(key);
            match key {
                "projected" => projected::validate_projected_volume_source(v, &source, options),
                "image" => validate_image_volume_source(v, &source, pod.is_some(), options),
                _ => validate(v, &source),
            }
            if key == "ephemeral" {
                validate_created_claim_name(v, volume, pod);
            }
        }
        if key == "iscsi" {
            validate_iscsi_name_length(v, volume, &source);
        }
    }
}

/// The name of the claim that an ephemeral volume of a pod makes.
fn validate_created_claim_name(
    v: &mut Validation,
    volume: &Field<'_, '_>,
    pod: Option<&Field<'_, '_>>,
) {
    let Some(pod) = pod.map(meta::name).filter(|pod| !pod.is_empty()) else {
        return;
    };
    let name = volume.key("name");
    if !name.text().is_empty() {
        let claim = format!("{pod}-{}", name.text());
        for message in name_is_dns_subdomain(&claim, false) {
            v.invalid("VOL-46", &name, format!("PVC name {claim:?}: {message}"));
        }
    }
}

fn validate_iscsi_name_length(v: &mut Validation, volume: &Field<'_, '_>, iscsi: &Field<'_, '_>) {
    let name = volume.key("name");
    let portal = iscsi.key("targetPortal");
    let length = name.text().len() + 1 + portal.text().len();
    if iscsi.key("initiatorName").is_set() && length > 64 {
        let detail = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 \
                      characters if iscsi.initiatorName is specified.";
        v.invalid("VOL-50", &name, detail)
            .with(&portal, "the portal");
    }
}

fn validate_empty_dir(v: &mut Validation, empty_dir: &Field<'_, '_>) {
    let limit = empty_dir.key("sizeLimit");
    if limit.quantity().is_some_and(|limit| limit.sign() < 0) {
        let detail = "SizeLimit field must be a valid resource quantity";
        v.forbidden("VOL-06", &limit, detail);
    }
}

/// `validateHostPathVolumeSource`.
fn validate_host_path_volume_source(v: &mut Validation, host_path: &Field<'_, '_>) {
    let path = host_path.key("path");
    if path.text().is_empty() {
        v.required("VOL-07", &path, "");
        return;
    }
    validate_path_no_backsteps(v, "VOL-08", &path, path.text());
    const TYPES: [&str; 8] = [
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ];
    let kind = host_path.key("type");
    if !TYPES.contains(&kind.text()) {
        v.not_supported("VOL-09", &kind, &TYPES);
    }
}

/// `validatePersistentClaimVolumeSource`.
fn validate_persistent_claim_volume_source(v: &mut Validation, claim: &Field<'_, '_>) {
    require(v, "VOL-18", &claim.key("claimName"));
}

/// `validateEphemeralVolumeSource`.
fn validate_ephemeral_volume_source(v: &mut Validation, ephemeral: &Field<'_, '_>) {
    let template = ephemeral.key("volumeClaimTemplate");
    if template.is_set() {
        let options = ClaimOptions::of_template(v, None);
        validate_persistent_volume_claim_template(v, &template, &options);
    } else {
        v.required("VOL-42", &template, "");
    }
}

/// `validateImageVolumeSource`.
fn validate_image_volume_source(
    v: &mut Validation,
    image: &Field<'_, '_>,
    is_pod: bool,
    options: &PodOptions,
) {
    let reference = image.key("reference");
    let required = if v.gates.image_reference_in_templates {
        !options.allow_empty_image_volume_reference
    } else {
        is_pod
    };
    if required {
        require(v, "VOL-47", &reference);
    }
    let policy = image.key("pullPolicy");
    if !matches!(policy.text(), "Always" | "IfNotPresent" | "Never") {
        v.not_supported("VOL-48", &policy, &["Always", "IfNotPresent", "Never"]);
    }
}

/// `field.Required` of an empty text or list.
fn require(v: &mut Validation, row: &'static str, field: &Field<'_, '_>) {
    if field.text().is_empty() && field.is_empty() {
        v.required(row, field, "");
    }
}

/// `hasNonLocalProjectedTokenPath` of a pod's spec: an update may keep it.
pub fn has_non_local_projected_token_path(v: &Validation, spec: &Field<'_, '_>) -> bool {
    let mut trial = Validation::new(v.gates);
    for volume in spec.key("volumes").items() {
        let projected = volume.key("projected");
        for source in projected.key("sources").items() {
            let token = source.key("serviceAccountToken");
            let path = token.key("path");
            validate_local_non_reserved_path(&mut trial, "VOL-33", &path, path.text());
        }
    }
    !trial.errors.is_empty()
}

/// `hasEmptyImageVolumeReference` of a pod's spec: an update may keep it.
pub fn has_empty_image_volume_reference(spec: &Field<'_, '_>) -> bool {
    spec.key("volumes").items().any(|volume| {
        let image = volume.key("image");
        image.is_set() && image.key("reference").text().is_empty()
    })
}
