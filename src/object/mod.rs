//! Objects: what a document says it is.

pub mod placeholder;
