//! Deployments, ReplicaSets, DaemonSets and StatefulSets.
//!
//! Mirrors `pkg/apis/apps/validation/validation.go`: what several kinds need is here, the rest in a
//! file for each kind.

pub mod daemon_set;
pub mod deployment;
pub mod replica_set;
pub mod stateful_set;

use super::format::{NOT_NEGATIVE, is_valid_percent, percent_value};
use crate::apiserver::effective::IntOrString;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

pub(super) const NO_MATCH: &str = "`selector` does not match template `labels`";

/// `ValidatePositiveIntOrPercent`.
pub fn validate_positive_int_or_percent(
    v: &mut Validation,
    row: &'static str,
    field: &Field<'_, '_>,
) {
    match field.int_or_string() {
        Some(IntOrString::Str(text)) => v.invalid_each(row, field, is_valid_percent(text)),
        _ => validate_nonnegative_field(v, row, field),
    }
}

/// `getIntOrPercentValue`: 0 for a text that is neither a percentage nor a number.
fn int_or_percent_value(field: &Field<'_, '_>) -> i64 {
    match field.int_or_string() {
        Some(IntOrString::Str(text)) => percent_value(text)
            .or_else(|| text.parse().ok())
            .unwrap_or(0),
        _ => field.int(),
    }
}

/// `IsNotMoreThan100Percent`.
pub fn is_not_more_than_100_percent(v: &mut Validation, row: &'static str, field: &Field<'_, '_>) {
    if let Some(IntOrString::Str(text)) = field.int_or_string()
        && percent_value(text).is_some_and(|value| value > 100)
    {
        v.invalid(row, field, "must not be greater than 100%");
    }
}

/// `ValidateNonnegativeField`.
pub fn validate_nonnegative_field(v: &mut Validation, row: &'static str, field: &Field<'_, '_>) {
    if field.int() < 0 {
        v.invalid(row, field, NOT_NEGATIVE);
    }
}
