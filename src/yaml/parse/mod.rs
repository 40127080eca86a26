//! The grammar: which tokens make a value, and where collections begin and end.
//!
//! Mirrors `parserc.go` of go.yaml.in/yaml/v2 and the parts of `scannerc.go` that insert tokens
//! where indentation or a colon asks for them. There, a key is known only by the colon behind it,
//! so tokens wait in a queue; here a scalar is read, and then it is seen whether a colon follows.
//! A collection is no key of anything that JSON can hold, so nothing longer has to wait. This file
//! holds documents and block collections; `flow` what stands in brackets, `tail` what go-yaml
//! looks at behind the end. Not here: characters (`scan`), and what becomes of it (`compose`).

mod flow;
mod tail;

use super::compose::{Composer, Properties, collection_as_key};
use super::scan::property::{Directive, Handles};
use super::scan::{Mark, Outcome, Scalar, Scanner, fault};
use crate::document::{DroppedText, Fault};
use crate::source::Span;
use crate::tree::Kind;

/// A collection that isn't closed yet.
#[derive(Clone, Copy, Debug)]
struct Level {
    form: Form,
    next: Next,
    /// How many collections are open that have an indentation of their own.
    indents: u16,
    /// The column of the innermost block collection.
    indent: i32,
}

/// How many indentations may be open (`max_indents`), and how many brackets (`max_flow_level`).
const OPEN_MAX: u16 = 10_000;

/// How a collection is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    BlockMapping,
    BlockSequence,
    /// A sequence as a mapping's value whose `-` stand below the key.
    IndentlessSequence,
    FlowMapping,
    FlowSequence,
    /// `[key: value]`: a mapping of one entry, without braces.
    FlowPair,
}

/// What a collection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// An entry, or the end.
    Entry,
    /// In brackets, a comma or the end.
    Separator,
    /// The colon of a key that was written with `?`.
    Colon,
    /// In a block mapping, the value of its first key.
    Value,
}

/// Where a node starts, in case that it is a key without `?`.
#[derive(Clone, Copy)]
struct Start {
    mark: Mark,
    column: i32,
    may_be_key: bool,
}

/// How a document starts.
#[derive(Clone, Copy)]
enum Begun {
    /// With `---`; then nothing has to follow.
    ByMark,
    ByValue,
}

/// Reads one document.
pub(super) struct Parser<'t, 'c> {
    pub scan: Scanner<'t>,
    pub out: Composer<'t, 'c>,
    levels: Vec<Level>,
    handles: Handles<'t>,
    /// Where the value of the document starts, if that may still become a key for go-yaml.
    root_key: Option<Mark>,
    /// No key could start in the outermost brackets so far: go-yaml then forgets, when they are
    /// closed, that they may be a key themselves.
    keyless: bool,
}

impl<'t, 'c> Parser<'t, 'c> {
    pub fn new(scan: Scanner<'t>, out: Composer<'t, 'c>) -> Self {
        Self {
            scan,
            out,
            levels: Vec::with_capacity(16),
            handles: Handles::default(),
            root_key: None,
            keyless: false,
        }
    }

    /// Reads the document and as much behind it as go-yaml does; the text that it never reads.
    pub fn run(&mut self) -> Outcome<Option<DroppedText>> {
        let Some(start) = self.document_start()? else {
            return Ok(None);
        };
        self.root(start)?;
        while let Some(&level) = self.levels.last() {
            match level.form {
                Form::FlowMapping | Form::FlowSequence | Form::FlowPair => self.flow(level)?,
                _ => self.block(level)?,
            }
        }
        self.tail()
    }

