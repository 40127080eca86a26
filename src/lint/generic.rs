//! Rules without a check of their own: what reading, schemas and versions have to say.
//!
//! The words are on their pages; what they find comes from `yaml`, `json` and `apiserver`.

use crate::finding::{Family, Proof, RuleMeta, Severity};

/// All of them, by family and name.
pub static METAS: &[&RuleMeta] = &[
    &UNREADABLE,
    &DUPLICATE_KEY,
    &DROPPED_TEXT,
    &INCOMPLETE_OBJECT,
    &REPLACED_BYTES,
    &UNKNOWN_FIELD,
    &WRONG_TYPE,
    &BAD_QUANTITY,
    &BAD_TIME,
    &BAD_BASE64,
    &MISSING_FIELD,
    &UNKNOWN_VALUE,
    &DUPLICATE_ITEM,
    &REMOVED_API_VERSION,
    &DEPRECATED_API_VERSION,
    &UNKNOWN_KIND,
];

/// The meta of an engine's rule by its name.
pub fn meta(id: &str) -> Option<&'static RuleMeta> {
    METAS.iter().find(|meta| meta.id == id).copied()
}

/// See `rules/reading/unreadable.md`.
pub static UNREADABLE: RuleMeta = RuleMeta {
    id: "unreadable",
    family: Family::Reading,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/reading/unreadable.md"),
};

/// See `rules/reading/duplicate-key.md`.
pub static DUPLICATE_KEY: RuleMeta = RuleMeta {
    id: "duplicate-key",
    family: Family::Reading,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../../rules/reading/duplicate-key.md"),
};

/// See `rules/reading/dropped-text.md`.
pub static DROPPED_TEXT: RuleMeta = RuleMeta {
    id: "dropped-text",
    family: Family::Reading,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../../rules/reading/dropped-text.md"),
};

/// See `rules/reading/incomplete-object.md`.
pub static INCOMPLETE_OBJECT: RuleMeta = RuleMeta {
    id: "incomplete-object",
    family: Family::Reading,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/reading/incomplete-object.md"),
};

/// See `rules/reading/replaced-bytes.md`.
pub static REPLACED_BYTES: RuleMeta = RuleMeta {
    id: "replaced-bytes",
    family: Family::Reading,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../../rules/reading/replaced-bytes.md"),
};

/// See `rules/schema/unknown-field.md`.
pub static UNKNOWN_FIELD: RuleMeta = RuleMeta {
    id: "unknown-field",
    family: Family::Schema,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/unknown-field.md"),
};

/// See `rules/schema/wrong-type.md`.
pub static WRONG_TYPE: RuleMeta = RuleMeta {
    id: "wrong-type",
    family: Family::Schema,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/wrong-type.md"),
};

/// See `rules/schema/bad-quantity.md`.
pub static BAD_QUANTITY: RuleMeta = RuleMeta {
    id: "bad-quantity",
    family: Family::Schema,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/bad-quantity.md"),
};

/// See `rules/schema/bad-time.md`.
pub static BAD_TIME: RuleMeta = RuleMeta {
    id: "bad-time",
    family: Family::Schema,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/bad-time.md"),
};

/// See `rules/schema/bad-base64.md`.
pub static BAD_BASE64: RuleMeta = RuleMeta {
    id: "bad-base64",
    family: Family::Schema,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/bad-base64.md"),
};

/// See `rules/schema/missing-field.md`.
pub static MISSING_FIELD: RuleMeta = RuleMeta {
    id: "missing-field",
    family: Family::Schema,
    severity: Severity::Warning,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/missing-field.md"),
};

/// See `rules/schema/unknown-value.md`.
pub static UNKNOWN_VALUE: RuleMeta = RuleMeta {
    id: "unknown-value",
    family: Family::Schema,
    severity: Severity::Warning,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/unknown-value.md"),
};

/// See `rules/schema/duplicate-item.md`.
pub static DUPLICATE_ITEM: RuleMeta = RuleMeta {
    id: "duplicate-item",
    family: Family::Schema,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../../rules/schema/duplicate-item.md"),
};

/// See `rules/schema/removed-api-version.md`.
pub static REMOVED_API_VERSION: RuleMeta = RuleMeta {
    id: "removed-api-version",
    family: Family::Schema,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/removed-api-version.md"),
};

/// See `rules/schema/deprecated-api-version.md`.
pub static DEPRECATED_API_VERSION: RuleMeta = RuleMeta {
    id: "deprecated-api-version",
    family: Family::Schema,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../../rules/schema/deprecated-api-version.md"),
};

/// See `rules/schema/unknown-kind.md`.
pub static UNKNOWN_KIND: RuleMeta = RuleMeta {
    id: "unknown-kind",
    family: Family::Schema,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../../rules/schema/unknown-kind.md"),
};
