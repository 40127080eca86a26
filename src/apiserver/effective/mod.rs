//! An object as the server holds it: defaults filled in, fields of disabled features dropped.
//!
//! `Effective` is a small arena beside the source tree, which is never changed. Every value in it
//! leads back to the node that it is written in or, for a default, to the nearest written
//! ancestor. What is filled in or dropped is said in the files below, one for each API group,
//! named after `SetDefaults_…` and `drop…` functions of upstream. Not here: whether the result
//! is valid (`validation`).

mod app_armor;
pub mod apps;
pub mod autoscaling;
pub mod autoscaling_v1;
pub mod batch;
pub mod claim;
pub mod core;
mod derived;
mod drop;
mod image;
pub mod kept;
pub mod meta;
pub mod pod;
pub mod pointers;
pub mod policy;
pub mod replication_controller;
mod resources;
pub mod service;
mod value;
mod volumes;

use std::cell::OnceCell;
use std::collections::BTreeSet;

use crate::finding::Step;
use crate::object::quantity::Quantity;
use crate::text::same;
use crate::tree::{Kind, Node, NodeId};

pub use value::{IntOrString, Value};

/// The number of a value in its arena.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id(u32);

/// An object with its defaults.
#[derive(Debug)]
pub struct Effective<'t> {
    cells: Vec<Cell<'t>>,
    /// The amounts in resource lists, which the server rounds.
    quantities: Vec<Quantity>,
    dropped: Vec<Dropped<'t>>,
    /// It is the object that an update replaces.
    old: bool,
    /// Which item of its list each value is: made when it is first asked for.
    indexes: OnceCell<Vec<u32>>,
    /// The values of large mappings, in order of these and of their keys: made in the same way. One
    /// that is changed is no longer large, so that this holds.
    by_key: OnceCell<Vec<u32>>,
}

/// A written field that the server takes out of an object without a word.
#[derive(Clone, Copy, Debug)]
pub struct Dropped<'t> {
    /// The value.
    pub node: NodeId,
    /// The key that it stands under.
    pub name: &'t str,
    /// The feature gate that would have to be on; `None`: nothing brings it back.
    pub gate: Option<&'static str>,
}

/// Where a value stands: in which object, and which value it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// In the object that an update replaces.
    pub old: bool,
    /// The value.
    pub id: Id,
    /// The node that it is written in, or that of the nearest written ancestor.
    pub node: NodeId,
}

#[derive(Clone, Copy, Debug)]
struct Cell<'t> {
    /// The key that it stands under; empty for items and the root.
    key: &'t str,
    /// The text of a scalar; empty for `null`.
    text: &'t str,
    kind: Kind,
    /// Written in the source, not a default.
    written: bool,
    /// A mapping in which values aren't looked for one by one: `by_key` has them.
    large: bool,
    /// The node that it is written in, or that of the nearest written ancestor.
    origin: NodeId,
    /// The place of its amount in `quantities`, for values of resource lists.
    quantity: u32,
    /// The cell that it leads back to: itself, but for what is derived from another object.
    spot: u32,
    parent: u32,
    first: u32,
    last: u32,
    next: u32,
}

const NONE: u32 = u32::MAX;

/// How many values a written mapping holds at least that is large.
const LARGE: u32 = 64;

/// How deep an object is copied. No type of the kinds that are modelled contains itself, and none
/// has fields below half as many levels: what is deeper, the server's decoder drops or rejects. So
/// what goes through an `Effective` may recurse.
const LEVELS_MAX: u32 = 64;

impl<'t> Effective<'t> {
    /// A copy of what is written, without defaults so far.
    pub fn copy_of(object: Node<'t>) -> Self {
        Self::copy_to(object, LEVELS_MAX)
    }

