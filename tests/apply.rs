//! Holds `apply-differs` to what was seen on real control planes.
//!
//! `testdata/apply/cases` holds pairs of an object as it is now and its new version;
//! `testdata/apply/outcomes.tsv`, which `e2e/apply/check` writes, says what comes of putting and of
//! applying the new one.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use kubevet::lint::config::{CommandLine, Config};
use kubevet::minor::{Minor, Minors};

const BOTH: &str = "`kubectl apply`, with `--server-side` and without, ";
const WAYS: [(&str, &str); 2] = [
    ("client-side", "`kubectl apply` "),
    ("server-side", "`kubectl apply --server-side` "),
];

#[test]
fn what_is_said_of_applying_was_seen() {
    let table = fs::read_to_string(path("outcomes.tsv")).unwrap();
    let mut wrong = Vec::new();
    let mut count = 0;
    for line in table.lines().skip(1) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [minor, case, put, ways @ ..] = columns.as_slice() else {
            panic!("{line}");
        };
        count += 1;
        let said = said(case, minor.parse().unwrap());
        for ((way, who), outcome) in WAYS.iter().zip(ways) {
            let says = |message: &String| {
                let what = message.strip_prefix(who).or(message.strip_prefix(BOTH));
                what.map(str::to_owned)
            };
            let says: Vec<String> = said.iter().filter_map(says).collect();
            if !fits(put, outcome, &says) {
                wrong.push(format!("{minor} {case} {way}: {outcome}: {says:?}"));
            }
        }
    }
    assert!(count > 0 && wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Whether what is said of a way is what came of it.
fn fits(put: &str, outcome: &str, says: &[String]) -> bool {
    let only = |what: &str| !says.is_empty() && says.iter().all(|said| said.starts_with(what));
    let (what, how) = outcome.split_once(": ").unwrap_or((outcome, ""));
    match what {
        _ if put == "rejected" => says.is_empty(),
        "rejected" => only("is rejected") || only("mixes up"),
        "differs" if only("mixes up") => true,
        "differs" => how.split("; ").all(|deviation| {
            let (path, values) = deviation.split_once(" is ").unwrap();
            let (there, put) = values.split_once(", not ").unwrap();
            let name = path.rsplit('.').next().unwrap();
            let leaves = format!("leaves `{name}` at `{}`", there.trim_matches('"'));
            // Defaults that have lost their meaning, and an alias of what is said, are no news.
            let is_silent = put == "null" && there.starts_with('{') || name == "serviceAccount";
            is_silent || says.iter().any(|said| said.starts_with(&leaves))
        }),
        _ => says.is_empty(),
    }
}

/// The messages about applying the second document of a case over the first.
fn said(case: &str, minor: Minor) -> Vec<String> {
    let text = fs::read_to_string(path(&format!("cases/{case}.yaml"))).unwrap();
    let (before, after) = text.split_once("---\n").unwrap();
    let file = |text: &str| vec![("case.yaml".to_owned(), text.into())];
    let config = Config::default().under(CommandLine {
        minors: Some(Minors::one(minor)),
        ..CommandLine::default()
    });
    let outcome = support::lint_with(config, &file(after), &file(before));
    let own = outcome.findings.into_iter();
    let own = own.filter(|finding| finding.rule.id == "apply-differs");
    own.map(|finding| finding.message).collect()
}

fn path(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/apply");
    folder.join(name)
}
