//! A field of an object with the path that leads to it: what every validation function is given.
//!
//! Mirrors what upstream passes side by side, a value and its `field.Path` (apimachinery
//! `pkg/util/validation/field/path.go`). A path is a chain of borrowed steps and costs nothing
//! until an error renders it.

use super::effective::{IntOrString, Spot, Value};
use crate::finding::Step;
use crate::object::quantity::Quantity;
use crate::tree::Kind;

/// A field, set or not.
#[derive(Clone, Copy)]
pub struct Field<'p, 'v> {
    parent: Option<&'p Field<'p, 'v>>,
    step: Step<'p>,
    value: Option<Value<'v>>,
}

impl<'p, 'v> Field<'p, 'v> {
    /// The whole object.
    pub fn root(value: Value<'v>) -> Field<'v, 'v> {
        Field {
            parent: None,
            step: Step::Key(""),
            value: Some(value),
        }
    }

    /// The field under a key; not set if this isn't.
    #[inline]
    pub fn key(&'p self, key: &'p str) -> Field<'p, 'v> {
        self.child(Step::Key(key), self.value.and_then(|value| value.get(key)))
    }

    /// The entry of a map whose keys are data: `limits[cpu]`.
    #[inline]
    pub fn entry(&'p self, key: &'p str) -> Field<'p, 'v> {
        let value = self.value.and_then(|value| value.entry(key));
        self.child(Step::MapKey(key), value)
    }

    /// A field with a path of the caller's choice, for the places where upstream reports a value
    /// under another path than its own.
    #[inline]
    pub fn child(&'p self, step: Step<'p>, value: Option<Value<'v>>) -> Field<'p, 'v> {
        Field {
            parent: Some(self),
            step,
            value,
        }
    }

    /// The same value under another key.
    pub fn renamed(&self, key: &'p str) -> Self {
        Field {
            step: Step::Key(key),
            ..*self
        }
    }

    /// The keys of a mapping that are set.
    pub fn keys(&self) -> impl Iterator<Item = &'v str> {
        let map = self.value.filter(|value| value.kind() == Kind::Mapping);
        map.into_iter().flat_map(Value::values).map(Value::name)
    }

    /// The items of a list.
    #[inline]
    pub fn items(&'p self) -> impl Iterator<Item = Field<'p, 'v>> {
        let list = self.value.filter(|value| value.kind() == Kind::Sequence);
        list.into_iter()
            .flat_map(Value::values)
            .enumerate()
            .map(|(i, value)| self.child(Step::Index(i), Some(value)))
    }

    /// Keys and values of a map whose keys are data.
    pub fn entries(&'p self) -> impl Iterator<Item = (&'v str, Field<'p, 'v>)>
    where
        'v: 'p,
    {
        let map = self.value.filter(|value| value.kind() == Kind::Mapping);
        map.into_iter().flat_map(Value::values).map(|value| {
            let key = value.name();
            (key, self.child(Step::MapKey(key), Some(value)))
        })
    }

    /// The value, if it is set.
    #[inline]
    pub fn value(&self) -> Option<Value<'v>> {
        self.value
    }

    /// Whether a pointer isn't nil.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.value.is_some_and(|value| value.kind() != Kind::Null)
    }

    /// The text; empty if it isn't set.
    #[inline]
    pub fn text(&self) -> &'v str {
        self.value.map_or("", Value::text)
    }

    /// The text behind a pointer.
    pub fn text_pointer(&self) -> Option<&'v str> {
        self.is_set().then(|| self.text())
    }

    /// The number; 0 if it isn't set.
    #[inline]
    pub fn int(&self) -> i64 {
        self.value.map_or(0, Value::int)
    }

    /// The number behind a pointer.
    pub fn int_pointer(&self) -> Option<i64> {
        self.is_set().then(|| self.int())
    }

    /// The boolean; false if it isn't set.
    pub fn bool(&self) -> bool {
        self.value.is_some_and(Value::bool)
    }

    /// The boolean behind a pointer.
    pub fn bool_pointer(&self) -> Option<bool> {
        self.is_set().then(|| self.bool())
    }

    /// The number or text behind a pointer.
    pub fn int_or_string(&self) -> Option<IntOrString<'v>> {
        self.value
            .filter(|_| self.is_set())
            .map(Value::int_or_string)
    }

    /// The quantity behind a pointer.
    pub fn quantity(&self) -> Option<Quantity> {
        self.value.filter(|_| self.is_set()).map(Value::quantity)
    }

    /// How many items or entries it has.
    #[inline]
    pub fn len(&self) -> usize {
        self.value.map_or(0, Value::len)
    }

    /// Whether it has no items or entries: not set, or an empty list or map.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.value.is_none_or(Value::is_empty)
    }

    /// Whether it is the same as another: `apiequality.Semantic.DeepEqual`.
    pub fn equals(&self, other: &Field<'_, '_>) -> bool {
        match (self.value, other.value) {
            (Some(a), Some(b)) => a.equals(b),
            (None, None) => true,
            (Some(a), None) => a.is_zero(),
            (None, Some(b)) => b.is_zero(),
        }
    }

    /// The steps from the object.
    pub fn steps(&self) -> Vec<Step<'p>> {
        let mut steps = Vec::new();
        let mut at = Some(self);
        while let Some(field) = at {
            if field.parent.is_some() {
                steps.push(field.step);
            }
            at = field.parent;
        }
        steps.reverse();
        steps
    }

    /// Where it stands: the place of its value, or of its nearest ancestor that has one.
    pub fn spot(&self) -> Option<Spot> {
        let mut at = Some(self);
        while let Some(field) = at {
            if let Some(value) = field.value {
                return Some(value.spot());
            }
            at = field.parent;
        }
        None
    }

    /// The keys from `spot` to the field, where it isn't set itself.
    pub fn missing(&self) -> Vec<&'p str> {
        let mut keys = Vec::new();
        let mut at = Some(self);
        while let Some(field) = at.filter(|field| field.value.is_none()) {
            if let Step::Key(key) | Step::MapKey(key) = field.step {
                keys.push(key);
            }
            at = field.parent;
        }
        keys.reverse();
        keys
    }
}
