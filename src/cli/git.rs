//! What kubevet asks of git: where a work tree starts, what it tracks, where its excludes are.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The folder, at or above `folder`, that holds `.git` (a folder, or a file in linked work trees
/// and submodules).
pub(super) fn root_of(folder: &Path) -> Option<&Path> {
    let holds_git = |folder: &&Path| folder.join(".git").symlink_metadata().is_ok();
    folder.ancestors().find(holds_git)
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
    Ok(names(&ask(root, &["ls-files", "-z"])?))
}

/// A commit that exists.
pub(super) struct Commit(String);

impl Commit {
    /// The commit of this name in the work tree at `root`.
    ///
    /// # Errors
    /// There is none; in a shallow clone, with the command that brings it.
    pub(super) fn find(root: &Path, name: &str) -> Result<Self, String> {
        let commit = format!("{name}^{{commit}}");
        let verify = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &commit,
        ];
        if let Ok(id) = ask(root, &verify) {
            return Ok(Self(String::from_utf8_lossy(&id).trim().to_owned()));
        }
        let shallow = ask(root, &["rev-parse", "--is-shallow-repository"]);
        let help = match shallow {
            Ok(answer) if answer.starts_with(b"true") => {
                "; this clone is shallow: `git fetch --unshallow` brings the rest"
            }
            _ => "",
        };
        Err(format!("--base {name}: there is no such commit{help}"))
    }
}

/// The regular files of a commit that `wanted` accepts by their paths, with what they hold.
///
/// # Errors
/// What git says.
pub(super) fn files_at(
    root: &Path,
    commit: &Commit,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    let listed = ask(root, &["ls-tree", "-r", "-z", "--full-tree", &commit.0])?;
    let mut blobs = Vec::new();
    for line in names(&listed) {
        // `<mode> <type> <id>` TAB `<path>`; links have a mode of their own.
        let Some((about, path)) = line.split_once('\t') else {
            continue;
        };
        let mut about = about.split(' ');
        let (mode, kind, id) = (about.next(), about.next(), about.next());
        if let (Some("100644" | "100755"), Some("blob"), Some(id)) = (mode, kind, id)
            && wanted(path)
        {
            blobs.push((path.to_owned(), id.to_owned()));
        }
    }
    let asked: String = blobs.iter().map(|(_, id)| format!("{id}\n")).collect();
    let answer = ask_with(root, &["cat-file", "--batch"], asked)?;
    let mut rest = answer.as_slice();
    let mut files = Vec::with_capacity(blobs.len());
    for (path, _) in blobs {
        let blob = next_blob(&mut rest);
        let blob = blob.ok_or_else(|| format!("git cat-file: {path} can't be read"))?;
        files.push((path, blob.to_vec()));
    }
    Ok(files)
}

/// The next answer of `git cat-file --batch`: `<id> blob <size>`, the bytes, a line's end.
fn next_blob<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let head = std::str::from_utf8(rest.get(..end)?).ok()?;
    let size: usize = head.rsplit(' ').next()?.parse().ok()?;
    let blob = rest.get(end + 1..end + 1 + size)?;
    *rest = rest.get(end + size + 2..)?;
    Some(blob)
}

fn names(output: &[u8]) -> Vec<String> {
    let names = output.split(|&byte| byte == 0);
    names
        .filter(|name| !name.is_empty())
        .map(|name| String::from_utf8_lossy(name).into_owned())
        .collect()
}

fn ask(root: &Path, args: &[&str]) -> Result<Vec<u8>, String> {
    ask_with(root, args, String::new())
}

/// Runs git in a work tree with this as its standard input; what it prints.
fn ask_with(root: &Path, args: &[&str], input: String) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    // A hook sets these for its own repository; the target's may be another.
    for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"] {
        command.env_remove(name);
    }
    // Looking at a repository must not run what its configuration names.
    let mut child = command
        .arg("-C")
        .arg(root)
        .args(["-c", "core.fsmonitor=false"])
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("git can't be run: {error}"))?;
    // Written beside the reading, since either could wait for the other.
    let stdin = child.stdin.take();
    let writer = std::thread::spawn(move || {
        stdin.map_or(Ok(()), |mut stdin| stdin.write_all(input.as_bytes()))
    });
    let output = child.wait_with_output();
    let output = output.map_err(|error| format!("git can't be run: {error}"))?;
    // A git that fails doesn't read; what it says about that is told below.
    let _ = writer.join();
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let line = text.lines().next().unwrap_or("no reason given");
        let verb = args.first().unwrap_or(&"");
        return Err(format!("git {verb}: {line}"));
    }
    Ok(output.stdout)
}
