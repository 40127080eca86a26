//! From values to nodes: keys become text, merges are expanded, duplicates are found.
//!
//! Mirrors `decode.go` of go.yaml.in/yaml/v2 for a target without type. Not here: what is a value
//! (`parse`), and what its text means (`resolve`).

use std::borrow::Cow;
use std::collections::HashMap;

use super::scan::chars::{self, Traits};
use super::scan::property::CORE;
use super::scan::{Outcome, Scalar, Scanner, Text, Written, fault};
use super::{budget, parse, resolve};
use crate::document::{DEPTH_MAX, Fault, Reading};
use crate::source::{Source, Span};
use crate::tree::{self, Builder, Kind, Node, NodeId, Style};

/// Reads the first YAML document of a chunk; `None` for one without a value.
pub(super) fn document(
    builder: &mut Builder,
    reading: &mut Reading,
    source: &Source,
    chunk: Span,
) -> Result<Option<NodeId>, Fault> {
    let whole = source.text.get(..chunk.end as usize).unwrap_or("");
    let text = source.text.get(chunk.range()).unwrap_or("");
    let mark = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let start = chunk.start as usize + mark;
    let traits = Traits::of(text.get(mark..).unwrap_or(""));
    let unreplaced = &source.unreplaced;
    let next = unreplaced.partition_point(|at| (*at as usize) < start);
    let next = unreplaced.get(next).map(|at| *at as usize);
    let next = next.filter(|at| *at < chunk.end as usize);
    let refused = traits
        .refused
        .map(|at| start + at)
        .into_iter()
        .chain(next)
        .min();
    let readable = whole.get(..refused.unwrap_or(whole.len())).unwrap_or("");
    let comments = memchr::memmem::find(text.as_bytes(), b"kubevet:").is_some();
    let scan = Scanner::new(readable, start, traits, comments);
    let mut parser = parse::Parser::new(scan, Composer::new(builder, reading, readable));
    let mut read = parser.run();
    let parse::Parser { scan, out, .. } = parser;
    if let Some(at) = refused {
        let (wanted, seen) = (
            at - chunk.start as usize,
            scan.at + 1 - chunk.start as usize,
        );
        if read.is_err() || chars::is_read(text, wanted, seen) {
            read = refuse(source, at);
        }
    }
    let root = match read {
        Ok(dropped) => {
            out.reading.dropped.extend(dropped);
            out.root()
        }
        Err(fault) => Err(fault),
    };
    reading.comments.extend(scan.comments.unwrap_or_default());
    root.map_err(|fault| *fault)
}

/// The fault of a character that go-yaml doesn't read.
fn refuse<T>(source: &Source, at: usize) -> Outcome<T> {
    let found = source.text.get(at..).and_then(|rest| rest.chars().next());
    let found = found.unwrap_or_default();
    let span = Span::new(at as u32, (at + found.len_utf8()) as u32);
    if source.unreplaced.binary_search(&(at as u32)).is_ok() {
        let message = "these bytes aren't UTF-8, and behind a byte-order mark kubectl refuses them";
        return Err(Box::new(
            Fault::new(span, message).help("save the file as UTF-8"),
        ));
    }
    let message = format!(
        "kubectl reads no control characters, and this is U+{:04X}",
        u32::from(found)
    );
    Err(Box::new(
        Fault::new(span, message).help("remove it, or write its escape in double quotes"),
    ))
}

/// What stands before a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Properties<'t> {
    /// The name behind `&`.
    pub anchor: Option<&'t str>,
    /// The tag, its handle spelled out.
    pub tag: Option<String>,
}

impl Properties<'_> {
    pub fn is_empty(&self) -> bool {
        self.anchor.is_none() && self.tag.is_none()
    }

    /// Both together; nothing if there would be two of a kind.
    #[inline]
    pub fn and(self, more: Self) -> Option<Self> {
        let two_anchors = self.anchor.is_some() && more.anchor.is_some();
        let two_tags = self.tag.is_some() && more.tag.is_some();
        (!two_anchors && !two_tags).then_some(Self {
            anchor: self.anchor.or(more.anchor),
            tag: self.tag.or(more.tag),
        })
    }
}

