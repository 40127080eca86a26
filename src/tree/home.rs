//! Where nodes stand: made for all of a tree when it is first asked for.

use super::{NodeId, Tag, Tree};

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

impl Tree {
    /// Where a node is written; not where aliases repeat it. Made for all nodes on first use: a
    /// tree without findings never pays for it.
    pub fn home(&self, id: NodeId) -> Option<Home> {
        let homes = self.homes.get_or_init(|| self.make_homes());
        homes
            .get(id.0 as usize)
            .copied()
            .filter(|home| home.parent != id)
    }

    fn make_homes(&self) -> Vec<Home> {
        let numbers = 0..self.nodes.len() as u32;
        let nowhere = numbers.clone().map(|id| Home {
            parent: NodeId(id),
            key: None,
            index: 0,
        });
        let mut homes: Vec<Home> = nowhere.collect();
        for parent in numbers.map(NodeId) {
            if self.raw(parent).tag == Tag::Alias {
                continue;
            }
            let node = self.node(parent);
            let mut put = |id: NodeId, key, index| {
                if let Some(home) = homes.get_mut(id.0 as usize) {
                    *home = Home { parent, key, index };
                }
            };
            for (index, item) in node.items().enumerate() {
                put(item.id, None, index as u32);
            }
            for (key, value) in node.entries() {
                put(key.id, Some(key.id), 0);
                put(value.id, Some(key.id), 0);
            }
        }
        homes
    }
}
