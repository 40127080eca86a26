//! Objects in a form in which the stored object of a judge and kubevet's effective one can be
//! compared.
//!
//! What Go's encoding can't tell from absence is left out on both sides: `null`, empty texts, lists
//! and mappings, zero and `false` (a pointer to such a value counts as absent, too). So are
//! `status`, and in `metadata` what the server sets: identity, times, versions, the namespace of
//! the request, a name made of `generateName`, and the generation of a DaemonSet's template.
//! Amounts are written in the canonical form, times with what RFC 3339 leaves free settled.
//! Of annotations that conversion spells anew only that they are there counts.
//! Aliases that conversion writes back are left out, and so are node ports that were allocated and
//! the AppArmor annotations that 1.30 to 1.33 make of a Pod's fields.

use std::collections::BTreeSet;

use kubevet::apiserver::schema::{Scalar, Shape, Type};
use kubevet::minor::Minor;
use kubevet::object::quantity::Quantity;
use serde_json::{Map, Value};

/// What of `metadata` the server sets.
const SERVER_SET: [&str; 6] = [
    "uid",
    "creationTimestamp",
    "generation",
    "resourceVersion",
    "managedFields",
    "selfLink",
];

/// Annotations that hold what `autoscaling/v1` has no fields for, as Go's encoding spells it.
const SPELLED_ANEW: [&str; 2] = [
    "autoscaling.alpha.kubernetes.io/behavior",
    "autoscaling.alpha.kubernetes.io/metrics",
];

/// The node ports that a case names: others are allocated, and nobody can know which.
#[derive(Clone, Debug, Default)]
pub struct Given(BTreeSet<i64>);

impl Given {
    /// Those of some objects.
    pub fn of<'v>(objects: impl IntoIterator<Item = &'v Value>) -> Self {
        let mut given = BTreeSet::new();
        for object in objects {
            let spec = object.get("spec");
            let ports = spec.and_then(|spec| spec.get("ports")?.as_array());
            let ports = ports.into_iter().flatten();
            let mut numbers: Vec<_> = ports.map(|port| port.get("nodePort")).collect();
            numbers.push(spec.and_then(|spec| spec.get("healthCheckNodePort")));
            given.extend(numbers.into_iter().flatten().filter_map(Value::as_i64));
        }
        Self(given)
    }

    /// Takes out all other node ports.
    fn limit(&self, spec: &mut Map<String, Value>) {
        let is_given = |value: &Value| value.as_i64().is_some_and(|n| self.0.contains(&n));
        spec.retain(|key, value| key != "healthCheckNodePort" || is_given(value));
        if let Some(Value::Array(ports)) = spec.get_mut("ports") {
            for port in ports.iter_mut().filter_map(Value::as_object_mut) {
                port.retain(|key, value| key != "nodePort" || is_given(value));
            }
        }
    }
}

/// The normal form of a whole object of a type.
pub fn normal(object: &Value, root: Type<'static>, minor: Minor, given: &Given) -> Value {
    let mut object = object.clone();
    let meta = |key| object.get("metadata").and_then(|m| m.get(key)?.as_str());
    if let (Some(base), Some(name)) = (meta("generateName"), meta("name").map(str::to_owned))
        && !base.is_empty()
    {
        rename(&mut object, &name);
    }
    if let Value::Object(map) = &mut object {
        map.remove("status");
        if let Some(Value::Object(metadata)) = map.get_mut("metadata") {
            wipe(metadata, minor);
        }
        if let Some(Value::Object(spec)) = map.get_mut("spec") {
            given.limit(spec);
        }
    }
    value(&object, root, minor).unwrap_or(Value::Object(Map::new()))
}

/// Puts a fixed text for the random name of an object, wherever that stands.
fn rename(value: &mut Value, name: &str) {
    match value {
        Value::String(text) if text == name => "generated".clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, name)),
        Value::Object(map) => map.values_mut().for_each(|value| rename(value, name)),
        _ => {}
    }
}

/// A text with `xxxxx` for the random end of each name that was generated from `base`
/// (`SimpleNameGenerator` in apiserver `pkg/storage/names/generate.go`).
pub fn settled_name(text: &str, base: &str) -> String {
    const RANDOM: &str = "bcdfghjklmnpqrstvwxz2456789";
    const RANDOM_LENGTH: usize = 5;
    const BASE_MAX: usize = 58;
    let base = base
        .get(..base.floor_char_boundary(BASE_MAX))
        .unwrap_or(base);
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(base) {
        out.push_str(before);
        out.push_str(base);
        let end = after.get(..RANDOM_LENGTH).unwrap_or("");
        let is_random = !end.is_empty() && end.chars().all(|c| RANDOM.contains(c));
        rest = if is_random {
            out.push_str("xxxxx");
            after.get(RANDOM_LENGTH..).unwrap_or("")
        } else {
            after
        };
    }
    out + rest
}

