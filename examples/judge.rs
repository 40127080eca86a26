//! Answers a stream of cases as `e2e/bin/judge-1.M -cases` does, with kubevet's own model of the
//! server: `cargo run --release --example judge -- --minor 1.37 < cases.jsonl`. A cause has one
//! key more than a judge's, `row`.
#![allow(clippy::print_stderr, reason = "it is a program")]

#[allow(dead_code, reason = "it is shared with the comparison")]
#[path = "parity/model.rs"]
mod model;

use std::io::{BufRead, BufWriter, Write};
use std::process::ExitCode;

use kubevet::minor::Minor;
use model::Answer;
use serde::Serialize;
use serde_json::Value;

/// A line of the output.
#[derive(Serialize)]
struct Line<'a> {
    id: Value,
    #[serde(flatten)]
    answer: &'a Answer,
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("judge: {why}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let minor: Minor = match args.as_slice() {
        [] => Minor::DEFAULT,
        [flag, minor] if flag == "--minor" => minor.parse()?,
        _ => return Err("usage: judge [--minor 1.37]".into()),
    };
    let mut out = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let (id, answer) = model::answer_line(&line, minor);
        let id = serde_json::from_str(&id)?;
        serde_json::to_writer(
            &mut out,
            &Line {
                id,
                answer: &answer,
            },
        )?;
        writeln!(out)?;
        out.flush()?;
    }
    Ok(())
}
