//! The rules about how kubevet itself is used, and the faults that they report.
//!
//! Lives here: their metadata and how a fault in a config or baseline becomes a finding. Not
//! here: what a fault is (`config`, `suppress`, `baseline`).

use crate::finding::{Family, Finding, Place, Proof, RuleMeta, Severity};
use crate::minor::Minors;
use crate::source::{SourceId, Span};

/// A `.kubevet.yaml` that can't be used as it is written.
pub static BAD_CONFIG: RuleMeta = RuleMeta {
    id: "bad-config",
    family: Family::Usage,
    severity: Severity::Error,
    proof: Proof::Cited,
    page: include_str!("../../rules/usage/bad-config.md"),
};

/// A baseline file that can't be read.
pub static BAD_BASELINE: RuleMeta = RuleMeta {
    id: "bad-baseline",
    family: Family::Usage,
    severity: Severity::Error,
    proof: Proof::Cited,
    page: include_str!("../../rules/usage/bad-baseline.md"),
};

/// A pattern of the config that matches nothing.
pub static UNMATCHED_PATTERN: RuleMeta = RuleMeta {
    id: "unmatched-pattern",
    family: Family::Usage,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../../rules/usage/unmatched-pattern.md"),
};

/// A suppression that can't work: without reason, of an unknown rule, beside nothing.
pub static BAD_SUPPRESSION: RuleMeta = RuleMeta {
    id: "bad-suppression",
    family: Family::Usage,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../../rules/usage/bad-suppression.md"),
};

/// A suppression that suppresses nothing any more.
pub static UNUSED_SUPPRESSION: RuleMeta = RuleMeta {
    id: "unused-suppression",
    family: Family::Usage,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../../rules/usage/unused-suppression.md"),
};

/// The rules of this file, by id; for the one list of rules.
pub static RULES: [&RuleMeta; 5] = [
    &BAD_BASELINE,
    &BAD_CONFIG,
    &BAD_SUPPRESSION,
    &UNMATCHED_PATTERN,
    &UNUSED_SUPPRESSION,
];

/// Whether a rule's findings always show: no config, suppression or baseline hides them. These
/// are what makes a judgement impossible: unreadable input and unusable settings.
pub fn is_fixed(rule: &RuleMeta) -> bool {
    let unreadable = rule.family == Family::Reading && rule.severity == Severity::Error;
    unreadable || rule.id == BAD_CONFIG.id || rule.id == BAD_BASELINE.id
}

/// What is wrong at one place of a file that belongs to kubevet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, `overrides[0].paths[1]`; empty where there are no fields.
    pub path: String,
    /// The bytes to point at.
    pub span: Span,
    /// What is wrong: one sentence without a full stop.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

impl Fault {
    /// The finding that says so. It holds whatever the minor: its set of minors is empty.
    pub fn finding(self, rule: &'static RuleMeta, source: SourceId) -> Finding {
        let key = format!("{} {} {}", rule.id, self.path, self.message);
        let place = Place {
            source,
            document: 0,
            object: None,
            path: self.path,
            span: self.span,
        };
        finding(rule, place, self.message, self.help, key)
    }
}

/// A finding of a rule of this file.
pub(super) fn finding(
    rule: &'static RuleMeta,
    place: Place,
    message: String,
    help: Option<String>,
    key: String,
) -> Finding {
    Finding {
        rule,
        severity: rule.severity,
        message,
        help,
        place,
        related: Vec::new(),
        server: None,
        minors: Minors::default(),
        hidden_by: None,
        key,
    }
}
