//! What must hold for any bytes: shared by `tests/robust.rs` and the targets in `fuzz/`.
//!
//! The whole engine runs over a few files as the command line would run it, with one thread and
//! with two. It must not panic, every place must lie in its text, and the JSON must be the same.

#[path = "../support/mod.rs"]
pub mod support;

use kubevet::finding::Place;
use kubevet::lint::run::{Outcome, all_metas};
use kubevet::report::{Format, Options, Report, Verbosity, render};
use kubevet::rules::RULES;
use kubevet::source::{Source, SourceId};

/// Lints these files with one thread and with two, holds the outcome to what must always hold
/// and shows it in every format; gives the report as JSON.
pub fn check(files: &[(String, Vec<u8>)]) -> String {
    let (outcome, json) = check_run(files, 1);
    let (_, again) = check_run(files, 2);
    assert!(json == again, "1 and 2 threads differ");
    for format in Format::OF_CLUSTERS {
        assert!(!shown(&outcome, format).is_empty());
    }
    json
}

/// Lints these files and holds the outcome to what must always hold; gives the report as JSON, too.
pub fn check_run(files: &[(String, Vec<u8>)], threads: usize) -> (Outcome, String) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    let pool = pool.build().expect("threads can be started");
    let outcome = pool.install(|| support::lint(files));
    for finding in &outcome.findings {
        check_place(&finding.place, &outcome.sources);
        for related in &finding.related {
            check_place(&related.place, &outcome.sources);
        }
        assert!(!finding.message.is_empty() && !finding.key.is_empty());
    }
    let json = shown(&outcome, Format::Json);
    (outcome, json)
}

fn check_place(place: &Place, sources: &[Source]) {
    let source = sources.get(place.source.0 as usize);
    let source = source.expect("a place lies in a source");
    let text = source.text.get(place.span.range());
    assert!(text.is_some(), "{place:?} lies outside of its text");
}

fn shown(outcome: &Outcome, format: Format) -> String {
    let targets: Vec<SourceId> = (0..outcome.sources.len() as u32).map(SourceId).collect();
    let report = Report {
        findings: &outcome.findings,
        sources: &outcome.sources,
        targets: &targets,
        rules: &all_metas(RULES),
        masked: &outcome.masked,
        summary: &outcome.summary,
    };
    let options = Options {
        verbosity: Verbosity::Verbose,
        ..Options::default()
    };
    render(&report, format, &options)
}
