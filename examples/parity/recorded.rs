//! Recorded answers: how what judges say to the cases of testdata/apiserver/cases is written down.
//!
//! For each file of cases there is one of the same name in testdata/apiserver/verdicts, with a line
//! for each case in the same order: its id, and what is said in which minors. Causes are sorted
//! triples of field, reason and detail. Of a stored object stands there how its normal form
//! (`normal`) differs from that of the object in the case: what is set, and what is gone.

use std::collections::BTreeMap;

use kubevet::apiserver::schema::Table;
use kubevet::minor::{Minor, Minors};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::Answer;
use super::normal::{self, Given};

/// What is recorded of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recorded {
    /// The id of the case.
    pub id: String,
    /// What is said, by minors: `29-33,36`.
    pub said: BTreeMap<String, Said>,
}

/// What is said of a case.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Said {
    /// HTTP's code; 0 where nothing can be said.
    pub code: u16,
    /// Field, reason and detail of each cause, sorted, each once.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<(String, String, String)>,
    /// The warnings that come with an acceptance, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
    /// What the stored object holds beyond the given one, or instead.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub set: BTreeMap<String, Value>,
    /// What the stored object doesn't hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<String>,
}

impl Said {
    /// The part of an answer to a case that is recorded.
    pub fn of(answer: &Answer, case: &Value, minor: Minor) -> Self {
        let causes = answer.causes.iter();
        let causes = causes.map(|c| (c.field.clone(), c.reason.clone(), c.words().to_owned()));
        let mut causes: Vec<_> = causes.collect();
        causes.sort();
        causes.dedup();
        // Some come in the random order of a Go map. With a rejection come those that were met on
        // the way to it, which say nothing of the object.
        let mut warnings = answer.warnings.clone();
        warnings.retain(|_| answer.code < 300);
        warnings.sort();
        let mut said = Self {
            code: answer.code,
            causes,
            warnings,
            ..Self::default()
        };
        if let Some(stored) = &answer.stored {
            said.differ(case, stored, minor);
        }
        said
    }

    fn differ(&mut self, case: &Value, stored: &Value, minor: Minor) {
        let Some(object) = case.get("object") else {
            return;
        };
        let text = |key| object.get(key).and_then(Value::as_str).unwrap_or("");
        let api_version = text("apiVersion");
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let Some(kind) = Table::builtin().kind(minor, group, version, text("kind")) else {
            return;
        };
        let given = Given::of([Some(object), case.get("old")].into_iter().flatten());
        let form = |object: &Value| normal::normal(object, kind.root, minor, &given);
        let (given, stored) = (form(object), form(stored));
        for (path, _, now) in normal::differences(&given, &stored) {
            match now {
                Some(value) => drop(self.set.insert(path, value.clone())),
                None => self.gone.push(path),
            }
        }
    }
}

/// Minors as numbers and ranges: `29-33,36`.
pub fn ranges(minors: Minors) -> String {
    let mut runs: Vec<(u8, u8)> = Vec::new();
    for number in minors.iter().map(Minor::number) {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let shown = |(first, last): &(u8, u8)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    };
    runs.iter().map(shown).collect::<Vec<_>>().join(",")
}

/// The minors of a text such as `29-33,36`.
pub fn in_ranges(text: &str) -> Minors {
    let numbers = text.split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse().ok()?..=last.parse().ok()?)
    });
    numbers.flatten().filter_map(Minor::new).collect()
}

/// A case as the judges are asked it: with what is stored.
pub fn asked(line: &str) -> String {
    line.replacen('{', "{\"stored\":true,", 1)
}
