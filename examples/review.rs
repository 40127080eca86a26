//! Reviews without a server: reads an `AdmissionReview` a line and prints the findings behind its
//! answer, as `[[rule, severity, path, message, [related path, …]], …]`. The command
//! `e2e/corpus/one-verdict` holds them to those of `kubevet lint`.
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::io::{BufRead, Error, stdin};

use kubevet::lint::config::{Config, Day};
use kubevet::rules::RULES;
use kubevet::webhook::judge::Laws;
use kubevet::webhook::request::Request;
use kubevet::webhook::review::review;
use kubevet::webhook::sight::Nothing;

fn main() -> Result<(), Error> {
    let config = Config::default();
    let laws = Laws {
        config: &config,
        rules: RULES,
    };
    for line in stdin().lock().lines() {
        let line = line?;
        let of_fault = |fault| Error::other(format!("{fault:?}: {line}"));
        let request = Request::read(line.as_bytes()).map_err(of_fault)?;
        // Exemptions have days; there are none here.
        let today = Day::parse("2026-01-01").ok_or_else(|| Error::other("no day"))?;
        let answer = review(&request, laws, &Nothing, today).map_err(of_fault)?;
        let findings = answer.told().iter().map(|told| &told.finding);
        let list = findings.map(|finding| {
            let related = finding.related.iter();
            let related: Vec<_> = related.map(|related| &related.place.path).collect();
            let (rule, severity) = (finding.rule.id, finding.severity.name());
            (
                rule,
                severity,
                &finding.place.path,
                &finding.message,
                related,
            )
        });
        println!("{}", serde_json::to_string(&list.collect::<Vec<_>>())?);
    }
    Ok(())
}
