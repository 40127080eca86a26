//! Cases that aim at a row: edits of objects, from `e2e/parity/aims.tsv`, which tells its shape,
//! and what the recorded cases set, laid over other objects.

use std::collections::{BTreeMap, BTreeSet};

use kubevet::apiserver::gates::Gates;
use rayon::prelude::*;
use serde_json::{Map, Value, json};

use super::model::answer_line;
use super::places::{Path, Step, get, get_mut, parsed, prune, put, remove, rendered};
use super::pool::{Base, Pool, ServedKind, kind_of, template_of};
use super::random::Random;
use super::sheet::{Sheet, folded, is_kind};

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Aim {
    /// The row aimed at.
    pub row: String,
    kinds: Vec<String>,
    how: How,
    /// Whether it shows its row.
    hits: bool,
}

#[derive(Clone, Debug)]
enum How {
    /// Edits of the new object, and of the old one before.
    Edits(Map<String, Value>, Option<Map<String, Value>>),
    /// What a recorded case has, new and old, and where its pod template lies.
    Overlay {
        object: Value,
        old: Option<Value>,
        template: &'static str,
    },
}

/// At how many rows one aim is aimed.
const SHOWN_MAX: usize = 6;

/// Rows that all kinds with pod templates have in them.
const OF_TEMPLATES: &[&str] = &[
    "TPL", "POD", "VOL", "CON", "ENV", "RES", "PRB", "INI", "SC", "AFF", "TOL", "TSC", "DNS",
];

/// The aims that recorded cases are, at the row that their ids begin with.
pub fn recorded(bases: &[Base]) -> Vec<Aim> {
    let cases = bases.iter().filter(|base| base.is_case);
    let aim = |base: &Base| {
        let (row, _) = base.name.split_once('/')?;
        let kind = kind_of(&base.object)?;
        let how = How::Overlay {
            object: base.object.clone(),
            old: base.old.clone(),
            template: template_of(&kind)?,
        };
        Some(Aim {
            kinds: vec![meant(row, &kind, base.old.is_some()).to_owned()],
            row: row.to_owned(),
            how,
            hits: false,
        })
    };
    cases.filter_map(aim).collect()
}

/// The kinds that a case of one kind can be tried on.
fn meant<'k>(row: &str, kind: &'k str, is_update: bool) -> &'k str {
    let family = row.split('-').next().unwrap_or("");
    let is_shared = OF_TEMPLATES.contains(&family) && is_kind("T", kind);
    if is_shared && !is_update { "T" } else { kind }
}

/// Aims some, too, at those rows that they show, which aren't always the one that is written.
pub fn widened(mut aims: Vec<Aim>, pool: &Pool) -> Vec<Aim> {
    let more = aims.par_iter_mut().flat_map_iter(|aim| {
        let mut rows = aim.shown(pool);
        aim.hits = rows.remove(&aim.row);
        let aim = &*aim;
        let kind = aim.kinds.first().map_or("", String::as_str);
        let kinds = |row: &str| match (&aim.how, aim.kinds.as_slice()) {
            (How::Overlay { old, .. }, [_]) if kind != "T" => {
                vec![meant(row, kind, old.is_some()).to_owned()]
            }
            (_, kinds) => kinds.to_vec(),
        };
        let aims = rows.into_iter().map(|row| Aim {
            kinds: kinds(&row),
            row,
            how: aim.how.clone(),
            hits: true,
        });
        aims.collect::<Vec<_>>()
    });
    let more: Vec<Aim> = more.collect();
    aims.extend(more);
    aims
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
        how: How::Edits(
            edits(new)?,
            columns.get(3).map(|text| edits(text)).transpose()?,
        ),
        hits: false,
    })
}

impl Aim {
    /// Whether it can be tried on a kind.
    fn fits(&self, kind: &str) -> bool {
        self.kinds.iter().any(|meant| is_kind(meant, kind))
    }

