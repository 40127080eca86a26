//! The tree of a source: every value and key as a node with its place, in one arena.
//!
//! `yaml` and `json` build trees from text, code builds them from nothing (an empty text).
//! A node is 24 bytes; texts are ranges of the source or, where the source spells them
//! differently (escapes, folding), of a pool. Not here: how text becomes values (`yaml::resolve`).

use std::sync::{Arc, OnceLock};

use crate::source::Span;
use crate::text::{hint_of, same};

mod double;
mod home;
mod long;
mod walk;

pub use double::{Double, has_double, keep_last};
pub use home::Home;
use long::{LONG, Long};
pub use walk::{Children, Visit, Visits};

/// The number of a node in its tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// The first node that was made.
    pub const FIRST: NodeId = NodeId(0);
}

/// What a value is, as kubectl would send it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`, `~` or nothing at all.
    Null,
    /// A boolean, YAML 1.1 spellings (`yes`, `on`) included.
    Bool,
    /// An integer in the range of `i64` or `u64`.
    Int,
    /// Any other number.
    Float,
    /// Text.
    String,
    /// A list of values.
    Sequence,
    /// Keys with values; keys are text, each occurs once.
    Mapping,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes; the only style whose type depends on its text.
    Plain,
    /// In single or double quotes.
    Quoted,
    /// A block scalar, `|` or `>`.
    Block,
}

/// An arena of nodes with the text they point into.
#[derive(Debug, Default)]
pub struct Tree {
    nodes: Vec<RawNode>,
    text: Arc<String>,
    pool: String,
    homes: OnceLock<Vec<home::Slot>>,
    long: OnceLock<Long>,
}

/// One value (or key) of a tree. Cheap to copy; aliases are followed by every method but `place`.
#[derive(Clone, Copy)]
pub struct Node<'t> {
    tree: &'t Tree,
    id: NodeId,
}

#[derive(Clone, Copy, Debug)]
struct RawNode {
    span: Span,
    /// A scalar's text; a collection's first child and number of children; an alias's target.
    a: u32,
    b: u32,
    /// The next sibling. In a mapping, keys and values alternate.
    next: u32,
    tag: Tag,
    style: Style,
    /// The text is in the pool, not in the source.
    pooled: bool,
    /// `hint_of` a scalar's text, and of what an alias stands for; 0 for collections. Most keys are
    /// told apart by it, without a look at their texts.
    hint: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tag {
    Value(Kind),
    Alias,
}

const NONE: u32 = u32::MAX;

impl Tree {
    /// The node with this number; for numbers that came from this tree.
    #[inline]
    pub fn node(&self, id: NodeId) -> Node<'_> {
        Node { tree: self, id }
    }

    /// How many nodes there are.
    #[inline]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are no nodes.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    fn long(&self) -> &Long {
        self.long.get_or_init(|| Long::of(self))
    }

    #[inline]
    fn raw(&self, id: NodeId) -> RawNode {
        const NULL: RawNode = RawNode {
            span: Span { start: 0, end: 0 },
            a: NONE,
            b: 0,
            next: NONE,
            tag: Tag::Value(Kind::Null),
            style: Style::Plain,
            pooled: false,
            hint: 0,
        };
        self.nodes.get(id.0 as usize).copied().unwrap_or(NULL)
    }

    /// Whether this key has that text.
    #[inline]
    fn is_key(&self, raw: &RawNode, key: &[u8]) -> bool {
        let written = match raw.tag {
            Tag::Alias => &self.raw(NodeId(raw.a)),
            Tag::Value(_) => raw,
        };
        same(self.text_of(written), key)
    }

    #[inline]
    fn text_of(&self, raw: &RawNode) -> &str {
        let from: &str = if raw.pooled { &self.pool } else { &self.text };
        from.get(raw.a as usize..raw.b as usize).unwrap_or("")
    }
}

