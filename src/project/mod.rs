//! The project: all files and objects in sight and how they belong together.

pub mod files;
pub mod graph;
pub mod kustomize;
mod tools;
