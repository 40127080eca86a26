//! Going through a value and all in it, however deep it nests: nothing here recurses.

use super::{Kind, NONE, Node, NodeId, Tag, Tree};

/// A node on the way through a value.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'t> {
    /// The node.
    pub node: Node<'t>,
    /// How many collections it stands in, below the value that the way began with.
    pub depth: usize,
    /// It is the key of a mapping; its value comes next.
    pub is_key: bool,
}

/// The nodes of a value in the order of the text: see `Node::visits`.
#[derive(Clone, Debug)]
pub struct Visits<'t> {
    tree: &'t Tree,
    /// The collections around the next node, innermost last.
    open: Vec<Open>,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    next: u32,
    /// Whether it is a mapping whose next node is a key.
    at_key: bool,
    is_mapping: bool,
}

/// The nodes right below a value: items of a sequence; keys and values of a mapping by turns.
#[derive(Clone, Debug)]
pub struct Children<'t> {
    pub(super) tree: &'t Tree,
    pub(super) next: u32,
}

impl<'t> Node<'t> {
    /// The value itself and everything in it, keys before their values; aliases are followed.
    pub fn visits(self) -> Visits<'t> {
        Visits {
            tree: self.tree,
            open: vec![Open {
                next: self.id.0,
                at_key: false,
                is_mapping: false,
            }],
        }
    }

    /// What it is, its text and everything right below it, as `kind`, `text` and `children` say.
    #[inline]
    pub fn parts(self) -> (Kind, &'t str, Children<'t>) {
        let (tree, raw) = (self.tree, self.raw());
        match raw.tag {
            Tag::Value(kind @ (Kind::Sequence | Kind::Mapping)) => {
                let next = raw.a;
                (kind, "", Children { tree, next })
            }
            Tag::Value(kind) => (kind, tree.text_of(&raw), Children { tree, next: NONE }),
            Tag::Alias => (Kind::Null, "", Children { tree, next: NONE }),
        }
    }

    /// Everything right below the value; nothing for scalars.
    #[inline]
    pub fn children(self) -> Children<'t> {
        let raw = self.raw();
        let holds = matches!(raw.tag, Tag::Value(Kind::Sequence | Kind::Mapping));
        Children {
            tree: self.tree,
            next: if holds { raw.a } else { NONE },
        }
    }
}

impl<'t> Iterator for Visits<'t> {
    type Item = Visit<'t>;

    fn next(&mut self) -> Option<Visit<'t>> {
        let open = loop {
            match self.open.last_mut()? {
                Open { next: NONE, .. } => drop(self.open.pop()),
                open => break open,
            }
        };
        let is_key = open.at_key;
        let node = self.tree.node(NodeId(open.next));
        open.at_key ^= open.is_mapping;
        let depth = self.open.len() - 1;
        if let Some(open) = self.open.last_mut() {
            // The value that the way began with stands alone, whatever follows it.
            open.next = match depth {
                0 => NONE,
                _ => self.tree.raw(node.id).next,
            };
        }
        let inside = node.children();
        if inside.next != NONE {
            let is_mapping = node.kind() == Kind::Mapping;
            self.open.push(Open {
                next: inside.next,
                at_key: is_mapping,
                is_mapping,
            });
        }
        Some(Visit {
            node,
            depth,
            is_key,
        })
    }
}

impl<'t> Iterator for Children<'t> {
    type Item = Node<'t>;

    #[inline]
    fn next(&mut self) -> Option<Node<'t>> {
        let raw = self.tree.nodes.get(self.next as usize)?;
        let id = NodeId(self.next);
        self.next = raw.next;
        Some(Node {
            tree: self.tree,
            id,
        })
    }
}
