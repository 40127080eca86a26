//! The objects that cases are made from, and every value in them by where it may stand.

use std::collections::HashMap;
use std::path::{Path as FilePath, PathBuf};

use kubevet::apiserver::schema::{Table, Type};
use kubevet::minor::Minor;
use kubevet::source::Source;
use kubevet::yaml::{self, canonical};
use rayon::prelude::*;
use serde_json::{Value, json};

use super::model::answer_line;
use super::places::{self, Slot, get, parsed, places, put};

/// The kinds that are compared: API version, kind, and where a pod template lies.
pub const KINDS: &[(&str, &str, &str)] = &[
    ("apps/v1", "Deployment", "spec.template"),
    ("apps/v1", "StatefulSet", "spec.template"),
    ("apps/v1", "ReplicaSet", "spec.template"),
    ("apps/v1", "DaemonSet", "spec.template"),
    ("batch/v1", "Job", "spec.template"),
    ("batch/v1", "CronJob", "spec.jobTemplate.spec.template"),
    ("v1", "Pod", ""),
    ("v1", "Service", ""),
    ("v1", "PersistentVolumeClaim", ""),
    ("policy/v1", "PodDisruptionBudget", ""),
    ("autoscaling/v1", "HorizontalPodAutoscaler", ""),
    ("autoscaling/v2", "HorizontalPodAutoscaler", ""),
];

/// A kind that is compared.
#[derive(Clone, Debug)]
pub struct ServedKind {
    /// How it is called: `Deployment`, `HorizontalPodAutoscaler-v1`.
    pub name: String,
    /// The type of its objects.
    pub root: Type<'static>,
    /// The path of its pod template; empty for Pods (the object itself) and kinds without pods.
    pub template: &'static str,
    /// The objects to start from.
    pub bases: Vec<Base>,
}

/// An object to start from.
#[derive(Clone, Debug)]
pub struct Base {
    /// Where it comes from.
    pub name: String,
    /// The object.
    pub object: Value,
    /// What it is put over, if it is an update.
    pub old: Option<Value>,
    /// Whether it was written as a case: most of these are invalid.
    pub is_case: bool,
}

/// Objects and values of one minor.
#[derive(Debug)]
pub struct Pool {
    /// The minor.
    pub minor: Minor,
    /// The kinds.
    pub kinds: Vec<ServedKind>,
    values: HashMap<Slot, Vec<Value>>,
    /// Those of objects that the model accepts.
    sound: HashMap<Slot, Vec<Value>>,
}

impl Pool {
    /// The pool of some objects: those that are named, and those of other kinds' templates.
    pub fn new(bases: &[Base], minor: Minor) -> Self {
        let mut kinds: Vec<ServedKind> = Vec::new();
        for (api_version, kind, template) in KINDS {
            let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
            let Some(found) = Table::builtin().kind(minor, group, version, kind) else {
                continue;
            };
            kinds.push(ServedKind {
                name: kind_name(api_version, kind),
                root: found.root,
                template,
                bases: Vec::new(),
            });
        }
        let mut pool = Self {
            minor,
            kinds,
            values: HashMap::new(),
            sound: HashMap::new(),
        };
        let is_sound: Vec<bool> = bases
            .par_iter()
            .map(|base| is_accepted(&base.object, minor))
            .collect();
        for (base, is_sound) in bases.iter().zip(is_sound) {
            pool.add(base.clone(), is_sound);
        }
        pool.graft_pods();
        pool
    }

    /// A value that stands in the same slot somewhere.
    pub fn values(&self, slot: Slot) -> &[Value] {
        self.values.get(&slot).map_or(&[], Vec::as_slice)
    }

    /// A value that stands in the same slot of an object that the model accepts.
    pub fn sound(&self, slot: Slot) -> &[Value] {
        self.sound.get(&slot).map_or(&[], Vec::as_slice)
    }

    fn add(&mut self, mut base: Base, is_sound: bool) {
        let Some(name) = kind_of(&base.object) else {
            return;
        };
        let Some(kind) = self.kinds.iter_mut().find(|kind| kind.name == name) else {
            return;
        };
        places::prune(&mut base.object, kind.root, self.minor);
        for object in [Some(&base.object), base.old.as_ref()]
            .into_iter()
            .flatten()
        {
            for place in places(object, kind.root, self.minor) {
                let Some(value) = get(object, &place.path) else {
                    continue;
                };
                let sound = is_sound.then_some(&mut self.sound);
                for values in [Some(&mut self.values), sound].into_iter().flatten() {
                    let values = values.entry(place.slot).or_default();
                    if values.len() < 200 && !values.contains(value) {
                        values.push(value.clone());
                    }
                }
            }
        }
        kind.bases.push(base);
    }

