//! What kube-apiserver warns of when it accepts an object: the `Warning` headers of its answer.
//!
//! Mirrors the `WarningsOn…` functions of the strategies under `pkg/registry`, and what they call
//! in `pkg/api`, and of owners listed twice. Which kind gets which is listed in `registry`. Not
//! here: errors (`validation`).

pub mod claim;
pub mod pod;
mod ports;
pub mod service;
mod volumes;
pub mod workloads;

use super::decode::quote;
use super::effective::Value;
use super::errors::{Validation, path};
use super::field::Field;

/// `DuplicateOwnerReferencesWarningFormat` in apiserver `pkg/endpoints/handlers/rest.go`.
pub fn warn_of_duplicate_owners(v: &mut Validation, metadata: &Field<'_, '_>, uids: &[&str]) {
    let text = format!(
        ".metadata.ownerReferences contains duplicate entries; API server dedups owner references \
         in 1.20+, and may reject such requests as early as 1.24; please fix your requests; \
         duplicate UID(s) observed: {}",
        uids.join(", ")
    );
    v.warn("STR-07", &metadata.key("ownerReferences"), text);
}

/// Warns of a field, with its path before the text.
fn warn(v: &mut Validation, row: &'static str, field: &Field<'_, '_>, text: &str) {
    v.warn(row, field, format!("{}: {text}", path(field)));
}

/// Warns of an amount of bytes that isn't whole; `amount` is an entry of a resource list.
fn warn_of_fraction(v: &mut Validation, row: &'static str, amount: &Field<'_, '_>) {
    let Some(quantity) = amount.value().map(Value::quantity) else {
        return;
    };
    if quantity.milli() % 1000 != 0 {
        let bytes = quantity.canonical();
        let text = format!("fractional byte value \"{bytes}\" is invalid, must be an integer");
        warn(v, row, amount, &text);
    }
}
