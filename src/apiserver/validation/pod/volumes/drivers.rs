//! Volumes of storage drivers, most of which were once part of Kubernetes.
//!
//! Mirrors `validateNFSVolumeSource`, `validateCSIVolumeSource` and their neighbours in
//! `pkg/apis/core/validation/validation.go`.

use super::require;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{is_dns1123_label, is_dns1123_subdomain, is_in_range};
use crate::apiserver::validation::meta::name_is_dns_subdomain;
use crate::finding::Step;

const HOST_PORTS: &str = "must be a host:port pair or multiple pairs separated by commas";

/// `validateNFSVolumeSource`.
pub fn validate_nfs_volume_source(v: &mut Validation, nfs: &Field<'_, '_>) {
    require(v, "VOL-37", &nfs.key("server"));
    let path = nfs.key("path");
    require(v, "VOL-37", &path);
    if !path.text().starts_with('/') {
        v.invalid("VOL-38", &path, "must be an absolute path");
    }
}

/// `validateCSIVolumeSource`.
pub fn validate_csi_volume_source(v: &mut Validation, csi: &Field<'_, '_>) {
    validate_csi_driver_name(v, "VOL-39", &csi.key("driver"));
    let secret = csi.key("nodePublishSecretRef");
    let name = secret.key("name");
    if secret.is_set() {
        require(v, "VOL-40", &name);
        if !name.text().is_empty() {
            let wrong = name_is_dns_subdomain(name.text(), false);
            let at = csi.child(Step::Key("name"), name.value());
            v.invalid_each("VOL-41", &at, wrong);
        }
    }
}

/// `ValidateCSIDriverName`.
pub fn validate_csi_driver_name(v: &mut Validation, row: &'static str, driver: &Field<'_, '_>) {
    if driver.text().is_empty() {
        v.required(row, driver, "");
        if v.gates.empty_driver_name_is_told_once {
            return;
        }
    }
    if driver.text().len() > 63 {
        v.too_long(row, driver, 63);
    }
    let wrong = is_dns1123_subdomain(&driver.text().to_lowercase());
    v.invalid_each(row, driver, wrong);
}

/// `validateISCSIVolumeSource`.
pub fn validate_iscsi_volume_source(v: &mut Validation, iscsi: &Field<'_, '_>) {
    require(v, "VOL-50", &iscsi.key("targetPortal"));
    let iqn = iscsi.key("iqn");
    require(v, "VOL-50", &iqn);
    if !iqn.text().is_empty() {
        validate_iscsi_name(v, &iqn);
    }
    let lun = iscsi.key("lun");
    v.invalid_each("VOL-50", &lun, is_in_range(lun.int(), 0, 255));
    let authenticates =
        iscsi.key("chapAuthDiscovery").bool() || iscsi.key("chapAuthSession").bool();
    let secret = iscsi.key("secretRef");
    if authenticates && !secret.is_set() {
        v.required("VOL-50", &secret, "");
    }
    let initiator = iscsi.key("initiatorName");
    if initiator.is_set() {
        validate_iscsi_name(v, &initiator.renamed("initiatorname"));
    }
}

fn validate_iscsi_name(v: &mut Validation, name: &Field<'_, '_>) {
    let text = name.text();
    if !["iqn", "eui", "naa"]
        .iter()
        .any(|scheme| text.starts_with(scheme))
    {
        let detail = "must be valid format starting with iqn, eui, or naa";
        v.invalid("VOL-50", name, detail);
    } else if !is_iscsi_name(text) {
        v.invalid("VOL-50", name, "must be valid format");
    }
}

/// A name after one of the three schemes: `iscsiInitiatorIqnRegex`, `iscsiInitiatorEuiRegex`,
/// `iscsiInitiatorNaaRegex`.
fn is_iscsi_name(name: &str) -> bool {
    let alphanumeric = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    // After the scheme stands any one character.
    let after = |scheme: &str| {
        let rest = name.strip_prefix(scheme)?;
        let (first, length) = rest.chars().next().map(|c| (c, c.len_utf8()))?;
        rest.get(length..).filter(|_| first != '\n')
    };
    if name.starts_with("iqn") {
        return is_iqn(name);
    }
    let eui = after("eui").is_some_and(|id| id.len() == 16 && alphanumeric(id));
    eui || after("naa").is_some_and(|id| id.len() == 32 && alphanumeric(id))
}

