//! From parser events to nodes: keys become text, merges are expanded, duplicates are found.
//!
//! Mirrors `decode.go` of go.yaml.in/yaml/v2 for a target without type. The event source is
//! granit-parser; beside this file only `strict` and `tags` know a word of it.

use std::borrow::Cow;
use std::ops::Range;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle, Tag};

use super::tags::{merges, tag_name};
use super::{budget, resolve, strict};
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
    let text = source.text.get(chunk.range()).unwrap_or("");
    let text = strict::until_end_mark(text);
    strict::check_lines(text, chunk)?;
    let mut text = Cow::Borrowed(text);
    let (comments, duplicates) = (reading.comments.len(), reading.duplicates.len());
    // Each round takes one thing out of the way that go-yaml reads and the parser doesn't.
    for _ in 0..RETRIES_MAX {
        match attempt(builder, reading, source, chunk, &text) {
            Err(Stop::Fault(fault)) => return Err(fault),
            Err(Stop::Repair(range)) => {
                let blank = " ".repeat(range.len());
                text.to_mut().replace_range(range, &blank);
                reading.comments.truncate(comments);
                reading.duplicates.truncate(duplicates);
            }
            Ok(root) => return Ok(root),
        }
    }
    attempt(builder, reading, source, chunk, &text).map_err(|stop| match stop {
        Stop::Fault(fault) => fault,
        Stop::Repair(range) => Fault::limit(
            Span::new(
                chunk.start + range.start as u32,
                chunk.start + range.end as u32,
            ),
            "too many comments without a blank before them",
        ),
    })
}

/// How often a chunk is repaired; each time it is read again from its start.
const RETRIES_MAX: usize = 32;

/// Why reading a chunk ended early.
enum Stop {
    Fault(Fault),
    /// These bytes of the chunk mean nothing to go-yaml and stop the parser.
    Repair(Range<usize>),
}

impl From<Fault> for Stop {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

fn attempt(
    builder: &mut Builder,
    reading: &mut Reading,
    source: &Source,
    chunk: Span,
    text: &str,
) -> Result<Option<NodeId>, Stop> {
    let mut options = granit_parser::Options::default();
    options.bom_inside_document_as_content = true;
    options.flow_nesting_limit = DEPTH_MAX;
    options.block_nesting_limit = DEPTH_MAX;
    options.set_emit_comments(text.contains("kubevet:"));
    let mut composer = Composer {
        builder,
        reading,
        text: &source.text,
        base: chunk.start,
        anchors: Vec::new(),
        frames: Vec::new(),
        pending: Vec::new(),
        has_alias: false,
        has_tab: memchr::memchr(b'\t', text.as_bytes()).is_some(),
        gap_start: chunk.start,
        after_plain: None,
    };
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = match event {
            Ok(event) => event,
            Err(error) => return Err(composer.repair_or_fault(&error, text, chunk)),
        };
        let span = composer.span(span);
        match event {
            Event::DocumentStart(..) | Event::StreamStart => {}
            Event::DocumentEnd => {
                let rest = Span::new(span.end, chunk.end);
                let document = composer.reading.documents.len() as u32;
                let dropped = strict::dropped(composer.text, rest, document);
                composer.reading.dropped.extend(dropped);
                break;
            }
            Event::StreamEnd => break,
            event => composer.event(event, span)?,
        }
    }
    Ok(composer.finish(chunk.start + text.len() as u32)?)
}

struct Composer<'a> {
    builder: &'a mut Builder,
    reading: &'a mut Reading,
    text: &'a str,
    /// Where the chunk starts in the source.
    base: u32,
    /// Nodes by the parser's anchor number.
    anchors: Vec<Option<NodeId>>,
    frames: Vec<Frame>,
    /// Children of all open collections, innermost last.
    pending: Vec<NodeId>,
    has_alias: bool,
    has_tab: bool,
    /// Where the last scalar, alias or flow bracket ended.
    gap_start: u32,
    /// After a plain scalar: the column from which it takes tabs for blanks.
    after_plain: Option<u32>,
}

/// A collection whose end hasn't come yet.
struct Frame {
    id: NodeId,
    kind: Kind,
    anchor: usize,
    /// Where its children start in `pending`.
    first: usize,
    /// How many merge keys it has.
    merges: usize,
    /// Written with brackets or braces.
    flow: bool,
    start: u32,
    /// A key with a colon that go-yaml takes for its last character.
    colon_key: Option<Span>,
}

