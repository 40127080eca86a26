//! Paths within volumes and on nodes.
//!
//! Mirrors `validatePathNoBacksteps` and its neighbours in
//! `pkg/apis/core/validation/validation.go`.

use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `ValidateLocalNonReservedPath`.
pub fn validate_local_non_reserved_path(
    v: &mut Validation,
    row: &'static str,
    path: &Field<'_, '_>,
) {
    validate_local_descending_path(v, row, path);
    if is_reserved(path.text()) {
        v.invalid(row, path, "must not start with '..'");
    }
}

/// `validateLocalDescendingPath`.
pub fn validate_local_descending_path(v: &mut Validation, row: &'static str, path: &Field<'_, '_>) {
    if path.text().starts_with('/') {
        v.invalid(row, path, "must be a relative path");
    }
    validate_path_no_backsteps(v, row, path);
}

/// `validatePathNoBacksteps`.
pub fn validate_path_no_backsteps(v: &mut Validation, row: &'static str, path: &Field<'_, '_>) {
    if steps_back(path.text()) {
        v.invalid(row, path, "must not contain '..'");
    }
}

/// Whether `ValidateLocalNonReservedPath` finds nothing.
pub fn is_local_non_reserved_path(path: &str) -> bool {
    !path.starts_with('/') && !steps_back(path) && !is_reserved(path)
}

fn steps_back(path: &str) -> bool {
    path.split('/').any(|part| part == "..")
}

fn is_reserved(path: &str) -> bool {
    path.starts_with("..") && !path.starts_with("../")
}