/// `iqn\.\d{4}-\d{2}\.([[:alnum:]-.]+)(:[^,;*&$|\s]+)$`, which isn't anchored at its beginning.
fn is_iqn(name: &str) -> bool {
    let bytes = name.as_bytes();
    let digits = |from: usize, to: usize| {
        let part = bytes.get(from..to).unwrap_or_default();
        part.len() == to - from && part.iter().all(u8::is_ascii_digit)
    };
    name.match_indices("iqn.").any(|(at, _)| {
        let dated = digits(at + 4, at + 8)
            && bytes.get(at + 8) == Some(&b'-')
            && digits(at + 9, at + 11)
            && bytes.get(at + 11) == Some(&b'.');
        let Some((authority, id)) = name.get(at + 12..).and_then(|rest| rest.split_once(':'))
        else {
            return false;
        };
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.');
        let barred = |c: char| ",;*&$|\t\n\u{c}\r ".contains(c);
        dated
            && !authority.is_empty()
            && authority.bytes().all(plain)
            && !id.is_empty()
            && !id.contains(barred)
    })
}

/// `validateFCVolumeSource`.
pub fn validate_fc_volume_source(v: &mut Validation, fc: &Field<'_, '_>) {
    let names = fc.key("targetWWNs");
    let ids = fc.key("wwids");
    if names.is_empty() && ids.is_empty() {
        let detail = "must specify either targetWWNs or wwids, but not both";
        v.required("VOL-51", &names, detail);
    }
    if !names.is_empty() && !ids.is_empty() {
        let detail = "targetWWNs and wwids can not be specified simultaneously";
        v.invalid("VOL-51", &names, detail).with(&ids, "wwids");
    }
    let lun = fc.key("lun");
    if !names.is_empty() {
        match lun.int_pointer() {
            None => {
                let detail = "lun is required if targetWWNs is specified";
                v.required("VOL-51", &lun, detail);
            }
            Some(number) => v.invalid_each("VOL-51", &lun, is_in_range(number, 0, 255)),
        }
    }
}

/// `validateGCEPersistentDiskVolumeSource`, at the key `persistentDisk`.
pub fn validate_gce_persistent_disk(v: &mut Validation, disk: &Field<'_, '_>) {
    let at = disk.renamed("persistentDisk");
    require(v, "VOL-52", &at.key("pdName"));
    validate_partition(v, "VOL-52", &at.key("partition"));
}

/// `validateAWSElasticBlockStoreVolumeSource`.
pub fn validate_aws_elastic_block_store(v: &mut Validation, disk: &Field<'_, '_>) {
    require(v, "VOL-53", &disk.key("volumeID"));
    validate_partition(v, "VOL-53", &disk.key("partition"));
}

fn validate_partition(v: &mut Validation, row: &'static str, partition: &Field<'_, '_>) {
    if !(0..=255).contains(&partition.int()) {
        v.invalid(row, partition, "must be between 1 and 255, inclusive");
    }
}

/// `validateQuobyteVolumeSource`.
pub fn validate_quobyte_volume_source(v: &mut Validation, quobyte: &Field<'_, '_>) {
    let registry = quobyte.key("registry");
    let tenant = quobyte.key("tenant");
    if registry.text().is_empty() {
        v.required("VOL-55", &registry, HOST_PORTS);
    } else if tenant.text().len() >= 65 {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        v.required("VOL-58", &tenant, detail);
    } else {
        let pairs = registry.text().split(',');
        for _ in pairs.filter(|pair| !is_host_and_port(pair)) {
            v.invalid("VOL-58", &registry, HOST_PORTS);
        }
    }
    require(v, "VOL-55", &quobyte.key("volume"));
}

/// Whether Go's `net.SplitHostPort` succeeds.
fn is_host_and_port(pair: &str) -> bool {
    let Some((host, port)) = pair.rsplit_once(':') else {
        return false;
    };
    let host_is_fine = match host.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .is_some_and(|address| !address.contains(['[', ']'])),
        None => !host.contains([':', '[', ']']),
    };
    host_is_fine && !port.contains(['[', ']'])
}

/// `validateGlusterfsVolumeSource`.
pub fn validate_glusterfs_volume_source(v: &mut Validation, glusterfs: &Field<'_, '_>) {
    require(v, "VOL-55", &glusterfs.key("endpoints"));
    require(v, "VOL-55", &glusterfs.key("path"));
}

/// `validateFlockerVolumeSource`.
pub fn validate_flocker_volume_source(v: &mut Validation, flocker: &Field<'_, '_>) {
    let name = flocker.key("datasetName");
    let uuid = flocker.key("datasetUUID");
    if name.text().is_empty() && uuid.text().is_empty() {
        let detail = "one of datasetName and datasetUUID is required";
        v.required("VOL-57", flocker, detail);
    }
    if !name.text().is_empty() && !uuid.text().is_empty() {
        let detail = "datasetName and datasetUUID can not be specified simultaneously";
        v.invalid("VOL-57", flocker, detail);
    }
    if name.text().contains('/') {
        v.invalid("VOL-57", &name, "must not contain '/'");
    }
}

