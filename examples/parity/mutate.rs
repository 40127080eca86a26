//! Mutations of an object: at one of its places, along the schema.

use kubevet::apiserver::schema::{Enum, List, Scalar, Shape, Struct};
use serde_json::{Map, Number, Value};

use super::places::{
    Place, Step, get, get_mut, parsed, places, put, remove, rendered, resolved, slot_of,
};
use super::pool::{Pool, ServedKind};
use super::random::Random;
use super::values::*;

/// What a mutation is meant to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// The object should stay valid.
    Mild,
    /// It should decode, and validation should have something to say.
    Sharp,
    /// It shouldn't decode.
    Broken,
}

/// Marks a key that stands beside an equal one; cut off when the case is written.
pub const TWIN: char = '\u{1}';

/// Mutates an object and says what was done.
pub fn mutate(
    random: &mut Random,
    object: &mut Value,
    kind: &ServedKind,
    pool: &Pool,
    manner: Manner,
) -> Option<String> {
    for _ in 0..8 {
        let all = places(object, kind.root, pool.minor);
        let place = choose(random, object, &all)?;
        let mut at = Mutation {
            random,
            object,
            pool,
            place,
            all: &all,
        };
        let done = match manner {
            Manner::Mild => at.mild(),
            Manner::Sharp => at.sharp(),
            Manner::Broken => at.broken(),
        };
        if let Some(what) = done {
            return Some(format!("{what} {}", rendered(&place.path)));
        }
    }
    None
}

/// Changes an object where a fault is: gives the field a value that stands in it elsewhere, the old
/// object's, or none. A field that isn't there is added; one that the server names by another path
/// is looked for below the part of the path that is there.
pub fn repair(
    random: &mut Random,
    (object, old): (&mut Value, Option<&Value>),
    kind: &ServedKind,
    pool: &Pool,
    field: &str,
) -> Option<()> {
    let all = places(object, kind.root, pool.minor);
    let wanted = parsed(field);
    if let Some(old) = old
        && random.chance(50)
        && let Some(value) = get(old, &wanted)
    {
        put(object, &wanted, value.clone());
        return Some(());
    }
    // What a selector should match can be taken from it.
    if let Some(holder) = field.strip_suffix(".template.metadata.labels")
        && random.chance(50)
        && let Some(labels) = get(object, &parsed(&format!("{holder}.selector.matchLabels")))
    {
        put(object, &wanted, labels.clone());
        return Some(());
    }
    let place = all.iter().find(|place| place.path == wanted);
    let holder = (0..wanted.len()).rev().find_map(|len| {
        let path = wanted.get(..len)?;
        all.iter().find(|place| place.path == path)
    })?;
    // What is wrong with a value may be what stands beside it.
    if random.chance(20) {
        let around = wanted.len().saturating_sub(1 + random.below(2));
        let around = wanted.get(..around).unwrap_or(&[]);
        let place = all.iter().find(|place| place.path == around)?;
        return renew(random, object, pool, place);
    }
    let Some(Step::Key(last)) = wanted.last() else {
        return place.and_then(|place| renew(random, object, pool, place));
    };
    if let Some(place) = place {
        return renew(random, object, pool, place);
    }
    if holder.path.len() + 1 == wanted.len()
        && let Shape::Struct(of) = resolved(holder.of).shape()
        && let Some(field) = of.field(pool.minor, last)
        && let Some(value) = random.pick(pool.sound(slot_of(of.name(), field.name())))
    {
        put(object, &wanted, value.clone());
        return Some(());
    }
    let is_so_called = |place: &&Place| match place.path.last() {
        Some(Step::Key(key)) => key.eq_ignore_ascii_case(last),
        _ => false,
    };
    let below = all
        .iter()
        .filter(|place| place.path.starts_with(&holder.path));
    let (called, others): (Vec<&Place>, Vec<&Place>) = below.partition(is_so_called);
    let place = random.pick(if called.is_empty() { &others } else { &called })?;
    renew(random, object, pool, place)
}

/// Puts a value that stands in the same field of a sound object, or takes out what is there.
fn renew(random: &mut Random, object: &mut Value, pool: &Pool, place: &Place) -> Option<()> {
    if place.path.len() < 2 {
        return None;
    }
    let value = random.pick(pool.sound(place.slot)).cloned();
    match value {
        Some(value) if random.chance(70) => *get_mut(object, &place.path)? = value,
        _ => drop(remove(object, &place.path)?),
    }
    Some(())
}

