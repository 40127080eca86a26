//! The recorder: asks the judges the cases of testdata/apiserver/cases.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use kubevet::minor::{Minor, Minors};
use serde_json::Value;

use super::judge::{Failure, Judge};
use super::recorded::{Recorded, Said, asked, in_ranges, ranges};

/// Writes down what the judges say, or fails if it differs from what is written.
pub fn record(root: &Path, minors: &[Minor], check: bool) -> Result<(), Failure> {
    let folder = root.join("testdata/apiserver/cases");
    let mut files: Vec<(String, Vec<String>)> = Vec::new();
    let mut entries = std::fs::read_dir(&folder)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.ends_with(".jsonl") {
            let text = std::fs::read_to_string(entry.path())?;
            files.push((name, text.lines().map(str::to_owned).collect()));
        }
    }
    // By file, case and answer, the minors that give it.
    let mut said: Vec<Vec<Vec<(Said, Minors)>>> = files
        .iter()
        .map(|(_, lines)| vec![Vec::new(); lines.len()])
        .collect();
    for &minor in minors {
        let program = root.join(format!("e2e/bin/judge-{minor}"));
        if !program.exists() {
            return Err(format!("there is no judge of {minor}: see e2e/linked/README.md").into());
        }
        let judge = Judge::start(&program, &["-cases", "-workers", "2"])?;
        for ((_, lines), said) in files.iter().zip(&mut said) {
            let answers = judge.ask(lines.iter().map(|line| asked(line)).collect())?;
            for ((line, answer), said) in lines.iter().zip(answers).zip(said) {
                let case: Value = serde_json::from_str(line)?;
                let new = Said::of(&answer, &case, minor);
                match said.iter_mut().find(|(known, _)| *known == new) {
                    Some((_, minors)) => *minors = minors.with(Minors::one(minor)),
                    None => said.push((new, Minors::one(minor))),
                }
            }
        }
    }
    let verdicts = root.join("testdata/apiserver/verdicts");
    let mut failed = 0;
    for ((name, lines), said) in files.iter().zip(said) {
        let file = verdicts.join(name);
        if check {
            failed += differ(&std::fs::read_to_string(&file)?, lines, &said, minors)?;
        } else {
            std::fs::create_dir_all(&verdicts)?;
            std::fs::write(file, written(lines, said)?)?;
        }
    }
    if check {
        let all: usize = files.iter().map(|(_, lines)| lines.len()).sum();
        println!("{} passed, {failed} failed", all.saturating_sub(failed));
    }
    match failed {
        0 => Ok(()),
        _ => Err("the judges don't say what is recorded: see e2e/parity/record".into()),
    }
}

/// How many cases of a file are answered otherwise than is recorded.
fn differ(
    recorded: &str,
    lines: &[String],
    said: &[Vec<(Said, Minors)>],
    minors: &[Minor],
) -> Result<usize, Failure> {
    let recorded: Vec<Recorded> = recorded
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    let mut differ = lines.len().abs_diff(recorded.len());
    for ((line, said), recorded) in lines.iter().zip(said).zip(&recorded) {
        let case: Value = serde_json::from_str(line)?;
        let id = case.get("id").and_then(Value::as_str).unwrap_or("");
        let is_recorded = |minor: &Minor| {
            let now = said.iter().find(|(_, minors)| minors.contains(*minor));
            let mut then = recorded.said.iter();
            let then = then.find(|(range, _)| in_ranges(range).contains(*minor));
            now.map(|(said, _)| said) == then.map(|(_, said)| said)
        };
        if id != recorded.id || !minors.iter().all(is_recorded) {
            println!("{id}");
            differ += 1;
        }
    }
    Ok(differ)
}

fn written(lines: &[String], said: Vec<Vec<(Said, Minors)>>) -> Result<String, Failure> {
    let mut out = String::new();
    for (line, said) in lines.iter().zip(said) {
        let case: Value = serde_json::from_str(line)?;
        let said: BTreeMap<String, Said> = said
            .into_iter()
            .map(|(said, minors)| (ranges(minors), said))
            .collect();
        let id = case
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned();
        writeln!(out, "{}", serde_json::to_string(&Recorded { id, said })?)?;
    }
    Ok(out)
}
