//! What reading a source gives: its documents in one tree, and the faults of reading.

use std::sync::Arc;

use crate::source::Span;
use crate::tree::{Double, NodeId, Tree};

/// Everything read from one source.
#[derive(Debug, Default)]
pub struct Reading {
    /// The nodes of all documents; of a review, also of what is around its objects.
    pub tree: Arc<Tree>,
    /// The documents in order; empty ones are there too, since they count.
    pub documents: Vec<Document>,
    /// Keys that a mapping has twice: the last one wins, as kubectl sends it.
    pub duplicates: Vec<DuplicateKey>,
    /// All of it was read as JSON, which has no comments.
    pub is_json: bool,
    /// Text that kubectl doesn't read although its document can be read.
    pub dropped: Vec<DroppedText>,
    /// Comments, `#` included; read only when the text speaks to kubevet (`kubevet:`).
    pub comments: Vec<Span>,
}

/// One document of a source.
#[derive(Debug, Clone)]
pub struct Document {
    /// Where it stands in the source.
    pub span: Span,
    /// Its value, or why there is none. An empty document is `Ok(None)`.
    pub root: Result<Option<NodeId>, Fault>,
}

/// Why a document can't be read, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The bytes to point at.
    pub span: Span,
    /// What is wrong.
    pub message: String,
    /// What to do, where that is clear.
    pub help: Option<&'static str>,
}

/// A key that stands twice in one mapping of a document.
#[derive(Debug, Clone, Copy)]
pub struct DuplicateKey {
    /// The document, from 0.
    pub document: u32,
    /// The two keys.
    pub keys: Double,
}

/// The text behind what kubectl takes for the end of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DroppedText {
    /// The document, from 0.
    pub document: u32,
    /// The first line of it, without the blanks around.
    pub span: Span,
    /// It stands behind the end mark `...`; otherwise it is indented less than the document.
    pub after_mark: bool,
}

impl Double {
    /// Says in which document it is.
    pub fn in_document(self, document: u32) -> DuplicateKey {
        DuplicateKey {
            document,
            keys: self,
        }
    }
}

impl Fault {
    /// A fault that kubectl has, too.
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self {
            span,
            message: message.into(),
            help: None,
        }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn help(mut self, help: &'static str) -> Self {
        self.help = Some(help);
        self
    }

    /// The fault of a value that nests deeper than kubectl reads.
    pub fn too_deep(span: Span) -> Self {
        let message = format!("nested deeper than {DEPTH_MAX} levels: kubectl stops there");
        Self::new(span, message)
    }
}

/// How deep collections may stand in each other: Go's `encoding/json`, through which all that
/// kubectl reads goes, stops there. That is deeper than a walk may recurse: see `Node::visits`.
pub const DEPTH_MAX: usize = 10_000;

/// How large a source may be, in bytes; spans are 32 bits wide.
pub const SIZE_MAX: usize = 1 << 30;