    /// Gives every kind with a template the specs of the pods, too.
    fn graft_pods(&mut self) {
        let pods = self.kinds.iter().find(|kind| kind.name == "Pod");
        let pods: Vec<Base> = pods.map_or(Vec::new(), |kind| kind.bases.clone());
        for kind in self
            .kinds
            .iter_mut()
            .filter(|kind| !kind.template.is_empty())
        {
            let Some(frame) = kind.bases.first().cloned() else {
                continue;
            };
            let template = parsed(kind.template);
            for pod in pods.iter().filter(|pod| !pod.is_case) {
                let mut object = frame.object.clone();
                let spec = pod.object.get("spec").cloned().unwrap_or_default();
                let at = |key: &str| [template.clone(), parsed(key)].concat();
                let policy = get(&object, &at("spec.restartPolicy")).cloned();
                put(&mut object, &at("spec"), spec);
                put(
                    &mut object,
                    &at("spec.restartPolicy"),
                    policy.unwrap_or("Always".into()),
                );
                kind.bases.push(Base {
                    name: format!("{} with {}", frame.name, pod.name),
                    object,
                    old: None,
                    is_case: false,
                });
            }
        }
    }
}

/// Whether the model accepts the creation of an object.
fn is_accepted(object: &Value, minor: Minor) -> bool {
    let line = json!({"object": object}).to_string();
    answer_line(&line, minor).1.accepts()
}

/// How a kind is called, of its object.
pub fn kind_of(object: &Value) -> Option<String> {
    let text = |key| object.get(key).and_then(Value::as_str);
    Some(kind_name(text("apiVersion")?, text("kind")?))
}

/// Where the pod template of a kind lies, if the kind is compared.
pub fn template_of(name: &str) -> Option<&'static str> {
    let mut kinds = KINDS.iter();
    let (.., template) = kinds.find(|(version, kind, _)| kind_name(version, kind) == name)?;
    Some(template)
}

fn kind_name(api_version: &str, kind: &str) -> String {
    match api_version {
        "autoscaling/v1" => format!("{kind}-v1"),
        _ => kind.to_owned(),
    }
}

/// The objects in files below some folders: manifests (`.yaml`, `.yml`, `.json`), and cases
/// (`.jsonl`).
pub fn load(folders: &[PathBuf]) -> std::io::Result<Vec<Base>> {
    let mut bases = Vec::new();
    for folder in folders {
        let mut files = Vec::new();
        collect(folder, &mut files)?;
        for file in files {
            let bytes = std::fs::read(&file)?;
            let name = file
                .strip_prefix(folder)
                .unwrap_or(&file)
                .to_string_lossy()
                .into_owned();
            let stem = name
                .rsplit_once('.')
                .map_or(&*name, |(stem, _)| stem)
                .to_owned();
            if name.ends_with(".jsonl") {
                bases.extend(cases(&String::from_utf8_lossy(&bytes)));
            } else {
                bases.extend(manifests(&stem, bytes));
            }
        }
    }
    Ok(bases)
}

fn collect(path: &FilePath, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?.collect::<Result<Vec<_>, _>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    for entry in entries {
        let (kind, path) = (entry.file_type()?, entry.path());
        let ends = ["yaml", "yml", "json", "jsonl"];
        let wanted = path
            .extension()
            .is_some_and(|e| ends.iter().any(|end| e == *end));
        if kind.is_dir() || (kind.is_file() && wanted) {
            collect(&path, files)?;
        }
    }
    Ok(())
}

fn manifests(name: &str, bytes: Vec<u8>) -> Vec<Base> {
    let reading = yaml::read(&Source::decode(name, bytes));
    let mut bases = Vec::new();
    for document in &reading.documents {
        let Ok(Some(root)) = document.root else {
            continue;
        };
        let root = reading.tree.node(root);
        let items: Vec<_> = match root.get("items") {
            Some(items) => items.items().collect(),
            None => vec![root],
        };
        for item in items {
            if let Ok(object) = serde_json::from_str::<Value>(&canonical::json(item)) {
                bases.push(Base {
                    name: format!("{name}[{}]", bases.len()),
                    object,
                    old: None,
                    is_case: false,
                });
            }
        }
    }
    bases
}

fn cases(text: &str) -> Vec<Base> {
    let read = |line: &str| {
        let mut case: Value = serde_json::from_str(line).ok()?;
        let id = case
            .get("id")
            .and_then(Value::as_str)
            .unwrap_or("?")
            .to_owned();
        Some(Base {
            name: id,
            object: case.get_mut("object")?.take(),
            old: case
                .get_mut("old")
                .map(Value::take)
                .filter(|old| !old.is_null()),
            is_case: true,
        })
    };
    text.lines().filter_map(read).collect()
}