/// Half of the time any place alike; else down from the top, so that what lies there isn't
/// outnumbered by what lies deep.
fn choose<'p>(random: &mut Random, object: &Value, all: &'p [Place]) -> Option<&'p Place> {
    let wanted = |place: &Place| match place.path.as_slice() {
        [Step::Key(key)] => key != "apiVersion" && key != "kind",
        [Step::Key(key), ..] => key != "status",
        _ => false,
    };
    if random.chance(50) {
        return random
            .pick(all)
            .filter(|place| wanted(place))
            .or_else(|| all.last());
    }
    let mut path = Vec::new();
    loop {
        let value = get(object, &path)?;
        let stop = !path.is_empty() && random.chance(20);
        let next = match value {
            _ if stop => None,
            Value::Object(map) => {
                let keys: Vec<&String> = map.keys().collect();
                random.pick(&keys).map(|key| Step::Key((*key).clone()))
            }
            Value::Array(items) if !items.is_empty() => {
                Some(Step::Index(random.below(items.len())))
            }
            _ => None,
        };
        match next {
            Some(step) => path.push(step),
            None => {
                return all
                    .iter()
                    .find(|p| p.path == path)
                    .filter(|place| wanted(place));
            }
        }
    }
}

struct Mutation<'a> {
    random: &'a mut Random,
    object: &'a mut Value,
    pool: &'a Pool,
    place: &'a Place,
    all: &'a [Place],
}