    /// Directives and `---`; whether there is a document at all.
    fn document_start(&mut self) -> Outcome<Option<Begun>> {
        let (mut version, mut directives) = (false, false);
        loop {
            self.scan.seek_token();
            let start = self.scan.at;
            if self.scan.at_mark(b'-') {
                self.scan.at += 3;
                self.scan.key_allowed = false;
                return Ok(Some(Begun::ByMark));
            }
            if self.scan.column() == 0 && self.scan.here() == b'%' {
                let directive = self.scan.directive()?;
                let span = self.scan.span(start, self.scan.at);
                self.add(directive, &mut version, span)?;
                directives = true;
            } else if directives {
                return fault(
                    self.scan.character(start),
                    "`---` should follow a directive, and kubectl reads what is behind it alone",
                );
            } else {
                return Ok((!self.scan.at_end()).then_some(Begun::ByValue));
            }
        }
    }

    fn add(&mut self, directive: Directive<'t>, version: &mut bool, at: Span) -> Outcome<()> {
        let fine = match directive {
            Directive::Version { is_1_1 } => is_1_1 && !std::mem::replace(version, true),
            Directive::Tag { handle, prefix } => self.handles.add(handle, prefix),
        };
        if fine {
            return Ok(());
        }
        fault(at, "kubectl reads YAML 1.1, and each directive once")
    }

    fn root(&mut self, begun: Begun) -> Outcome<()> {
        let end = self.scan.at;
        self.scan.seek_token();
        match (self.scan.token_column(), begun) {
            (-1, Begun::ByMark) => self.empty(end, Properties::default()),
            (-1, Begun::ByValue) => fault(
                self.scan.character(self.scan.at),
                "a document can't start with its end mark `...`",
            ),
            (column, _) => self.node(column),
        }
    }

    /// Goes on in the innermost block collection.
    fn block(&mut self, level: Level) -> Outcome<()> {
        if level.next == Next::Value {
            self.expect(Next::Entry);
            return self.block_value(level.indent);
        }
        self.scan.seek_token();
        let column = self.scan.token_column();
        if level.next == Next::Colon {
            return self.block_colon(column, level.indent);
        }
        if column < level.indent {
            return self.close(None);
        }
        match level.form {
            Form::BlockMapping if column == level.indent => self.block_key(column),
            Form::BlockSequence | Form::IndentlessSequence
                if column == level.indent && self.scan.at_indicator(b'-') =>
            {
                self.block_entry(column)
            }
            Form::IndentlessSequence if column == level.indent => self.close(None),
            form => self.misplaced(form),
        }
    }

    /// The value of a key that was written with `?`.
    fn block_colon(&mut self, column: i32, indent: i32) -> Outcome<()> {
        self.expect(Next::Entry);
        if column == indent && self.scan.at_indicator(b':') {
            self.scan.at += 1;
            self.scan.key_allowed = true;
            return self.block_value(indent);
        }
        self.empty(self.scan.at, Properties::default())
    }

    /// A key in its place.
    fn block_key(&mut self, column: i32) -> Outcome<()> {
        if self.scan.at_indicator(b'?') {
            return self.explicit_key(column);
        }
        let start = self.start(column);
        let mut properties = Properties::default();
        loop {
            match self.scan.here() {
                b'&' | b'!' if self.property(&mut properties)? => self.scan.seek_token(),
                b':' if self.scan.at_indicator(b':') && self.scan.at > start.mark.at => {
                    self.empty(self.scan.at, properties)?;
                    break;
                }
                _ if self.scan.line != start.mark.line => return self.no_colon(start),
                b'*' if properties.is_empty() => {
                    let (name, span) = self.scan.name()?;
                    self.out.alias(name, span)?;
                    break;
                }
                b'\'' | b'"' => {
                    let scalar = self.scan.quoted()?;
                    self.scalar(&scalar, properties)?;
                    break;
                }
                _ if self.scan.at_plain() => {
                    let scalar = self.scan.plain()?;
                    self.scalar(&scalar, properties)?;
                    break;
                }
                _ => return self.misplaced(Form::BlockMapping),
            }
        }
        if !self.scan.colon_follows(start.mark)? {
            return self.no_colon(start);
        }
        self.block_value(column)
    }