impl<'t> Node<'t> {
    /// Its number in the tree.
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The tree it belongs to.
    pub fn tree(self) -> &'t Tree {
        self.tree
    }

    /// What it is.
    #[inline]
    pub fn kind(self) -> Kind {
        match self.raw().tag {
            Tag::Value(kind) => kind,
            Tag::Alias => Kind::Null,
        }
    }

    /// How it is written.
    pub fn style(self) -> Style {
        self.raw().style
    }

    /// Where the value is written; for an alias, where its anchor's value is.
    pub fn span(self) -> Span {
        self.raw().span
    }

    /// Where the value is used: as `span`, but for an alias the `*name` itself.
    pub fn place(self) -> Span {
        self.tree.raw(self.id).span
    }

    /// The value itself, where it is written: what an alias stands for.
    #[inline]
    pub fn written(self) -> Node<'t> {
        let raw = self.tree.raw(self.id);
        match raw.tag {
            Tag::Alias => self.tree.node(NodeId(raw.a)),
            Tag::Value(_) => self,
        }
    }

    /// Whether it stands here by an alias or a merge key.
    pub fn is_alias(self) -> bool {
        self.tree.raw(self.id).tag == Tag::Alias
    }

    /// Whether it is `null`.
    #[inline]
    pub fn is_null(self) -> bool {
        self.kind() == Kind::Null
    }

    /// The text of a scalar or key, whatever its type: `08`, `yes`, `1.50` as written, quoted
    /// text without quotes and escapes. Empty for collections.
    #[inline]
    pub fn text(self) -> &'t str {
        let raw = self.raw();
        match raw.tag {
            Tag::Value(Kind::Sequence | Kind::Mapping) | Tag::Alias => "",
            Tag::Value(_) => self.tree.text_of(&raw),
        }
    }

    /// The text of a string; `None` for any other type.
    #[inline]
    pub fn as_str(self) -> Option<&'t str> {
        (self.kind() == Kind::String).then(|| self.text())
    }

    /// The value of a boolean.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| crate::yaml::resolve::bool_value(self.text()))
    }

    /// The value of an integer that fits `i64`; floats without fraction count, as they do in JSON.
    pub fn as_i64(self) -> Option<i64> {
        scalar_int(self.kind(), self.text())
    }

    /// The value of any number.
    pub fn as_f64(self) -> Option<f64> {
        scalar_float(self.kind(), self.text())
    }

    /// How many entries or items a collection has.
    #[inline]
    pub fn len(self) -> usize {
        let raw = self.raw();
        match raw.tag {
            Tag::Value(Kind::Sequence) => raw.b as usize,
            Tag::Value(Kind::Mapping) => raw.b as usize / 2,
            _ => 0,
        }
    }

    /// Whether it has no entries and no items.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The item of a sequence with this index.
    pub fn item(self, index: usize) -> Option<Node<'t>> {
        if self.kind() != Kind::Sequence || self.raw().b < LONG {
            return self.items().nth(index);
        }
        let found = self.tree.long().item(self.written().id, index)?;
        Some(self.tree.node(found))
    }

    /// The items of a sequence; nothing for other values.
    #[inline]
    pub fn items(self) -> impl Iterator<Item = Node<'t>> + Clone {
        self.children_of(Kind::Sequence)
    }

    /// Keys and values of a mapping; nothing for other values.
    #[inline]
    pub fn entries(self) -> impl Iterator<Item = (Node<'t>, Node<'t>)> + Clone {
        let mut children = self.children_of(Kind::Mapping);
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// The entry of a mapping with this key.
    pub fn entry(self, key: impl AsRef<[u8]>) -> Option<(Node<'t>, Node<'t>)> {
        self.entry_of(key.as_ref())
    }

    fn entry_of(self, key: &[u8]) -> Option<(Node<'t>, Node<'t>)> {
        // Nothing is asked more often: this goes along the keys by hand.
        let (tree, raw) = (self.tree, self.raw());
        if raw.tag != Tag::Value(Kind::Mapping) {
            return None;
        }
        let node = |id| Node {
            tree,
            id: NodeId(id),
        };
        if raw.b >= LONG {
            let found = tree.long().key(tree, self.written().id, key)?;
            return Some((tree.node(found), node(tree.raw(found).next)));
        }
        let hint = hint_of(key);
        let mut at = raw.a;
        loop {
            let found = tree.nodes.get(at as usize)?;
            if found.hint == hint && tree.is_key(found, key) {
                return Some((node(at), node(found.next)));
            }
            at = tree.nodes.get(found.next as usize)?.next;
        }
    }

    /// The value of a mapping under this key, `null` included.
    #[inline]
    pub fn get(self, key: impl AsRef<[u8]>) -> Option<Node<'t>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// The value under a path of keys; `null` counts as absent, as the server reads it.
    #[inline]
    pub fn at(self, path: &[&str]) -> Option<Node<'t>> {
        let mut node = self;
        for key in path {
            node = node.get(key).filter(|value| !value.is_null())?;
        }
        Some(node)
    }

    #[inline]
    fn raw(self) -> RawNode {
        let raw = self.tree.raw(self.id);
        match raw.tag {
            // A builder resolves aliases to values when it makes them: one step is enough.
            Tag::Alias => self.tree.raw(NodeId(raw.a)),
            Tag::Value(_) => raw,
        }
    }

    #[inline]
    fn children_of(self, of: Kind) -> Children<'t> {
        let raw = self.raw();
        let is = raw.tag == Tag::Value(of);
        Children {
            tree: self.tree,
            next: if is { raw.a } else { NONE },
        }
    }
}