impl Mutation<'_> {
    fn mild(&mut self) -> Option<String> {
        match self.random.below(10) {
            0..=2 => self.drop_it(),
            3..=6 => self.other_value(),
            7..=8 => self.add_field(true),
            _ => self.milder_scalar(),
        }
    }

    fn sharp(&mut self) -> Option<String> {
        match self.random.below(20) {
            0..=2 => self.drop_it(),
            3 => self.set(Value::Null, "null at"),
            4..=6 => self.other_value(),
            7..=8 => self.add_field(false),
            _ => self.typed(),
        }
    }

    fn broken(&mut self) -> Option<String> {
        match self.random.below(4) {
            0 => self.unknown_field(),
            1 => self.twin_key(),
            2 => self.bad_scalar(),
            _ => {
                let other = [
                    Value::from("text"),
                    Value::from(1),
                    Value::from(true),
                    Value::from(Vec::<Value>::new()),
                    Value::Object(Map::new()),
                    Value::from(1.5),
                ];
                let value = self.random.pick(&other)?.clone();
                self.set(value, "retype")
            }
        }
    }

    fn value(&self) -> Option<&Value> {
        get(self.object, &self.place.path)
    }

    fn set(&mut self, value: Value, what: &str) -> Option<String> {
        let at = get_mut(self.object, &self.place.path)?;
        if *at == value {
            return None;
        }
        *at = value;
        Some(what.to_owned())
    }

    fn drop_it(&mut self) -> Option<String> {
        remove(self.object, &self.place.path).map(|_| "drop".to_owned())
    }

    /// What stands in the same slot elsewhere.
    fn other_value(&mut self) -> Option<String> {
        let values = self.pool.values(self.place.slot);
        let value = self.random.pick(values)?.clone();
        self.set(value, "transplant to")
    }

    fn milder_scalar(&mut self) -> Option<String> {
        let value = match self.value()? {
            Value::Bool(value) => Value::from(!value),
            Value::Number(number) => Value::from(number.as_i64()? + 1),
            Value::String(text) => Value::from(format!("{text}x")),
            _ => return None,
        };
        self.set(value, "vary")
    }

    /// A field that isn't there: with a value that stands in it elsewhere, or one made up.
    fn add_field(&mut self, only_known: bool) -> Option<String> {
        let Shape::Struct(of) = resolved(self.place.of).shape() else {
            return None;
        };
        let Value::Object(map) = get(self.object, &self.place.path)? else {
            return None;
        };
        if of.is_map() {
            return (!only_known).then(|| self.add_entry(of))?;
        }
        let minor = self.pool.minor;
        let absent = of
            .fields()
            .filter(|f| f.exists(minor) && !map.contains_key(f.name()));
        let absent: Vec<_> = absent.filter(|f| f.name() != "status").collect();
        let field = *self.random.pick(&absent)?;
        let known = self.pool.values(slot_of(of.name(), field.name()));
        let value = match self.random.pick(known) {
            Some(value) if only_known || self.random.chance(70) => value.clone(),
            _ if only_known => return None,
            _ => self.made_up(field.of().shape(), 0),
        };
        let map = get_mut(self.object, &self.place.path)?.as_object_mut()?;
        map.insert(field.name().to_owned(), value);
        Some(format!("add {} to", field.name()))
    }

    fn add_entry(&mut self, of: Struct<'static>) -> Option<String> {
        let is_amount = of.rest().is(Scalar::Quantity);
        let key = if is_amount {
            (*self.random.pick(RESOURCES)?).to_owned()
        } else if self.random.chance(15) {
            self.long_text()
        } else {
            (*self.random.pick(KEYS)?).to_owned()
        };
        let value = match of.rest().shape() {
            Shape::Scalar(Scalar::String) => Value::from(*self.random.pick(KEY_VALUES)?),
            shape => self.made_up(shape, 0),
        };
        let map = get_mut(self.object, &self.place.path)?.as_object_mut()?;
        map.insert(key.clone(), value);
        Some(format!("add key {} to", key.get(..20).unwrap_or(&key)))
    }

    /// Another value of the right type.
    fn typed(&mut self) -> Option<String> {
        match resolved(self.place.of).shape() {
            Shape::List(of) => self.edit_list(of),
            Shape::Struct(of) if of.is_map() && self.random.chance(70) => self.add_entry(of),
            Shape::Struct(_) if self.random.chance(20) => {
                self.set(Value::Object(Map::new()), "empty")
            }
            Shape::Struct(_) => self.add_field(false),
            Shape::Scalar(Scalar::Bool) => self.milder_scalar(),
            Shape::Scalar(Scalar::String) => {
                let text = self.text();
                self.set(Value::from(text), "set")
            }
            shape => {
                let value = self.made_up(shape, 0);
                self.set(value, "set")
            }
        }
    }

    fn edit_list(&mut self, of: List<'static>) -> Option<String> {
        let slot = super::places::Slot {
            depth: self.place.slot.depth + 1,
            ..self.place.slot
        };
        let known = self.pool.values(slot);
        let donor = self.random.pick(known).cloned();
        let made = self.made_up(of.item().shape(), 0);
        let (choice, copies) = (
            self.random.below(8),
            *self.random.pick(&[2, 4, 21, 33, 257])?,
        );
        let (i, j) = (self.random.next() as usize, self.random.next() as usize);
        let items = get_mut(self.object, &self.place.path)?.as_array_mut()?;
        let len = items.len();
        match choice {
            0 => {
                items.clear();
                return Some("empty list".to_owned());
            }
            1 | 2 if len > 0 => {
                let twin = items.get(i % len)?.clone();
                items.push(twin);
                return Some("repeat an item of".to_owned());
            }
            3 if len > 0 => {
                let item = items.get(i % len)?.clone();
                items.resize(len.max(copies), item);
                return Some(format!("{copies} items in"));
            }
            4 if len > 1 => {
                items.swap(i % len, j % len);
                return Some("swap items of".to_owned());
            }
            5 if len > 0 => {
                *items.get_mut(i % len)? = Value::Null;
                return Some("null in".to_owned());
            }
            6 | 7 if donor.is_some() => items.push(donor?),
            _ => items.push(made),
        }
        Some("append to".to_owned())
    }

    /// A text: an odd one, one of another place, or a variation of what is there.
    fn text(&mut self) -> String {
        let now = self
            .value()
            .and_then(Value::as_str)
            .unwrap_or("")
            .to_owned();
        match self.random.below(10) {
            0..=4 => self
                .random
                .pick(TEXTS)
                .map_or(String::new(), |t| (*t).to_owned()),
            5 => self.long_text(),
            6..=7 => {
                let other = self
                    .random
                    .pick(self.all)
                    .and_then(|p| get(self.object, &p.path));
                other.and_then(Value::as_str).unwrap_or("").to_owned()
            }
            _ => match self.random.below(6) {
                0 => now.to_uppercase(),
                1 => format!("{now}-"),
                2 => format!("{now}."),
                3 => format!(" {now}"),
                4 => format!("/{now}"),
                _ => now.chars().skip(1).collect(),
            },
        }
    }

    fn long_text(&mut self) -> String {
        let length = self.random.pick(LENGTHS).copied().unwrap_or(64);
        let unit = self
            .random
            .pick(&["a", "a", "a.", "A", "1", "ab/", "é"])
            .copied()
            .unwrap_or("a");
        let mut text = unit.repeat(length / unit.len() + 1);
        while text.len() > length {
            text.pop();
        }
        text
    }

    /// A value of a type.
    fn made_up(&mut self, shape: Shape<'static>, depth: usize) -> Value {
        match shape {
            Shape::Enum(of) => self.one_of(of),
            Shape::List(_) if depth > 2 => Value::from(Vec::<Value>::new()),
            Shape::List(of) => {
                Value::from(vec![self.made_up(resolved(of.item()).shape(), depth + 1)])
            }
            Shape::Struct(of) => self.made_up_struct(of, depth),
            Shape::Scalar(scalar) => self.made_up_scalar(scalar),
        }
    }

    fn made_up_struct(&mut self, of: Struct<'static>, depth: usize) -> Value {
        let mut map = Map::new();
        if of.is_map() && depth < 3 {
            let amounts = of.rest().is(Scalar::Quantity);
            let key = self.random.pick(if amounts { RESOURCES } else { KEYS });
            let value = self.made_up(of.rest().shape(), depth + 1);
            map.extend(key.map(|key| ((*key).to_owned(), value)));
            return Value::Object(map);
        }
        let minor = self.pool.minor;
        let fields: Vec<_> = of.fields().filter(|f| f.exists(minor)).collect();
        for field in &fields {
            if depth < 3 && (field.is_required(minor) || self.random.below(fields.len()) == 0) {
                let value = self.made_up(resolved(field.of()).shape(), depth + 1);
                map.insert(field.name().to_owned(), value);
            }
        }
        Value::Object(map)
    }

    fn made_up_scalar(&mut self, scalar: Scalar) -> Value {
        let random = &mut *self.random;
        match scalar {
            Scalar::Bool => Value::from(random.chance(50)),
            Scalar::Int64 if random.chance(20) => pick(random, WIDE),
            Scalar::Int32 | Scalar::Int64 => pick(random, NUMBERS),
            Scalar::IntOrString if random.chance(50) => pick(random, NUMBERS),
            Scalar::Float | Scalar::NumberOrString => Value::from(1.5),
            Scalar::Quantity => pick(random, AMOUNTS),
            Scalar::Time => Value::from("2024-01-01T00:00:00Z"),
            Scalar::MicroTime => Value::from("2024-01-01T00:00:00.000000Z"),
            Scalar::Bytes => Value::from("YQ=="),
            Scalar::Any => Value::Object(Map::new()),
            _ => pick(random, TEXTS),
        }
    }

    fn one_of(&mut self, of: Enum<'static>) -> Value {
        let values: Vec<&str> = of.values().collect();
        let value = self.random.pick(&values).copied().unwrap_or("");
        Value::from(match self.random.below(8) {
            0 => "Bogus".to_owned(),
            1 => value.to_lowercase(),
            2 => String::new(),
            3 => format!("{value} "),
            _ => value.to_owned(),
        })
    }

    fn unknown_field(&mut self) -> Option<String> {
        let random = self.random.below(4);
        let map = get_mut(self.object, &self.place.path)?.as_object_mut()?;
        let name = match (random, map.keys().next()) {
            (0, Some(key)) => key.to_uppercase(),
            (1, Some(key)) => format!("{key}s"),
            (2, _) => "status".to_owned(),
            _ => "bogus".to_owned(),
        };
        map.insert(name.clone(), Value::from(1));
        Some(format!("unknown field {name} in"))
    }

    fn twin_key(&mut self) -> Option<String> {
        let map = get_mut(self.object, &self.place.path)?.as_object_mut()?;
        let (key, value) = map.iter().next()?;
        let (key, value) = (format!("{key}{TWIN}"), value.clone());
        map.insert(key, value);
        Some("double key in".to_owned())
    }

    fn bad_scalar(&mut self) -> Option<String> {
        let value = match self.place.of.shape() {
            Shape::Scalar(Scalar::Quantity) => pick(self.random, BAD_AMOUNTS),
            Shape::Scalar(Scalar::Int32) => pick(self.random, WIDE),
            Shape::Scalar(Scalar::Int64) => Value::from(Number::from_f64(1e30)?),
            Shape::Scalar(Scalar::Time) => Value::from("yesterday"),
            Shape::Scalar(Scalar::IntOrString) => Value::from(1.5),
            _ => return None,
        };
        self.set(value, "unreadable")
    }
}

fn pick<T: Copy>(random: &mut Random, of: &[T]) -> Value
where
    Value: From<T>,
{
    random
        .pick(of)
        .map_or(Value::Null, |value| Value::from(*value))
}
