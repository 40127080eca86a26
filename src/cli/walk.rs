//! Walking a folder: every file that may hold manifests, in order, without what git ignores; and
//! which folders hold no config.
//!
//! Not here: what becomes of the files (`collect`).

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use foldhash::HashSet;
use walkdir::{DirEntry, WalkDir};

use super::git;
use super::ignore::Ignores;
use super::paths::{below, joined, slashed};
use crate::lint::config::FILE_NAMES;

const GIT: &str = ".git";
const GITIGNORE: &str = ".gitignore";

/// What a walk meets.
pub(super) enum Met {
    /// A file: its path as opened, its way from the start, and the folder with the `.git` that
    /// it belongs to.
    File {
        path: PathBuf,
        way: String,
        git: Option<PathBuf>,
    },
    /// Something that is not read, and why.
    Skipped {
        way: String,
        why: String,
        /// It may hold manifests, and the system doesn't let us look.
        unread: bool,
    },
}

/// A folder to walk.
pub(super) struct Walk<'a> {
    /// As it is opened.
    pub(super) folder: &'a Path,
    /// Without links.
    pub(super) real: &'a Path,
    /// The work tree that it lies in.
    pub(super) git: Option<PathBuf>,
    /// The folder that links may not leave.
    pub(super) bounds: PathBuf,
    /// Whether to take a file, by its way from the start.
    pub(super) wants: &'a dyn Fn(&str) -> bool,
}

/// Whether a file in a folder may hold manifests, by its name: as kubectl takes them, and as
/// kustomize does.
pub(super) fn is_wanted(way: &str) -> bool {
    let name = way.rsplit('/').next().unwrap_or(way);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("yaml" | "yml" | "json")) || name == "Kustomization"
}

/// Why a link is not followed from a folder; `None` if it leads to a file that stays inside.
pub(super) fn link_fault(link: &Path, bounds: &Path) -> Option<&'static str> {
    match link.canonicalize() {
        Err(_) => Some("a link to nothing"),
        Ok(real) if real.is_dir() => Some("a link to a folder, which is not followed"),
        Ok(real) if !real.is_file() => Some("not a regular file"),
        Ok(real) if !real.starts_with(bounds) => Some("a link that leaves the project"),
        Ok(_) => None,
    }
}

/// A folder that the walk is in.
struct Frame {
    depth: usize,
    ignores: usize,
    /// What applied outside a work tree that lies in another.
    outer: Option<(Ignores, Option<PathBuf>, PathBuf)>,
}

struct Walker<'a, 'm> {
    walk: Walk<'a>,
    /// The location of the start.
    start: String,
    ignores: Ignores,
    frames: Vec<Frame>,
    noted: Noted,
    met: &'m mut dyn FnMut(Met),
}

/// What a walk tells besides what it met.
#[derive(Default)]
pub(super) struct Noted {
    /// Something was left out because git ignores it.
    pub(super) ignored: bool,
    /// The locations of folders that hold no config: nobody has to look for one there again.
    pub(super) without_config: HashSet<String>,
}

/// Meets everything below a folder, in order.
///
/// A folder that is itself ignored was named on purpose: then only ignore files in it apply.
pub(super) fn walk(walk: Walk<'_>, met: &mut dyn FnMut(Met)) -> Noted {
    let ignores = ignores_above(&walk);
    let mut walker = Walker {
        start: slashed(walk.real),
        walk,
        ignores,
        frames: Vec::new(),
        noted: Noted::default(),
        met,
    };
    walker.run();
    walker.noted
}

/// By name, but first what says which of the others git ignores: `.git` starts anew, and
/// `.gitignore` adds to that.
fn order(entry: &DirEntry) -> (bool, bool, &OsStr) {
    let name = entry.file_name();
    (name != GIT, name != GITIGNORE, name)
}

/// What applies in the start folder from the folders above it.
fn ignores_above(walk: &Walk<'_>) -> Ignores {
    let mut ignores = Ignores::default();
    let Some(git) = &walk.git else {
        return ignores;
    };
    ignores.push_file("", &git::exclude_file(git));
    let root = slashed(git);
    let here = slashed(walk.real);
    let here = below(&root, &here).unwrap_or_default();
    let ends = here.match_indices('/').map(|(at, _)| at);
    let parents = ends.filter_map(|end| here.get(..end));
    if !here.is_empty() {
        for parent in std::iter::once("").chain(parents) {
            ignores.push_file(parent, &git.join(parent).join(GITIGNORE));
        }
        if ignores.ignores_below(here, true) {
            return Ignores::default();
        }
    }
    ignores
}