/// `validateRBDVolumeSource`.
pub fn validate_rbd_volume_source(v: &mut Validation, rbd: &Field<'_, '_>) {
    require(v, "VOL-55", &rbd.key("monitors"));
    require(v, "VOL-55", &rbd.key("image"));
}

/// `validateCinderVolumeSource`.
pub fn validate_cinder_volume_source(v: &mut Validation, cinder: &Field<'_, '_>) {
    require(v, "VOL-55", &cinder.key("volumeID"));
    require_name(v, "VOL-55", &cinder.key("secretRef"));
}

/// `validateCephFSVolumeSource`.
pub fn validate_ceph_fs_volume_source(v: &mut Validation, cephfs: &Field<'_, '_>) {
    require(v, "VOL-55", &cephfs.key("monitors"));
}

/// `validateFlexVolumeSource`.
pub fn validate_flex_volume_source(v: &mut Validation, flex: &Field<'_, '_>) {
    require(v, "VOL-55", &flex.key("driver"));
    for (key, option) in flex.key("options").entries() {
        let namespace = key.split('/').next().unwrap_or_default().to_lowercase();
        let of = |domain: &str| {
            let before = namespace.strip_suffix(domain);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        if of("kubernetes.io") || of("k8s.io") {
            let detail = "kubernetes.io and k8s.io namespaces are reserved";
            v.invalid("VOL-56", &option, detail);
        }
    }
}

/// `validateAzureFile`.
pub fn validate_azure_file(v: &mut Validation, azure: &Field<'_, '_>) {
    require(v, "VOL-55", &azure.key("secretName"));
    require(v, "VOL-55", &azure.key("shareName"));
}

/// `validateAzureDisk`.
pub fn validate_azure_disk(v: &mut Validation, azure: &Field<'_, '_>) {
    require(v, "VOL-54", &azure.key("diskName"));
    let uri = azure.key("diskURI");
    require(v, "VOL-54", &uri);
    let caching = azure.key("cachingMode");
    if !matches!(caching.text(), "None" | "ReadOnly" | "ReadWrite") {
        v.not_supported("VOL-54", &caching, &["None", "ReadOnly", "ReadWrite"]);
    }
    let kind = azure.key("kind");
    if !matches!(kind.text(), "Dedicated" | "Managed" | "Shared") {
        v.not_supported("VOL-54", &kind, &["Dedicated", "Managed", "Shared"]);
    }
    let managed = kind.text() == "Managed";
    if managed && !uri.text().starts_with("/subscriptions/") {
        let form = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/\
                    microsoft.compute/disks/{disk-id}";
        v.not_supported("VOL-54", &uri, &[form])
            .with(&kind, "the kind");
    }
    if !managed && !uri.text().starts_with("https://") {
        let form = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";
        v.not_supported("VOL-54", &uri, &[form])
            .with(&kind, "the kind");
    }
}

/// `validateVsphereVolumeSource`.
pub fn validate_vsphere_volume_source(v: &mut Validation, vsphere: &Field<'_, '_>) {
    require(v, "VOL-55", &vsphere.key("volumePath"));
}

/// `validatePhotonPersistentDiskVolumeSource`.
pub fn validate_photon_persistent_disk(v: &mut Validation, disk: &Field<'_, '_>) {
    require(v, "VOL-55", &disk.key("pdID"));
}

/// `validatePortworxVolumeSource`.
pub fn validate_portworx_volume_source(v: &mut Validation, portworx: &Field<'_, '_>) {
    require(v, "VOL-55", &portworx.key("volumeID"));
}

/// `validateScaleIOVolumeSource`.
pub fn validate_scale_io_volume_source(v: &mut Validation, scale_io: &Field<'_, '_>) {
    for key in ["gateway", "system", "volumeName"] {
        require(v, "VOL-55", &scale_io.key(key));
    }
}

/// `validateStorageOSVolumeSource`.
pub fn validate_storage_os_volume_source(v: &mut Validation, storage_os: &Field<'_, '_>) {
    let name = storage_os.key("volumeName");
    require(v, "VOL-55", &name);
    for field in [name, storage_os.key("volumeNamespace")] {
        if !field.text().is_empty() {
            v.invalid_each("VOL-58", &field, is_dns1123_label(field.text()));
        }
    }
    require_name(v, "VOL-58", &storage_os.key("secretRef"));
}

/// `secretRef.name`, where there is a reference.
fn require_name(v: &mut Validation, row: &'static str, reference: &Field<'_, '_>) {
    if reference.is_set() {
        require(v, row, &reference.key("name"));
    }
}