/// The integer that a scalar of this kind and text means: see `Node::as_i64`.
pub fn scalar_int(kind: Kind, text: &str) -> Option<i64> {
    match kind {
        Kind::Int => i64::try_from(crate::yaml::resolve::int(text)?).ok(),
        Kind::Float => {
            let value = crate::yaml::resolve::float(text)?;
            let whole = value.fract() == 0.0 && value.abs() < 9.0e18;
            whole.then_some(value as i64)
        }
        _ => None,
    }
}

/// The number that a scalar of this kind and text means.
pub fn scalar_float(kind: Kind, text: &str) -> Option<f64> {
    match kind {
        Kind::Int => Some(crate::yaml::resolve::int(text)? as f64),
        Kind::Float => crate::yaml::resolve::float(text),
        _ => None,
    }
}

impl std::fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.kind() {
            Kind::Sequence => f.debug_list().entries(self.items()).finish(),
            Kind::Mapping => f.debug_map().entries(self.entries()).finish(),
            Kind::String => write!(f, "{:?}", self.text()),
            kind => write!(f, "{kind:?}({})", self.text()),
        }
    }
}

/// Makes a tree, node by node: children first, then the collection that holds them.
#[derive(Debug)]
pub struct Builder {
    tree: Tree,
}

impl Builder {
    /// A builder of a tree whose texts lie in `text`.
    pub fn new(text: impl Into<Arc<String>>) -> Self {
        let text = text.into();
        Self {
            tree: Tree {
                // Small manifests have a node for about every twelve bytes.
                nodes: Vec::with_capacity(text.len() / 12 + 4),
                text,
                pool: String::new(),
                homes: OnceLock::new(),
                long: OnceLock::new(),
            },
        }
    }

    /// The tree so far.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The finished tree, without spare memory.
    pub fn finish(mut self) -> Tree {
        self.tree.nodes.shrink_to_fit();
        self.tree.pool.shrink_to_fit();
        self.tree
    }

    /// A scalar whose text stands in the source at `text`.
    #[inline]
    pub fn scalar(&mut self, kind: Kind, style: Style, span: Span, text: Span) -> NodeId {
        let bytes = self.tree.text.as_bytes().get(text.range());
        let hint = hint_of(bytes.unwrap_or_default());
        self.push(RawNode {
            span,
            a: text.start,
            b: text.end,
            next: NONE,
            tag: Tag::Value(kind),
            style,
            pooled: false,
            hint,
        })
    }

