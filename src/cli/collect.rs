//! Collecting: what PATHS reach, what project each file belongs to, what stands around it.
//!
//! The working half of `input`, which says what the results mean.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::git;
use super::input::{
    Context, InputError, InputFile, Inputs, NAMED_LIMIT, Request, Root, RootKind, Skipped,
    read_up_to, too_large,
};
use super::paths::{below, joined, normalised, shown, slashed, way};
use super::walk::{Met, Walk, is_wanted, link_fault, split_pattern, walk};
use crate::glob::{Glob, is_pattern};

/// The file that says, outside git, where a project starts.
const CONFIG: &str = ".kubevet.yaml";
/// The name of standard input without another.
const STDIN: &str = "<stdin>";

/// What a path is for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Target,
    Context,
}

/// A folder that was walked for targets.
struct Walked {
    location: String,
    shown: String,
    opened: PathBuf,
    /// What its files had to fit.
    glob: Option<Glob>,
}

/// Everything found so far.
pub(super) struct Collector {
    /// The current directory, without links.
    folder: PathBuf,
    inputs: Inputs,
    /// Each file's number in `inputs.files`, by location.
    known: BTreeMap<String, usize>,
    /// Each folder's project.
    projects: BTreeMap<PathBuf, usize>,
    walked: Vec<Walked>,
    /// Whether git's ignore files kept anything out.
    ignored: bool,
}

impl Collector {
    pub(super) fn new(request: &Request) -> Self {
        Self {
            folder: real(&request.folder),
            inputs: Inputs::default(),
            known: BTreeMap::new(),
            projects: BTreeMap::new(),
            walked: Vec::new(),
            ignored: false,
        }
    }

    pub(super) fn finish(mut self) -> Inputs {
        self.charts();
        self.inputs.files.sort_by(|a, b| {
            let by_name = a.shown.cmp(&b.shown);
            by_name.then_with(|| a.location.cmp(&b.location))
        });
        self.inputs.skipped.sort();
        self.inputs.skipped.dedup();
        let folders = self.walked.into_iter().filter(|w| w.glob.is_none());
        let folders = folders.map(|walked| (walked.shown, walked.location));
        (self.inputs.walked, self.inputs.walked_at) = folders.unzip();
        self.inputs
    }

    /// One of PATHS.
    pub(super) fn path(&mut self, written: &OsString, role: Role) -> Result<(), InputError> {
        let opened = self.folder.join(written);
        let shown = shown(&self.folder, Path::new(written));
        match opened.metadata() {
            Ok(data) if data.is_dir() => self.folder_at(&opened, shown, role),
            Ok(_) => self.file_at(opened, shown, role),
            Err(error) => match written.to_str().filter(|text| is_pattern(text)) {
                Some(pattern) => self.pattern(pattern, role)?,
                None => {
                    return Err(InputError::NotFound {
                        path: slashed(Path::new(written)),
                        why: error.to_string(),
                    });
                }
            },
        }
        Ok(())
    }

    fn folder_at(&mut self, opened: &Path, shown: String, role: Role) {
        self.walk_folder(opened, &shown, role, &is_wanted);
        self.walked(opened, shown, role, None);
    }

    fn walked(&mut self, opened: &Path, shown: String, role: Role, glob: Option<Glob>) {
        if role == Role::Target {
            self.walked.push(Walked {
                location: slashed(&real(opened)),
                shown,
                opened: opened.to_owned(),
                glob,
            });
        }
    }

    /// A file that was named itself: links are followed, any name will do.
    fn file_at(&mut self, opened: PathBuf, shown: String, role: Role) {
        let parent = real(opened.parent().unwrap_or(&self.folder));
        let name = opened.file_name().unwrap_or_default();
        let root = self.project_of(&parent);
        let file = InputFile {
            location: slashed(&parent.join(name)),
            path: Some(opened),
            explicit: true,
            ..self.new_file(shown, role, Some(root))
        };
        self.add(file);
    }

