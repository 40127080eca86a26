//! The places in an object: paths with their types, found along the schema.

use kubevet::apiserver::schema::{Scalar, Shape, Table, Type};
use kubevet::minor::Minor;
use serde_json::{Map, Value};

/// A step into a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// A key of a mapping.
    Key(String),
    /// An item of a list.
    Index(usize),
}

/// Steps from the object.
pub type Path = Vec<Step>;

/// Where a value may stand: a field of a struct, or what the list or map in it holds. Equal slots
/// may hold each other's values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// The Go struct.
    pub holder: &'static str,
    /// The field.
    pub field: &'static str,
    /// How many lists and maps lie between.
    pub depth: u8,
}

/// A value that is there.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it is.
    pub path: Path,
    /// What it should be.
    pub of: Type<'static>,
    /// Where else such values stand.
    pub slot: Slot,
}

/// All places of an object, the object itself first.
pub fn places(object: &Value, root: Type<'static>, minor: Minor) -> Vec<Place> {
    let mut found = Vec::new();
    let place = Place {
        path: Vec::new(),
        of: root,
        slot: Slot::default(),
    };
    walk(object, place, minor, &mut found);
    found
}

fn walk(value: &Value, place: Place, minor: Minor, found: &mut Vec<Place>) {
    let inside = |step: Step| {
        let mut path = place.path.clone();
        path.push(step);
        path
    };
    let deeper = Slot {
        depth: place.slot.depth + 1,
        ..place.slot
    };
    found.push(place.clone());
    match (resolved(place.of).shape(), value) {
        (Shape::Struct(of), Value::Object(map)) => {
            for (key, value) in map {
                let field = of.field(minor, key);
                let (of, slot) = match field {
                    Some(field) => (field.of(), slot(of.name(), field.name())),
                    None if of.rest().is(Scalar::Never) => continue,
                    None => (of.rest(), deeper),
                };
                let path = inside(Step::Key(key.clone()));
                walk(value, Place { path, of, slot }, minor, found);
            }
        }
        (Shape::List(of), Value::Array(items)) => {
            for (i, value) in items.iter().enumerate() {
                let (path, of, slot) = (inside(Step::Index(i)), of.item(), deeper);
                walk(value, Place { path, of, slot }, minor, found);
            }
        }
        _ => {}
    }
}

fn slot(holder: &'static str, field: &'static str) -> Slot {
    Slot {
        holder,
        field,
        depth: 0,
    }
}

/// The slot of a field.
pub fn slot_of(holder: &'static str, field: &'static str) -> Slot {
    slot(holder, field)
}

/// A type, with that of any object's metadata in place of its mark.
pub fn resolved(of: Type<'static>) -> Type<'static> {
    if of.is(Scalar::Meta) {
        Table::builtin().object_meta()
    } else {
        of
    }
}

/// Takes out the fields that don't exist in `minor`.
pub fn prune(value: &mut Value, of: Type<'static>, minor: Minor) {
    match (resolved(of).shape(), value) {
        (Shape::Struct(of), Value::Object(map)) => {
            map.retain(|key, _| of.field(minor, key).is_some() || !of.rest().is(Scalar::Never));
            for (key, value) in map {
                let inside = of.field(minor, key).map_or(of.rest(), |field| field.of());
                prune(value, inside, minor);
            }
        }
        (Shape::List(of), Value::Array(items)) => {
            items
                .iter_mut()
                .for_each(|item| prune(item, of.item(), minor));
        }
        _ => {}
    }
}

/// The value at a path.
pub fn get<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(key),
        Step::Index(i) => value.get(i),
    })
}

/// The value at a path, to be changed.
pub fn get_mut<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key),
        Step::Index(i) => value.get_mut(i),
    })
}

/// Takes a value out.
pub fn remove(value: &mut Value, path: &[Step]) -> Option<Value> {
    let (last, holder) = path.split_last()?;
    match (last, get_mut(value, holder)?) {
        (Step::Key(key), Value::Object(map)) => map.remove(key),
        (Step::Index(i), Value::Array(items)) if *i < items.len() => Some(items.remove(*i)),
        _ => None,
    }
}

/// Puts a value at a path, and makes what should hold it; an index behind the end appends.
pub fn put(value: &mut Value, path: &[Step], new: Value) {
    let Some((first, rest)) = path.split_first() else {
        *value = new;
        return;
    };
    let inside = match first {
        Step::Key(key) => {
            if !value.is_object() {
                *value = Value::Object(Map::new());
            }
            value
                .as_object_mut()
                .map(|map| map.entry(key.clone()).or_insert(Value::Null))
        }
        Step::Index(i) => {
            if !value.is_array() {
                *value = Value::Array(Vec::new());
            }
            value.as_array_mut().and_then(|items| {
                let at = (*i).min(items.len());
                if at == items.len() {
                    items.push(Value::Null);
                }
                items.get_mut(at)
            })
        }
    };
    if let Some(inside) = inside {
        put(inside, rest, new);
    }
}

/// A path as the server writes it.
pub fn rendered(path: &[Step]) -> String {
    let mut text = String::new();
    for step in path {
        match step {
            Step::Index(i) => text.push_str(&format!("[{i}]")),
            Step::Key(key) if key.contains(['.', '/']) => text.push_str(&format!("[{key}]")),
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.push_str(&format!(".{key}")),
        }
    }
    text
}

/// Reads a path: `a.b[0].c[key/with.dots]`.
pub fn parsed(text: &str) -> Path {
    let mut path = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        if let Some((inside, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) {
            path.push(match inside.parse() {
                Ok(i) => Step::Index(i),
                Err(_) => Step::Key(inside.to_owned()),
            });
            rest = after;
        } else {
            rest = rest.strip_prefix('.').unwrap_or(rest);
            let end = rest.find(['.', '[']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            path.push(Step::Key(key.to_owned()));
            rest = after;
        }
    }
    path
}
