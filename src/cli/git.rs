//! What kubevet asks of git: where a work tree starts, what it tracks, where its excludes are.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder, at or above `folder`, that holds `.git` (a folder, or a file in linked work trees
/// and submodules).
pub(super) fn root_of(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|dir| is_root(dir))
}

/// Whether the folder holds `.git`.
pub(super) fn is_root(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}

/// `info/exclude` of the work tree at `root`, whether it exists or not.
pub(super) fn exclude_file(root: &Path) -> PathBuf {
    let dot_git = root.join(".git");
    let git_dir = match std::fs::read_to_string(&dot_git) {
        Ok(text) => match text.strip_prefix("gitdir:") {
            Some(path) => root.join(path.trim()),
            None => dot_git,
        },
        Err(_) => dot_git,
    };
    // A linked work tree shares it with the main one.
    let common = match std::fs::read_to_string(git_dir.join("commondir")) {
        Ok(path) => git_dir.join(path.trim()),
        Err(_) => git_dir,
    };
    common.join("info/exclude")
}

/// The paths that git tracks in the work tree at `root`, with `/` between their parts.
///
/// # Errors
/// Why not, in a few words: git is missing, or what it says about it.
pub(super) fn tracked(root: &Path) -> Result<Vec<String>, String> {
    let mut command = Command::new("git");
    // A hook sets these for its own repository; the target's may be another.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    // Looking at a repository must not run what its configuration names.
    let output = command
        .arg("-C")
        .arg(root)
        .args(["-c", "core.fsmonitor=false", "ls-files", "-z"])
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("git can't be run: {error}"))?;
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().next().unwrap_or("no reason given");
        return Err(format!("git ls-files: {line}"));
    }
    let names = output.stdout.split(|&byte| byte == 0);
    Ok(names
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect())
}