    /// A pattern that the shell left alone. Files that it fits are taken whatever their name is,
    /// folders that it fits are walked; what git ignores is left out.
    fn pattern(&mut self, written: &str, role: Role) -> Result<(), InputError> {
        let (start, rest) = split_pattern(written);
        let opened = self.folder.join(&start);
        let shown = shown(&self.folder, Path::new(&start));
        let glob = Glob::new(&rest);
        if opened.is_dir() {
            let wants = |way: &str| is_wanted_by(Some(&glob), way);
            let (found, ignored) = self.walk_folder(&opened, &shown, role, &wants);
            if found || ignored {
                self.walked(&opened, shown, role, Some(glob));
                return Ok(());
            }
        }
        Err(InputError::NoMatch {
            pattern: written.to_owned(),
        })
    }

    /// Walks a folder; whether there was a file in it, and whether git's ignore files hid one.
    fn walk_folder(
        &mut self,
        opened: &Path,
        name: &str,
        role: Role,
        wants: &dyn Fn(&str) -> bool,
    ) -> (bool, bool) {
        let start = real(opened);
        let root = self.project_of(&start);
        let (git, bounds) = match self.inputs.roots.get(root) {
            Some(root) if root.kind == RootKind::Git => {
                (Some(root.folder.clone()), root.folder.clone())
            }
            Some(root) => (None, root.folder.clone()),
            None => (None, start.clone()),
        };
        let mut met = Vec::new();
        let walk_it = Walk {
            folder: opened,
            real: &start,
            git,
            bounds,
            wants,
        };
        let noted = walk(walk_it, &mut |one| met.push(one));
        self.ignored |= noted.ignored;
        self.inputs.without_config.extend(noted.without_config);
        let start = slashed(&start);
        let mut found = false;
        for one in met {
            match one {
                Met::File { path, way, git } => {
                    found = true;
                    let root = match git {
                        Some(git) => self.project_of(&git),
                        None => root,
                    };
                    let shown = self.name(role, root, name, &start, &way);
                    let file = InputFile {
                        location: joined(&start, &way),
                        path: Some(path),
                        ..self.new_file(shown, role, Some(root))
                    };
                    self.add(file);
                }
                Met::Skipped { way, why, unread } => {
                    let shown = self.name(role, root, name, &start, &way);
                    let target = role == Role::Target;
                    let skipped = Skipped {
                        shown,
                        why,
                        target,
                        unread,
                    };
                    self.inputs.skipped.push(skipped);
                }
            }
        }
        (found, noted.ignored)
    }

    /// The name of a file found in a folder: from the folder as written, or in the context from
    /// its project.
    fn name(&self, role: Role, root: usize, folder: &str, start: &str, way: &str) -> String {
        match role {
            Role::Target => self.target_name(folder, way),
            Role::Context => self.context_name(root, &joined(start, way)),
        }
    }

    /// The name of what lies in a folder that is shown as it should be.
    fn target_name(&self, folder: &str, way: &str) -> String {
        let name = joined(folder, way);
        match name.starts_with("..") {
            // It may lead back to the current directory.
            true => shown(&self.folder, Path::new(&name)),
            false => name,
        }
    }

    fn context_name(&self, root: usize, location: &str) -> String {
        let root = self.inputs.roots.get(root);
        let prefix = root.and_then(|root| {
            let rest = below(&slashed(&root.folder), location)?.to_owned();
            let whole = format!("{}{rest}", root.shown.as_ref()?);
            Some(shown(&self.folder, Path::new(&whole)))
        });
        prefix.unwrap_or_else(|| way(&self.folder, Path::new(location)))
    }

