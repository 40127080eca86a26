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

use std::cmp::Ordering;

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

/// The stages at which not all is known, since too much is wrong to tell it all.
#[derive(Clone, Copy, Debug)]
pub struct CutOff {
    /// Decoding.
    pub decode: bool,
    /// All that comes after it.
    pub later: bool,
}

impl Verdict<'_> {
    /// Whether decoding ends with it: anything but an unknown field.
    pub fn is_fatal(&self) -> bool {
        self.stage == Stage::Decode && self.rule != "unknown-field"
    }

    /// Which of two fatal ones the server tells: types with a decoder of their own stop decoding at
    /// once; other faults are told at its end, the first one of the sorted keys that kubectl sends.
    pub fn fatal_order(&self, other: &Self) -> Ordering {
        let stops = |v: &Self| matches!(v.rule, "bad-quantity" | "bad-time");
        let order = stops(other).cmp(&stops(self));
        order.then_with(|| path_order(&self.steps, &other.steps))
    }

    /// The server's words where others are told beside them: a long value isn't told with each.
    pub fn in_short(&self) -> String {
        decode::shortened(&self.detail, 300)
    }

    /// About how much of it there is to tell, in bytes.
    fn size(&self) -> usize {
        let length = |step: &Step<'_>| match step {
            Step::Key(key) | Step::MapKey(key) => key.len(),
            Step::Index(_) => 0,
        };
        let path = self
            .steps
            .iter()
            .map(|step| size_of_val(step) + length(step));
        let help = self.help.as_ref().map_or(0, String::len);
        size_of_val(self) + path.sum::<usize>() + self.detail.len() + self.message.len() + help
    }
}

fn path_order(a: &[Step<'_>], b: &[Step<'_>]) -> Ordering {
    let steps = a.iter().zip(b).map(|(a, b)| match (a, b) {
        (Step::Index(a), Step::Index(b)) => a.cmp(b),
        (Step::Key(a) | Step::MapKey(a), Step::Key(b) | Step::MapKey(b)) => a.cmp(b),
        _ => Ordering::Equal,
    });
    steps
        .fold(Ordering::Equal, Ordering::then)
        .then(a.len().cmp(&b.len()))
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
