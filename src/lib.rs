//! kubevet vets Kubernetes manifests before the cluster does.

pub mod cli;
pub mod document;
pub mod finding;
pub mod glob;
pub mod json;
pub mod minor;
pub mod object;
pub mod project;
pub mod source;
pub mod tree;
pub mod yaml;
