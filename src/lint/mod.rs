//! Linting: from sources to findings.

pub mod generic;
pub mod order;
