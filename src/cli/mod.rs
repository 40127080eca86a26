//! The command line: what it asks for, what it reads, what it answers.

mod git;
pub mod ignore;
