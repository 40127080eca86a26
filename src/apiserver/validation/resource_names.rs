//! Names of resources, and what amounts of them may be: cpu, hugepages, extended resources.

use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `ValidateContainerResourceName`.
pub fn validate_container_resource_name(v: &mut Validation, field: &Field<'_, '_>, name: &str) {
    let _ = (v, field, name);
}
