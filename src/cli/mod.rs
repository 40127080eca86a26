//! The command line: what it asks for, what it reads, what it answers.

pub mod args;
mod collect;
mod git;
pub mod ignore;
pub mod input;
mod paths;
mod walk;
