//! kubevet vets Kubernetes manifests before the cluster does.

pub mod document;
pub mod finding;
pub mod json;
pub mod lint;
pub mod minor;
pub mod source;
pub mod suggest;
pub mod tree;
pub mod yaml;
