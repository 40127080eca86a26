//! `--old` and `--base`: the files as they are now, before the update that is judged.
//!
//! Not here: which object replaces which (`lint::before`).

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use super::git::{self, Commit};
use super::input::{Context, Inputs, Request, RootKind, collect};
use super::paths::{below, joined, shown, slashed};
use super::walk::is_wanted;
use crate::lint::before::OldFile;

/// The files below these paths. One that has the same way below a folder of `paths` as a target
/// below its own is what is there before that target.
///
/// # Errors
/// A path that doesn't exist, or a file that can't be read.
pub(super) fn of_paths(paths: &[PathBuf], inputs: &Inputs) -> Result<Vec<OldFile>, String> {
    let here = std::env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
    let request = Request {
        paths: paths.iter().map(OsString::from).collect(),
        stdin_filename: None,
        context: Context::Nothing,
        folder: here,
    };
    let old = collect(&request, io::empty()).map_err(|error| format!("--old {error}"))?;
    let mut files = Vec::with_capacity(old.files.len());
    for file in &old.files {
        let bytes = old.read(file);
        let bytes = bytes.map_err(|why| format!("--old {}: {why}", file.shown))?;
        files.push(OldFile {
            shown: file.shown.clone(),
            location: target_of(&file.location, &old, inputs),
            bytes,
        });
    }
    Ok(files)
}

/// The location of the target that comes in place of an old file.
fn target_of(location: &str, old: &Inputs, inputs: &Inputs) -> String {
    let way = old
        .walked_at
        .iter()
        .find_map(|folder| below(folder, location));
    let at = |location: &str| inputs.files.iter().any(|file| file.location == location);
    let replaced = way.and_then(|way| {
        let mut candidates = inputs.walked_at.iter().map(|folder| joined(folder, way));
        candidates.find(|location| at(location))
    });
    let mut named = inputs
        .files
        .iter()
        .filter(|file| file.target && file.explicit);
    let alone = || match (old.files.as_slice(), named.next(), named.next()) {
        ([_], Some(target), None) => Some(target.location.clone()),
        _ => None,
    };
    replaced
        .or_else(alone)
        .unwrap_or_else(|| location.to_owned())
}

/// The manifests of the git work trees of the targets as they stand at a commit.
///
/// # Errors
/// No work tree, no such commit (with what helps in a shallow clone), or what git says.
pub(super) fn of_commit(name: &str, inputs: &Inputs) -> Result<Vec<OldFile>, String> {
    let here = std::env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
    let roots = inputs
        .roots
        .iter()
        .filter(|root| root.kind == RootKind::Git);
    let roots: Vec<&Path> = roots.map(|root| root.folder.as_path()).collect();
    if roots.is_empty() {
        return Err(format!(
            "--base {name}: the targets aren't in a git work tree"
        ));
    }
    let mut files = Vec::new();
    for root in roots {
        let commit = Commit::find(root, name)?;
        let wanted = |path: &str| is_wanted(path);
        for (path, bytes) in git::files_at(root, &commit, &wanted)? {
            let at = root.join(&path);
            files.push(OldFile {
                shown: format!("{name}:{}", shown(&here, &at)),
                location: slashed(&at),
                bytes,
            });
        }
    }
    Ok(files)
}
