//! What git ignores: our answer and `git check-ignore`'s, on repositories made up at random.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use kubevet::cli::ignore::Ignores;

const PATHS: [&str; 16] = [
    "a",
    "b.yaml",
    "ab/a",
    "ab/b.yaml",
    "ab/ba/a",
    "ab/ba/abc/a.yaml",
    "ab/ba/abc/b",
    "ab/foo",
    "ab/foob",
    "ab/foo.d/a",
    "c c",
    "c[d",
    "{a,b}",
    "#x",
    "!y",
    "é/a.yaml",
];

/// One `.gitignore` a line, `|` between its lines: what the manual describes, and its corners.
const CASES: [&str; 34] = [
    "*.yaml",
    "*.yaml|!b.yaml",
    "/*.yaml",
    "ab/",
    "ab",
    "ab/|!ab/ba",
    "ab/*|!ab/ba",
    "/ba",
    "ab/ba",
    "**/ba",
    "**/abc/*",
    "ab/**",
    "ab/**/a",
    "ab/**/*.yaml",
    "**",
    "**/",
    "a**",
    "ab/foo**",
    "ab/foo**/b",
    "ab/f?o",
    "ab/fo[nop]*",
    "ab/fo[!x]",
    "[[:alpha:]]",
    "[[:none:]]",
    "c\\ c",
    "c c   ",
    "c*\\ ",
    "c[[]d",
    "{a,b}",
    "\\#x|#x",
    "\\!y|!y",
    "?/a.yaml",
    "*|!*/|!*.yaml",
    "a\\",
];

#[test]
fn ignores_what_git_ignores() {
    let repository = Repository::new("cases");
    for case in CASES {
        repository.compare(&[("", &case.replace('|', "\n"))]);
        repository.compare(&[("", &case.replace('|', "\r\n")), ("ab", "!a\n/ba/abc")]);
        repository.compare(&[("", "*.yaml\n!b"), ("ab", &case.replace('|', "\n"))]);
    }
}

#[test]
fn ignores_what_git_ignores_at_random() {
    const PARTS: [&str; 22] = [
        "a",
        "b",
        "ab",
        "ba",
        "abc",
        "foo",
        "yaml",
        "*",
        "*",
        "**",
        "?",
        "/",
        "/",
        "/",
        ".",
        "[a-f]",
        "[!a]",
        "[]]",
        "[^b]",
        "\\a",
        " ",
        "[[:lower:]]",
    ];
    let repository = Repository::new("random");
    let mut random = Random(7);
    for _ in 0..150 {
        let mut text = || {
            let mut text = String::new();
            for _ in 0..1 + random.below(4) {
                if random.below(4) == 0 {
                    text.push('!');
                }
                for _ in 0..1 + random.below(6) {
                    text.push_str(PARTS[random.below(PARTS.len())]);
                }
                text.push('\n');
            }
            text
        };
        repository.compare(&[("", &text()), ("ab", &text()), ("ab/ba", &text())]);
    }
}

struct Repository(tempfile::TempDir);

impl Repository {
    fn new(name: &str) -> Self {
        let folder = tempfile::Builder::new().prefix(name).tempdir().unwrap();
        for path in PATHS {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let repository = Self(folder);
        let status = repository.git(&["init", "-q"]).status();
        assert!(status.expect("git is needed for this test").success());
        repository
    }

    fn git(&self, arguments: &[&str]) -> Command {
        let mut git = Command::new("git");
        git.current_dir(self.0.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .args(["-c", "core.excludesFile="])
            .args(arguments);
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            git.env_remove(name);
        }
        git
    }

    fn compare(&self, files: &[(&str, &str)]) {
        for folder in ["", "ab", "ab/ba"] {
            let _ = fs::remove_file(self.0.path().join(folder).join(".gitignore"));
        }
        for (folder, text) in files {
            fs::write(self.0.path().join(folder).join(".gitignore"), text).unwrap();
        }
        let expected = self.ignored_by_git();
        let ours: BTreeSet<String> = all_paths().filter(|p| self.ignored(files, p)).collect();
        assert_eq!(ours, expected, "{files:?}");
    }

    fn ignored_by_git(&self) -> BTreeSet<String> {
        let mut child = self
            .git(&["check-ignore", "--no-index", "--stdin", "-z"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("git is needed for this test");
        let mut stdin = child.stdin.take().unwrap();
        for path in all_paths() {
            stdin.write_all(format!("{path}\0").as_bytes()).unwrap();
        }
        drop(stdin);
        let output = child.wait_with_output().unwrap();
        assert!(output.status.code() < Some(2));
        let text = String::from_utf8(output.stdout).unwrap();
        text.split_terminator('\0').map(str::to_owned).collect()
    }

    fn ignored(&self, files: &[(&str, &str)], path: &str) -> bool {
        let mut ignores = Ignores::default();
        for (folder, text) in files {
            if folder.is_empty() || path.starts_with(&format!("{folder}/")) {
                ignores.push(folder, text);
            }
        }
        ignores.ignores_below(path, Path::is_dir(&self.0.path().join(path)))
    }
}

/// The files and the folders they lie in.
fn all_paths() -> impl Iterator<Item = String> {
    let folders = PATHS.iter().flat_map(|path| {
        let ends = path.match_indices('/');
        ends.map(|(end, _)| path[..end].to_owned())
    });
    let all: BTreeSet<String> = folders
        .chain(PATHS.iter().map(|p| (*p).to_owned()))
        .collect();
    all.into_iter()
}

/// A small generator, so that every run tries the same.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }
}
