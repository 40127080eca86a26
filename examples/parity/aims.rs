//! Cases that aim at a row: edits of objects, from `e2e/parity/aims.tsv`, which tells its shape.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::places::{Path, Step, get, parsed, put, remove, rendered};
use super::pool::{Pool, ServedKind};
use super::random::Random;
use super::sheet::{Sheet, folded, is_kind};

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Aim {
    /// The row aimed at.
    pub row: String,
    kinds: Vec<String>,
    edits: Map<String, Value>,
    old_edits: Option<Map<String, Value>>,
}

/// Reads the table.
pub fn read(text: &str) -> Result<Vec<Aim>, String> {
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(i, line)| read_line(line).map_err(|why| format!("aims.tsv:{}: {why}", i + 1)))
        .collect()
}

fn read_line(line: &str) -> Result<Aim, String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let edits = |text: &str| {
        let edits: Map<String, Value> = serde_json::from_str(text).map_err(|e| e.to_string())?;
        Ok::<_, String>(
            edits
                .into_iter()
                .map(|(k, v)| (expanded(&k), expand(v)))
                .collect(),
        )
    };
    let [row, kinds, new, ..] = columns.as_slice() else {
        return Err("row, kinds and edits should stand here".to_owned());
    };
    Ok(Aim {
        row: (*row).to_owned(),
        kinds: kinds.split(',').map(str::to_owned).collect(),
        edits: edits(new)?,
        old_edits: columns.get(3).map(|text| edits(text)).transpose()?,
    })
}

impl Aim {
    /// Whether it can be tried on a kind.
    fn fits(&self, kind: &str) -> bool {
        self.kinds.iter().any(|meant| is_kind(meant, kind))
    }

    /// The rows that it is aimed at: its own, and those that this is a part of where it edits.
    pub fn rows(&self, sheet: &Sheet, kind: &ServedKind) -> Vec<usize> {
        let fields = self.edits.keys().map(|path| {
            let path = rendered(&full(path, kind));
            folded(&kind.name, &path)
        });
        let mut rows: Vec<usize> = fields
            .flat_map(|field| sheet.of(&self.row, &kind.name, &field))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The object, and what it is put over, if the case is an update.
    pub fn applied(&self, kind: &ServedKind, base: &Value) -> (Value, Option<Value>) {
        let mut object = base.clone();
        let old = self.old_edits.as_ref().map(|edits| {
            edit(&mut object, kind, edits);
            object.clone()
        });
        edit(&mut object, kind, &self.edits);
        (object, old)
    }
}

fn edit(object: &mut Value, kind: &ServedKind, edits: &Map<String, Value>) {
    for (path, value) in edits {
        let path = full(path, kind);
        match value {
            Value::Null => drop(remove(object, &path)),
            Value::String(text) if text.starts_with("=copy ") => {
                let from = full(text.trim_start_matches("=copy "), kind);
                if let Some(value) = get(object, &from).cloned() {
                    put(object, &path, value);
                }
            }
            value => put(object, &path, value.clone()),
        }
    }
}

/// A path with the sheet's abbreviations: T the pod template, P the pod's spec, K its first
/// container, J a Job's spec.
fn full(path: &str, kind: &ServedKind) -> Path {
    let (first, rest) = match path.find(['.', '[']) {
        Some(end) => path.split_at(end),
        None => (path, ""),
    };
    let template = || parsed(kind.template);
    let prefix: Path = match first {
        "T" => template(),
        "P" => [template(), parsed("spec")].concat(),
        "K" => [template(), parsed("spec.containers[0]")].concat(),
        "J" if kind.name == "CronJob" => parsed("spec.jobTemplate.spec"),
        "J" => parsed("spec"),
        _ => vec![Step::Key(first.to_owned())],
    };
    [prefix, parsed(rest)].concat()
}

/// `<a*3>` in a text stands for `aaa`.
fn expand(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(expanded(&text)),
        Value::Array(items) => match items.as_slice() {
            [Value::String(mark), Value::Number(times), item] if mark == "=times" => {
                let times = times.as_u64().unwrap_or(0) as usize;
                let item = expand(item.clone());
                (0..times).map(|i| numbered(&item, i)).collect()
            }
            _ => items.into_iter().map(expand).collect(),
        },
        Value::Object(map) => {
            let map = map.into_iter();
            Value::Object(map.map(|(k, v)| (expanded(&k), expand(v))).collect())
        }
        other => other,
    }
}

/// A copy with `#` in its texts replaced by a number.
fn numbered(value: &Value, i: usize) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('#', &i.to_string())),
        Value::Array(items) => items.iter().map(|item| numbered(item, i)).collect(),
        Value::Object(map) => {
            let map = map.iter();
            Value::Object(map.map(|(k, v)| (k.clone(), numbered(v, i))).collect())
        }
        other => other.clone(),
    }
}

fn expanded(text: &str) -> String {
    let Some((before, rest)) = text.split_once('<') else {
        return text.to_owned();
    };
    let Some((inside, after)) = rest.split_once('>') else {
        return text.to_owned();
    };
    match inside
        .rsplit_once('*')
        .map(|(what, times)| (what, times.parse::<usize>()))
    {
        Some((what, Ok(times))) => format!("{before}{}{}", what.repeat(times), expanded(after)),
        _ => format!("{before}<{}", expanded(rest)),
    }
}

/// The aims that can be tried on a kind, by row.
#[derive(Clone, Debug, Default)]
pub struct Fitting {
    /// Each row's weight and place: the fewer kinds a row is tried on, the more often on each.
    weights: Vec<(usize, usize)>,
    /// The positions of each row's aims.
    rows: Vec<Vec<usize>>,
}

impl Fitting {
    /// One aim: its row is as likely as any other, however many aims that has.
    pub fn pick(&self, random: &mut Random) -> Option<usize> {
        let row = random.weighted(&self.weights)?;
        random.pick(self.rows.get(row)?).copied()
    }
}

/// The aims that can be tried on each kind of a pool.
pub fn fitting(aims: &[Aim], pool: &Pool) -> Vec<Fitting> {
    let kinds_of = |row: &str| {
        let tried = |kind: &&ServedKind| aims.iter().any(|a| a.row == row && a.fits(&kind.name));
        pool.kinds.iter().filter(tried).count()
    };
    let mut by_row: BTreeMap<&str, (usize, Vec<usize>)> = BTreeMap::new();
    for (i, aim) in aims.iter().enumerate() {
        let entry = by_row.entry(&aim.row);
        entry
            .or_insert_with(|| (kinds_of(&aim.row), Vec::new()))
            .1
            .push(i);
    }
    let of = |kind: &ServedKind| {
        let mut fitting = Fitting::default();
        for (kinds, positions) in by_row.values() {
            let fits = |i: &&usize| aims.get(**i).is_some_and(|aim| aim.fits(&kind.name));
            let positions: Vec<usize> = positions.iter().filter(fits).copied().collect();
            if !positions.is_empty() {
                let weight = pool.kinds.len() / (*kinds).max(1);
                fitting.weights.push((weight, fitting.rows.len()));
                fitting.rows.push(positions);
            }
        }
        fitting
    };
    pool.kinds.iter().map(of).collect()
}
