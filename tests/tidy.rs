//! Keeps the house in order: who may import whom, how long things may get, that every page has
//! its check and every case its test, and what this repository never says.
//!
//! It reads the files as text, so it is a reader of habits, not of Rust: what it can't see is
//! left to review.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kubevet::lint::run::all_metas;
use kubevet::rules::RULES;

/// The rooms of `src`, from the lowest floor up. A room may import from its own floor and from
/// those below.
const FLOORS: [&[&str]; 9] = [
    &["source", "text", "minor", "glob", "suggest"],
    &["tree", "document", "finding", "cluster"],
    &["yaml", "json", "report"],
    &["object"],
    &["project"],
    &["apiserver"],
    &["rule"],
    &["rules", "lint"],
    &["audit", "webhook"],
];

/// Imports that the floors would allow, but shouldn't happen.
const NEVER: [(&str, &str, &str); 6] = [
    ("lint", "rules", "engines are given the rules to run"),
    ("rules", "lint", "a check knows an object and its project"),
    ("webhook", "rules", "engines are given the rules to run"),
    ("audit", "rules", "engines are given the rules to run"),
    ("report", "yaml", "a report knows findings, not documents"),
    ("report", "json", "a report knows findings, not documents"),
];

/// Imports upward that are meant, and why.
const MEANT: [(&str, &str); 1] = [
    // A scalar keeps its text; what the text means is asked of the rules that YAML has for it.
    ("tree", "yaml"),
];

/// What only the command line and the webhook's server do: files, the environment, other programs,
/// clocks.
const OUTSIDE: [&str; 6] = [
    "std::fs",
    "std::env",
    "std::process",
    "std::net",
    "std::thread",
    "std::time",
];

const COLUMNS_MAX: usize = 100;
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 600;

struct File {
    /// Its path from the root of the repository, with `/`.
    path: String,
    text: String,
}

impl File {
    /// The room that a source file belongs to.
    fn room(&self) -> &str {
        let path = self.path.strip_prefix("src/").unwrap();
        let end = path.find(['/', '.']).unwrap();
        path.split_at(end).0
    }

    /// What runs: without comments and without the tests at the end.
    fn code(&self) -> String {
        let lines = self.text.lines();
        let lines = lines.take_while(|line| *line != "#[cfg(test)]");
        let lines = lines.filter(|line| !line.trim_start().starts_with("//"));
        lines.map(|line| format!("{line}\n")).collect()
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every text file below a folder of the repository, in order.
fn files(folder: &str) -> Vec<File> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut |path| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap();
        if let Ok(text) = fs::read_to_string(path) {
            let path = name.replace('\\', "/");
            files.push(File { path, text });
        }
    });
    files.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!files.is_empty(), "nothing in {folder}");
    files
}

fn walk(folder: &Path, met: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if ![".git", "target", "bin"].contains(&name) {
                walk(&path, met);
            }
        } else if name != ".git" {
            met(&path);
        }
    }
}

fn rust_files() -> Vec<File> {
    let folders = ["src", "tests", "benches", "examples"];
    let folders = folders.into_iter().flat_map(files);
    folders.filter(|file| file.path.ends_with(".rs")).collect()
}

fn source_files() -> Vec<File> {
    let files = files("src").into_iter();
    files.filter(|file| file.path.ends_with(".rs")).collect()
}

fn assert_none(what: &str, found: Vec<String>) {
    assert!(found.is_empty(), "{what}:\n{}", found.join("\n"));
}

fn floor(room: &str) -> usize {
    match room {
        "cli" | "lib" | "main" => FLOORS.len(),
        room => FLOORS
            .iter()
            .position(|rooms| rooms.contains(&room))
            .unwrap_or_else(|| panic!("no floor is given to the room `{room}`")),
    }
}

/// The rooms that the code of a file names.
fn imports(code: &str) -> BTreeSet<&str> {
    let mut after = code.split("crate::");
    after.next();
    let ends = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || c == '_'));
    let names = after.filter_map(|rest| rest.split_at_checked(ends(rest)?));
    names.map(|(name, _)| name).collect()
}

#[test]
fn imports_only_run_down() {
    let mut wrong = Vec::new();
    for file in source_files() {
        let code = file.code();
        let room = file.room();
        for other in imports(&code) {
            assert!(!other.is_empty(), "{}: name rooms one by one", file.path);
            let up = floor(other) > floor(room) && !MEANT.contains(&(room, other));
            let never = NEVER.iter().find(|(a, b, _)| (*a, *b) == (room, other));
            if let Some((.., why)) = never {
                wrong.push(format!("{}: imports {other}, but {why}", file.path));
            } else if up {
                wrong.push(format!("{}: imports {other}, which is above", file.path));
            }
        }
    }
    assert_none("imports that run up or across", wrong);
}

#[test]
fn only_the_command_line_touches_the_world() {
    let mut wrong = Vec::new();
    for file in source_files() {
        let serves = file.path.starts_with("src/webhook/serve/");
        if matches!(file.room(), "cli" | "cluster") || file.path == "src/main.rs" || serves {
            continue;
        }
        let code = file.code();
        for path in OUTSIDE.iter().filter(|path| code.contains(**path)) {
            wrong.push(format!("{}: {path}", file.path));
        }
    }
    let who = "only src/cli, src/cluster and src/webhook/serve may do this";
    assert_none(who, wrong);
}

