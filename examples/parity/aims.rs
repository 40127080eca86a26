//! Cases that aim at a row: edits of objects, from `e2e/parity/aims.tsv`, which tells its shape,
//! and what the recorded cases set, laid over other objects.

use std::collections::{BTreeMap, BTreeSet};

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

/// An aim that shows more rows than these is aimed at its own only.
const SHOWN_MAX: usize = 8;
/// On how many objects it is seen what an aim shows.
const TRIED: usize = 2;

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
            kinds: vec![meant(&kind, base.old.is_some()).to_owned()],
            row: row.to_owned(),
            how,
        })
    };
    cases.filter_map(aim).collect()
}

/// The kinds that a case of one kind can be tried on: what is created with pods, on all with pods.
fn meant(kind: &str, is_update: bool) -> &str {
    if is_kind("T", kind) && !is_update {
        "T"
    } else {
        kind
    }
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
    })
}

impl Aim {
    /// Whether it can be tried on a kind.
    fn fits(&self, kind: &str) -> bool {
        self.kinds.iter().any(|meant| is_kind(meant, kind))
    }

    /// The rows that it is aimed at, if it is aimed at one: that, and those that this is a part of
    /// where it edits.
    pub fn rows(&self, sheet: &Sheet, kind: &ServedKind, row: Option<usize>) -> Vec<usize> {
        let Some(row) = row.and_then(|place| sheet.rows.get(place)) else {
            return Vec::new();
        };
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
            .flat_map(|field| sheet.of(&row.name, &kind.name, &field))
            .collect();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The rows that it shows on some objects of a kind.
    fn shown(&self, sheet: &Sheet, kind: &ServedKind, pool: &Pool) -> BTreeSet<usize> {
        let mut rows = BTreeSet::new();
        let bases = kind.bases.iter().filter(|base| !base.is_case);
        for base in bases.take(TRIED) {
            let (mut object, mut old) = self.applied(kind, &base.object);
            for object in [Some(&mut object), old.as_mut()].into_iter().flatten() {
                prune(object, kind.root, pool.minor);
            }
            let line = json!({"object": object, "old": old}).to_string();
            rows.extend(sheet.shown(&kind.name, &answer_line(&line, pool.minor).1));
        }
        let own = sheet.place(&self.row);
        if rows.len() > SHOWN_MAX {
            rows.retain(|row| Some(*row) == own);
        }
        rows
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
    /// Each target's weight and place: the fewer kinds a row shows on, the more often on each.
    weights: Vec<(usize, usize)>,
    targets: Vec<Target>,
}

/// A row that a kind can show.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its place in the sheet.
    row: usize,
    /// The positions of the aims that show it, and of those that are written for it and don't.
    hits: Vec<usize>,
    misses: Vec<usize>,
}

/// What a case is aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Aimed {
    /// The position of the aim.
    pub aim: usize,
    /// The place of the row in the sheet.
    pub row: usize,
}

impl Fitting {
    /// A row: each is as likely as any other, however many aims it has.
    pub fn pick(&self, random: &mut Random) -> Option<&Target> {
        self.targets.get(random.weighted(&self.weights)?)
    }
}

impl Target {
    /// An aim that hits, or one that misses, if there are both.
    pub fn aim(&self, random: &mut Random, hits: bool) -> Option<Aimed> {
        let (first, second) = match hits {
            true => (&self.hits, &self.misses),
            false => (&self.misses, &self.hits),
        };
        let aim = *random.pick(first).or_else(|| random.pick(second))?;
        let row = self.row;
        Some(Aimed { aim, row })
    }
}

/// The aims that can be tried on each kind of a pool. A row is aimed at on the kinds that show it;
/// one that none shows, on all that an aim is written for.
pub fn fitting(aims: &[Aim], sheet: &Sheet, pool: &Pool) -> Vec<Fitting> {
    let found: Vec<BTreeMap<usize, Target>> = pool
        .kinds
        .iter()
        .map(|kind| targets(aims, sheet, kind, pool))
        .collect();
    let kinds_with = |row: usize, shows: fn(&Target) -> bool| {
        let targets = found.iter().filter_map(|targets| targets.get(&row));
        targets.filter(|target| shows(target)).count()
    };
    let of = |targets: &BTreeMap<usize, Target>| {
        let mut fitting = Fitting::default();
        for (row, target) in targets {
            let showing = kinds_with(*row, |target| !target.hits.is_empty());
            let kinds = match showing {
                0 => kinds_with(*row, |_| true),
                _ if target.hits.is_empty() => continue,
                kinds => kinds,
            };
            let weight = 4 * pool.kinds.len() / kinds.max(1);
            fitting.weights.push((weight, fitting.targets.len()));
            fitting.targets.push(target.clone());
        }
        fitting
    };
    found.iter().map(of).collect()
}

/// The rows of a kind, with their aims.
fn targets(aims: &[Aim], sheet: &Sheet, kind: &ServedKind, pool: &Pool) -> BTreeMap<usize, Target> {
    let tried = aims.par_iter().enumerate();
    let tried = tried.filter(|(_, aim)| aim.fits(&kind.name));
    let tried = tried.map(|(i, aim)| {
        let meant = aim.rows(sheet, kind, sheet.place(&aim.row));
        (i, meant, aim.shown(sheet, kind, pool))
    });
    let tried: Vec<(usize, Vec<usize>, BTreeSet<usize>)> = tried.collect();
    let mut targets = BTreeMap::new();
    for (i, meant, shown) in tried {
        let mut add = |row: usize, hits: bool| {
            let target = targets.entry(row).or_insert_with(|| Target {
                row,
                hits: Vec::new(),
                misses: Vec::new(),
            });
            match hits {
                true => target.hits.push(i),
                false => target.misses.push(i),
            }
        };
        for row in meant.iter().filter(|row| !shown.contains(row)) {
            add(*row, false);
        }
        shown.into_iter().for_each(|row| add(row, true));
    }
    targets
}
