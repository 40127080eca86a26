//! Defaults and dropped fields of PersistentVolumeClaims.
//!
//! Mirrors `SetObjectDefaults_PersistentVolumeClaim`, the strategy in
//! `pkg/registry/core/persistentvolumeclaim` and `pkg/api/persistentvolumeclaim/util.go`.

use super::{Effective, Id, volumes};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `SetObjectDefaults_PersistentVolumeClaim`.
pub fn persistent_volume_claim(object: &mut Effective<'_>, _: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    volumes::persistent_volume_claim_spec(object, spec);
}

/// What `PrepareForCreate` and `PrepareForUpdate` take away.
pub fn prepare_persistent_volume_claim(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    object.remove(root, "status");
    if let Some(spec) = object.get(root, "spec")
        && !gates.volume_attributes_class
    {
        let gate = Some("VolumeAttributesClass");
        object.drop_field(spec, "volumeAttributesClassName", gate);
    }
}

/// What they do about sources of data, which depends on what the old claim has.
pub fn prepare_data_sources(object: &mut Effective<'_>, old: Option<&Effective<'_>>) {
    let Some(spec) = object.get(object.root(), "spec") else {
        return;
    };
    let had = |key| old.is_some_and(|old| old.at(old.root(), &["spec", key]).is_some());
    if !had("dataSourceRef") {
        drop_disabled_reference(object, spec);
    }
    if !had("dataSource") && !had("dataSourceRef") {
        enforce_data_source_backwards_compatibility(object, spec);
    }
    normalize_data_sources(object, spec);
}

/// The part of `DropDisabledFields` about sources in other namespaces.
fn drop_disabled_reference(object: &mut Effective<'_>, spec: Id) {
    if let Some(reference) = object.get(spec, "dataSourceRef")
        && !object.text(reference, "namespace").is_empty()
    {
        let gate = Some("CrossNamespaceVolumeDataSource");
        object.drop_field(spec, "dataSourceRef", gate);
    }
}

/// `EnforceDataSourceBackwardsCompatibility`: sources of other kinds need `dataSourceRef`.
fn enforce_data_source_backwards_compatibility(object: &mut Effective<'_>, spec: Id) {
    let Some(source) = object.get(spec, "dataSource") else {
        return;
    };
    let known = matches!(
        (object.text(source, "apiGroup"), object.text(source, "kind")),
        ("", "PersistentVolumeClaim") | ("snapshot.storage.k8s.io", "VolumeSnapshot")
    );
    if !known && object.get(spec, "dataSourceRef").is_none() {
        object.drop_field(spec, "dataSource", None);
    }
}

/// `NormalizeDataSources`: each is a copy of the other where that isn't set.
fn normalize_data_sources(object: &mut Effective<'_>, spec: Id) {
    let source = object.get(spec, "dataSource");
    let reference = object.get(spec, "dataSourceRef");
    let (from, to) = match (source, reference) {
        (Some(source), None) => (source, "dataSourceRef"),
        (None, Some(reference)) if object.text(reference, "namespace").is_empty() => {
            (reference, "dataSource")
        }
        _ => return,
    };
    let copy = object.set(spec, to, Kind::Mapping, "");
    for key in ["apiGroup", "kind", "name"] {
        if let Some(value) = object.get(from, key) {
            object.set_copy(copy, key, value);
        }
    }
}
