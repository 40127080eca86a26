//! The audit: what becomes of what a cluster holds (`lists`), and how a cluster is asked
//! (`server`).
#![cfg(feature = "cluster")]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

mod lists;
mod server;