/// Makes nodes of the values that the parser reads, in their order.
pub(super) struct Composer<'t, 'c> {
    builder: &'c mut Builder,
    reading: &'c mut Reading,
    text: &'t str,
    anchors: HashMap<&'t str, NodeId>,
    frames: Vec<Frame>,
    /// Children of all open collections, innermost last.
    pending: Vec<NodeId>,
    /// Aliases or depth may make it more than kubectl reads.
    unfolds: bool,
    /// How many nodes merges have repeated: each is made once more, so that these are counted at
    /// once (`budget`).
    merged: u64,
    /// The number of nodes before the document.
    before: usize,
    /// A value is a number that JSON can't express; it may still be dropped.
    has_unsendable: bool,
}

/// A collection whose end hasn't come yet.
struct Frame {
    id: NodeId,
    kind: Kind,
    /// Where its children start in `pending`.
    first: usize,
    /// How many merge keys it has.
    merges: usize,
    /// The bracket or the first value.
    start: Span,
}

impl<'t, 'c> Composer<'t, 'c> {
    fn new(builder: &'c mut Builder, reading: &'c mut Reading, text: &'t str) -> Self {
        Self {
            before: builder.tree().len(),
            builder,
            reading,
            text,
            anchors: HashMap::new(),
            // Enough for most documents.
            frames: Vec::with_capacity(16),
            pending: Vec::with_capacity(64),
            unfolds: false,
            merged: 0,
            has_unsendable: false,
        }
    }

    /// The number of the document.
    pub fn document(&self) -> u32 {
        self.reading.documents.len() as u32
    }

    /// Where the innermost open collection starts.
    pub fn open_place(&self) -> Option<Span> {
        self.frames.last().map(|frame| frame.start)
    }