    /// A copy of the metadata alone.
    pub fn metadata_of(object: Node<'t>) -> Self {
        let mut effective = Self::copy_to(object, 0);
        let key = "metadata";
        if let Some(metadata) = object.get(key) {
            let at = effective.copy(0, key, metadata, LEVELS_MAX - 1);
            effective.update(Id(0), |cell| (cell.first, cell.last) = (at, at));
        }
        effective
    }

    fn copy_to(object: Node<'t>, levels: u32) -> Self {
        // Small manifests have a value for about every twenty bytes.
        let size = object.span().range().len() / 20;
        let most = if levels == 0 { 32 } else { 4096 };
        let mut effective = Self {
            cells: Vec::with_capacity(size.clamp(32, most)),
            quantities: Vec::new(),
            dropped: Vec::new(),
            old: false,
            indexes: OnceCell::new(),
            by_key: OnceCell::new(),
        };
        effective.copy(NONE, "", object, levels);
        effective
    }

    /// Marks it as the object that an update replaces.
    #[must_use]
    pub fn as_old(mut self) -> Self {
        self.old = true;
        self
    }

    /// The steps from the object to a value.
    pub fn steps(&self, id: Id) -> Vec<Step<'t>> {
        let mut steps = Vec::new();
        let mut cell = self.cell(id);
        let mut at = id.0;
        while cell.parent != NONE {
            let parent = self.cell(Id(cell.parent));
            steps.push(if parent.kind == Kind::Sequence {
                let index = self.indexes().get(at as usize);
                Step::Index(index.map_or(0, |index| *index as usize))
            } else {
                Step::Key(cell.key)
            });
            at = cell.parent;
            cell = parent;
        }
        steps.reverse();
        steps
    }

    fn indexes(&self) -> &[u32] {
        self.indexes.get_or_init(|| {
            let mut indexes = vec![0; self.cells.len()];
            let lists = (0..).zip(&self.cells);
            for (list, _) in lists.filter(|(_, cell)| cell.kind == Kind::Sequence) {
                let items = self.value(Id(list)).values();
                for (i, item) in (0..).zip(items) {
                    if let Some(index) = indexes.get_mut(item.id.0 as usize) {
                        *index = i;
                    }
                }
            }
            indexes
        })
    }

    /// The value of a large mapping under a key.
    #[cold]
    fn find(&self, of: Id, key: &str) -> Option<Id> {
        let name = |at: &u32| {
            let cell = self.cell(Id(*at));
            (cell.parent, cell.key)
        };
        let by_key = self.by_key.get_or_init(|| {
            let large = (0..).zip(&self.cells).filter(|(_, cell)| cell.large);
            let values = large.flat_map(|(id, _)| self.value(Id(id)).values());
            let mut by_key: Vec<u32> = values.map(|value| value.id.0).collect();
            by_key.sort_unstable_by(|a, b| name(a).cmp(&name(b)));
            by_key
        });
        let wanted = (of.0, key);
        let first = by_key.partition_point(|at| name(at) < wanted);
        let found = by_key.get(first).filter(|at| name(at) == wanted);
        found.map(|at| Id(*at))
    }

    /// The object.
    pub fn root(&self) -> Id {
        Id(0)
    }

    /// A value, to read.
    #[inline]
    pub fn value(&self, id: Id) -> Value<'_> {
        Value { object: self, id }
    }

    /// The written fields that were taken out with `drop_field`, in that order.
    pub fn dropped(&self) -> &[Dropped<'t>] {
        &self.dropped
    }

    /// The value of a mapping under a key, where it is there and not `null`.
    #[inline]
    pub fn get(&self, of: Id, key: &str) -> Option<Id> {
        self.value(of).get(key).map(|value| value.id)
    }

    /// The value under a path of keys.
    #[inline]
    pub fn at(&self, of: Id, path: &[&str]) -> Option<Id> {
        path.iter().try_fold(of, |id, key| self.get(id, key))
    }

    /// The items of a list of structs under a key; a `null` among them becomes an empty struct.
    pub fn items(&mut self, of: Id, key: &str) -> Vec<Id> {
        let items = self.get(of, key).map_or(Vec::new(), |id| self.children(id));
        for item in &items {
            self.update(*item, |cell| {
                if cell.kind == Kind::Null {
                    cell.kind = Kind::Mapping;
                }
            });
        }
        items
    }

    /// The key that a value stands under.
    pub fn key_of(&self, id: Id) -> &'t str {
        self.cell(id).key
    }

    /// The text of a scalar.
    #[inline]
    pub fn value_text(&self, id: Id) -> &'t str {
        let cell = self.cell(id);
        if cell.kind == Kind::Null {
            ""
        } else {
            cell.text
        }
    }

    /// The text under a key; empty where there is none.
    #[inline]
    pub fn text(&self, of: Id, key: &str) -> &'t str {
        self.get(of, key).map_or("", |id| self.value_text(id))
    }

    /// The texts in a list under a key.
    pub fn texts(&self, of: Id, key: &str) -> Vec<&'t str> {
        let items = self.children_of(of, key);
        items.into_iter().map(|id| self.value_text(id)).collect()
    }

    /// The number under a key; 0 where there is none.
    pub fn int(&self, of: Id, key: &str) -> i64 {
        self.value(of).get(key).map_or(0, Value::int)
    }

    /// How many values the list or mapping under a key holds.
    pub fn len(&self, of: Id, key: &str) -> usize {
        self.value(of).get(key).map_or(0, Value::len)
    }

    /// The values in the list or mapping under a key.
    #[inline]
    pub fn children_of(&self, of: Id, key: &str) -> Vec<Id> {
        self.get(of, key).map_or(Vec::new(), |id| self.children(id))
    }

    /// The values in a list or mapping.
    pub fn children(&self, of: Id) -> Vec<Id> {
        self.value(of).values().map(|value| value.id).collect()
    }

    /// Fills in a text where there is none, or an empty one: for fields that are no pointers.
    pub fn default_text(&mut self, of: Id, key: &'static str, text: &'t str) {
        if self.value(of).get(key).is_none_or(|v| v.text().is_empty()) {
            self.set(of, key, Kind::String, text);
        }
    }

    /// Fills in a scalar where nothing is written: for fields that are pointers.
    pub fn default_pointer(&mut self, of: Id, key: &'static str, kind: Kind, text: &'static str) {
        if self.get(of, key).is_none() {
            self.set(of, key, kind, text);
        }
    }

    /// Fills in a number where there is none, or a zero: for fields that are no pointers.
    pub fn default_number(&mut self, of: Id, key: &'static str, text: &'static str) {
        if self.value(of).get(key).is_none_or(|v| v.int() == 0) {
            self.set(of, key, Kind::Int, text);
        }
    }

    /// The mapping under a key, an empty one where there is none.
    pub fn default_mapping(&mut self, of: Id, key: &'static str) -> Id {
        match self.get(of, key) {
            Some(id) => id,
            None => self.set(of, key, Kind::Mapping, ""),
        }
    }

    /// Sets a scalar or an empty collection under a key, instead of what is there.
    pub fn set(&mut self, of: Id, key: &'t str, kind: Kind, text: &'t str) -> Id {
        self.remove(of, key);
        let origin = self.cell(of).origin;
        self.push(of, key, kind, text, origin, false)
    }

    /// Sets a list of texts under a key, instead of what is there.
    pub fn set_texts(&mut self, of: Id, key: &'t str, texts: &[&'t str]) {
        let written = self.children_of(of, key);
        let origins: Vec<NodeId> = written.iter().map(|id| self.cell(*id).origin).collect();
        let list = self.get(of, key).map(|id| self.cell(id).origin);
        let list = list.unwrap_or(self.cell(of).origin);
        self.remove(of, key);
        let id = self.push(of, key, Kind::Sequence, "", list, false);
        for (i, text) in texts.iter().enumerate() {
            let origin = origins.get(i).copied().unwrap_or(list);
            self.push(id, "", Kind::String, text, origin, false);
        }
    }

    /// Adds an empty mapping to a list.
    pub fn push_default(&mut self, list: Id) -> Id {
        let origin = self.cell(list).origin;
        self.push(list, "", Kind::Mapping, "", origin, false)
    }

    /// Copies a value under a key, instead of what is there.
    pub fn set_copy(&mut self, of: Id, key: &'t str, from: Id) -> Id {
        self.remove(of, key);
        self.copy_cell(of, key, from)
    }

    /// Gives a value of a resource list its amount.
    pub fn set_quantity(&mut self, id: Id, quantity: Quantity) {
        let place = self.quantities.len() as u32;
        self.quantities.push(quantity);
        self.update(id, |cell| cell.quantity = place);
    }

    /// Copies a value of another object under a key, instead of what is there.
    pub fn copy_from(&mut self, of: Id, key: &'t str, other: &Effective<'t>, from: Id) {
        let cell = other.cell(from);
        let id = self.set(of, key, cell.kind, cell.text);
        if let Some(quantity) = other.quantities.get(cell.quantity as usize) {
            self.set_quantity(id, *quantity);
        }
        for child in other.children(from) {
            self.copy_from(id, other.cell(child).key, other, child);
        }
    }

    /// Takes the value under a key out of a mapping, and remembers that, if somebody wrote it.
    pub fn drop_field(&mut self, of: Id, key: &str, gate: Option<&'static str>) {
        if let Some(id) = self.get(of, key) {
            self.note_dropped(id, gate);
            self.remove(of, key);
        }
    }

    /// Takes values out of a list, and remembers that.
    pub fn drop_items(&mut self, of: Id, items: &[Id], gate: Option<&'static str>) {
        if items.is_empty() {
            return;
        }
        for item in items {
            self.note_dropped(*item, gate);
        }
        let gone: BTreeSet<u32> = items.iter().map(|item| item.0).collect();
        self.unlink(of, |_, at| gone.contains(&at));
    }

    fn note_dropped(&mut self, id: Id, gate: Option<&'static str>) {
        let cell = *self.cell(id);
        if cell.written {
            self.dropped.push(Dropped {
                node: cell.origin,
                name: cell.key,
                gate,
            });
        }
    }

    /// Takes the value under a key out of a mapping.
    pub fn remove(&mut self, of: Id, key: &str) {
        self.unlink(of, |cell, _| same(cell.key, key));
    }

    fn unlink(&mut self, of: Id, goes: impl Fn(&Cell<'t>, u32) -> bool) {
        self.change(of);
        let mut before = NONE;
        let mut at = self.cell(of).first;
        while let Some(cell) = self.cells.get(at as usize).copied() {
            if !goes(&cell, at) {
                before = at;
            } else {
                match self.cells.get_mut(before as usize) {
                    Some(previous) => previous.next = cell.next,
                    None => self.update(of, |parent| parent.first = cell.next),
                }
                if cell.next == NONE {
                    self.update(of, |parent| parent.last = before);
                }
            }
            at = cell.next;
        }
    }

    /// Copies a node and what stands up to so many `levels` below it; the number of its cell.
    fn copy(&mut self, parent: u32, key: &'t str, node: Node<'t>, levels: u32) -> u32 {
        let at = self.cells.len() as u32;
        let (kind, text, mut children) = node.parts();
        self.cells.push(Cell {
            key,
            text,
            kind,
            written: true,
            origin: node.id(),
            spot: at,
            parent,
            ..EMPTY
        });
        if levels == 0 {
            return at;
        }
        let (mut last, mut count) = (NONE, 0);
        // The server sets them itself (`meta::prepare`), and they are a third of many objects.
        let is_metadata = parent == 0 && same(key, "metadata");
        while let Some(child) = children.next() {
            // In a mapping, keys and values take turns.
            let (key, value) = match kind {
                Kind::Mapping => (child.text(), children.next().unwrap_or(child)),
                _ => ("", child),
            };
            if is_metadata && same(key, "managedFields") {
                continue;
            }
            let copied = self.copy(at, key, value, levels - 1);
            if let Some(last) = self.cells.get_mut(last as usize) {
                last.next = copied;
            }
            (last, count) = (copied, count + 1);
        }
        if last != NONE {
            self.update(Id(at), |cell| {
                // What stands in it comes right behind it.
                (cell.first, cell.last) = (at + 1, last);
                cell.large = count >= LARGE && kind == Kind::Mapping;
            });
        }
        at
    }

    fn copy_cell(&mut self, of: Id, key: &'t str, from: Id) -> Id {
        let cell = *self.cell(from);
        let id = self.push(of, key, cell.kind, cell.text, cell.origin, false);
        self.update(id, |copy| copy.quantity = cell.quantity);
        for child in self.children(from) {
            let key = self.cell(child).key;
            self.copy_cell(id, key, child);
        }
        id
    }

    fn push(
        &mut self,
        of: Id,
        key: &'t str,
        kind: Kind,
        text: &'t str,
        origin: NodeId,
        written: bool,
    ) -> Id {
        let id = Id(self.cells.len() as u32);
        self.cells.push(Cell {
            key,
            text,
            kind,
            written,
            origin,
            spot: id.0,
            ..EMPTY
        });
        self.link(of, id);
        id
    }

    fn link(&mut self, parent: Id, child: Id) {
        self.change(parent);
        let last = self.cell(parent).last;
        match self.cells.get_mut(last as usize) {
            Some(last) => last.next = child.0,
            None => self.update(parent, |parent| parent.first = child.0),
        }
        self.update(parent, |parent| parent.last = child.0);
        self.update(child, |child| child.parent = parent.0);
    }

    /// What a value holds is about to change.
    fn change(&mut self, id: Id) {
        self.indexes.take();
        self.update(id, |cell| cell.large = false);
    }

    #[inline]
    fn cell(&self, id: Id) -> &Cell<'t> {
        self.cells.get(id.0 as usize).unwrap_or(&EMPTY)
    }

    fn update(&mut self, id: Id, change: impl FnOnce(&mut Cell<'t>)) {
        if let Some(cell) = self.cells.get_mut(id.0 as usize) {
            change(cell);
        }
    }
}