/// Takes out what the server sets.
fn wipe(metadata: &mut Map<String, Value>, minor: Minor) {
    metadata.retain(|key, _| !SERVER_SET.contains(&&**key));
    let text = |key| metadata.get(key).and_then(Value::as_str).unwrap_or("");
    let (named, spaced) = (
        text("generateName").is_empty(),
        text("namespace") != "default",
    );
    metadata.retain(|key, _| (named || key != "name") && (spaced || key != "namespace"));
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        annotations.remove("deprecated.daemonset.template.generation");
        for (key, value) in annotations.iter_mut() {
            if SPELLED_ANEW.contains(&&**key) {
                *value = Value::Bool(true);
            }
        }
        let app_armor = "container.apparmor.security.beta.kubernetes.io/";
        let writes_them = (30..34).contains(&minor.number());
        annotations.retain(|key, _| !(writes_them && key.starts_with(app_armor)));
    }
}

fn value(of: &Value, kind: Type<'static>, minor: Minor) -> Option<Value> {
    match (of, super::places::resolved(kind).shape()) {
        (Value::Null, _) => None,
        (Value::Object(map), Shape::Struct(fields)) => {
            let holder = fields.name();
            let entries = map.iter().filter_map(|(key, inside)| {
                if holder.ends_with("PodSpec") && key == "serviceAccount" {
                    return None;
                }
                let field = fields.field(minor, key);
                let kind = field.map_or(fields.rest(), |field| field.of());
                let keyed = field.is_none() && !kind.is(Scalar::Never);
                let normal = value(inside, kind, minor);
                // An entry of a map is there, whatever its value.
                let normal = normal.or_else(|| keyed.then(|| Value::String(String::new())));
                Some((key.clone(), normal?))
            });
            let map: Map<String, Value> = entries.collect();
            (!map.is_empty()).then_some(Value::Object(map))
        }
        (Value::Array(items), Shape::List(list)) => {
            let items = items.iter();
            let items = items.map(|item| value(item, list.item(), minor).unwrap_or_default());
            let items: Vec<Value> = items.collect();
            (!items.is_empty()).then_some(Value::Array(items))
        }
        (of, Shape::Scalar(Scalar::Quantity)) => amount(of),
        (Value::String(text), _) if text.is_empty() => None,
        (Value::String(text), Shape::Scalar(Scalar::Time)) => {
            Some(Value::String(text.replace("+00:00", "Z")))
        }
        (Value::Bool(false), _) => None,
        (Value::Number(number), _) if number.as_f64() == Some(0.0) => None,
        (Value::Number(number), _) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 1e15 => {
                Some(Value::from(float as i64))
            }
            _ => Some(of.clone()),
        },
        (Value::Object(map), _) if map.is_empty() => None,
        (Value::Array(items), _) if items.is_empty() => None,
        _ => Some(of.clone()),
    }
}

fn amount(of: &Value) -> Option<Value> {
    let text = match of {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let canonical = Quantity::parse(text.trim()).map(Quantity::canonical);
    let canonical = canonical.unwrap_or(text);
    (canonical != "0").then_some(Value::String(canonical))
}

/// Where two values differ: the path, and what stands there in each.
pub fn differences<'v>(
    a: &'v Value,
    b: &'v Value,
) -> Vec<(String, Option<&'v Value>, Option<&'v Value>)> {
    let mut found = Vec::new();
    differ(String::new(), Some(a), Some(b), &mut found);
    found
}

type Difference<'v> = (String, Option<&'v Value>, Option<&'v Value>);

fn differ<'v>(
    path: String,
    a: Option<&'v Value>,
    b: Option<&'v Value>,
    found: &mut Vec<Difference<'v>>,
) {
    match (a, b) {
        (Some(Value::Object(left)), Some(Value::Object(right))) => {
            for (key, value) in left {
                let dot = if path.is_empty() { "" } else { "." };
                differ(
                    format!("{path}{dot}{key}"),
                    Some(value),
                    right.get(key),
                    found,
                );
            }
            for (key, value) in right.iter().filter(|(key, _)| !left.contains_key(*key)) {
                let dot = if path.is_empty() { "" } else { "." };
                found.push((format!("{path}{dot}{key}"), None, Some(value)));
            }
        }
        (Some(Value::Array(left)), Some(Value::Array(right))) => {
            for i in 0..left.len().max(right.len()) {
                differ(format!("{path}[{i}]"), left.get(i), right.get(i), found);
            }
        }
        (a, b) if a == b => {}
        (a, b) => found.push((path, a, b)),
    }
}