    /// `?` and what follows it.
    fn explicit_key(&mut self, indent: i32) -> Outcome<()> {
        self.check_key_allowed("a key can't stand here")?;
        self.scan.at += 1;
        self.scan.key_allowed = true;
        self.expect(Next::Colon);
        let end = self.scan.at;
        self.scan.seek_token();
        match self.scan.token_column() {
            column if self.is_inside(column, indent) => self.node(column),
            _ => self.empty(end, Properties::default()),
        }
    }

    /// The value behind a colon.
    #[inline]
    fn block_value(&mut self, indent: i32) -> Outcome<()> {
        let end = self.scan.at;
        self.scan.seek_token();
        match self.scan.token_column() {
            column if self.is_inside(column, indent) => self.node(column),
            column if column == indent && self.scan.at_indicator(b'-') => {
                self.open(Form::IndentlessSequence, indent, Properties::default())
            }
            _ => self.empty(end, Properties::default()),
        }
    }

    /// `-` and what follows it.
    fn block_entry(&mut self, indent: i32) -> Outcome<()> {
        self.check_key_allowed("a list can't start here")?;
        self.scan.at += 1;
        self.scan.key_allowed = true;
        let end = self.scan.at;
        self.scan.seek_token();
        match self.scan.token_column() {
            column if self.is_inside(column, indent) => self.node(column),
            _ => self.empty(end, Properties::default()),
        }
    }

    /// A value that stands deeper than the collection it belongs to.
    fn node(&mut self, column: i32) -> Outcome<()> {
        let start = self.start_node(column);
        match self.scan.here() {
            b'&' | b'!' => self.node_with_properties(start),
            _ => self.content(start, Properties::default(), Properties::default()),
        }
    }

    /// Whether a token belongs to the value that is waited for: it is indented more, or is that of
    /// a block scalar, for which go-yaml asks no indentation.
    #[inline]
    fn is_inside(&self, column: i32, indent: i32) -> bool {
        column > indent || column == indent && matches!(self.scan.here(), b'|' | b'>')
    }

    fn start_node(&mut self, column: i32) -> Start {
        let start = self.start(column);
        if self.levels.is_empty() {
            self.root_key = start.may_be_key.then_some(start.mark);
        }
        start
    }

    /// Reads anchor and tag. Those on the line of a key are the key's, those on lines before are
    /// the value's.
    fn node_with_properties(&mut self, mut start: Start) -> Outcome<()> {
        let (mut above, mut beside) = (Properties::default(), Properties::default());
        while matches!(self.scan.here(), b'&' | b'!') {
            let mark = self.scan.mark();
            if !self.property(&mut beside)? {
                let first = above.clone().and(beside).unwrap_or(above);
                return self.two_of_a_kind(mark, first);
            }
            let end = self.scan.at;
            self.scan.seek_token();
            if self.scan.line == start.mark.line && self.scan.token_column() >= 0 {
                continue;
            }
            let Some(all) = above.clone().and(beside) else {
                return self.two_of_a_kind(start.mark, above);
            };
            (above, beside) = (all, Properties::default());
            let indent = self.scan.indent;
            match self.scan.token_column() {
                column if self.is_inside(column, indent) => start = self.start_node(column),
                column if column == indent && self.takes_indentless() => {
                    return self.open(Form::IndentlessSequence, indent, above);
                }
                _ => return self.empty(end, above),
            }
        }
        self.content(start, above, beside)
    }

    /// Two anchors or two tags: go-yaml takes the first for those of nothing at all, and then
    /// stumbles over the second unless the document is over.
    fn two_of_a_kind(&mut self, second: Mark, first: Properties<'t>) -> Outcome<()> {
        self.scan.go_back(second);
        if !self.levels.is_empty() {
            return two_kinds(self.scan.character(second.at));
        }
        self.empty(second.at, first)
    }