const EMPTY: Cell<'static> = Cell {
    key: "",
    text: "",
    kind: Kind::Null,
    written: false,
    large: false,
    origin: NodeId::FIRST,
    quantity: NONE,
    spot: NONE,
    parent: NONE,
    first: NONE,
    last: NONE,
    next: NONE,
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json;

    #[test]
    fn finds_each_value_of_a_large_mapping() {
        // Another one before it, and in it: what stands there is never taken for its own.
        let keys: Vec<String> = (0..300).map(|i| format!("k{i}")).collect();
        let pairs = |value: &str| {
            let pairs = keys.iter().map(|key| format!("\"{key}\":\"{value}\""));
            pairs.collect::<Vec<_>>().join(",")
        };
        let (first, second) = (pairs("first"), pairs("second"));
        let text =
            format!(r#"{{"a":{{{first},"only":"here"}},"b":{{{second},"in":{{"x":"y"}}}}}}"#);
        let read = json::read_one(text, 1).unwrap();
        let mut object = Effective::copy_of(read.tree.node(read.root));
        let b = object.get(object.root(), "b").unwrap();
        for key in &keys {
            assert_eq!(object.text(b, key), "second", "{key}");
        }
        assert!(object.get(b, "only").is_none());
        assert!(object.get(b, "x").is_none());
        object.set(b, "new", Kind::String, "one");
        object.remove(b, "k299");
        assert_eq!(object.text(b, "new"), "one");
        assert!(object.get(b, "k299").is_none());
        assert_eq!(object.text(b, "k298"), "second");
    }
}
