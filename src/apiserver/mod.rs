//! What kube-apiserver would say.
//!
//! Lives here: the vocabulary of its verdicts. `schema` knows fields and kinds, `decode` checks
//! an object against them. Of kinds that are modelled (`registry`), `effective` fills in defaults,
//! `allocation` does what the storage of Services does, and `validation` and `warnings` judge what
//! comes of it; of others, `named` judges the metadata, and `enforced` knows which of the schema's
//! demands validation makes. `gates` knows what differs between minors. Not here: findings (`lint`
//! makes them from verdicts).

pub mod allocation;
pub mod decode;
pub mod effective;
pub mod enforced;
pub mod errors;
pub mod field;
pub mod gates;
pub mod named;
pub mod registry;
pub mod schema;
pub mod validation;
pub mod warnings;

use crate::finding::Step;
use crate::tree::NodeId;

/// One thing that the server says, or would say, about an object.
#[derive(Clone, Debug)]
pub struct Verdict<'t> {
    /// The rule that it belongs to.
    pub rule: &'static str,
    /// Where in the server it is said.
    pub stage: Stage,
    /// The server's reason: `BadRequest`, `FieldValueRequired`, …
    pub reason: &'static str,
    /// The field.
    pub steps: Vec<Step<'t>>,
    /// The field that the server names, where that isn't known to be `steps`.
    pub field: Option<String>,
    /// The value or key to point at; for a missing field, what should hold it.
    pub node: NodeId,
    /// The server's words after the field and the value.
    pub detail: String,
    /// Our words, for people: one sentence that states the fact.
    pub message: String,
    /// What to do about it.
    pub help: Option<String>,
}

/// Where in the server a verdict is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Strict decoding: HTTP 400, nothing later is looked at.
    Decode,
    /// Validation: HTTP 422, asked only of what could be decoded.
    Validate,
    /// Only the schema says so. For custom resources the server enforces it (HTTP 422); for
    /// built-in kinds its validation may or may not agree.
    Schema,
}
