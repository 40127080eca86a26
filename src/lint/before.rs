//! What is there before an update: pairing objects with what they replace.
//!
//! Not here: where the files as they are now come from (`cli`), and what the server says to the
//! update (`admission`).

use std::collections::{BTreeSet, HashMap};

use super::load::{File, Loaded, load};
use crate::object::{Object, content};
use crate::project::{Member, Role};
use crate::source::SourceId;

/// A file as it is now.
#[derive(Clone, Debug)]
pub struct OldFile {
    /// The name that findings show.
    pub shown: String,
    /// The location of the file that replaces it.
    pub location: String,
    /// What it holds.
    pub bytes: Vec<u8>,
}

/// Reads a file as it is now.
pub fn read(old: &OldFile) -> Loaded {
    let file = File {
        shown: old.shown.clone(),
        location: old.location.clone(),
        ..File::default()
    };
    load(&file, &BTreeSet::new(), || Ok(old.bytes.clone()))
}

/// The objects of the files as they are now, with their locations. Their sources come after the
/// `first` ones.
pub fn objects<'t>(old: &[(&'t str, &'t Loaded)], first: usize) -> Vec<(&'t str, Object<'t>)> {
    let mut found = Vec::new();
    for (i, (location, loaded)) in old.iter().enumerate() {
        let source = SourceId((first + i) as u32);
        let kinds = loaded.facts.documents.iter();
        for (number, (document, kind)) in loaded.reading.documents.iter().zip(kinds).enumerate() {
            if let (Ok(Some(root)), true) = (&document.root, kind.is_manifest()) {
                let root = loaded.reading.tree.node(*root);
                let objects = content(source, number as u32, root).objects.into_iter();
                found.extend(objects.map(|object| (*location, object)));
            }
        }
    }
    found
}

/// Gives each member the object that it replaces: the one of the same identity at the same
/// location or, of what is left over then, at any. `location` is that of a source.
pub fn pair<'t>(
    members: &mut [Member<'t>],
    old: Vec<(&'t str, Object<'t>)>,
    location: &dyn Fn(SourceId) -> &'t str,
) {
    if old.is_empty() {
        return;
    }
    let mut by_identity: HashMap<Identity<'t>, Vec<(&str, Object<'t>)>> = HashMap::new();
    for (at, object) in old {
        let same = by_identity.entry(identity(&object)).or_default();
        same.push((at, object));
    }
    for same_place in [true, false] {
        let left = members.iter_mut().filter(|member| {
            let named = !member.object.name.is_empty();
            named && member.role == Role::Whole && member.old.is_none()
        });
        for member in left {
            let Some(same) = by_identity.get_mut(&identity(&member.object)) else {
                continue;
            };
            let here = location(member.object.source);
            let found = same.iter().position(|(at, _)| !same_place || *at == here);
            member.old = found.map(|found| same.remove(found).1);
        }
    }
}

type Identity<'t> = (&'t str, &'t str, &'t str, &'t str);

/// Group, kind, namespace and name.
fn identity<'t>(object: &Object<'t>) -> Identity<'t> {
    (
        object.storage_group(),
        object.kind,
        object.namespace.unwrap_or(""),
        object.name,
    )
}