    /// A scalar whose text the source spells differently, or that has no source.
    pub fn pooled(&mut self, kind: Kind, style: Style, span: Span, text: &str) -> NodeId {
        let a = self.tree.pool.len() as u32;
        self.tree.pool.push_str(text);
        self.push(RawNode {
            span,
            a,
            b: self.tree.pool.len() as u32,
            next: NONE,
            tag: Tag::Value(kind),
            style,
            pooled: true,
            hint: hint_of(text),
        })
    }

    /// A second appearance of a node at another place; of an alias, of what it stands for.
    pub fn alias(&mut self, target: NodeId, span: Span) -> NodeId {
        let raw = self.tree.raw(target);
        let a = if raw.tag == Tag::Alias {
            raw.a
        } else {
            target.0
        };
        self.push(RawNode {
            span,
            a,
            b: 0,
            next: NONE,
            tag: Tag::Alias,
            // `hint` above all: an alias may be a key.
            ..raw
        })
    }

    /// An empty collection; its children come with `fill`. Made before them so that an alias
    /// can be told from a value that contains itself.
    #[inline]
    pub fn open(&mut self, kind: Kind, span: Span) -> NodeId {
        self.push(RawNode {
            span,
            a: NONE,
            b: 0,
            next: NONE,
            tag: Tag::Value(kind),
            style: Style::Plain,
            pooled: false,
            hint: 0,
        })
    }

    /// Gives a collection its children (in a mapping: key, value, key, value…) and its end: that of
    /// its bracket, or else those of its children are its start and its end. Each child belongs to
    /// one collection only.
    #[inline]
    pub fn fill(&mut self, id: NodeId, children: &[NodeId], end: Option<u32>) {
        for pair in children.windows(2) {
            if let [this, next] = pair {
                self.update(*this, |raw| raw.next = next.0);
            }
        }
        if let Some(last) = children.last() {
            self.update(*last, |raw| raw.next = NONE);
        }
        let place = |child: Option<&NodeId>| child.map(|&id| self.tree.raw(id).span);
        let (first, last) = (place(children.first()), place(children.last()));
        self.update(id, |raw| {
            raw.a = children.first().map_or(NONE, |first| first.0);
            raw.b = children.len() as u32;
            raw.span = match (end, first, last) {
                (None, Some(first), Some(last)) => Span::new(first.start, last.end),
                _ => Span::new(raw.span.start, end.unwrap_or(raw.span.end)),
            };
        });
    }

    #[inline]
    fn update(&mut self, id: NodeId, change: impl FnOnce(&mut RawNode)) {
        if let Some(raw) = self.tree.nodes.get_mut(id.0 as usize) {
            change(raw);
        }
    }

    #[inline]
    fn push(&mut self, raw: RawNode) -> NodeId {
        let id = NodeId(self.tree.nodes.len() as u32);
        self.tree.nodes.push(raw);
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_small() {
        assert_eq!(size_of::<RawNode>(), 24);
    }

    #[test]
    fn reads_back_what_was_built() {
        let mut builder = Builder::new(String::new());
        let at = Span::default();
        let map = builder.open(Kind::Mapping, at);
        let key = builder.pooled(Kind::String, Style::Plain, at, "replicas");
        let value = builder.pooled(Kind::Int, Style::Plain, at, "3");
        let twin_key = builder.pooled(Kind::String, Style::Plain, at, "again");
        let twin = builder.alias(value, at);
        let other_key = builder.pooled(Kind::String, Style::Plain, at, "other");
        let alias_key = builder.alias(other_key, at);
        let other = builder.pooled(Kind::Int, Style::Plain, at, "4");
        let children = [key, value, twin_key, twin, alias_key, other];
        builder.fill(map, &children, Some(0));
        let tree = builder.finish();
        let node = tree.node(map);
        assert_eq!(node.len(), 3);
        assert_eq!(node.at(&["other"]).and_then(Node::as_i64), Some(4));
        assert_eq!(node.at(&["replicas"]).and_then(Node::as_i64), Some(3));
        assert_eq!(node.at(&["again"]).and_then(Node::as_i64), Some(3));
        assert!(node.get("again").is_some_and(Node::is_alias));
        assert!(node.get("none").is_none());
    }
}
