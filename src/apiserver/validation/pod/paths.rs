//! Paths inside of volumes and containers.
//!
//! Mirrors `validateLocalDescendingPath` and its kin in
//! `pkg/apis/core/validation/validation.go`.

use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `validateLocalDescendingPath`; the path is `target`, the field where it is reported.
pub fn validate_local_descending_path(
    v: &mut Validation,
    row: &'static str,
    field: &Field<'_, '_>,
    target: &str,
) {
    if target.starts_with('/') {
        v.invalid(row, field, "must be a relative path").of(target);
    }
    validate_path_no_backsteps(v, row, field, target);
}

/// `validatePathNoBacksteps`.
pub fn validate_path_no_backsteps(
    v: &mut Validation,
    row: &'static str,
    field: &Field<'_, '_>,
    target: &str,
) {
    if has_backsteps(target) {
        v.invalid(row, field, "must not contain '..'").of(target);
    }
}

/// `ValidateLocalNonReservedPath`.
pub fn validate_local_non_reserved_path(
    v: &mut Validation,
    row: &'static str,
    field: &Field<'_, '_>,
    target: &str,
) {
    validate_local_descending_path(v, row, field, target);
    if target.starts_with("..") && !target.starts_with("../") {
        v.invalid(row, field, "must not start with '..'").of(target);
    }
}

/// Whether one of the steps of a path is `..`.
pub fn has_backsteps(target: &str) -> bool {
    target.split('/').any(|step| step == "..")
}
