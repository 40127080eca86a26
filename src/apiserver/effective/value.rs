//! A value of an `Effective`, to read.

use super::{Cell, Effective, Id, NONE, Spot, pointers};
use crate::object::quantity::Quantity;
use crate::text::same;
use crate::tree::{Kind, NodeId, scalar_float, scalar_int};
use crate::yaml::resolve;

/// A value of an `Effective`. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Value<'v> {
    pub(super) object: &'v Effective<'v>,
    pub(super) id: Id,
}

/// A number or a text, as `intstr.IntOrString` holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntOrString<'v> {
    /// A number.
    Int(i64),
    /// A text: a name or a percentage.
    Str(&'v str),
}

impl<'v> Value<'v> {
    /// Its number in the arena.
    pub fn id(self) -> Id {
        self.id
    }

    /// What it is.
    #[inline]
    pub fn kind(self) -> Kind {
        self.cell().kind
    }

    /// The key that it stands under; empty for items and the root.
    #[inline]
    pub fn name(self) -> &'v str {
        self.cell().key
    }

    /// The node that it is written in, or that of the nearest written ancestor.
    pub fn origin(self) -> NodeId {
        self.cell().origin
    }

    /// Where it stands.
    pub fn spot(self) -> Spot {
        Spot {
            old: self.object.old,
            id: Id(self.cell().spot),
            node: self.origin(),
        }
    }

    /// Whether it stands in the source: not a default.
    pub fn is_written(self) -> bool {
        self.cell().written
    }

    /// The text of a scalar, whatever its type; empty for everything else, `null` included.
    #[inline]
    pub fn text(self) -> &'v str {
        let cell = self.cell();
        if cell.kind == Kind::Null {
            ""
        } else {
            cell.text
        }
    }

    /// A number; 0 for everything else.
    #[inline]
    pub fn int(self) -> i64 {
        scalar_int(self.kind(), self.cell().text).unwrap_or(0)
    }

    /// A number with a fraction; 0 for everything else.
    pub fn float(self) -> f64 {
        scalar_float(self.kind(), self.cell().text).unwrap_or(0.0)
    }

    /// Whether it is `true`.
    pub fn bool(self) -> bool {
        self.kind() == Kind::Bool && resolve::bool_value(self.cell().text)
    }

    /// A number or a text.
    pub fn int_or_string(self) -> IntOrString<'v> {
        match self.kind() {
            Kind::Int | Kind::Float => IntOrString::Int(self.int()),
            _ => IntOrString::Str(self.text()),
        }
    }

    /// Whether it is the amount of a resource list, which the server rounds or sums up.
    pub fn is_amount(self) -> bool {
        self.cell().quantity != NONE
    }

    /// A quantity; zero for what is none.
    pub fn quantity(self) -> Quantity {
        let known = self.object.quantities.get(self.cell().quantity as usize);
        match known {
            Some(quantity) => *quantity,
            None => Quantity::of_scalar(self.kind(), self.text()).unwrap_or_default(),
        }
    }

    /// The value under a key, where it is there and not `null`.
    #[inline]
    pub fn get(self, key: &str) -> Option<Value<'v>> {
        self.entry(key).filter(|value| value.kind() != Kind::Null)
    }

    /// The value under a path of keys.
    #[inline]
    pub fn at(self, path: &[&str]) -> Option<Value<'v>> {
        path.iter().try_fold(self, |value, key| value.get(key))
    }

    /// The value under a key of a map whose keys are data, `null` included: Go holds an empty
    /// text for it.
    #[inline]
    pub fn entry(self, key: &str) -> Option<Value<'v>> {
        // Nothing is asked more often: this goes along the keys by hand.
        let object = self.object;
        let cell = self.cell();
        if cell.large {
            let id = object.find(self.id, key)?;
            return Some(Value { object, id });
        }
        let mut next = cell.first;
        loop {
            let cell = object.cells.get(next as usize)?;
            if same(cell.key, key) {
                let id = Id(next);
                return Some(Value { object, id });
            }
            next = cell.next;
        }
    }

    /// The values in a list or mapping, `null`s included.
    #[inline]
    pub fn values(self) -> impl Iterator<Item = Value<'v>> + Clone {
        let object = self.object;
        let mut next = self.cell().first;
        std::iter::from_fn(move || {
            let id = Id(next);
            next = object.cells.get(next as usize)?.next;
            Some(Value { object, id })
        })
    }

    /// Whether a list or mapping holds nothing; true for scalars.
    #[inline]
    pub fn is_empty(self) -> bool {
        self.cell().first == NONE
    }

    /// How many values a list or mapping holds.
    #[inline]
    pub fn len(self) -> usize {
        self.values().count()
    }

    /// Whether two values are the same to the server: the order of keys and how a scalar is
    /// spelled don't count, and what is empty equals what is absent, as in
    /// `apiequality.Semantic.DeepEqual` between objects that went through Go's types.
    pub fn equals(self, other: Value<'_>) -> bool {
        if self.cell().quantity != NONE && other.cell().quantity != NONE {
            return self.quantity() == other.quantity();
        }
        match (self.kind(), other.kind()) {
            (Kind::Mapping, Kind::Mapping) => self.within(other) && other.within(self),
            (Kind::Sequence, Kind::Sequence) => {
                let pairs = self.values().zip(other.values());
                self.len() == other.len() && pairs.into_iter().all(|(a, b)| a.equals(b))
            }
            (Kind::Int | Kind::Float, Kind::Int | Kind::Float) => self.float() == other.float(),
            (Kind::Bool, Kind::Bool) => self.bool() == other.bool(),
            (Kind::String, Kind::String) => self.text() == other.text(),
            _ => self.is_zero() && other.is_zero(),
        }
    }

    /// Whether every value in this mapping that isn't empty has its equal in the other.
    fn within(self, other: Value<'_>) -> bool {
        if pointers::MAPS.contains(&self.name()) {
            let twin = |value: Value<'_>| other.entry(value.name());
            return self.values().all(|v| twin(v).is_some_and(|t| v.equals(t)));
        }
        self.values().all(|value| match other.get(value.name()) {
            Some(twin) => value.equals(twin),
            None => value.is_zero(),
        })
    }

    /// Whether Go can't tell it from a field that isn't there.
    pub(in crate::apiserver) fn is_zero(self) -> bool {
        let name = self.name();
        match self.kind() {
            _ if self.cell().quantity != NONE => false,
            Kind::Null => true,
            Kind::String => {
                let pointer = pointers::TEXTS.contains(&name) || self.is_pointer_of_parent();
                self.text().is_empty() && !pointer
            }
            Kind::Bool => {
                let pointer = pointers::BOOLEANS.contains(&name) || self.is_pointer_of_parent();
                !self.bool() && !pointer
            }
            Kind::Sequence => self.is_empty(),
            // Items of lists are no pointers.
            Kind::Mapping if name.is_empty() || pointers::PLAIN_STRUCTS.contains(&name) => {
                self.values().all(Value::is_zero)
            }
            Kind::Mapping => self.is_empty() && pointers::MAPS.contains(&name),
            Kind::Int | Kind::Float => {
                let of_parent = (self.parent_name(), name);
                let plain = pointers::PLAIN_NUMBERS.contains(&name)
                    || pointers::PLAIN_NUMBERS_OF_PARENT.contains(&of_parent);
                self.float() == 0.0 && plain
            }
        }
    }

    fn is_pointer_of_parent(self) -> bool {
        pointers::OF_PARENT.contains(&(self.parent_name(), self.name()))
    }

    /// The key that what it stands in stands under.
    fn parent_name(self) -> &'v str {
        self.object.cell(Id(self.cell().parent)).key
    }

    #[inline]
    pub(super) fn cell(self) -> &'v Cell<'v> {
        self.object.cell(self.id)
    }
}
