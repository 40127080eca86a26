//! The command as people and hooks use it: every folder of `testdata/cli` is a case.
//!
//! `cmd` holds shell commands, one a line, run one after the other in a copy of the folder `in`
//! with `kubevet` on the path; `out` is what they said: standard output, then lines of standard
//! error behind `! `, then the exit code where it isn't 0. Every kubevet JSON report among it,
//! on standard output or in a file, is held to `schemas/report.schema.json`. Names of files in
//! `in` stand for others where a file can't be kept so: `dot.x` for `.x`.
//!
//! `UPDATE=1 cargo test --test cli` rewrites what is expected; `CASE=name` runs one case.
#![cfg(unix)]
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// No command of a case may take longer.
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn answers_as_recorded() {
    let schema = report_schema();
    let update = std::env::var_os("UPDATE").is_some();
    let mut wrong = Vec::new();
    for case in cases() {
        let name = case.file_name().unwrap().to_string_lossy().into_owned();
        let found = play(&case, &schema);
        let golden = case.join("out");
        if update {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{name}:\n{}", difference(&expected, &found)));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/cli");
    let only = std::env::var("CASE").ok();
    let entries = fs::read_dir(folder).unwrap();
    let mut cases: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.retain(|case| case.is_dir());
    cases.retain(|case| only.as_ref().is_none_or(|only| case.ends_with(only)));
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

fn report_schema() -> jsonschema::Validator {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/report.schema.json");
    let schema = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    jsonschema::validator_for(&schema).unwrap()
}

/// Runs the commands of a case and writes down what they say.
fn play(case: &Path, schema: &jsonschema::Validator) -> String {
    let room = tempfile::tempdir().unwrap();
    let folder = room.path().canonicalize().unwrap().join("in");
    fs::create_dir(&folder).unwrap();
    copy(&case.join("in"), &folder);
    let commands = fs::read_to_string(case.join("cmd")).unwrap();
    let mut said = String::new();
    for line in commands.lines() {
        if line.is_empty() || line.starts_with('#') {
            writeln!(said, "{line}").unwrap();
            continue;
        }
        let (out, err, code) = run(line, &folder, room.path());
        hold_to_schema(&out, schema, line);
        writeln!(said, "$ {line}").unwrap();
        for text in [out, quoted(&err)] {
            said.push_str(&text);
            if !text.is_empty() && !text.ends_with('\n') {
                said.push_str("(no line break)\n");
            }
        }
        if code != "0" {
            writeln!(said, "exit {code}").unwrap();
        }
    }
    for file in files_below(&folder) {
        if let Ok(text) = fs::read_to_string(&file) {
            hold_to_schema(&text, schema, &file.to_string_lossy());
        }
    }
    said.replace(&folder.to_string_lossy().into_owned(), "[HERE]")
}

fn run(line: &str, folder: &Path, room: &Path) -> (String, String, String) {
    let binary = Path::new(env!("CARGO_BIN_EXE_kubevet")).parent().unwrap();
    let path = std::env::var("PATH").unwrap_or_default();
    let (out, err) = (room.join("stdout"), room.join("stderr"));
    let mut child = Command::new("sh")
        .args(["-c", line])
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:{path}", binary.display()))
        .env("HOME", room)
        .env("LC_ALL", "C.UTF-8")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .stdin(Stdio::null())
        .stdout(fs::File::create(&out).unwrap())
        .stderr(fs::File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            panic!("`{line}` hangs");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let read = |path| String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned();
    let code = status
        .code()
        .map_or("by a signal".into(), |c| c.to_string());
    (read(&out), read(&err), code)
}

fn hold_to_schema(text: &str, schema: &jsonschema::Validator, what: &str) {
    let Ok(value) = serde_json::from_str::<Value>(text) else {
        return;
    };
    if value["tool"]["name"] == "kubevet" {
        let faults: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
        assert!(faults.is_empty(), "{what}: {faults:?}");
    }
}

fn quoted(text: &str) -> String {
    text.lines().map(|line| format!("! {line}\n")).collect()
}

fn copy(from: &Path, to: &Path) {
    for file in files_below(from) {
        let way = file.strip_prefix(from).unwrap();
        let parts = way.iter().map(|part| {
            let part = part.to_string_lossy();
            match part.strip_prefix("dot.") {
                Some(rest) => format!(".{rest}"),
                None => part.into_owned(),
            }
        });
        let to = parts.fold(to.to_owned(), |to, part| to.join(part));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(&file, to).unwrap();
    }
}

fn files_below(folder: &Path) -> Vec<PathBuf> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name();
    let entries = entries.into_iter().filter_map(Result::ok);
    let files = entries.filter(|entry| entry.file_type().is_file());
    files.map(walkdir::DirEntry::into_path).collect()
}

/// The first lines that differ, with those before them.
fn difference(expected: &str, found: &str) -> String {
    let same = expected.lines().zip(found.lines());
    let same = same.take_while(|(a, b)| a == b).count();
    let show = |mark: &str, text: &str| {
        let lines = text.lines().skip(same).take(12);
        lines
            .map(|line| format!("  {mark} {line}\n"))
            .collect::<String>()
    };
    let before = found.lines().skip(same.saturating_sub(8)).take(same.min(8));
    let before: String = before.map(|line| format!("    {line}\n")).collect();
    format!("{before}{}{}", show("-", expected), show("+", found))
}
