//! The recorder: asks the judges the cases of testdata/apiserver/cases.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use kubevet::minor::{Minor, Minors};
use serde_json::Value;

use super::judge::{Failure, Judge};
use super::recorded::{Recorded, Said, asked, ranges};

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
    for ((name, lines), said) in files.iter().zip(said) {
        let text = written(lines, said)?;
        let file = verdicts.join(name);
        if !check {
            std::fs::create_dir_all(&verdicts)?;
            std::fs::write(file, text)?;
        } else if std::fs::read_to_string(&file).unwrap_or_default() != text {
            return Err(format!("the judges don't say what {} holds", file.display()).into());
        }
    }
    Ok(())
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