    /// Whether the innermost collection has a key without a value.
    pub fn wants_value(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.kind == Kind::Mapping && self.is_odd(frame))
    }

    #[inline]
    fn wants_key(&self) -> bool {
        self.frames
            .last()
            .is_some_and(|frame| frame.kind == Kind::Mapping && !self.is_odd(frame))
    }

    #[inline]
    fn is_odd(&self, frame: &Frame) -> bool {
        (self.pending.len() - frame.first) % 2 == 1
    }

    fn root(self) -> Outcome<Option<NodeId>> {
        let Some(&root) = self.pending.first() else {
            return Ok(None);
        };
        let node = self.builder.tree().node(root);
        if self.unfolds {
            budget::check(node)?;
        }
        if self.has_unsendable {
            check_sendable(node)?;
        }
        Ok((!node.is_null()).then_some(root))
    }

    /// A scalar; its text may lie in the scanner's `scratch`.
    pub fn scalar(
        &mut self,
        scalar: &Scalar,
        scratch: &str,
        properties: Properties<'t>,
    ) -> Outcome<()> {
        let text = match scalar.text {
            Text::Source(place) => self.text.get(place.range()).unwrap_or(""),
            Text::Scratch => scratch,
        };
        let style = match scalar.written {
            Written::Plain => Style::Plain,
            Written::Quoted => Style::Quoted,
            Written::Block => Style::Block,
        };
        let Properties { anchor, tag } = properties;
        if let Some(tag) = tag {
            let (kind, read) = tagged(&tag, text, scalar.span)?;
            // A `<<` that doesn't merge is told apart by its style.
            let style = match (text, &*tag) {
                ("<<", "!" | "tag:yaml.org,2002:merge") => Style::Plain,
                ("<<", _) => Style::Quoted,
                _ => style,
            };
            return self.text(kind, style, scalar.span, &read, None, anchor);
        }
        let kind = match style {
            Style::Plain => resolve::plain(text),
            _ => Kind::String,
        };
        let place = match scalar.text {
            Text::Source(place) => Some(place),
            Text::Scratch => None,
        };
        self.text(kind, style, scalar.span, text, place, anchor)
    }

    /// Nothing at all, with what stands before it.
    pub fn empty(&mut self, span: Span, properties: Properties<'t>) -> Outcome<()> {
        let (kind, text) = match &properties.tag {
            Some(tag) => tagged(tag, "", span)?,
            None => (Kind::Null, Cow::Borrowed("")),
        };
        self.text(
            kind,
            Style::Plain,
            span,
            &text,
            Some(span),
            properties.anchor,
        )
    }

    /// A node of a text that stands at `place`, if it stands in the source.
    #[inline]
    fn text(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        text: &str,
        place: Option<Span>,
        anchor: Option<&'t str>,
    ) -> Outcome<()> {
        let id = if self.wants_key() {
            self.key(kind, style, span, text, place)?
        } else {
            self.has_unsendable |= kind == Kind::Float && !is_sendable(text);
            self.text_node(kind, style, span, text, place)
        };
        self.pending.push(id);
        if let Some(anchor) = anchor {
            // As a key it is text; what an alias repeats is the value.
            let anchored = match self.builder.tree().node(id).kind() {
                now if now == kind => id,
                _ => self.text_node(kind, style, span, text, place),
            };
            self.anchors.insert(anchor, anchored);
        }
        Ok(())
    }

    /// A key: whatever its type, it becomes text (sigs.k8s.io/yaml, `convertToJSONableObject`).
    fn key(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        text: &str,
        place: Option<Span>,
    ) -> Outcome<NodeId> {
        let written: Cow<'_, str> = match kind {
            Kind::String => {
                if style == Style::Plain && text == "<<" {
                    self.count_merge();
                }
                return Ok(self.text_node(kind, style, span, text, place));
            }
            Kind::Bool if resolve::bool_value(text) => "true".into(),
            Kind::Bool => "false".into(),
            Kind::Int => match i64::try_from(resolve::int(text).unwrap_or_default()) {
                Ok(value) => value.to_string().into(),
                Err(_) => return fault(span, "a key can't be an integer of this size"),
            },
            Kind::Float => resolve::float_key(text).into(),
            Kind::Null => return fault(span, "a key can't be null"),
            Kind::Sequence | Kind::Mapping => return collection_as_key(span),
        };
        Ok(self.text_node(Kind::String, style, span, &written, None))
    }

    fn count_merge(&mut self) {
        if let Some(frame) = self.frames.last_mut() {
            frame.merges += 1;
        }
    }

    #[inline]
    fn text_node(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        text: &str,
        place: Option<Span>,
    ) -> NodeId {
        match place {
            Some(place) => self.builder.scalar(kind, style, span, place),
            None => self.builder.pooled(kind, style, span, text),
        }
    }

    /// The start of a collection.
    pub fn open(&mut self, kind: Kind, span: Span, properties: Properties<'t>) -> Outcome<()> {
        if self.wants_key() {
            return collection_as_key(span);
        }
        self.unfolds |= self.frames.len() >= DEPTH_MAX;
        let id = self.builder.open(kind, span);
        if let Some(anchor) = properties.anchor {
            self.anchors.insert(anchor, id);
        }
        self.pending.push(id);
        self.frames.push(Frame {
            id,
            kind,
            first: self.pending.len(),
            merges: 0,
            start: span,
        });
        Ok(())
    }

    /// The end of the innermost collection, and where its bracket ends if it has one.
    pub fn close(&mut self, end: Option<u32>) -> Outcome<()> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if frame.kind == Kind::Mapping {
            self.settle_keys(&frame)?;
        }
        let children = self.pending.get(frame.first..).unwrap_or(&[]);
        self.builder.fill(frame.id, children, end);
        self.pending.truncate(frame.first);
        Ok(())
    }

    /// A second appearance of what has this anchor.
    pub fn alias(&mut self, name: &str, span: Span) -> Outcome<()> {
        self.unfolds = true;
        let Some(&target) = self.anchors.get(name) else {
            return fault(span, format!("nothing above is marked `&{name}`"));
        };
        // Collections are numbered in the order in which they are opened.
        if self
            .frames
            .binary_search_by_key(&target, |frame| frame.id)
            .is_ok()
        {
            return fault(span, "this alias stands inside the value it repeats");
        }
        let id = if self.wants_key() {
            let node = self.builder.tree().node(target);
            let (kind, text) = (node.kind(), node.text().to_owned());
            self.key(kind, Style::Quoted, span, &text, None)?
        } else {
            self.builder.alias(target, span)
        };
        self.pending.push(id);
        Ok(())
    }

    /// Expands merges and drops doubled keys of the mapping that ends.
    fn settle_keys(&mut self, frame: &Frame) -> Outcome<()> {
        let children = self.pending.get(frame.first..).unwrap_or(&[]);
        if frame.merges == 0 && !tree::has_double(self.builder.tree(), children) {
            return Ok(());
        }
        let mut children = self.pending.split_off(frame.first);
        if frame.merges > 0 {
            children = self.merge(&children)?;
        }
        self.drop_duplicates(&mut children);
        self.pending.extend(children);
        Ok(())
    }

    /// Puts what `<<` keys bring in their place, in the order of appearance: later wins.
    fn merge(&mut self, children: &[NodeId]) -> Outcome<Vec<NodeId>> {
        let mut merged = Vec::with_capacity(children.len());
        for pair in children.chunks_exact(2) {
            let [key, value] = *pair else { continue };
            let tree = self.builder.tree();
            let key_node = tree.node(key);
            if key_node.style() != Style::Plain || key_node.text() != "<<" {
                merged.extend([key, value]);
                continue;
            }
            let value = tree.node(value);
            if value.is_alias() && value.kind() == Kind::Sequence {
                return fault(
                    value.place(),
                    "`<<` merges mappings, and this alias is a list",
                );
            }
            // Of a list, earlier mappings win: they are set last.
            let mut sources: Vec<Node<'_>> = match value.kind() {
                Kind::Sequence => value.items().collect(),
                _ => vec![value],
            };
            sources.reverse();
            if let Some(bad) = sources.iter().find(|n| n.kind() != Kind::Mapping) {
                return fault(bad.place(), "`<<` merges mappings, and this is none");
            }
            let made = (tree.len() - self.before) as u64;
            let brought = sources.iter().map(|source| 2 * source.len() as u64);
            let brought = brought.sum::<u64>();
            self.merged += brought;
            if budget::is_excessive(self.merged, made + brought) {
                return Err(Box::new(budget::excessive(value.place())));
            }
            let uses = sources
                .iter()
                .flat_map(|source| {
                    source
                        .entries()
                        .map(|(k, v)| (k.id(), v.id(), source.place()))
                })
                .collect::<Vec<_>>();
            for (k, v, place) in uses {
                merged.push(self.builder.alias(k, place));
                merged.push(self.builder.alias(v, place));
            }
        }
        Ok(merged)
    }

    /// Keeps the last of equal keys, as kubectl does, and notes the pair. What a merge brings
    /// may be overridden: that is what merging is for.
    fn drop_duplicates(&mut self, children: &mut Vec<NodeId>) {
        let document = self.reading.documents.len() as u32;
        let tree = self.builder.tree();
        for double in tree::keep_last(tree, children) {
            let merged = tree.node(double.first).is_alias() || tree.node(double.last).is_alias();
            if !merged {
                self.reading.duplicates.push(double.in_document(document));
            }
        }
    }
}

