//! What the server makes of the metadata of any object.
//!
//! Mirrors `FillObjectMetaSystemFields` and `EnsureObjectNamespaceMatchesRequestNamespace` in
//! apiserver `pkg/registry/rest/meta.go`. Not here: generated names (`validation::meta::name`),
//! since nobody can know them.

use super::Effective;

/// What the server sets itself, whatever is written. It keeps when and how an object is being
/// deleted.
const SYSTEM_FIELDS: [&str; 6] = [
    "creationTimestamp",
    "generation",
    "managedFields",
    "resourceVersion",
    "selfLink",
    "uid",
];

/// Takes what the server sets itself out of the metadata, and puts the object into a namespace:
/// `default`, as kubectl would, where it names none.
pub fn prepare(object: &mut Effective<'_>, namespaced: bool) {
    let root = object.root();
    let metadata = object.default_mapping(root, "metadata");
    for field in SYSTEM_FIELDS {
        object.remove(metadata, field);
    }
    if namespaced {
        object.default_text(metadata, "namespace", "default");
    } else {
        object.remove(metadata, "namespace");
    }
}

/// Takes out what only an object that is there already may have.
pub fn prepare_for_create(object: &mut Effective<'_>) {
    let root = object.root();
    if let Some(metadata) = object.get(root, "metadata") {
        object.remove(metadata, "deletionTimestamp");
        object.remove(metadata, "deletionGracePeriodSeconds");
    }
}
