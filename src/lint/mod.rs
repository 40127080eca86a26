//! Linting: from sources to findings, and what the user controls of it.
//!
//! Lives here: the config, suppressions and the baseline, all of them values made from text.
//! Not here: reading and writing files (`cli`), the rules (`rules`).

pub mod admission;
pub mod admitted;
pub mod baseline;
pub mod before;
pub mod config;
mod gather;
pub mod generic;
pub mod judge;
pub mod load;
mod mask;
mod order;
mod reading;
pub mod run;
pub mod suppress;
pub mod usage;
mod verdicts;
