//! Cases that aim at a row: edits of objects, from `e2e/parity/aims.tsv`, which tells its shape.

use serde_json::{Map, Value};

use super::places::{Path, Step, get, parsed, put, remove};
use super::pool::{Pool, ServedKind};

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
    /// Whether it can be tried on a kind. `T`: on those with pod templates, Pods included; `J`: on
    /// those with a Job's spec.
    pub fn fits(&self, kind: &ServedKind) -> bool {
        let has_pod = !kind.template.is_empty() || kind.name == "Pod";
        self.kinds.iter().any(|name| match name.as_str() {
            "T" => has_pod,
            "J" => ["Job", "CronJob"].contains(&&*kind.name),
            name => name == kind.name,
        })
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

/// The aims that can be tried on each kind of a pool, by their positions.
pub fn fitting(aims: &[Aim], pool: &Pool) -> Vec<Vec<usize>> {
    let of = |kind: &ServedKind| {
        let fitting = aims.iter().enumerate().filter(|(_, aim)| aim.fits(kind));
        fitting.map(|(i, _)| i).collect()
    };
    pool.kinds.iter().map(of).collect()
}
