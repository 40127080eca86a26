//! Metadata of objects: names, labels, annotations, owners, finalizers.
//!
//! Mirrors apimachinery `pkg/api/validation/objectmeta.go` and `generic.go`.

use super::format::{Messages, is_dns1123_subdomain};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// How a kind wants its names: `ValidateNameFunc`, without its prefix mode, which
/// `format::mask_trailing_dash` stands for.
pub type NameFormat = fn(&str) -> Messages;

/// `NameIsDNSSubdomain`.
pub fn name_is_dns_subdomain(name: &str) -> Messages {
    is_dns1123_subdomain(name)
}

/// `ValidateObjectMeta`.
pub fn validate_object_meta(
    v: &mut Validation,
    metadata: &Field<'_, '_>,
    namespaced: bool,
    name_format: NameFormat,
) {
    let _ = (v, metadata, namespaced, name_format);
}
