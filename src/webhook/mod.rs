//! The admission webhook: the linter's verdict on what is about to be stored.
//!
//! ```text
//! bytes → Body → Request → findings → fates → Answer → bytes
//!         request          judge      fate    answer
//! ```
//!
//! `review` is that way as one pure function: no files, clocks or network. What else is in sight
//! comes from a `Sight`. `serve` carries it. Not here: how objects are judged (`lint`).

pub mod answer;
pub mod cache;
pub mod fate;
pub mod judge;
pub mod request;
pub mod review;
pub mod serve;
pub mod sight;
pub mod status;
