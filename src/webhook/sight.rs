//! What else is in sight of a review: the objects around the one that is asked about.
//!
//! Lives here: what a review wants to know, and the answer where there is no cluster to ask. A
//! review never waits for anything: what isn't at hand isn't in sight.

use crate::lint::load::Loaded;
use crate::object::Object;

/// How many seconds old what is known may be before it only warns.
pub const AGE_MAX: u64 = 30;

/// Knows what is around an object.
pub trait Sight: Send + Sync {
    /// What relates to an object, or could. The object itself, as it is stored, isn't among it.
    fn around(&self, object: &Object<'_>) -> Around;
}

/// The objects around another.
#[derive(Debug, Default)]
pub struct Around {
    /// One object each, read as the linter reads files.
    pub objects: Vec<Loaded>,
    /// The rules about what isn't there that can be believed: everything they look for would be
    /// among `objects`.
    pub decided: Vec<&'static str>,
    /// The rules whose word may be old, or come from a part only: they warn at most.
    pub doubted: Vec<&'static str>,
    /// How many seconds ago all of it was surely so; `None`: there is nothing to be so.
    pub age: Option<u64>,
}

/// Nothing but the object itself.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Sight for Nothing {
    fn around(&self, _: &Object<'_>) -> Around {
        Around::default()
    }
}