    /// The rows that it is aimed at: its own, and those that this is a part of where it edits.
    pub fn rows(&self, sheet: &Sheet, kind: &ServedKind) -> Vec<usize> {
        let paths: Vec<Path> = match &self.how {
            How::Edits(edits, _) => edits.keys().map(|path| full(path, kind)).collect(),
            How::Overlay { object, .. } => {
                let mut laid = Value::Null;
                self.lay(object, &mut laid, kind);
                leaves(&laid)
            }
        };
        let fields = paths.iter().map(|path| folded(&kind.name, &rendered(path)));
        let mut rows: Vec<usize> = fields
            .flat_map(|field| sheet.of(&self.row, &kind.name, &field))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The rows that it shows on the first object of the first two kinds, if these are few.
    fn shown(&self, pool: &Pool) -> BTreeSet<String> {
        let kinds = pool.kinds.iter().filter(|kind| self.fits(&kind.name));
        let mut rows = BTreeSet::new();
        for kind in kinds.take(2) {
            let Some(base) = kind.bases.iter().find(|base| !base.is_case) else {
                continue;
            };
            let (mut object, old) = self.applied(kind, &base.object);
            prune(&mut object, kind.root, pool.minor);
            let line = json!({"object": object, "old": old}).to_string();
            let answer = answer_line(&line, pool.minor).1;
            let causes = answer.causes.iter().map(|cause| cause.row);
            rows.extend(causes.chain(answer.warned).map(str::to_owned));
        }
        rows.into_iter().take(SHOWN_MAX).collect()
    }

    /// The object, and what it is put over, if the case is an update.
    pub fn applied(&self, kind: &ServedKind, base: &Value) -> (Value, Option<Value>) {
        let mut object = base.clone();
        let old = match &self.how {
            How::Edits(edits, before) => {
                let old = before.as_ref().map(|before| {
                    edit(&mut object, kind, before);
                    object.clone()
                });
                edit(&mut object, kind, edits);
                old
            }
            How::Overlay {
                object: new, old, ..
            } => {
                let old = old.as_ref().map(|old| {
                    let mut laid = base.clone();
                    self.lay(old, &mut laid, kind);
                    laid
                });
                self.lay(new, &mut object, kind);
                old
            }
        };
        (object, old)
    }

    /// Lays what a recorded case has over an object: all of it over one of the same kind, else its
    /// pod template, which leaves the policy that the other kind needs.
    fn lay(&self, case: &Value, over: &mut Value, kind: &ServedKind) {
        let How::Overlay { template, .. } = self.how else {
            return;
        };
        if kind_of(case).is_some_and(|name| name == kind.name) {
            return lay(case, over);
        }
        let Some(mut case) = get(case, &parsed(template)).cloned() else {
            return;
        };
        case.as_object_mut().map(|case| case.remove("status"));
        remove(&mut case, &parsed("spec.restartPolicy"));
        if !kind.template.is_empty() {
            for key in ["apiVersion", "kind"] {
                case.as_object_mut().map(|case| case.remove(key));
            }
            let template = parsed(kind.template);
            if get(over, &template).is_none() {
                put(over, &template, Value::Object(Map::new()));
            }
            if let Some(over) = get_mut(over, &template) {
                lay(&case, over);
            }
            return;
        }
        lay(&case, over);
    }
}

/// Mappings are merged, everything else is put in place of what is there.
fn lay(value: &Value, over: &mut Value) {
    match (value, over) {
        (Value::Object(from), Value::Object(into)) => {
            for (key, value) in from {
                lay(value, into.entry(key.clone()).or_insert(Value::Null));
            }
        }
        (value, over) => *over = value.clone(),
    }
}

/// The paths of all values that hold no others.
fn leaves(value: &Value) -> Vec<Path> {
    let inside: Vec<(Step, &Value)> = match value {
        Value::Object(map) => {
            let entries = map.iter();
            entries.map(|(k, v)| (Step::Key(k.clone()), v)).collect()
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.map(|(i, v)| (Step::Index(i), v)).collect()
        }
        _ => return vec![Vec::new()],
    };
    let below = inside.into_iter().flat_map(|(step, value)| {
        let below = leaves(value).into_iter();
        below.map(move |rest| [vec![step.clone()], rest].concat())
    });
    below.collect()
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
    /// The positions of each row's aims: those that hit, and those that miss.
    rows: Vec<(Vec<usize>, Vec<usize>)>,
}

impl Fitting {
    /// One aim: its row is as likely as any other, however many aims that has; one that hits so
    /// many times in a hundred, if there are both.
    pub fn pick(&self, random: &mut Random, hits: usize) -> Option<usize> {
        let (hit, miss) = self.rows.get(random.weighted(&self.weights)?)?;
        let (first, second) = match random.chance(hits) {
            true => (hit, miss),
            false => (miss, hit),
        };
        random.pick(first).or_else(|| random.pick(second)).copied()
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
                // Where templates aren't judged, aims at what they hold say little.
                let is_shared = *kinds > 1 && kind.name == "StatefulSet";
                let is_idle = is_shared && !Gates::of(pool.minor).stateful_set_templates;
                let scale = if is_idle { 1 } else { 4 };
                let weight = scale * pool.kinds.len() / (*kinds).max(1);
                fitting.weights.push((weight, fitting.rows.len()));
                let hits = |i: &usize| aims.get(*i).is_some_and(|aim| aim.hits);
                fitting.rows.push(positions.into_iter().partition(hits));
            }
        }
        fitting
    };
    pool.kinds.iter().map(of).collect()
}
