//! What git ignores: `.gitignore` files and `.git/info/exclude`.
//!
//! Lives here: reading these files and deciding for a path, as git's `dir.c` does (a test asks
//! git). Not here: walking (`cli::input`). Patterns from a person's own git configuration
//! (`core.excludesFile`) are left out on purpose: a verdict must not depend on the machine.

use std::path::Path;

use crate::glob::{Glob, is_pattern};

/// The patterns that apply where a walk stands: those of each folder on the way, outermost first.
#[derive(Debug, Default)]
pub struct Ignores {
    levels: Vec<Level>,
}

/// The patterns of one file.
#[derive(Debug)]
struct Level {
    /// The folder they are relative to: its path in the work tree with `/` at its end; the work
    /// tree itself is empty.
    base: String,
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    negated: bool,
    folders_only: bool,
    /// Without a `/` a pattern is about names; with one, about paths below the file's folder.
    names: bool,
    how: How,
}

#[derive(Debug)]
enum How {
    /// No special characters: most patterns.
    Exact(String),
    /// `*` and then no special characters, for names: most of the others.
    Suffix(String),
    /// Anything else: what stands before the first special character, and the rest. Git matches
    /// the rest by itself, so that `a/b**` means more than the manual says.
    Glob(String, Glob),
}

impl Ignores {
    /// The number of files whose patterns apply; `truncate` takes it back.
    pub fn len(&self) -> usize {
        self.levels.len()
    }

    /// Whether no patterns apply.
    pub fn is_empty(&self) -> bool {
        self.levels.is_empty()
    }

    /// Forgets all but the first `len` files: the walk has left their folders.
    pub fn truncate(&mut self, len: usize) {
        self.levels.truncate(len);
    }

    /// Adds the text of the ignore file of a folder, given by its path in the work tree
    /// (`""`, `a/b`). Later files win over earlier ones.
    pub fn push(&mut self, folder: &str, text: &str) {
        let base = match folder {
            "" => String::new(),
            folder => format!("{folder}/"),
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let patterns = text.split('\n').filter_map(Pattern::new).collect();
        self.levels.push(Level { base, patterns });
    }

    /// Adds the ignore file at `file`, if there is one that can be read.
    pub fn push_file(&mut self, folder: &str, file: &Path) {
        if let Ok(bytes) = std::fs::read(file) {
            self.push(folder, &String::from_utf8_lossy(&bytes));
        }
    }

    /// Whether the patterns ignore this path of the work tree by itself. What lies in an ignored
    /// folder is ignored too, which the walk sees to: it doesn't enter.
    pub fn ignores(&self, path: &str, is_folder: bool) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let decides = |level: &Level| {
            let below = path.strip_prefix(&level.base)?;
            let fits = |pattern: &&Pattern| pattern.fits(name, below, is_folder);
            level.patterns.iter().rev().find(fits).map(|p| !p.negated)
        };
        self.levels.iter().rev().find_map(decides).unwrap_or(false)
    }

    /// Whether the path or a folder on the way to it is ignored.
    pub fn ignores_below(&self, path: &str, is_folder: bool) -> bool {
        let ends = path.match_indices('/').map(|(at, _)| at);
        let mut folders = ends.filter_map(|end| path.get(..end));
        folders.any(|folder| self.ignores(folder, true)) || self.ignores(path, is_folder)
    }
}

impl Pattern {
    /// Reads a line; `None` for empty lines and comments.
    fn new(line: &str) -> Option<Self> {
        let line = trim(line.strip_suffix('\r').unwrap_or(line));
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        let (negated, line) = match line.strip_prefix('!') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let (folders_only, line) = match line.strip_suffix('/') {
            Some(rest) => (true, rest),
            None => (false, line),
        };
        let names = !line.contains('/');
        let line = line.strip_prefix('/').unwrap_or(line);
        let how = match line.strip_prefix('*') {
            _ if !is_special(line) => How::Exact(line.to_owned()),
            Some(suffix) if names && !is_special(suffix) => How::Suffix(suffix.to_owned()),
            _ if names => How::Glob(String::new(), Glob::new(line)),
            _ => {
                let (plain, rest) = split_at_special(line);
                How::Glob(plain.to_owned(), Glob::new(rest))
            }
        };
        Some(Self {
            negated,
            folders_only,
            names,
            how,
        })
    }

    fn fits(&self, name: &str, path: &str, is_folder: bool) -> bool {
        if self.folders_only && !is_folder {
            return false;
        }
        let text = if self.names { name } else { path };
        match &self.how {
            How::Exact(exact) => exact == text,
            How::Suffix(suffix) => text.ends_with(suffix.as_str()),
            How::Glob(plain, glob) => {
                let rest = text.strip_prefix(plain.as_str());
                rest.is_some_and(|rest| glob.matches(rest))
            }
        }
    }
}

fn is_special(text: &str) -> bool {
    is_pattern(text) || text.contains('\\')
}

fn split_at_special(text: &str) -> (&str, &str) {
    let at = text.find(['*', '?', '[', '\\']).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, ""))
}

/// Without the spaces at its end, unless a backslash stands before one.
fn trim(line: &str) -> &str {
    let mut kept = 0;
    let mut bytes = line.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b' ' => {}
            b'\\' => kept = bytes.next().map_or(at, |(escaped, _)| escaped) + 1,
            _ => kept = at + 1,
        }
    }
    line.get(..kept).unwrap_or(line)
}
