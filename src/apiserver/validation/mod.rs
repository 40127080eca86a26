//! What kube-apiserver's validation says of an object of a kind that is modelled.
//!
//! Mirrors upstream's `Validate…` functions: one function for each, under its name in Rust's
//! spelling and in its order, in the file that is named after its package or subject. They are
//! given effective objects (`effective`), as upstream's are given defaulted ones. Which function
//! judges which kind is listed in `registry`.

pub mod apps;
pub mod autoscaling;
pub mod batch;
pub mod claim;
mod cron;
pub mod format;
pub mod ip;
pub mod labels;
pub mod meta;
pub mod pod;
pub mod policy;
pub mod replication_controller;
pub mod resource_names;
pub mod seen;
pub mod service;
mod time_zones;
