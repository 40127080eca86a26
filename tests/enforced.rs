//! Which of the schema's demands are errors: the cases of `testdata/apiserver/enforced`, held to
//! what the server is recorded to say to them. Its README says what a case is.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test may fail where it stands"
)]

#[path = "support/notes.rs"]
mod notes;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use kubevet::finding::{Finding, Server};
use kubevet::lint::config::{CommandLine, Config};
use kubevet::lint::load::File;
use kubevet::lint::run::{Job, run};
use kubevet::minor::{Minor, Minors};
use kubevet::rules::RULES;
use serde_json::Value;

#[test]
fn says_of_every_case_what_is_expected_and_recorded() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let verdicts = fs::read_to_string(folder.join("rules/verdicts.json")).unwrap();
    let verdicts: Value = serde_json::from_str(&verdicts).unwrap();
    let entries = fs::read_dir(folder.join("apiserver/enforced")).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|e| e == "yaml"));
    cases.sort();
    assert!(cases.len() >= 12, "only {} cases", cases.len());
    let mut wrong = String::new();
    for case in cases {
        let name = case.file_stem().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&case).unwrap();
        let recorded = verdicts[format!("enforced/{name}")].as_object().unwrap();
        for (minor, said) in recorded {
            let minor = minor.parse().unwrap();
            let causes = said[0]["causes"].as_array().unwrap();
            let found = findings(&text, minor);
            let shown: BTreeSet<String> = found.iter().filter_map(shown).collect();
            let expected = noted(&text, "#= ", minor);
            if shown != expected {
                wrong += &format!("{name} {minor}: {shown:#?} is not {expected:#?}\n");
            }
            wrong += &compare(&format!("{name} {minor}"), &text, minor, &found, causes);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Where the verdicts that the findings carry differ from the recorded causes.
fn compare(name: &str, text: &str, minor: Minor, found: &[Finding], causes: &[Value]) -> String {
    let ours = found.iter().filter_map(|finding| finding.server.as_ref());
    let ours: Vec<&Server> = ours.filter(|server| server.code == 422).collect();
    let mut wrong = String::new();
    for server in &ours {
        if !causes.iter().any(|cause| is_said(server, cause)) {
            wrong += &format!("{name}: the server doesn't say {server:?}\n");
        }
    }
    let missed = causes
        .iter()
        .filter(|cause| !ours.iter().any(|server| is_said(server, cause)));
    let missed: BTreeSet<String> = missed
        .map(|cause| cause["field"].as_str().unwrap().to_owned())
        .collect();
    if missed != noted(text, "#also: ", minor) {
        wrong += &format!("{name}: the server also says {missed:?}\n");
    }
    wrong
}

fn is_said(server: &Server, cause: &Value) -> bool {
    server.reason == cause["reason"]
        && server.field == cause["field"]
        && cause["message"].as_str().unwrap().ends_with(&server.detail)
}

/// What the comments that begin so note for a minor, in no order.
fn noted(text: &str, comment: &str, minor: Minor) -> BTreeSet<String> {
    notes::noted(text, comment, minor).into_iter().collect()
}

fn shown(finding: &Finding) -> Option<String> {
    let of_schema = ["missing-field", "unknown-value"].contains(&finding.rule.id);
    let how = match (&finding.server, &finding.hidden_by) {
        (_, Some(_)) => "hidden".to_owned(),
        (None, _) if !of_schema => return None,
        _ => finding.severity.to_string(),
    };
    Some(format!("{how} {} {}", finding.rule.id, finding.place.path))
}

fn findings(text: &str, minor: Minor) -> Vec<Finding> {
    let file = File {
        shown: "case.yaml".to_owned(),
        location: "/case.yaml".to_owned(),
        config_path: "case.yaml".to_owned(),
        target: true,
        ..File::default()
    };
    let command = CommandLine {
        minors: Some(Minors::one(minor)),
        ..CommandLine::default()
    };
    let job = Job {
        files: &[file],
        charts: &BTreeSet::new(),
        read: &|_| Ok(text.as_bytes().to_vec()),
        configs: &[Config::default().under(command)],
        rules: RULES,
        schemas: &[],
        covered: &BTreeMap::new(),
        old: &[],
    };
    run(job).findings
}
