//! What is reported for one file is what is reported for its whole repository about that file.
//!
//! The repository is made of the bad and good examples of all rule pages, each object in a file
//! of its own, so that every relation crosses files; half of the folders are bundles.
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
use std::path::Path;
use std::process::Command;

use kubevet::lint::run::all_metas;
use kubevet::report::Page;
use kubevet::rules::RULES;
use serde_json::Value;

#[test]
fn a_file_gets_the_findings_that_its_repository_gives_it() {
    let room = tempfile::tempdir().unwrap();
    let files = make_repository(room.path());
    let all = findings(room.path(), ".");
    let across = all.iter().filter(|f| !in_one_file(f)).count();
    assert!(across > 4, "only {across} findings relate files");
    for file in &files {
        let expected: Vec<&Value> = all.iter().filter(|f| touches(f, file)).collect();
        let alone = findings(room.path(), file);
        assert_eq!(alone.iter().collect::<Vec<_>>(), expected, "{file}");
    }
}

fn make_repository(root: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut config = String::from("bundles:\n");
    for meta in all_metas(RULES) {
        for section in ["Bad", "Good"] {
            let Some(example) = example(meta.page, section) else {
                continue;
            };
            let folder = format!("{}-{}", meta.id, section.to_lowercase());
            fs::create_dir(root.join(&folder)).unwrap();
            for (number, document) in example.split("\n---\n").enumerate() {
                let file = format!("{folder}/{number}.yaml");
                fs::write(root.join(&file), format!("{document}\n")).unwrap();
                files.push(file);
            }
            if section == "Bad" {
                let closed = meta.id.len() % 2 == 0;
                writeln!(config, "- {{paths: [{folder}], closed: {closed}}}").unwrap();
            }
        }
    }
    fs::write(root.join(".kubevet.yaml"), config).unwrap();
    git(root, &["init", "-q"]);
    git(root, &["add", "."]);
    files
}

fn example(page: &'static str, section: &str) -> Option<&'static str> {
    let text = Page::new(page).section(section)?;
    let (_, rest) = text.split_once("```yaml\n")?;
    Some(rest.split_once("```")?.0)
}

fn git(root: &Path, args: &[&str]) {
    let status = Command::new("git").args(args).current_dir(root).status();
    assert!(status.unwrap().success());
}

fn findings(root: &Path, target: &str) -> Vec<Value> {
    let output = Command::new(env!("CARGO_BIN_EXE_kubevet"))
        .args(["lint", "--format", "json", target])
        .current_dir(root)
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["findings"].as_array().unwrap().clone()
}

fn related(finding: &Value) -> impl Iterator<Item = &Value> {
    finding["related"].as_array().unwrap().iter()
}

fn touches(finding: &Value, file: &str) -> bool {
    finding["file"] == file || related(finding).any(|place| place["file"] == file)
}

fn in_one_file(finding: &Value) -> bool {
    related(finding).all(|place| place["file"] == finding["file"])
}
