//! Tags, as the parser gives them: their names, and whether a key that has one merges.
//!
//! Not here: what a tagged scalar means (`resolve`).

use granit_parser::Tag;

/// The name of a `!!tag`; empty for tags of other namespaces.
pub(super) fn tag_name(tag: &Tag) -> String {
    let (handle, suffix) = tag.parts();
    let full = format!("{handle}{suffix}");
    full.strip_prefix("tag:yaml.org,2002:")
        .unwrap_or("")
        .to_owned()
}

/// Whether a plain `<<` with this tag still merges (`isMerge`).
pub(super) fn merges(tag: &Tag) -> bool {
    let (handle, suffix) = tag.parts();
    tag_name(tag) == "merge" || matches!((handle, suffix), ("!", "") | ("", "!"))
}