    fn takes_indentless(&self) -> bool {
        let in_mapping = self.levels.last().map(|level| level.form) == Some(Form::BlockMapping);
        in_mapping && self.scan.at_indicator(b'-')
    }

    /// A value behind its properties: `above` belong to the value, `beside` to the value or, if it
    /// is a mapping that starts with a key here, to this key. What follows in a collection is for
    /// `block`: collections that start on one line, or with each other, may be many.
    fn content(
        &mut self,
        start: Start,
        above: Properties<'t>,
        beside: Properties<'t>,
    ) -> Outcome<()> {
        let here = self.scan.here();
        let scalar = match here {
            b'-' if self.scan.at_indicator(b'-') => {
                self.check_key_allowed("a list can't start here")?;
                return self.open(Form::BlockSequence, start.column, above);
            }
            b'?' if self.scan.at_indicator(b'?') => {
                self.check_key_allowed("a key can't stand here")?;
                return self.open(Form::BlockMapping, start.column, above);
            }
            b':' if start.may_be_key && !beside.is_empty() && self.scan.at_indicator(b':') => {
                let end = self.scan.at;
                self.open_at(Form::BlockMapping, start, above)?;
                self.expect(Next::Value);
                self.empty(end, beside)?;
                self.scan.at += 1;
                self.scan.key_allowed = false;
                return Ok(());
            }
            b'*' if start.mark.at == self.scan.at => return self.alias(start, above),
            b'[' | b'{' => {
                return match above.clone().and(beside) {
                    Some(all) => self.open_flow(all),
                    None => self.two_of_a_kind(start.mark, above),
                };
            }
            b'|' | b'>' => self.scan.block()?,
            b'\'' | b'"' => self.scan.quoted()?,
            _ if self.scan.at_plain() => self.scan.plain()?,
            _ => return self.nothing(above.and(beside)),
        };
        if start.may_be_key && scalar.one_line && self.scan.colon_follows(start.mark)? {
            self.open_at(Form::BlockMapping, start, above)?;
            self.expect(Next::Value);
            return self.scalar(&scalar, beside);
        }
        match above.clone().and(beside) {
            Some(all) => self.scalar(&scalar, all),
            None => self.two_of_a_kind(start.mark, above),
        }
    }

    /// An alias as a value, or as the first key of a mapping.
    fn alias(&mut self, start: Start, above: Properties<'t>) -> Outcome<()> {
        let (name, span) = self.scan.name()?;
        if start.may_be_key && self.scan.colon_follows(start.mark)? {
            self.open_at(Form::BlockMapping, start, above)?;
            self.expect(Next::Value);
            return self.out.alias(name, span);
        }
        if !above.is_empty() {
            self.scan.go_back(start.mark);
            return self.nothing(Some(above));
        }
        self.out.alias(name, span)
    }

    /// Properties of nothing at all, or an error.
    fn nothing(&mut self, properties: Option<Properties<'t>>) -> Outcome<()> {
        let here = self.scan.here();
        let known = b"*,]}".contains(&here) || self.scan.at_indicator(b':');
        match properties {
            Some(properties) if !properties.is_empty() && known => {
                self.empty(self.scan.at, properties)
            }
            _ => Err(self.scan.cannot_start()),
        }
    }

    /// Reads an anchor or a tag; false if there is one of its kind already.
    fn property(&mut self, properties: &mut Properties<'t>) -> Outcome<bool> {
        if self.scan.here() == b'&' {
            let (name, _) = self.scan.name()?;
            let is_first = properties.anchor.is_none();
            properties.anchor.get_or_insert(name);
            return Ok(is_first);
        }
        if properties.tag.is_some() {
            self.scan.tag_parts()?;
            return Ok(false);
        }
        properties.tag = Some(self.scan.tag(&self.handles)?);
        Ok(true)
    }

