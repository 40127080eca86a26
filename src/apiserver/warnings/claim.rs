//! Warnings about PersistentVolumeClaims.
//!
//! Mirrors `GetWarningsForPersistentVolumeClaim` in `pkg/api/persistentvolumeclaim/util.go`.

use super::{warn, warn_of_fraction};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::claim::BETA_STORAGE_CLASS;

/// `GetWarningsForPersistentVolumeClaim`.
pub fn warnings_for_persistent_volume_claim(v: &mut Validation, claim: &Field<'_, '_>) {
    let metadata = claim.key("metadata");
    let annotations = metadata.key("annotations");
    let class = annotations.entry(BETA_STORAGE_CLASS);
    if class.value().is_some() {
        let text = "deprecated since v1.8; use \"storageClassName\" attribute instead";
        warn(v, "WRN-41", &class, text);
    }
    warnings_for_persistent_volume_claim_spec(v, "WRN-42", &claim.key("spec"));
}

/// `GetWarningsForPersistentVolumeClaimSpec`; the field is the spec, under the path of the
/// caller's choice.
pub fn warnings_for_persistent_volume_claim_spec(
    v: &mut Validation,
    row: &'static str,
    spec: &Field<'_, '_>,
) {
    let resources = spec.key("resources");
    for list in ["requests", "limits"] {
        warn_of_fraction(v, row, &resources.key(list).entry("storage"));
    }
}
