//! What applying an object keeps of the one that is there: what the server filled in.
//!
//! Mirrors the three-way merges of `kubectl apply` (apimachinery `pkg/util/strategicpatch`) and of
//! `kubectl apply --server-side` (structured-merge-diff `merge.Updater`), where both versions are
//! applied and nobody else writes. Both take away what the old manifest has and the new one
//! hasn't, with all that is in it, and leave the rest. Not here: what comes of it, which the
//! server defaults and validates as any update.

use std::collections::HashMap;

use super::{Effective, Id, Value};
use crate::apiserver::schema::{ItemKey, List, Shape, Struct, Type};
use crate::minor::Minor;
use crate::tree::Kind;

/// A way to apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// `kubectl apply`.
    ClientSide,
    /// `kubectl apply --server-side`.
    ServerSide,
}

/// Structs of which a client keeps only what is written: `patchStrategy:"retainKeys"`.
const RETAIN_KEYS: [&str; 3] = ["DeploymentStrategy", "PodResourceClaim", "Volume"];

/// How objects are merged.
#[derive(Clone, Copy, Debug)]
pub struct Merge {
    /// By whom.
    pub way: Way,
    /// What there are for fields.
    pub minor: Minor,
}

impl Merge {
    /// Puts into the spec of `new`, which has no defaults yet, what it keeps of that of `old`.
    pub fn keep<'t>(self, new: &mut Effective<'t>, old: &Effective<'t>, root: Type<'static>) {
        let Shape::Struct(fields) = root.shape() else {
            return;
        };
        let specs = new.get(new.root(), "spec").zip(old.get(old.root(), "spec"));
        let field = fields.field(self.minor, "spec");
        if let (Some((at, from)), Some(field)) = (specs, field) {
            self.value(new, at, old, from, field.of());
        }
    }

    fn value<'t>(
        self,
        new: &mut Effective<'t>,
        at: Id,
        old: &Effective<'t>,
        from: Id,
        of: Type<'static>,
    ) {
        match (new.value(at).kind(), old.value(from).kind(), of.shape()) {
            (Kind::Mapping, Kind::Mapping, Shape::Struct(fields)) => {
                self.fields(new, at, old, from, fields);
            }
            (Kind::Sequence, Kind::Sequence, Shape::List(list)) => {
                let before = self.by_keys(old.value(from), list);
                for item in new.children(at) {
                    let same = before.get(&self.keys(new.value(item), list));
                    if let Some(same) = same.and_then(|items| items.first()) {
                        self.value(new, item, old, same.id(), list.item());
                    }
                }
            }
            _ => {}
        }
    }

    fn fields<'t>(
        self,
        new: &mut Effective<'t>,
        at: Id,
        old: &Effective<'t>,
        from: Id,
        fields: Struct<'static>,
    ) {
        let name = fields.name().rsplit('.').next().unwrap_or("");
        let retains = RETAIN_KEYS.contains(&name);
        for child in old.children(from) {
            let key = old.key_of(child);
            let there = new
                .value(at)
                .entry(key)
                .map(|value| (value.id(), value.kind()));
            if let Some((id, kind)) = there
                && kind != Kind::Null
            {
                let of = fields
                    .field(self.minor, key)
                    .map_or(fields.rest(), |field| field.of());
                self.value(new, id, old, child, of);
                continue;
            }
            // A client takes `null` for a deletion, the server for nothing.
            let deleted = self.way == Way::ClientSide && (retains || there.is_some());
            if !deleted && !old.value(child).is_written() {
                new.copy_from(at, key, old, child);
            }
        }
    }

    /// The items of a list by what tells them from others when it is merged; of a list that is
    /// replaced as a whole, none.
    pub fn by_keys<'v>(
        self,
        of: Value<'v>,
        list: List<'static>,
    ) -> HashMap<Vec<&'v str>, Vec<Value<'v>>> {
        let mut items: HashMap<_, Vec<_>> = HashMap::new();
        if list.keys().next().is_some() {
            for item in of.values() {
                items.entry(self.keys(item, list)).or_default().push(item);
            }
        }
        items
    }

    /// What tells an item of a list from others when it is merged; nothing where a list is
    /// replaced as a whole. A client knows one key where the server may know two.
    pub fn keys<'v>(self, item: Value<'v>, list: List<'static>) -> Vec<&'v str> {
        let known = match self.way {
            Way::ClientSide => 1,
            Way::ServerSide => usize::MAX,
        };
        let keys = list.keys().take(known);
        let text = |key: ItemKey<'static>| item.get(key.name()).map(Value::text);
        keys.map(|key| text(key).unwrap_or(key.default())).collect()
    }
}
