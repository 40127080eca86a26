//! kubevet vets Kubernetes manifests before the cluster does.

pub mod apiserver;
pub mod cli;
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
pub mod tree;
pub mod yaml;
