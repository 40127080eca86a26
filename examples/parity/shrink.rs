//! Makes the example of a difference small: leaves out what can be left out while it stays.

use serde_json::Value;

use super::cases::Case;
use super::places::{Path, Step, get, remove};

const ROUNDS_MAX: usize = 30;
const CANDIDATES_MAX: usize = 300;

/// Which of some cases still show the difference.
pub type Holds<'a> = dyn FnMut(&[Case]) -> Vec<bool> + 'a;

/// A smaller case with the same difference.
pub fn shrink(case: &Case, holds: &mut Holds<'_>) -> Case {
    let mut case = case.clone();
    if case.old.is_some() {
        let alone = Case {
            old: None,
            ..case.clone()
        };
        if holds(std::slice::from_ref(&alone)) == [true] {
            case = alone;
        }
    }
    for _ in 0..ROUNDS_MAX {
        match round(&case, holds) {
            Some(smaller) => case = smaller,
            None => break,
        }
    }
    case
}

/// Leaves out as much as one look at all values allows; `None`: nothing.
fn round(case: &Case, holds: &mut Holds<'_>) -> Option<Case> {
    let mut paths = Vec::new();
    collect(&case.object, &mut Vec::new(), &mut paths);
    if let Some(old) = &case.old {
        collect(old, &mut Vec::new(), &mut paths);
    }
    paths.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    paths.dedup_by(|a, b| a.0 == b.0);
    paths.truncate(CANDIDATES_MAX);
    let single = |(path, _): &(Path, usize)| without(case, std::slice::from_ref(path));
    let candidates: Vec<Case> = paths.iter().map(single).collect();
    let kept = holds(&candidates);
    let mut useful: Vec<Path> = Vec::new();
    for ((path, _), holds) in paths.into_iter().zip(kept) {
        if holds && !useful.iter().any(|outer| path.starts_with(outer)) {
            useful.push(path);
        }
    }
    let together = |count: usize| without(case, useful.get(..count).unwrap_or(&[]));
    let candidates: Vec<Case> = (1..=useful.len()).map(together).collect();
    let kept = holds(&candidates);
    let best = kept.iter().rposition(|holds| *holds)?;
    candidates.into_iter().nth(best)
}

/// Every path below a value, with the size of what is there.
fn collect(value: &Value, at: &mut Path, found: &mut Vec<(Path, usize)>) -> usize {
    let mut size = 1;
    let mut inside = |step: Step, value: &Value, found: &mut Vec<(Path, usize)>| {
        at.push(step);
        let size = collect(value, at, found);
        found.push((at.clone(), size));
        at.pop();
        size
    };
    match value {
        Value::Object(map) => {
            for (key, value) in map {
                size += inside(Step::Key(key.clone()), value, found);
            }
        }
        Value::Array(items) => {
            for (i, value) in items.iter().enumerate() {
                size += inside(Step::Index(i), value, found);
            }
        }
        _ => {}
    }
    size
}

/// The case without some values; last items first, so that the paths stay right.
fn without(case: &Case, paths: &[Path]) -> Case {
    let mut case = case.clone();
    let mut paths: Vec<&Path> = paths.iter().collect();
    paths.sort();
    for path in paths.into_iter().rev() {
        if get(&case.object, path).is_some() {
            remove(&mut case.object, path);
        }
        if let Some(old) = &mut case.old {
            remove(old, path);
        }
    }
    case
}
