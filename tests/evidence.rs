//! Holds rules with evidence `confirmed` to the record of a real control plane.
//!
//! `testdata/rules/observed.json` is what became of the pages' manifests, in every minor that
//! they were run on; `e2e/pages/check` writes it. `testdata/rules/confirmed.tsv` says where in it a
//! rule's claim can be seen. What the API server rejects is held to its verdicts in
//! `rule_cases.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly, its helpers too"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use kubevet::finding::Proof;
use kubevet::rules::RULES;
use serde_json::Value;

/// A line of the table: the rule with its family, the way to the value, the value for the bad and
/// for the good manifest.
struct Claim {
    rule: String,
    path: String,
    expected: [Value; 2],
}

#[test]
fn every_claim_is_seen_in_every_minor() {
    let record = record();
    let mut wrong = Vec::new();
    for claim in claims() {
        for (section, expected) in ["bad", "good"].iter().zip(&claim.expected) {
            let name = format!("{}/{section}", claim.rule);
            for (minor, observed) in minors(&record[&name]) {
                let seen = claim.path.split(' ').fold(observed, step);
                if seen != expected {
                    let path = &claim.path;
                    wrong.push(format!("{name} {minor}: {path} is {seen}, not {expected}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn confirmed_are_the_rules_whose_claim_tells_bad_from_good() {
    let told = claims().into_iter();
    let told = told.filter(|claim| claim.expected[0] != claim.expected[1]);
    let told: BTreeSet<String> = told.map(|claim| claim.rule).collect();
    let confirmed = RULES.iter().map(|rule| &rule.meta);
    let confirmed = confirmed.filter(|meta| meta.proof == Proof::Confirmed);
    let confirmed = confirmed.map(|meta| format!("{}/{}", meta.family.name(), meta.id));
    assert_eq!(told, confirmed.collect());
}

#[test]
fn observed_are_the_pages_as_they_are_now() {
    let record = record();
    let names = record.as_object().unwrap().keys();
    let mut stale = Vec::new();
    for name in names {
        let (rule, section) = name.rsplit_once('/').unwrap();
        let page = fs::read_to_string(file(&format!("rules/{rule}.md"))).unwrap();
        let heading = if section == "bad" {
            "## Bad"
        } else {
            "## Good"
        };
        let (_, rest) = page.split_once(heading).unwrap();
        let (text, _) = rest
            .split_once("```yaml\n")
            .unwrap()
            .1
            .split_once("```")
            .unwrap();
        if record[name]["manifest"] != text || minors(&record[name]).count() < 2 {
            stale.push(name);
        }
    }
    assert!(stale.is_empty(), "to be observed again: {stale:?}");
}

/// What is under a key or at an index; null if there is nothing.
fn step<'a>(value: &'a Value, key: &str) -> &'a Value {
    match key.parse::<usize>() {
        Ok(index) if value.is_array() => &value[index],
        _ => &value[key],
    }
}

/// What was observed of a manifest in each minor.
fn minors(manifest: &Value) -> impl Iterator<Item = (&String, &Value)> {
    let entries = manifest.as_object().unwrap().iter();
    entries.filter(|(key, _)| *key != "manifest")
}

fn claims() -> Vec<Claim> {
    let table = fs::read_to_string(file("testdata/rules/confirmed.tsv")).unwrap();
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    let claim = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        Claim {
            rule: columns[0].to_owned(),
            path: columns[1].to_owned(),
            expected: [2, 3].map(|at| serde_json::from_str(columns[at]).unwrap()),
        }
    };
    lines.map(claim).collect()
}

fn record() -> Value {
    let text = fs::read_to_string(file("testdata/rules/observed.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn file(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}