impl Composer<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), Fault> {
        self.check_gap(&event, span)?;
        match event {
            Event::Scalar(text, style, anchor, tag) => self.scalar(text, style, anchor, tag, span),
            Event::MappingStart(style, anchor, _) => self.open(Kind::Mapping, style, anchor, span),
            Event::SequenceStart(style, anchor, _) => {
                self.open(Kind::Sequence, style, anchor, span)
            }
            Event::MappingEnd | Event::SequenceEnd => self.close(span),
            Event::Alias(anchor) => self.alias(anchor, span),
            Event::Comment(..) => {
                self.reading.comments.push(span);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Tabs between the last token and this one, where go-yaml takes none.
    fn check_gap(&mut self, event: &Event<'_>, span: Span) -> Result<(), Fault> {
        let (plain, block) = match event {
            Event::Scalar(_, style, ..) => (*style == ScalarStyle::Plain, is_block(*style)),
            Event::MappingStart(StructureStyle::Flow, ..)
            | Event::SequenceStart(StructureStyle::Flow, ..)
            | Event::Alias(_) => (false, false),
            Event::MappingEnd | Event::SequenceEnd
                if self.frames.last().is_some_and(|frame| frame.flow) =>
            {
                self.gap_start = self.gap_start.max(span.end);
                self.after_plain = None;
                return Ok(());
            }
            _ => return Ok(()),
        };
        if self.has_tab && !self.in_flow() {
            let with_first = block && !strict::has_indent_indicator(self.text, span.start);
            let end = span.start + u32::from(with_first);
            self.check_tabs(end, false)?;
        }
        if span.end > span.start {
            self.gap_start = span.end;
            self.after_plain = (plain && self.has_tab).then(|| self.indent());
        }
        Ok(())
    }

    fn check_tabs(&self, end: u32, last: bool) -> Result<(), Fault> {
        let gap = Span::new(self.gap_start, end);
        strict::check_tabs(self.text, gap, self.after_plain, last)
    }

    /// One more than the column of the innermost collection.
    fn indent(&self) -> u32 {
        self.frames
            .last()
            .map_or(0, |frame| 1 + self.column(frame.start))
    }

    fn column(&self, at: u32) -> u32 {
        let before = self.text.get(..at as usize).unwrap_or("");
        let line = memchr::memrchr(b'\n', before.as_bytes()).map_or(0, |at| at + 1);
        before.get(line..).unwrap_or("").chars().count() as u32
    }

    /// Whether a bracket is open at a byte that the parser's events haven't reached.
    fn opens_flow(&self, at: u32) -> bool {
        let gap = Span::new(self.gap_start, at);
        let gap = self.text.get(gap.range()).unwrap_or("");
        self.in_flow() || gap.contains(['[', '{'])
    }

    fn in_flow(&self) -> bool {
        self.frames.last().is_some_and(|frame| frame.flow)
    }

    fn finish(self, end: u32) -> Result<Option<NodeId>, Fault> {
        if self.has_tab {
            self.check_tabs(end, true)?;
        }
        let Some(&root) = self.pending.first() else {
            return Ok(None);
        };
        let node = self.builder.tree().node(root);
        if self.has_alias {
            budget::check(node)?;
        }
        Ok((!node.is_null()).then_some(root))
    }

    fn span(&self, span: granit_parser::Span) -> Span {
        let bytes = span.byte_range().unwrap_or_default();
        Span::new(self.base + bytes.start as u32, self.base + bytes.end as u32)
    }

    /// What to do about an error of the parser: libyaml needs no blank before a comment that
    /// follows a bracket or quote, and takes tabs for blanks inside brackets.
    fn repair_or_fault(&self, error: &ScanError, text: &str, chunk: Span) -> Stop {
        let at = error.marker().byte_offset().unwrap_or(0);
        let rest = text.get(at..).unwrap_or("");
        match error.kind() {
            ErrorKind::CommentNotSeparated if rest.starts_with('#') => {
                let length = rest.find('\n').unwrap_or(rest.len());
                Stop::Repair(at..at + length)
            }
            ErrorKind::TabInBlockIndentation if self.opens_flow(chunk.start + at as u32) => {
                let before = text.get(..at).unwrap_or("");
                let line = before.rfind('\n').map_or(0, |at| at + 1);
                let tab = |from: usize| memchr::memchr2(b'\t', b'\n', text.as_bytes().get(from..)?);
                match tab(line).map(|tab| line + tab) {
                    Some(tab) if text.as_bytes().get(tab) == Some(&b'\t') => {
                        Stop::Repair(tab..tab + 1)
                    }
                    _ => Stop::Fault(scan_fault(error, text, chunk)),
                }
            }
            _ => Stop::Fault(scan_fault(error, text, chunk)),
        }
    }

    fn wants_key(&self) -> bool {
        self.frames.last().is_some_and(|frame| {
            frame.kind == Kind::Mapping && (self.pending.len() - frame.first).is_multiple_of(2)
        })
    }

    fn scalar(
        &mut self,
        text: Cow<'_, str>,
        style: ScalarStyle,
        anchor: usize,
        tag: Option<Cow<'_, Tag>>,
        span: Span,
    ) -> Result<(), Fault> {
        // The parser writes `~` for nothing at all: an empty span tells it apart.
        let nothing = span.start == span.end && style == ScalarStyle::Plain;
        let text = if nothing { Cow::Borrowed("") } else { text };
        let is_key = self.wants_key();
        strict::check_scalar(self.text, span, style, is_key, self.in_flow())?;
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let merges = tag.as_ref().is_none_or(|tag| merges(tag));
        // A `<<` that doesn't merge is told apart by its style.
        let style = if text == "<<" && !merges {
            Style::Quoted
        } else {
            style
        };
        let (text, span) = match self.with_colon(style, span) {
            Some(with) => (Cow::Owned(format!("{text}:")), with),
            None => (text, span),
        };
        let (kind, text) = match tag {
            None if style == Style::Plain => (resolve::plain(&text), text),
            None => (Kind::String, text),
            Some(tag) => resolve::tagged(&tag_name(&tag), text)
                .map_err(|message| Fault::new(span, message))?,
        };
        if kind == Kind::Float && !is_key && resolve::float(&text).is_none_or(|f| !f.is_finite()) {
            return Err(Fault::new(
                span,
                format!("`{text}` is a number that JSON can't express"),
            )
            .help("quote it if it is meant as text"));
        }
        let id = if is_key {
            self.key(kind, style, span, text)?
        } else {
            self.text_node(kind, style, span, &text)
        };
        self.remember(anchor, id);
        self.pending.push(id);
        Ok(())
    }

    /// In a flow collection go-yaml reads the colon of `[fe80::]` or `{a:}` as part of the text.
    fn with_colon(&mut self, style: Style, span: Span) -> Option<Span> {
        let rest = self.text.as_bytes().get(span.end as usize..)?;
        let frame = self.frames.last_mut().filter(|frame| frame.flow)?;
        let glued = matches!(rest, [b':', b',' | b'[' | b']' | b'{' | b'}', ..]);
        if style != Style::Plain || !glued || span.start == span.end {
            return None;
        }
        let with = Span::new(span.start, span.end + 1);
        frame.colon_key = Some(with);
        Some(with)
    }

    /// A pair in a list that is none: its colon belongs to the text.
    fn is_colon_item(&self, frame: &Frame) -> bool {
        let braced = self.text.as_bytes().get(frame.start as usize) == Some(&b'{');
        let in_list = self.frames.last().is_some_and(|f| f.kind == Kind::Sequence);
        in_list && frame.colon_key.is_some() && !braced
    }

    /// A key: whatever its type, it becomes text (sigs.k8s.io/yaml, `convertToJSONableObject`).
    fn key(
        &mut self,
        kind: Kind,
        style: Style,
        span: Span,
        text: Cow<'_, str>,
    ) -> Result<NodeId, Fault> {
        let written = match kind {
            Kind::String if style == Style::Plain && text == "<<" => {
                if let Some(frame) = self.frames.last_mut() {
                    frame.merges += 1;
                }
                text
            }
            Kind::String => text,
            Kind::Bool => Cow::Borrowed(if resolve::bool_value(&text) {
                "true"
            } else {
                "false"
            }),
            Kind::Int => match i64::try_from(resolve::int(&text).unwrap_or_default()) {
                Ok(value) => value.to_string().into(),
                Err(_) => return Err(Fault::new(span, "a key can't be an integer of this size")),
            },
            Kind::Float => resolve::float_key(&text).into(),
            Kind::Null | Kind::Sequence | Kind::Mapping => {
                return Err(Fault::new(span, "a key can't be null"));
            }
        };
        Ok(self.text_node(Kind::String, style, span, &written))
    }

    fn text_node(&mut self, kind: Kind, style: Style, span: Span, text: &str) -> NodeId {
        match self.place_in_source(text) {
            Some(place) => self.builder.scalar(kind, style, span, place),
            None => self.builder.pooled(kind, style, span, text),
        }
    }

    /// Where a text lies in the source, if it is a slice of it.
    fn place_in_source(&self, text: &str) -> Option<Span> {
        let offset = (text.as_ptr() as usize).checked_sub(self.text.as_ptr() as usize)?;
        let inside = offset + text.len() <= self.text.len();
        inside.then(|| Span::new(offset as u32, (offset + text.len()) as u32))
    }

    fn open(
        &mut self,
        kind: Kind,
        style: StructureStyle,
        anchor: usize,
        span: Span,
    ) -> Result<(), Fault> {
        if self.wants_key() {
            return Err(Fault::new(span, "a key can't be a mapping or a list")
                .help("quote it: text in braces is YAML's short form of a mapping"));
        }
        if self.frames.len() >= DEPTH_MAX {
            return Err(Fault::limit(
                span,
                format!("nested deeper than {DEPTH_MAX} levels"),
            ));
        }
        let id = self.builder.open(kind, span);
        self.pending.push(id);
        self.frames.push(Frame {
            id,
            kind,
            anchor,
            first: self.pending.len(),
            merges: 0,
            flow: style == StructureStyle::Flow,
            start: span.start,
            colon_key: None,
        });
        Ok(())
    }

    fn close(&mut self, span: Span) -> Result<(), Fault> {
        let Some(frame) = self.frames.pop() else {
            return Ok(());
        };
        if self.is_colon_item(&frame)
            && let Some(place) = frame.colon_key
        {
            self.pending.truncate(frame.first.saturating_sub(1));
            let text = self.text.get(place.range()).unwrap_or("").to_owned();
            let id = self.text_node(Kind::String, Style::Plain, place, &text);
            self.pending.push(id);
            return Ok(());
        }
        // The end of a block collection lies at the next token: take the last child's instead.
        let last = self.pending.get(frame.first..).and_then(<[_]>::last);
        let last_end = last.map(|&id| self.builder.tree().node(id).place().end);
        let end = if span.end > span.start {
            span.end
        } else {
            last_end.unwrap_or(span.end)
        };
        if frame.kind == Kind::Mapping {
            self.settle_keys(&frame)?;
        }
        let children = self.pending.get(frame.first..).unwrap_or(&[]);
        self.builder.fill(frame.id, children, end);
        self.pending.truncate(frame.first);
        self.remember(frame.anchor, frame.id);
        Ok(())
    }

    /// Expands merges and drops doubled keys of the mapping that ends.
    fn settle_keys(&mut self, frame: &Frame) -> Result<(), Fault> {
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

    fn remember(&mut self, anchor: usize, id: NodeId) {
        if anchor == 0 {
            return;
        }
        if self.anchors.len() <= anchor {
            self.anchors.resize(anchor + 1, None);
        }
        if let Some(slot) = self.anchors.get_mut(anchor) {
            *slot = Some(id);
        }
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Fault> {
        self.has_alias = true;
        strict::check_name(self.text, span)?;
        let Some(target) = self.anchors.get(anchor).copied().flatten() else {
            return Err(Fault::new(
                span,
                "this alias stands inside the value it repeats",
            ));
        };
        if self.wants_key() {
            let node = self.builder.tree().node(target);
            let (kind, text) = (node.kind(), node.text().to_owned());
            if matches!(kind, Kind::Mapping | Kind::Sequence) {
                return Err(Fault::new(span, "a key can't be a mapping or a list"));
            }
            let id = self.key(kind, Style::Quoted, span, text.into())?;
            self.pending.push(id);
            return Ok(());
        }
        let id = self.builder.alias(target, span);
        self.pending.push(id);
        Ok(())
    }

    /// Puts what `<<` keys bring in their place, in the order of appearance: later wins.
    fn merge(&mut self, children: &[NodeId]) -> Result<Vec<NodeId>, Fault> {
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
                return Err(Fault::new(
                    value.place(),
                    "`<<` merges mappings, and this alias is a list",
                ));
            }
            // Of a list, earlier mappings win: they are set last.
            let mut sources: Vec<Node<'_>> = match value.kind() {
                Kind::Sequence => value.items().collect(),
                _ => vec![value],
            };
            sources.reverse();
            if let Some(bad) = sources.iter().find(|n| n.kind() != Kind::Mapping) {
                return Err(Fault::new(
                    bad.place(),
                    "`<<` merges mappings, and this is none",
                ));
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

fn is_block(style: ScalarStyle) -> bool {
    matches!(style, ScalarStyle::Literal | ScalarStyle::Folded)
}

fn scan_fault(error: &ScanError, text: &str, chunk: Span) -> Fault {
    let at = error.marker().byte_offset().unwrap_or(0);
    let at = text.floor_char_boundary(at);
    let here = text.get(at..).and_then(|rest| rest.chars().next());
    let start = chunk.start + at as u32;
    let span = Span::new(start, start + here.map_or(0, char::len_utf8) as u32);
    if *error.kind() == ErrorKind::RecursionLimitExceeded {
        return Fault::limit(span, format!("nested deeper than {DEPTH_MAX} levels"));
    }
    Fault::new(span, error.info().to_owned())
}
