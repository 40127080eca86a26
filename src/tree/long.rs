//! Finding one child of a long collection at once: made when it is first asked for.

use std::collections::HashMap;

use super::{Kind, Node, NodeId, Tag, Tree};

/// The children of long collections: the items of sequences in their order, the keys of mappings
/// in that of their text.
#[derive(Debug, Default)]
pub(super) struct Long(HashMap<u32, Vec<NodeId>>);

/// Shorter collections are gone through one by one.
pub(super) const LONG: u32 = 128;

impl Long {
    pub(super) fn of(tree: &Tree) -> Self {
        let mut long = HashMap::new();
        for (id, raw) in tree.nodes.iter().enumerate() {
            if raw.b < LONG {
                continue;
            }
            let node = tree.node(NodeId(id as u32));
            let children: Vec<NodeId> = match raw.tag {
                Tag::Value(Kind::Sequence) => node.children().map(Node::id).collect(),
                Tag::Value(Kind::Mapping) => {
                    let mut keys: Vec<Node<'_>> = node.entries().map(|(key, _)| key).collect();
                    keys.sort_by_key(|key| key.text());
                    keys.into_iter().map(Node::id).collect()
                }
                _ => continue,
            };
            long.insert(id as u32, children);
        }
        Self(long)
    }

    pub(super) fn item(&self, list: NodeId, index: usize) -> Option<NodeId> {
        self.0.get(&list.0)?.get(index).copied()
    }

    pub(super) fn key(&self, tree: &Tree, mapping: NodeId, key: &[u8]) -> Option<NodeId> {
        let keys = self.0.get(&mapping.0)?;
        let text = |id: &NodeId| tree.node(*id).text().as_bytes();
        let at = keys.binary_search_by(|id| text(id).cmp(key)).ok()?;
        keys.get(at).copied()
    }
}
