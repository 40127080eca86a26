//! The YAML case table: every `testdata/yaml/**/NAME.yaml` is read as kubectl reads it.
//!
//! `NAME.json` beside it is what sigs.k8s.io/yaml and kubectl's splitter make of it, one line a
//! document: JSON, or `error: ` and Go's message (ours may be worded otherwise). It is written by
//! `cd e2e/yaml && go run . -cases ../../testdata/yaml`. `testdata/yaml/dropped.tsv` lists the text
//! that kubectl never looks at (written with `UPDATE=1`).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail where it stands"
)]

use std::fs;
use std::path::{Path, PathBuf};

use kubevet::source::Source;
use kubevet::yaml::{self, canonical};

#[test]
fn reads_every_case_as_kubectl_does() {
    let root = folder();
    let mut cases = Vec::new();
    collect(&root, &mut cases);
    assert!(cases.len() >= 150, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let name = case.strip_prefix(&root).unwrap().with_extension("");
        let name = name.to_str().unwrap().replace('\\', "/");
        let expected = fs::read_to_string(case.with_extension("json")).unwrap();
        let read = read(&name, fs::read(case).unwrap());
        if !agree(&expected, &read) {
            wrong.push(format!("{name}\n--- expected\n{expected}--- read\n{read}"));
        }
    }
    let (count, all) = (wrong.len(), cases.len());
    assert!(
        wrong.is_empty(),
        "{}\n{count} of {all} differ",
        wrong.join("\n")
    );
}

#[test]
fn notes_the_text_that_kubectl_drops() {
    let root = folder();
    let golden = root.join("dropped.tsv");
    let mut cases = Vec::new();
    collect(&root, &mut cases);
    let mut found = "case\tdocument\tline\tcolumn\ttext\n".to_owned();
    for case in &cases {
        let name = case.strip_prefix(&root).unwrap().with_extension("");
        let name = name.to_str().unwrap().replace('\\', "/");
        let source = Source::decode(name.as_str(), fs::read(case).unwrap());
        for dropped in yaml::read(&source).dropped {
            let at = source.position(dropped.span.start);
            let text = source.text.get(dropped.span.range()).unwrap();
            let line = format!("{name}\t{}\t{}\t{}\t", dropped.document, at.line, at.column);
            found += &format!("{line}{}\n", text.escape_debug());
        }
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(golden).unwrap());
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/yaml")
}

fn collect(folder: &Path, cases: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, cases);
        } else if path.extension().is_some_and(|e| e == "yaml") {
            cases.push(path);
        }
    }
}

/// What kubevet makes of a case, in the form of a golden.
fn read(name: &str, bytes: Vec<u8>) -> String {
    let source = Source::decode(name, bytes);
    let reading = yaml::read(&source);
    let mut lines = String::new();
    for document in &reading.documents {
        match &document.root {
            Ok(Some(root)) => lines += &canonical::json(reading.tree.node(*root)),
            Ok(None) => lines += "null",
            Err(fault) => {
                let (at, within) = (fault.span.range(), document.span.range());
                assert!(!fault.message.is_empty(), "{name}: a fault without words");
                assert!(
                    within.start <= at.start && at.end <= within.end && at.start <= at.end,
                    "{name}: the fault at {at:?} lies outside its document {within:?}"
                );
                let line = source.position(fault.span.start).line;
                lines += &format!("error: line {line}: {}", fault.message.replace('\n', "\\n"));
            }
        }
        lines.push('\n');
    }
    lines
}

/// The same JSON or two errors, document by document.
fn agree(expected: &str, read: &str) -> bool {
    let failed = |line: &str| line.starts_with("error: ");
    let same = |(a, b): (&str, &str)| a == b || (failed(a) && failed(b));
    expected.lines().count() == read.lines().count() && expected.lines().zip(read.lines()).all(same)
}
