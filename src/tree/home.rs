//! Where nodes stand: made for all of a tree when it is first asked for.

use super::{Kind, NONE, NodeId, Tag, Tree};

/// Where a node stands in the collection that holds it.
#[derive(Clone, Copy, Debug)]
pub struct Home {
    /// The collection; a node that none holds is its own.
    pub parent: NodeId,
    /// In a mapping, the key that it is or belongs to.
    pub key: Option<NodeId>,
    /// In a sequence, its index.
    pub index: u32,
}

/// Where a node stands, as it is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    /// The number of the collection behind 0, which stands for none.
    parent: u32,
    /// In a mapping, the number of the key; in a sequence, the index.
    at: u32,
}

impl Tree {
    /// Where a node is written; not where aliases repeat it. Made for all nodes on first use: a
    /// tree without findings never pays for it.
    pub fn home(&self, id: NodeId) -> Option<Home> {
        let homes = self.homes.get_or_init(|| self.make_homes());
        let slot = homes.get(id.0 as usize)?;
        let parent = NodeId(slot.parent.checked_sub(1)?);
        let is_list = self.raw(parent).tag == Tag::Value(Kind::Sequence);
        Some(Home {
            parent,
            key: (!is_list).then_some(NodeId(slot.at)),
            index: if is_list { slot.at } else { 0 },
        })
    }

    fn make_homes(&self) -> Vec<Slot> {
        let mut homes = vec![Slot { parent: 0, at: 0 }; self.nodes.len()];
        for (parent, raw) in (1..).zip(&self.nodes) {
            let is_list = match raw.tag {
                Tag::Value(Kind::Sequence) => true,
                Tag::Value(Kind::Mapping) => false,
                _ => continue,
            };
            let (mut id, mut key) = (raw.a, NONE);
            for child in 0..raw.b {
                if !is_list && child % 2 == 0 {
                    key = id;
                }
                let at = if is_list { child } else { key };
                if let Some(slot) = homes.get_mut(id as usize) {
                    *slot = Slot { parent, at };
                }
                id = self.nodes.get(id as usize).map_or(NONE, |raw| raw.next);
            }
        }
        homes
    }
}