    fn start(&self, column: i32) -> Start {
        Start {
            mark: self.scan.mark(),
            column,
            may_be_key: self.scan.key_allowed,
        }
    }

    #[inline]
    fn scalar(&mut self, scalar: &Scalar, properties: Properties<'t>) -> Outcome<()> {
        self.out.scalar(scalar, &self.scan.scratch, properties)
    }

    /// Nothing at all, which is null.
    fn empty(&mut self, at: usize, properties: Properties<'t>) -> Outcome<()> {
        self.out.empty(self.scan.span(at, at), properties)
    }

    /// Opens a collection here.
    fn open(&mut self, form: Form, column: i32, properties: Properties<'t>) -> Outcome<()> {
        self.open_at(form, self.start(column), properties)
    }

    /// Opens a collection that started before this.
    #[inline]
    fn open_at(&mut self, form: Form, start: Start, properties: Properties<'t>) -> Outcome<()> {
        let kind = match form {
            Form::BlockMapping | Form::FlowMapping | Form::FlowPair => Kind::Mapping,
            _ => Kind::Sequence,
        };
        let at = start.mark.at;
        let indents = self.levels.last().map_or(0, |level| level.indents);
        let indents = match form {
            Form::BlockMapping | Form::BlockSequence => indents + 1,
            _ => indents,
        };
        if indents > OPEN_MAX {
            return Err(Box::new(Fault::too_deep(self.scan.span(at, at + 1))));
        }
        self.out
            .open(kind, self.scan.span(at, at + 1), properties)?;
        self.levels.push(Level {
            form,
            next: Next::Entry,
            indents,
            indent: start.column,
        });
        self.scan.indent = start.column;
        Ok(())
    }

    /// Closes the innermost collection; `end` is where its bracket ends.
    #[inline]
    fn close(&mut self, end: Option<u32>) -> Outcome<()> {
        self.levels.pop();
        self.scan.indent = self.levels.last().map_or(-1, |level| level.indent);
        self.out.close(end)
    }

    #[inline]
    fn expect(&mut self, next: Next) {
        if let Some(level) = self.levels.last_mut() {
            level.next = next;
        }
    }

    fn check_key_allowed(&self, message: &str) -> Outcome<()> {
        if self.scan.key_allowed {
            return Ok(());
        }
        fault(self.scan.character(self.scan.at), message)
    }

    fn no_colon(&self, start: Start) -> Outcome<()> {
        let end = self.scan.slice(start.mark.at, self.scan.at).trim_end();
        let line = end.lines().next().unwrap_or("");
        let span = self.scan.span(start.mark.at, start.mark.at + line.len());
        if end.len() > line.len() {
            return fault(span, "a key must stand on one line");
        }
        fault(span, "`:` should follow this key")
    }

    /// The fault of a token that no collection in sight can have here.
    fn misplaced(&self, form: Form) -> Outcome<()> {
        let (here, column) = (self.scan.character(self.scan.at), self.scan.column());
        if self.scan.at_indicator(b':') {
            return fault(here, "a second `:` can't stand on this line");
        }
        if b"[{".contains(&self.scan.here()) && form == Form::BlockMapping {
            return collection_as_key(here);
        }
        if !self.scan.at_plain() && b"\t@`%".contains(&self.scan.here()) {
            return Err(self.scan.cannot_start());
        }
        let (wanted, what) = match form {
            Form::BlockMapping => ("a key should stand here", "mapping"),
            _ => ("`-` should stand here", "list"),
        };
        let indent = self.scan.indent;
        if column <= indent {
            return fault(here, wanted);
        }
        if !self.scan.key_allowed {
            return fault(here, "nothing can follow a value on its line");
        }
        let message = format!("indented by {column}, the {what} around it by {indent}: {wanted}");
        fault(here, message)
    }
}

fn two_kinds<T>(at: Span) -> Outcome<T> {
    fault(at, "a value has one anchor and one tag at most")
}