impl Walker<'_, '_> {
    fn run(&mut self) {
        let in_order = |a: &DirEntry, b: &DirEntry| order(a).cmp(&order(b));
        let mut entries = WalkDir::new(self.walk.folder).sort_by(in_order).into_iter();
        while let Some(entry) = entries.next() {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.cannot_read(&error);
                    continue;
                }
            };
            self.leave(entry.depth());
            let way = self.way(entry.path());
            if entry.depth() > 0 {
                self.note(&entry, &way);
            }
            if entry.file_type().is_dir() {
                if !self.enter(&entry, &way) {
                    entries.skip_current_dir();
                }
            } else {
                self.file(entry, way);
            }
        }
    }

    fn way(&self, path: &Path) -> String {
        slashed(path.strip_prefix(self.walk.folder).unwrap_or(path))
    }

    fn cannot_read(&mut self, error: &walkdir::Error) {
        let way = error.path().map(|path| self.way(path)).unwrap_or_default();
        let why = match error.io_error() {
            Some(error) => format!("can't be read: {error}"),
            None => "can't be read".to_owned(),
        };
        let unread = true;
        (self.met)(Met::Skipped { way, why, unread });
        // What stands where couldn't be listed isn't known.
        self.noted.without_config.clear();
    }

    /// Takes back what applied only in folders that the walk has left.
    fn leave(&mut self, depth: usize) {
        while let Some(frame) = self.frames.pop_if(|frame| frame.depth >= depth) {
            match frame.outer {
                Some((ignores, git, bounds)) => {
                    self.ignores = ignores;
                    self.walk.git = git;
                    self.walk.bounds = bounds;
                }
                None => self.ignores.truncate(frame.ignores),
            }
        }
    }

    /// Whether to walk into a folder.
    fn enter(&mut self, entry: &DirEntry, way: &str) -> bool {
        if entry.depth() > 0 {
            if entry.file_name() == GIT {
                return false;
            }
            if self.is_ignored(entry, true) {
                self.noted.ignored = true;
                return false;
            }
        }
        self.frames.push(Frame {
            depth: entry.depth(),
            ignores: self.ignores.len(),
            outer: None,
        });
        let location = joined(&self.start, way);
        self.noted.without_config.insert(location);
        true
    }

    /// Takes up what an entry says of the folder that it lies in.
    fn note(&mut self, entry: &DirEntry, way: &str) {
        let name = entry.file_name();
        if FILE_NAMES
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
        {
            let folder = way.rsplit_once('/').map_or("", |(folder, _)| folder);
            let location = joined(&self.start, folder);
            self.noted.without_config.remove(&location);
        } else if name == GIT && entry.depth() > 1 {
            self.work_tree(entry);
        } else if name == GITIGNORE
            && let Some(git) = &self.walk.git
        {
            let real = self.real(entry);
            let folder = real.parent().unwrap_or(&real);
            let base = slashed(folder.strip_prefix(git).unwrap_or(folder));
            self.ignores.push_file(&base, &real);
        }
    }

    /// The folder that the walk is in turns out to be a work tree of its own.
    fn work_tree(&mut self, dot_git: &DirEntry) {
        let real = self.real(dot_git);
        let (Some(root), Some(frame)) = (real.parent(), self.frames.last_mut()) else {
            return;
        };
        let mut ignores = Ignores::default();
        ignores.push_file("", &git::exclude_file(root));
        frame.outer = Some((
            std::mem::replace(&mut self.ignores, ignores),
            self.walk.git.replace(root.to_owned()),
            std::mem::replace(&mut self.walk.bounds, root.to_owned()),
        ));
    }

    /// The path of an entry without links in its folders.
    fn real(&self, entry: &DirEntry) -> PathBuf {
        let way = entry.path().strip_prefix(self.walk.folder);
        self.walk.real.join(way.unwrap_or(entry.path()))
    }

    fn file(&mut self, entry: DirEntry, way: String) {
        if !(self.walk.wants)(&way) {
            return;
        }
        if self.is_ignored(&entry, false) {
            self.noted.ignored = true;
            return;
        }
        let fault = if entry.path_is_symlink() {
            link_fault(entry.path(), &self.walk.bounds)
        } else if entry.file_type().is_file() {
            None
        } else {
            Some("not a regular file")
        };
        if let Some(why) = fault {
            let why = why.to_owned();
            let unread = false;
            return (self.met)(Met::Skipped { way, why, unread });
        }
        let path = entry.into_path();
        let git = self.walk.git.clone();
        (self.met)(Met::File { path, way, git });
    }

    fn is_ignored(&self, entry: &DirEntry, is_folder: bool) -> bool {
        match &self.walk.git {
            Some(git) if !self.ignores.is_empty() => {
                let real = self.real(entry);
                let path = slashed(real.strip_prefix(git).unwrap_or(&real));
                self.ignores.ignores(&path, is_folder)
            }
            _ => false,
        }
    }
}

/// Splits a pattern for paths into the folder before its first special part and the rest.
pub(super) fn split_pattern(pattern: &str) -> (String, String) {
    let mut folder = String::new();
    let mut parts = pattern.split('/').peekable();
    while let Some(part) = parts.next_if(|part| !crate::glob::is_pattern(part)) {
        match part {
            "" if folder.is_empty() => folder.push('/'),
            part => folder = joined(&folder, part),
        }
    }
    let rest: Vec<&str> = parts.collect();
    (folder, rest.join("/"))
}
