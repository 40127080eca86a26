//! Cases of a file, with the answers of another that somebody gave to them, such as a running
//! server: what differs from kubevet's model is printed, a line a case.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

use kubevet::minor::Minor;
use serde_json::Value;

use super::cases::Case;
use super::compare::compare;
use super::judge::{Failure, read};
use super::model::answer_line;
use super::pool::{Pool, kind_of};
use super::report::Tally;

/// Compares the model with the answers to all cases of kinds that it has. A line that is printed
/// holds the classes of what differs, a tab, and the case.
pub fn run(
    (cases, answers): (&Path, &Path),
    minor: Minor,
    excluded: &BTreeSet<String>,
) -> Result<Tally, Failure> {
    let pool = Pool::new(&[], minor);
    let mut tally = Tally::default();
    let of_minor = minor.to_string();
    let lines = |file| File::open(file).map(|file| BufReader::new(file).lines());
    for (line, answer) in lines(cases)?.zip(lines(answers)?) {
        let (line, theirs) = (line?, read(&answer?)?);
        let case = case(&line)?;
        let name = kind_of(&case.object);
        let kind = pool
            .kinds
            .iter()
            .find(|kind| name.as_ref() == Some(&kind.name));
        // An update of what the server wouldn't have created is no question.
        let Some(kind) = kind.filter(|_| theirs.code != 0) else {
            continue;
        };
        let ours = answer_line(&line, minor).1;
        let found = compare(&kind.name, kind.root, minor, &case, (&theirs, &ours));
        let of = (&*of_minor, &*kind.name);
        tally.add(of, (&case, line.len()), (&theirs, &ours), &found, excluded);
        let classes = found.iter().map(|difference| difference.class.name());
        let classes: Vec<String> = classes.filter(|name| !excluded.contains(name)).collect();
        if !classes.is_empty() {
            println!("{}\t{line}", classes.join("; "));
        }
    }
    Ok(tally)
}

fn case(line: &str) -> Result<Case, Failure> {
    let mut case: Value = serde_json::from_str(line)?;
    let mut taken = |key| case.get_mut(key).map(Value::take);
    Ok(Case {
        id: taken("id").map(|id| id.to_string()).unwrap_or_default(),
        object: taken("object").ok_or("a case without an object")?,
        old: taken("old"),
        aim: None,
        is_pure: false,
    })
}
