//! kubevet vets Kubernetes manifests before the cluster does.
//!
//! The data goes one way, one type a station:
//!
//! ```text
//! bytes → Source → Document → Object → Project → Finding → Report
//!         source   document   object   project   finding   report
//! ```
//!
//! The rooms, from the lowest floor up; imports only run down:
//!
//! - `source`, `text`, `minor`, `glob`, `suggest`: texts with places, and comparing them; versions,
//!   patterns, near names.
//! - `tree`, `document`, `finding`: the arena of values, what a file holds, what is said of it.
//! - `yaml`, `json` read text into trees as kubectl does; `report` writes findings in a format.
//! - `object`: what a document declares, with views of workloads, pods and selectors.
//! - `project`: all objects in sight, what each file is, how objects relate.
//! - `apiserver`: what kube-apiserver would say about one object.
//! - `rule`: what a check is.
//! - `rules`: the rule book. `lint`: the run, and what the user controls of it.
//! - `cluster` (a feature): a client for a cluster.
//! - `audit` (with `cluster`): the linter's verdict on what lives in a cluster.
//! - `webhook` (a feature): the linter as an admission webhook.
//! - `cli`: the command. Only it reads files, asks the environment, or may fail.
//!
//! Everything below `cli` is total: it returns values and findings, and panics on no input.
//! `ARCHITECTURE.md` tells more, with the reasons; `tests/tidy.rs` holds the floors.

pub mod apiserver;
#[cfg(feature = "cluster")]
pub mod audit;
pub mod cli;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod document;
pub mod finding;
pub mod glob;
pub mod json;
pub mod lint;
pub mod minor;
pub mod object;
pub mod project;
pub mod report;
pub mod rule;
pub mod rules;
pub mod source;
pub mod suggest;
pub mod text;
pub mod tree;
#[cfg(feature = "webhook")]
pub mod webhook;
pub mod yaml;