    pub(super) fn stdin(&mut self, from: impl Read, name: Option<&str>) -> Result<(), InputError> {
        let why = match read_up_to(from, NAMED_LIMIT, 0) {
            Ok(Some(bytes)) => {
                self.inputs.stdin = bytes;
                None
            }
            Ok(None) => Some(too_large(NAMED_LIMIT)),
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            return Err(InputError::Stdin { why });
        }
        let Some(name) = name else {
            let file = InputFile {
                location: STDIN.to_owned(),
                root_relative: STDIN.to_owned(),
                explicit: true,
                ..self.new_file(STDIN.to_owned(), Role::Target, None)
            };
            self.add(file);
            return Ok(());
        };
        // The file that standard input stands for need not exist, nor its folder.
        let path = normalised(&self.folder.join(name));
        let parent = real(path.parent().unwrap_or(&self.folder));
        let root = self.project_of(&parent);
        let file = InputFile {
            location: slashed(&parent.join(path.file_name().unwrap_or_default())),
            explicit: true,
            ..self.new_file(
                shown(&self.folder, Path::new(name)),
                Role::Target,
                Some(root),
            )
        };
        self.add(file);
        Ok(())
    }

    fn new_file(&self, shown: String, role: Role, root: Option<usize>) -> InputFile {
        InputFile {
            shown,
            location: String::new(),
            path: None,
            target: role == Role::Target,
            explicit: false,
            root,
            root_relative: String::new(),
        }
    }

    /// Takes a file in; one that is known already stays one.
    fn add(&mut self, mut file: InputFile) {
        let root = file.root.and_then(|root| self.inputs.roots.get_mut(root));
        if let Some(root) = root {
            let relative = below(&slashed(&root.folder), &file.location);
            file.root_relative = relative.unwrap_or(&file.location).to_owned();
            if file.target && root.shown.is_none() {
                root.shown = prefix(&file.shown, &file.root_relative);
            }
        }
        match self.known.get(&file.location) {
            Some(&number) => {
                if let Some(known) = self.inputs.files.get_mut(number) {
                    merge(known, file);
                }
            }
            None => {
                let number = self.inputs.files.len();
                self.known.insert(file.location.clone(), number);
                self.inputs.files.push(file);
            }
        }
    }

    /// The number of the project that a folder belongs to.
    fn project_of(&mut self, folder: &Path) -> usize {
        if let Some(&number) = self.projects.get(folder) {
            return number;
        }
        let config = || folder.ancestors().find(|dir| dir.join(CONFIG).is_file());
        let (root, kind) = match (git::root_of(folder), config()) {
            (Some(root), _) => (root, RootKind::Git),
            (None, Some(root)) => (root, RootKind::Config),
            (None, None) => (folder, RootKind::Named),
        };
        let mut roots = self.inputs.roots.iter();
        let number = match roots.position(|known| known.folder == root) {
            Some(number) => number,
            None => {
                self.inputs.roots.push(Root {
                    folder: root.to_owned(),
                    kind,
                    shown: None,
                });
                self.inputs.roots.len() - 1
            }
        };
        self.projects.insert(folder.to_owned(), number);
        number
    }

    pub(super) fn context(&mut self, context: &Context) -> Result<(), InputError> {
        let wanted = *context == Context::Projects;
        if let Context::Paths(paths) = context {
            for path in paths {
                self.path(path, Role::Context)?;
            }
        }
        for number in 0..self.inputs.roots.len() {
            let Some(root) = self.inputs.roots.get(number).cloned() else {
                continue;
            };
            match root.kind {
                RootKind::Git if wanted || self.ignored => {
                    self.git_context(number, &root, wanted);
                }
                RootKind::Config if wanted => {
                    let shown = String::new();
                    self.walk_folder(&root.folder, &shown, Role::Context, &is_wanted);
                }
                _ => {}
            }
        }
        Ok(())
    }

