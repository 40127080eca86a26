//! Warnings about PersistentVolumeClaims.
//!
//! Mirrors `GetWarningsForPersistentVolumeClaim` in `pkg/api/persistentvolumeclaim/util.go`.

use crate::apiserver::errors::{Validation, path};
use crate::apiserver::field::Field;
use crate::apiserver::validation::claim::BETA_STORAGE_CLASS;

/// `GetWarningsForPersistentVolumeClaim`.
pub fn warnings_for_persistent_volume_claim(v: &mut Validation, claim: &Field<'_, '_>) {
    let metadata = claim.key("metadata");
    let annotations = metadata.key("annotations");
    let class = annotations.entry(BETA_STORAGE_CLASS);
    if class.value().is_some() {
        let text = format!(
            "{}: deprecated since v1.8; use \"storageClassName\" attribute instead",
            path(&class)
        );
        v.warn("WRN-41", &class, text);
    }
    warnings_for_persistent_volume_claim_spec(v, &claim.key("spec"));
}

/// `GetWarningsForPersistentVolumeClaimSpec`.
pub fn warnings_for_persistent_volume_claim_spec(v: &mut Validation, spec: &Field<'_, '_>) {
    let resources = spec.key("resources");
    for key in ["requests", "limits"] {
        let list = resources.key(key);
        let storage = list.entry("storage");
        let size = storage.quantity().unwrap_or_default();
        if !size.is_whole() {
            let text = format!(
                "{}: fractional byte value {:?} is invalid, must be an integer",
                path(&storage),
                size.canonical()
            );
            v.warn("WRN-42", &storage, text);
        }
    }
}
