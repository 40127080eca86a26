//! The webhook's server, as the API server meets it: over TLS, on a port of this machine.
#![cfg(feature = "webhook")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod contract;
mod kit;
mod operations;
