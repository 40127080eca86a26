//! Whole runs over small folders: every folder of `testdata/lint/runs` is a project, and its
//! `expected.txt` says what is found in it and what couldn't be known. `UPDATE=1` writes it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kubevet::lint::run::Outcome;

#[test]
fn says_of_every_folder_what_is_expected() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/lint/runs");
    let mut wrong = Vec::new();
    for case in sorted(&cases) {
        let said = lint(&cases.join(&case));
        let golden = cases.join(&case).join("expected.txt");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &said).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if expected != said {
            wrong.push(format!("{case}\n--- expected\n{expected}--- said\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn lint(folder: &Path) -> String {
    let names = sorted(folder).into_iter().filter(|n| n != "expected.txt");
    let read = |name: String| {
        let bytes = fs::read(folder.join(&name)).unwrap();
        (name, bytes)
    };
    let files: Vec<_> = names.map(read).collect();
    let outcome = support::lint(&files);
    text(&outcome)
}

fn text(outcome: &Outcome) -> String {
    let mut said = String::new();
    for finding in &outcome.findings {
        let source = &outcome.sources[finding.place.source.0 as usize];
        let at = source.position(finding.place.span.start);
        let (name, path, rule) = (&source.name, &finding.place.path, finding.rule.id);
        let message = &finding.message;
        writeln!(
            said,
            "{name}:{}:{} {rule} {path}: {message}",
            at.line, at.column
        )
        .unwrap();
    }
    let summary = &outcome.summary;
    for (kind, count) in &summary.unchecked_kinds {
        writeln!(said, "unchecked {kind} {count}").unwrap();
    }
    for question in &summary.undecided {
        writeln!(said, "undecided {}: {}", question.rule, question.why).unwrap();
    }
    for skipped in &summary.skipped {
        writeln!(said, "skipped {}: {}", skipped.file, skipped.why).unwrap();
    }
    said
}

fn sorted(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<_> = names.collect();
    names.sort();
    names
}
