//! What is read: from PATHS to the targets, which are reported, and the context, which resolves.
//!
//! Lives here: files, folders, globs and standard input, the project that a target belongs to,
//! and how each file is named. Not here: what the files are (`project::files`).
//!
//! Names. A target is shown as it was written, joined with `/`, without `./` and detours: `.`
//! and `k8s` both give `k8s/web.yaml`. A file of the context is shown as it would be if its whole
//! project had been named the way the project's first target was: what stands before the target's
//! path in its project stands before the other's too (`/repo/` of `/repo/k8s/web.yaml`). Where
//! the target was named from inside its project, it is the way from the current directory. So the
//! names in a report don't depend on which files of a project were named.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use foldhash::HashSet;

use super::collect::{Collector, Role};

/// The largest file of a folder or of the context that is read, in bytes.
pub const WALKED_LIMIT: u64 = 64 << 20;
/// The largest file that is read when it is named, and the most of standard input, in bytes.
pub const NAMED_LIMIT: u64 = 1 << 30;

/// What was asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Files, folders, globs, `-`; none means the current directory.
    pub paths: Vec<OsString>,
    /// The file that standard input stands for.
    pub stdin_filename: Option<String>,
    /// Where the context comes from.
    pub context: Context,
    /// The current directory, absolute.
    pub folder: PathBuf,
}

/// Where the context comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Context {
    /// The projects of the targets: what git tracks in their work trees; outside git all below
    /// the nearest folder upward that holds `.kubevet.yaml`; else nothing but the targets.
    /// Standard input without a name belongs to no project.
    Projects,
    /// These files, folders and globs, and nothing else.
    Paths(Vec<OsString>),
    /// Nothing but the targets.
    Nothing,
}

/// What is read.
#[derive(Debug, Default)]
pub struct Inputs {
    /// Targets and context, each file once, by the name that is shown.
    pub files: Vec<InputFile>,
    /// The projects that the files belong to.
    pub roots: Vec<Root>,
    /// The locations of folders with a `Chart.yaml` that is not among the files, but above one.
    pub charts: BTreeSet<String>,
    /// The names of the folders that were walked for targets.
    pub walked: Vec<String>,
    /// Their locations.
    pub walked_at: Vec<String>,
    /// The locations of folders that were walked and hold no config.
    pub without_config: HashSet<String>,
    /// What was met and is not read.
    pub skipped: Vec<Skipped>,
    /// What people should know about how the context was found.
    pub notes: Vec<String>,
    pub(super) stdin: Vec<u8>,
}

/// One file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its name for people.
    pub shown: String,
    /// What tells it from all others: its absolute path with `/`, folders without links.
    /// Lookups between files (kustomize) go by it.
    pub location: String,
    /// Where to read it; `None`: standard input.
    pub path: Option<PathBuf>,
    /// Whether it is reported, not only looked at.
    pub target: bool,
    /// Whether it was named itself, not found in a folder.
    pub explicit: bool,
    /// The number of its project in `roots`; `None` for standard input without a name.
    pub root: Option<usize>,
    /// Its path in its project.
    pub root_relative: String,
}

/// A project: the folder that relates its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// The folder, absolute, without links.
    pub folder: PathBuf,
    /// What made it one.
    pub kind: RootKind,
    /// How it is written before the paths of its files; `None`: they go by the way from the
    /// current directory.
    pub(super) shown: Option<String>,
}

/// What makes a folder a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RootKind {
    /// It is a git work tree.
    Git,
    /// It holds `.kubevet.yaml`, outside git.
    Config,
    /// It was named, or a file in it was.
    Named,
}

/// Something that is not read.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Skipped {
    /// Its name for people.
    pub shown: String,
    /// Why.
    pub why: String,
    /// Whether it would have been a target.
    pub target: bool,
    /// It may hold manifests, and the system doesn't let us look.
    pub unread: bool,
}

/// A mistake in what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InputError {
    /// There is no such file or folder.
    NotFound {
        /// As written.
        path: String,
        /// What the system says.
        why: String,
    },
    /// No file fits a pattern.
    NoMatch {
        /// As written.
        pattern: String,
    },
    /// Standard input can't be read.
    Stdin {
        /// What the system says.
        why: String,
    },
}

impl fmt::Display for InputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotFound { path, why } => write!(f, "{path}: {why}"),
            Self::NoMatch { pattern } => write!(f, "{pattern}: no file fits this pattern"),
            Self::Stdin { why } => write!(f, "standard input: {why}"),
        }
    }
}

impl std::error::Error for InputError {}

/// Finds everything that is to be read. Standard input is read here, once, if `-` is among the
/// paths; files are not.
///
/// # Errors
/// A path that doesn't exist, a pattern that nothing fits, standard input that fails.
pub fn collect(request: &Request, stdin: impl Read) -> Result<Inputs, InputError> {
    let mut collector = Collector::new(request);
    let mut stdin = Some(stdin);
    let here = [OsString::from(".")];
    let paths = match request.paths.as_slice() {
        [] => here.as_slice(),
        paths => paths,
    };
    for path in paths {
        if path != "-" {
            collector.path(path, Role::Target)?;
        } else if let Some(stdin) = stdin.take() {
            collector.stdin(stdin, request.stdin_filename.as_deref())?;
        }
    }
    collector.context(&request.context)?;
    Ok(collector.finish())
}

impl Inputs {
    /// Whether standard input was asked for and holds nothing but blanks, comments and `---`: most
    /// often what should have written there failed.
    pub fn stdin_is_empty(&self) -> bool {
        let mut lines = self
            .stdin
            .split(|&byte| byte == b'\n')
            .map(<[u8]>::trim_ascii);
        let is_nothing = |line: &[u8]| line.is_empty() || line == b"---" || line.starts_with(b"#");
        self.files.iter().any(|file| file.path.is_none()) && lines.all(is_nothing)
    }

    /// The bytes of a file. May be called from several threads.
    ///
    /// # Errors
    /// Why it can't be read, for people: what the system says, or that it is too large.
    pub fn read(&self, file: &InputFile) -> Result<Vec<u8>, String> {
        let Some(path) = &file.path else {
            return Ok(self.stdin.clone());
        };
        let limit = if file.explicit {
            NAMED_LIMIT
        } else {
            WALKED_LIMIT
        };
        let read = File::open(path).and_then(|file| {
            // Reading without knowing the size takes several calls and copies a file.
            let size = file.metadata().map_or(0, |data| data.len());
            read_up_to(file, limit, size)
        });
        match read {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(too_large(limit)),
            Err(error) => Err(format!("can't be read: {error}")),
        }
    }
}

/// All bytes, or `None` if there are more than `limit`; about `expected` will come.
pub(super) fn read_up_to(
    from: impl Read,
    limit: u64,
    expected: u64,
) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::with_capacity(expected.min(limit) as usize + 1);
    from.take(limit + 1).read_to_end(&mut bytes)?;
    Ok((bytes.len() as u64 <= limit).then_some(bytes))
}

pub(super) fn too_large(limit: u64) -> String {
    format!("is larger than {} MiB", limit >> 20)
}
