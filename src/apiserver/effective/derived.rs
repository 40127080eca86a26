//! What validation makes of a part of an object before it looks at it.
//!
//! Upstream copies and changes such parts, too. The copy is an `Effective` of its own, whose values
//! still lead back to where they stand in the object.

use std::cell::OnceCell;

use super::{Effective, Id, Value};
use crate::tree::Kind;

impl<'t> Effective<'t> {
    /// A copy of a value and what it holds.
    pub fn derived_from(value: Value<'t>) -> Self {
        let mut derived = Self {
            cells: Vec::with_capacity(128),
            quantities: Vec::new(),
            dropped: Vec::new(),
            old: value.object.old,
            indexes: OnceCell::new(),
            by_key: OnceCell::new(),
        };
        derived.copy_value("", value);
        derived
    }

    /// Adds a copy of a value of another object to a list.
    pub fn push_copy(&mut self, list: Id, value: Value<'t>) {
        let copy = self.copy_value("", value);
        self.link(list, copy);
    }

    /// Adds an empty mapping to a list, which leads back to a value of another object.
    pub fn push_mapping(&mut self, list: Id, at: Value<'t>) -> Id {
        let id = self.push(list, "", Kind::Mapping, "", at.origin(), false);
        self.update(id, |cell| cell.spot = at.cell().spot);
        id
    }

    /// Puts an empty mapping or list under a key, which leads back to where that would stand.
    pub fn set_derived(&mut self, of: Id, key: &'static str, kind: Kind) -> Id {
        let spot = self.cell(of).spot;
        let id = self.set(of, key, kind, "");
        self.update(id, |cell| cell.spot = spot);
        id
    }

    /// Puts a copy of a value of another object under a key.
    pub fn set_copy_of(&mut self, of: Id, key: &'static str, value: Value<'t>) {
        self.remove(of, key);
        let copy = self.copy_value(key, value);
        self.link(of, copy);
    }

    fn copy_value(&mut self, key: &'t str, value: Value<'t>) -> Id {
        let id = Id(self.cells.len() as u32);
        let cell = value.cell();
        self.cells.push(super::Cell {
            key,
            large: false,
            quantity: super::NONE,
            parent: super::NONE,
            first: super::NONE,
            last: super::NONE,
            next: super::NONE,
            ..*cell
        });
        if cell.quantity != super::NONE {
            self.set_quantity(id, value.quantity());
        }
        for child in value.values() {
            let copy = self.copy_value(child.name(), child);
            self.link(id, copy);
        }
        id
    }
}