#[test]
fn files_functions_and_lines_fit_on_a_screen() {
    let mut wrong = Vec::new();
    for file in rust_files() {
        let lines: Vec<&str> = file.text.lines().collect();
        if lines.len() > FILE_LINES_MAX {
            wrong.push(format!("{}: {} lines", file.path, lines.len()));
        }
        for (number, line) in (1..).zip(&lines) {
            // A link can't be broken.
            if line.chars().count() > COLUMNS_MAX && !line.contains("https://") {
                let long = line.chars().count();
                wrong.push(format!("{}:{number}: {long} columns", file.path));
            }
        }
        for (number, name, long) in functions(&lines) {
            if long > FUNCTION_LINES_MAX {
                wrong.push(format!("{}:{number}: {name} has {long} lines", file.path));
            }
        }
    }
    assert_none("too long", wrong);
}

/// Line, name and length of every function, by the indentation that rustfmt gives.
fn functions<'a>(lines: &[&'a str]) -> Vec<(usize, &'a str, usize)> {
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let Some((before, rest)) = line.split_once("fn ") else {
            continue;
        };
        let words = ["pub", "pub(super)", "pub(crate)", "const"];
        if !before.split_whitespace().all(|word| words.contains(&word)) {
            continue;
        }
        let end = format!("{}}}", " ".repeat(indent));
        let body = lines.iter().skip(at).position(|line| *line == end);
        let name = rest.split(['(', '<']).next().unwrap_or(rest);
        found.extend(body.map(|length| (at + 1, name, length + 1)));
    }
    found
}

#[test]
fn every_file_says_what_lives_in_it() {
    let silent = rust_files().into_iter();
    let silent = silent.filter(|file| !file.text.starts_with("//! "));
    assert_none("no `//!` line", silent.map(|file| file.path).collect());
}

#[test]
fn every_rule_has_a_page_and_every_page_a_rule() {
    let metas = all_metas(RULES);
    let known: BTreeSet<String> = metas
        .iter()
        .map(|meta| format!("rules/{}/{}.md", meta.family.name(), meta.id))
        .collect();
    assert_eq!(known.len(), metas.len(), "two rules share a name");
    let pages = files("rules").into_iter().map(|file| file.path);
    let pages: BTreeSet<String> = pages.filter(|path| path.ends_with(".md")).collect();
    assert_eq!(pages, known, "pages and rules");

    let checks = files("src/rules").into_iter();
    let checks = checks.filter(|file| file.text.contains("pub static RULE: Rule"));
    let checks: BTreeSet<String> = checks.map(|file| file.path).collect();
    let listed = RULES.iter().map(|rule| &rule.meta);
    let listed = listed.map(|meta| {
        let file = meta.id.replace('-', "_");
        format!("src/rules/{}/{file}.rs", meta.family.name())
    });
    assert_eq!(checks, listed.collect(), "checks and the list of rules");
}

#[test]
fn every_folder_of_cases_is_used_by_a_test() {
    let mut named = BTreeSet::new();
    for file in rust_files() {
        let mentions = file.text.split("testdata/").skip(1);
        let ends = |text: &str| text.find(|c: char| !(c.is_alphanumeric() || "-_./".contains(c)));
        for mention in mentions {
            let end = ends(mention).unwrap_or(mention.len());
            named.insert(
                mention
                    .split_at(end)
                    .0
                    .trim_end_matches(['/', '.'])
                    .to_owned(),
            );
        }
    }
    let folders: BTreeSet<PathBuf> = files("testdata")
        .into_iter()
        .filter_map(|file| Some(Path::new(&file.path).parent()?.to_owned()))
        .collect();
    let unused = folders.into_iter().filter(|folder| {
        let folder = folder.strip_prefix("testdata").unwrap();
        !named
            .iter()
            .any(|name| folder.starts_with(name) || Path::new(name).starts_with(folder))
    });
    let unused = unused.map(|folder| folder.display().to_string());
    assert_none("no test names these folders", unused.collect());
}

/// What would tie the repository to the place where it was written. Cases are data, and may say
/// anything.
const FORBIDDEN: [&str; 9] = [
    concat!("/", "work/"),
    concat!("/", "root/"),
    concat!("/", "home/"),
    concat!("/", "tmp/"),
    concat!("issues ", "show"),
    concat!("this ", "session"),
    concat!("index.", "crates.io"),
    concat!("pypi", ".org"),
    concat!("proxy.", "golang.org"),
];

#[test]
fn nothing_names_the_place_where_it_was_written() {
    let mut wrong = Vec::new();
    for file in files(".") {
        if file.path.contains("testdata/") || file.path.ends_with(".lock") {
            continue;
        }
        for (number, line) in (1..).zip(file.text.lines()) {
            for word in FORBIDDEN.iter().filter(|word| line.contains(**word)) {
                wrong.push(format!("{}:{number}: {word}", file.path));
            }
        }
    }
    assert_none("words that don't belong here", wrong);
}
