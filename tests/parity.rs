//! Holds kubevet's model of the API server to recorded answers of the server's own code: the cases
//! of testdata/apiserver/cases, answered in testdata/apiserver/verdicts by `e2e/parity/record`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]
#![allow(dead_code, reason = "the modules are shared with the comparison")]

#[path = "../examples/parity/model.rs"]
mod model;
#[path = "../examples/parity/normal.rs"]
mod normal;
#[path = "../examples/parity/places.rs"]
mod places;
#[path = "../examples/parity/recorded.rs"]
mod recorded;

use std::fs;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use serde_json::Value;

use model::answer_line;
use recorded::{Recorded, Said, asked, in_ranges};

fn folder(name: &str) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    root.join("testdata/apiserver").join(name)
}

/// The files of a folder, by name.
fn files(name: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir(folder(name)).unwrap();
    let mut files: Vec<(String, String)> = entries
        .map(|entry| {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .filter(|(name, _)| name.ends_with(".jsonl"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_case_has_its_recorded_answers() {
    let (cases, verdicts) = (files("cases"), files("verdicts"));
    assert!(!cases.is_empty());
    let ids = |files: &[(String, String)]| -> Vec<(String, Vec<Value>)> {
        let id = |line: &str| serde_json::from_str::<Value>(line).unwrap()["id"].take();
        let of = |text: &str| text.lines().map(id).collect();
        files
            .iter()
            .map(|(name, text)| (name.clone(), of(text)))
            .collect()
    };
    assert_eq!(ids(&cases), ids(&verdicts), "run e2e/parity/record");
}

#[test]
fn the_model_says_what_the_server_says() {
    let mut wrong = Vec::new();
    for ((name, cases), (_, verdicts)) in files("cases").iter().zip(files("verdicts")) {
        let pairs: Vec<_> = cases.lines().zip(verdicts.lines()).collect();
        let differs = |(case, recorded): &(&str, &str)| differences(case, recorded);
        let found: Vec<String> = pairs.par_iter().flat_map(differs).collect();
        wrong.extend(found.into_iter().map(|told| format!("{name} {told}")));
    }
    let (count, first) = (
        wrong.len(),
        wrong.iter().take(20).cloned().collect::<Vec<_>>(),
    );
    assert!(wrong.is_empty(), "{count} differ:\n{}", first.join("\n"));
}

/// The minors in which kubevet says something else than what is recorded.
fn differences(line: &str, recorded: &str) -> Vec<String> {
    let case: Value = serde_json::from_str(line).unwrap();
    let recorded: Recorded = serde_json::from_str(recorded).unwrap();
    let mut wrong = Vec::new();
    for (range, said) in &recorded.said {
        for minor in in_ranges(range).iter() {
            let (_, answer) = answer_line(&asked(line), minor);
            let ours = Said::of(&answer, &case, minor);
            if ours != *said {
                let id = &recorded.id;
                wrong.push(format!(
                    "{id} {minor}:\n  server  {said:?}\n  kubevet {ours:?}"
                ));
            }
        }
    }
    wrong
}