    /// What git tracks: the context, and below the walked folders targets, since git's ignore
    /// files say nothing about a file that it tracks.
    fn git_context(&mut self, number: usize, root: &Root, wanted: bool) {
        let tracked = match git::tracked(&root.folder) {
            Ok(tracked) => tracked,
            Err(why) => {
                if wanted {
                    self.walk_folder(&root.folder, "", Role::Context, &is_wanted);
                }
                let name = self.context_name(number, &slashed(&root.folder));
                let name = name.trim_end_matches('/');
                return self.inputs.notes.push(format!(
                    "{why}; taking what its ignore files leave in {} for what it tracks",
                    if name.is_empty() { "." } else { name },
                ));
            }
        };
        let folder = slashed(&root.folder);
        for path in &tracked {
            let location = joined(&folder, path);
            let walked = self.walked.iter();
            let walked = walked.filter_map(|w| Some((w, below(&w.location, &location)?)));
            let walked = walked.filter(|(w, way)| is_wanted_by(w.glob.as_ref(), way));
            let walked =
                walked.map(|(w, way)| (self.target_name(&w.shown, way), w.opened.join(way)));
            let target = walked.min();
            let wanted = wanted && is_wanted(path) && !self.known.contains_key(&location);
            if target.is_none() && !wanted {
                continue;
            }
            let (role, shown, opened) = match target {
                Some((shown, opened)) => (Role::Target, shown, opened),
                None => {
                    let shown = self.context_name(number, &location);
                    (Role::Context, shown, root.folder.join(path))
                }
            };
            self.tracked_file(location, opened, role, shown, number, &root.folder);
        }
    }

    fn tracked_file(
        &mut self,
        location: String,
        opened: PathBuf,
        role: Role,
        shown: String,
        root: usize,
        bounds: &Path,
    ) {
        // Deleted, or never checked out: then it isn't there, which is what deleting is for.
        let Ok(data) = opened.symlink_metadata() else {
            return;
        };
        let fault = match data.is_symlink() {
            true => link_fault(&opened, bounds),
            false if data.is_dir() => return,
            // Opening a pipe would wait for someone to write into it.
            false => (!data.is_file()).then_some("not a regular file"),
        };
        if let Some(why) = fault {
            return self.inputs.skipped.push(Skipped {
                shown,
                why: why.to_owned(),
                target: role == Role::Target,
                unread: false,
            });
        }
        let file = InputFile {
            location,
            path: Some(opened),
            ..self.new_file(shown, role, Some(root))
        };
        self.add(file);
    }

    /// Looks for the charts of files in folders named `templates`, where the context doesn't
    /// show them: a template judged as a manifest would only give nonsense.
    fn charts(&mut self) {
        let mut asked = BTreeMap::new();
        for file in &self.inputs.files {
            let folders = file.location.match_indices("/templates/");
            let folders = folders.filter_map(|(at, _)| file.location.get(..at));
            for folder in folders {
                asked.entry(folder).or_insert_with(|| {
                    let chart = joined(folder, "Chart.yaml");
                    !self.known.contains_key(&chart) && Path::new(&chart).is_file()
                });
            }
        }
        let found = asked.iter().filter(|(_, found)| **found);
        self.inputs.charts = found.map(|(folder, _)| (*folder).to_owned()).collect();
    }
}

/// Whether a walk takes a file: one that fits its pattern whatever its name is, one in a folder
/// that fits it by its name.
fn is_wanted_by(glob: Option<&Glob>, way: &str) -> bool {
    let Some(glob) = glob else {
        return is_wanted(way);
    };
    let mut ends = way.match_indices('/').map(|(at, _)| at);
    let in_folder = |end| way.get(..end).is_some_and(|folder| glob.matches(folder));
    glob.matches(way) || (is_wanted(way) && ends.any(in_folder))
}

/// Joins what is known of a file with what was found again.
fn merge(known: &mut InputFile, again: InputFile) {
    if again.target && !known.target {
        known.shown = again.shown;
        known.target = true;
    }
    known.explicit |= again.explicit;
    if again.path.is_none() {
        known.path = None;
    }
}

/// What stands before the path in the project in the name of a file; `None`: something else.
fn prefix(shown: &str, root_relative: &str) -> Option<String> {
    let prefix = shown.strip_suffix(root_relative)?;
    (prefix.is_empty() || prefix.ends_with('/')).then(|| prefix.to_owned())
}

/// The path without links; for what doesn't exist, the path.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| normalised(path))
}
