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
    super::warnings_for_claim_spec(v, "WRN-42", &claim.key("spec"));
}
