//! What the server makes of the metadata of any object.
//!
//! Mirrors `FillObjectMetaSystemFields` and `EnsureObjectNamespaceMatchesRequestNamespace` in
//! apiserver `pkg/registry/rest/meta.go`, and what happens on the way there. Not here: generated
//! names (`validation::meta::name`), since nobody can know them.

use std::collections::BTreeSet;

use super::{Effective, Value};

/// What the server sets itself, whatever is written. When and how an object is being deleted, and
/// its generation, it looks at in some requests.
const SYSTEM_FIELDS: [&str; 5] = [
    "creationTimestamp",
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

/// Takes out what only an object that is there already may have; and its generation, if its
/// strategy sets that (`PrepareForCreate`).
pub fn prepare_for_create(object: &mut Effective<'_>, sets_generation: bool) {
    let root = object.root();
    if let Some(metadata) = object.get(root, "metadata") {
        object.remove(metadata, "deletionTimestamp");
        object.remove(metadata, "deletionGracePeriodSeconds");
        if sets_generation {
            object.remove(metadata, "generation");
        }
    }
}

/// Takes out the generation, which an update takes over from the old object (`BeforeUpdate`).
pub fn prepare_for_update(object: &mut Effective<'_>) {
    let root = object.root();
    if let Some(metadata) = object.get(root, "metadata") {
        object.remove(metadata, "generation");
    }
}

/// Puts an object that names no namespace into that of the old one, since a PUT goes there.
pub fn take_namespace<'t>(object: &mut Effective<'t>, old: &Effective<'t>) {
    let key = "namespace";
    let metadata = object.get(object.root(), "metadata");
    let before = old.at(old.root(), &["metadata", key]);
    if let Some((metadata, before)) = metadata.zip(before)
        && let Some(namespace) = object.value(metadata).get(key)
        && !namespace.is_written()
    {
        object.copy_from(metadata, key, old, before);
    }
}

/// Takes owners out that are listed already, and gives their UIDs: `dedupOwnerReferences` in
/// apiserver `pkg/endpoints/handlers/rest.go`.
pub fn dedup_owner_references<'t>(object: &mut Effective<'t>) -> Vec<&'t str> {
    let Some(list) = object.at(object.root(), &["metadata", "ownerReferences"]) else {
        return Vec::new();
    };
    let mut seen = BTreeSet::new();
    let mut gone = BTreeSet::new();
    let mut duplicates = Vec::new();
    for owner in object.children(list) {
        let texts = ["apiVersion", "kind", "name", "uid"].map(|key| object.text(owner, key));
        let value = object.value(owner);
        let pointers = ["controller", "blockOwnerDeletion"].map(|key| value.get(key));
        if !seen.insert((texts, pointers.map(|value| value.map(Value::bool)))) {
            duplicates.push(object.text(owner, "uid"));
            gone.insert(owner.0);
        }
    }
    object.unlink(list, |_, at| gone.contains(&at));
    duplicates
}