/// What a scalar with a tag is (`resolve` of `resolve.go`).
fn tagged<'a>(tag: &str, text: &'a str, span: Span) -> Outcome<(Kind, Cow<'a, str>)> {
    let name = tag.strip_prefix(CORE).unwrap_or("");
    resolve::tagged(name, text.into()).or_else(|message| fault(span, message))
}

fn is_sendable(number: &str) -> bool {
    resolve::float(number).is_some_and(f64::is_finite)
}

/// Refuses a value in which a number stands that JSON can't express.
fn check_sendable(root: Node<'_>) -> Outcome<()> {
    let mut nodes = root.visits().map(|visit| visit.node);
    let bad = nodes.find(|node| node.kind() == Kind::Float && !is_sendable(node.text()));
    let Some(node) = bad else {
        return Ok(());
    };
    let message = format!("`{}` is a number that JSON can't express", node.text());
    let fault = Fault::new(node.place(), message).help("quote it if it is meant as text");
    Err(Box::new(fault))
}

/// The fault of a key that is a collection.
pub(super) fn collection_as_key<T>(span: Span) -> Outcome<T> {
    Err(Box::new(
        Fault::new(span, "a key can't be a mapping or a list")
            .help("quote it: text in braces is YAML's short form of a mapping"),
    ))
}
