//! The rows of what the server checks, from `e2e/parity/sheet.tsv`, and which of them a fault or an
//! aim counts for.
//!
//! Lives here: reading that table, and fields as rows name them. Not here: the counts (`rows`).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::compare::field_pattern;
use super::model::Answer;

/// A row of the table.
#[derive(Clone, Debug, Default)]
pub struct Row {
    /// `POD-07`
    pub name: String,
    /// What kind of row it is: `checked` where a fault can show it; the table tells the others.
    pub state: String,
    /// Field, reason and detail, for those that are never met.
    pub facts: [String; 3],
    /// Upstream's function: the table's, or else the model's.
    pub function: String,
    /// Faults of other rows that count for it.
    pub parts: Vec<Part>,
    /// Why it can't be reached.
    pub why: String,
}

/// Faults of some rows, of some kinds, below some fields.
#[derive(Clone, Debug)]
pub struct Part {
    rows: Vec<String>,
    kinds: Vec<String>,
    fields: Vec<String>,
}

/// The whole table.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// Its rows, by name.
    pub rows: Vec<Row>,
    places: HashMap<String, usize>,
    /// Those that have parts.
    whole: Vec<usize>,
}

impl Sheet {
    /// Reads the table, and adds the rows that only the model has: `functions` are its rows, each
    /// with the upstream function around it.
    pub fn read(text: &str, functions: &BTreeMap<String, String>) -> Result<Self, String> {
        let lines = text.lines().enumerate();
        let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
        let mut rows: BTreeMap<String, Row> = BTreeMap::new();
        for (i, line) in lines {
            let row = read_row(line).ok_or(format!(
                "sheet.tsv:{}: eight columns should stand here",
                i + 1
            ))?;
            rows.insert(row.name.clone(), row);
        }
        for (name, function) in functions {
            let row = rows.entry(name.clone()).or_insert_with(|| Row {
                name: name.clone(),
                state: "checked".to_owned(),
                ..Row::default()
            });
            if row.function.is_empty() {
                row.function.clone_from(function);
            }
        }
        let rows: Vec<Row> = rows.into_values().collect();
        let places = rows.iter().enumerate();
        let places = places.map(|(i, row)| (row.name.clone(), i)).collect();
        let has_parts = |i: &usize| rows.get(*i).is_some_and(|row| !row.parts.is_empty());
        let whole = (0..rows.len()).filter(has_parts).collect();
        Ok(Self {
            rows,
            places,
            whole,
        })
    }

    /// The place of a row.
    pub fn place(&self, name: &str) -> Option<usize> {
        self.places.get(name).copied()
    }

    /// The rows that an answer of the model's shows.
    pub fn shown(&self, kind: &str, answer: &Answer) -> BTreeSet<usize> {
        let causes = answer.causes.iter();
        let of_faults =
            causes.flat_map(|cause| self.of(cause.row, kind, &folded(kind, &cause.field)));
        let of_warnings = answer.warned.iter().filter_map(|row| self.place(row));
        of_faults.chain(of_warnings).collect()
    }

    /// The rows that a fault of a row at a field counts for.
    pub fn of(&self, row: &str, kind: &str, field: &str) -> Vec<usize> {
        let own = self.place(row);
        let has = |i: &usize| {
            let parts = self.rows.get(*i).map_or(&[][..], |row| &row.parts);
            parts.iter().any(|part| part.has(row, kind, field))
        };
        let whole = self.whole.iter().copied().filter(has);
        own.into_iter().chain(whole).collect()
    }
}

impl Part {
    fn has(&self, row: &str, kind: &str, field: &str) -> bool {
        let is_one = |known: &String| known == "*" || row.starts_with(&**known);
        let below = |known: &String| match known.strip_prefix('*') {
            Some(inside) => field.contains(inside),
            None => field.starts_with(&**known),
        };
        self.rows.iter().any(is_one)
            && self.kinds.iter().any(|known| is_kind(known, kind))
            && self.fields.iter().any(below)
    }
}

fn read_row(line: &str) -> Option<Row> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [name, state, field, reason, detail, function, parts, why] = columns.as_slice() else {
        return None;
    };
    let parts = parts.split("; ").filter(|part| !part.is_empty());
    Some(Row {
        name: (*name).to_owned(),
        state: (*state).to_owned(),
        facts: [field, reason, detail].map(|fact| (*fact).to_owned()),
        function: (*function).to_owned(),
        parts: parts.map(read_part).collect::<Option<_>>()?,
        why: (*why).to_owned(),
    })
}

/// `SEL,LBL of Deployment at spec.selector`
fn read_part(text: &str) -> Option<Part> {
    let (rows, rest) = text.split_once(" of ")?;
    let (kinds, fields) = rest.split_once(" at ")?;
    let list = |text: &str| text.split(',').map(str::to_owned).collect();
    Some(Part {
        rows: list(rows),
        kinds: list(kinds),
        fields: list(fields),
    })
}

/// Whether a kind is meant: by its name, or as one of those with pod templates (`T`, Pods
/// included), with a Job's spec (`J`), or of all (`*`).
pub fn is_kind(meant: &str, kind: &str) -> bool {
    const PODS: [&str; 7] = [
        "Deployment",
        "StatefulSet",
        "ReplicaSet",
        "DaemonSet",
        "Job",
        "CronJob",
        "Pod",
    ];
    match meant {
        "*" => true,
        "T" => PODS.contains(&kind),
        "J" => ["Job", "CronJob"].contains(&kind),
        meant => meant == kind,
    }
}

/// A field as rows name it: T is the pod template, P the pod's spec, K a container, J a Job's spec;
/// `[i]` an index and `[k]` another key.
pub fn folded(kind: &str, field: &str) -> String {
    let field = field_pattern(field);
    let short: &[(&str, &str)] = match kind {
        "Pod" => &[("spec", "P")],
        "Job" => &[
            ("spec.template.spec", "P"),
            ("spec.template", "T"),
            ("spec", "J"),
        ],
        "CronJob" => &[
            ("spec.jobTemplate.spec.template.spec", "P"),
            ("spec.jobTemplate.spec.template", "T"),
            ("spec.jobTemplate.spec", "J"),
        ],
        _ => &[("spec.template.spec", "P"), ("spec.template", "T")],
    };
    let below = |long: &str| {
        let rest = field.strip_prefix(long)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
    };
    let found = short
        .iter()
        .find_map(|(long, short)| Some((*short, below(long)?)));
    let Some((short, rest)) = found else {
        return field;
    };
    let lists = [
        ".containers[i]",
        ".initContainers[i]",
        ".ephemeralContainers[i]",
    ];
    match lists.iter().find_map(|list| rest.strip_prefix(list)) {
        Some(rest) if short == "P" => format!("K{rest}"),
        _ => format!("{short}{rest}"),
    }
}
