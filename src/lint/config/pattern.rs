//! Patterns of the config, each of which remembers whether it ever matched.
//!
//! `*` and `?` stay within one part of a path, `**` crosses parts, `[ab]` and `{a,b}` choose. A
//! pattern for paths is relative to the folder of the config; one that names a folder means all
//! files below it.

use std::sync::atomic::{AtomicBool, Ordering};

use fast_glob::glob_match;

use crate::source::Span;

/// A pattern and where it is written.
#[derive(Debug)]
pub struct Pattern {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
    /// The field, for findings about it.
    pub path: String,
    // Only ever turns true, so the order in which threads do so makes no difference.
    matched: AtomicBool,
}

impl Pattern {
    /// A pattern that passed `path_fault` or `name_fault`.
    pub(super) fn new(text: &str, span: Span, path: String) -> Self {
        Self {
            text: text.to_owned(),
            span,
            path,
            matched: AtomicBool::new(false),
        }
    }

    /// Whether it matches a path, relative to the folder of the config, or a folder above it.
    pub fn matches_path(&self, path: &str) -> bool {
        let pattern = self.text.trim_start_matches("./");
        let folder_only = pattern.ends_with('/');
        let pattern = pattern.trim_end_matches('/');
        let itself = !folder_only && glob_match(pattern, path);
        itself || folders(path).any(|folder| glob_match(pattern, folder))
    }

    /// Whether it matches a name.
    pub fn matches_name(&self, name: &str) -> bool {
        glob_match(&self.text, name)
    }

    /// Notes that it matched something.
    pub(super) fn note_match(&self) {
        self.matched.store(true, Ordering::Relaxed);
    }

    /// Whether it was noted to match.
    pub fn has_matched(&self) -> bool {
        self.matched.load(Ordering::Relaxed)
    }
}

/// What is wrong with a pattern for paths, and what to do.
pub(super) fn path_fault(text: &str) -> Option<(String, Option<String>)> {
    let fault = |message: &str, help: &str| Some((message.to_owned(), Some(help.to_owned())));
    if text.starts_with('/') {
        return fault(
            "a pattern is relative to the folder of this file",
            "drop the leading `/`",
        );
    }
    if text.split('/').any(|part| part == "..") {
        return fault(
            "a pattern can't leave the folder of this file",
            "put a `.kubevet.yaml` higher up",
        );
    }
    if text.contains('\\') && !text.contains(['[', ']', '*', '?', '{', '}']) {
        return fault(
            "the parts of a path are separated by `/`",
            "write `/` for `\\`",
        );
    }
    name_fault(text)
}

/// What is wrong with a pattern for names, and what to do.
pub(super) fn name_fault(text: &str) -> Option<(String, Option<String>)> {
    if text.trim().is_empty() {
        return Some(("an empty pattern matches nothing".to_owned(), None));
    }
    if text.starts_with('!') {
        let help = "say what is meant with a later entry, which wins over an earlier one";
        return Some((
            "a pattern can't be turned around with `!`".to_owned(),
            Some(help.to_owned()),
        ));
    }
    fast_glob::validate(text)
        .err()
        .map(|error| (format!("bad pattern: {error}"), None))
}

/// `a/b` and `a` of `a/b/c`.
fn folders(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_paths_and_what_lies_below_folders() {
        let matches = |pattern: &str, path: &str| {
            assert_eq!(path_fault(pattern), None, "{pattern}");
            Pattern::new(pattern, Span::default(), String::new()).matches_path(path)
        };
        for (pattern, path) in [
            ("vendor", "vendor/a/b.yaml"),
            ("vendor/", "vendor/a.yaml"),
            ("vendor/**", "vendor/a/b.yaml"),
            ("**/vendor", "x/vendor/a.yaml"),
            ("**/vendor", "vendor/a.yaml"),
            ("**/*.tmp.yaml", "a.tmp.yaml"),
            ("./a.yaml", "a.yaml"),
            ("{a,b}/*.yaml", "b/c.yaml"),
            ("pro[dt]", "prod/x.yaml"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("vendor", "x/vendor/a.yaml"),
            ("vendor/", "vendor"),
            ("*.yaml", "a/b.yaml"),
            ("vendor", "vendored/a.yaml"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
    }

    #[test]
    fn rejects_patterns_that_cannot_match() {
        for bad in [
            "", " ", "/a", "../a", "a/../b", "a\\b", "!a", "[a", "{a,b", "a\\",
        ] {
            assert!(path_fault(bad).is_some(), "{bad}");
        }
    }
}
