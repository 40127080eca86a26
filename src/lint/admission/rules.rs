//! The rules that the server's validation speaks for: their metas, and which row belongs to which.
//!
//! Every row belongs to one rule: its page where there is one, else a rule for its reason.

use crate::apiserver::errors::{Error, Reason};
use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::lint::generic;

/// All of them, by name.
pub static METAS: &[&RuleMeta] = &[
    &APPLY_DIFFERS,
    &DROPPED_FIELD,
    &FORBIDDEN_FIELD,
    &INVALID_VALUE,
    &PROGRESS_DEADLINE_TOO_SHORT,
    &REJECTED_UPDATE,
    &RESTART_POLICY_NOT_ALWAYS,
    &SELECTOR_MISMATCH,
    &SERVER_WARNING,
    &TOO_LONG,
    &UNRESOLVED_NAME,
    &VOLUME_MOUNT_WITHOUT_VOLUME,
    &ZERO_SURGE_ZERO_UNAVAILABLE,
];

/// Rows with a page of their own.
const OWNED: &[(&str, &RuleMeta)] = &[
    ("CON-16", &VOLUME_MOUNT_WITHOUT_VOLUME),
    ("DEP-06", &SELECTOR_MISMATCH),
    ("DEP-07", &RESTART_POLICY_NOT_ALWAYS),
    ("DEP-14", &ZERO_SURGE_ZERO_UNAVAILABLE),
    ("DEP-19", &PROGRESS_DEADLINE_TOO_SHORT),
    ("DS-02", &SELECTOR_MISMATCH),
    ("DS-04", &RESTART_POLICY_NOT_ALWAYS),
    ("DS-11", &ZERO_SURGE_ZERO_UNAVAILABLE),
    ("JOB-28", &SELECTOR_MISMATCH),
    ("RC-04", &SELECTOR_MISMATCH),
    ("RC-05", &RESTART_POLICY_NOT_ALWAYS),
    ("STS-17", &SELECTOR_MISMATCH),
    ("STS-22", &RESTART_POLICY_NOT_ALWAYS),
];

/// The rule that a fault belongs to. `by_update`: only the update has it, the object by itself
/// would be accepted.
pub fn owner(error: &Error, by_update: bool) -> &'static RuleMeta {
    if by_update {
        return &REJECTED_UPDATE;
    }
    owner_of(error.row, error.reason)
}

/// The rule of a row, as far as it isn't the update that has the fault.
pub fn owner_of(row: &str, reason: Reason) -> &'static RuleMeta {
    let owned = OWNED.iter().find(|(owned, _)| *owned == row);
    match (owned, reason) {
        (Some((_, meta)), _) => meta,
        (None, Reason::Required) => &generic::MISSING_FIELD,
        (None, Reason::NotSupported) => &generic::UNKNOWN_VALUE,
        (None, Reason::Duplicate) => &generic::DUPLICATE_ITEM,
        (None, Reason::Forbidden) => &FORBIDDEN_FIELD,
        (None, Reason::NotFound) => &UNRESOLVED_NAME,
        (None, Reason::TooLong | Reason::TooMany) => &TOO_LONG,
        (None, Reason::Invalid | Reason::TypeInvalid | Reason::Internal) => &INVALID_VALUE,
    }
}

/// Makes the meta of a rule about what the server rejects.
macro_rules! rejected {
    ($($name:ident = $id:literal;)*) => {$(
        #[doc = concat!("See `rules/server/", $id, ".md`.")]
        pub static $name: RuleMeta = RuleMeta {
            id: $id,
            family: Family::Server,
            severity: Severity::Error,
            proof: Proof::Rejected,
            page: include_str!(concat!("../../../rules/server/", $id, ".md")),
        };
    )*};
}

rejected! {
    FORBIDDEN_FIELD = "forbidden-field";
    INVALID_VALUE = "invalid-value";
    PROGRESS_DEADLINE_TOO_SHORT = "progress-deadline-too-short";
    REJECTED_UPDATE = "rejected-update";
    RESTART_POLICY_NOT_ALWAYS = "restart-policy-not-always";
    SELECTOR_MISMATCH = "selector-mismatch";
    TOO_LONG = "too-long";
    UNRESOLVED_NAME = "unresolved-name";
    VOLUME_MOUNT_WITHOUT_VOLUME = "volume-mount-without-volume";
    ZERO_SURGE_ZERO_UNAVAILABLE = "zero-surge-zero-unavailable";
}

/// Makes the meta of a rule about what the server accepts.
macro_rules! accepted {
    ($($name:ident = $id:literal;)*) => {$(
        #[doc = concat!("See `rules/server/", $id, ".md`.")]
        pub static $name: RuleMeta = RuleMeta {
            id: $id,
            family: Family::Server,
            severity: Severity::Warning,
            proof: Proof::Rejected,
            page: include_str!(concat!("../../../rules/server/", $id, ".md")),
        };
    )*};
}

accepted! {
    DROPPED_FIELD = "dropped-field";
    SERVER_WARNING = "server-warning";
}

/// See `rules/server/apply-differs.md`.
pub static APPLY_DIFFERS: RuleMeta = RuleMeta {
    id: "apply-differs",
    family: Family::Server,
    severity: Severity::Warning,
    proof: Proof::Confirmed,
    page: include_str!("../../../rules/server/apply-differs.md"),
};
