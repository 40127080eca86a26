//! Warnings that come with the server's answer to an object that it accepts.
//!
//! Mirrors `WarningsOnCreate` and `WarningsOnUpdate` of the strategies, which call
//! `GetWarningsFor…` functions under `pkg/api`: one file for each group of kinds.

pub mod claim;
pub mod service;
