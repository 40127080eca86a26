//! kubevet vets Kubernetes manifests before the cluster does.

pub mod finding;
pub mod minor;
pub mod report;
pub mod source;
pub mod tree;
pub mod yaml;
