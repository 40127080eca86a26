//! What is found in whole projects: every folder of `testdata/trees` is one, and its
//! `expected.tsv` says what its files are, what is found in them and what stays undecided.
//! `UPDATE=1` writes what is found. Not here: what files are in detail (`files`).

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod support;

use std::fmt::Write;
use std::fs;
use std::path::Path;

#[test]
fn finds_what_the_projects_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/trees");
    let entries = fs::read_dir(folder).unwrap();
    let mut projects: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    projects.sort();
    assert!(!projects.is_empty());
    for project in projects {
        let golden = project.join("expected.tsv");
        let found = found(&project);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(golden).unwrap();
        assert_eq!(found, expected, "{}", project.display());
    }
}

fn found(project: &Path) -> String {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(project).sort_by_file_name() {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(project).unwrap();
        let name = name.to_string_lossy().replace('\\', "/");
        if entry.file_type().is_file() && name != "expected.tsv" {
            files.push((name, fs::read(entry.path()).unwrap()));
        }
    }
    let outcome = support::lint(&files);
    let mut text = String::new();
    for ((name, _), class) in files.iter().zip(&outcome.classes) {
        writeln!(text, "{name}\t{}", class.name()).unwrap();
    }
    for finding in &outcome.findings {
        let (file, _) = &files[finding.place.source.0 as usize];
        let (rule, path) = (finding.rule.id, &finding.place.path);
        writeln!(text, "{}\t{rule}\t{file}\t{path}", finding.severity).unwrap();
    }
    for undecided in &outcome.summary.undecided {
        writeln!(text, "undecided\t{}\t{}", undecided.rule, undecided.why).unwrap();
    }
    text
}
