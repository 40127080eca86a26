//! Linting: what the user controls, and the run itself.
//!
//! Lives here: the config, suppressions and the baseline, all of them values made from text.
//! Not here: reading and writing files (`cli`), the rules (`rules`).

pub mod baseline;
pub mod config;
pub mod suppress;
pub mod usage;
