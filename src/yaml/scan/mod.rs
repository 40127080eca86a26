//! The scanner: what the characters of one document are, without what they mean together.
//!
//! Mirrors `scannerc.go` of go.yaml.in/yaml/v2, which is libyaml's YAML 1.1, character for
//! character: where a token begins, and how long it is. It has no queue: the parser asks for the
//! token that it sees, and looks itself whether a colon follows (`colon_follows`). This file holds
//! the way between tokens; `plain`, `quoted`, `block` and `property` hold the tokens, `chars` the
//! characters. Not here: the grammar (`parse`).

mod block;
pub(super) mod chars;
mod plain;
pub(super) mod property;
mod quoted;

use crate::document::Fault;
use crate::source::Span;
use chars::{class, is};

/// Faults are rare: a box keeps what is returned for each token small.
pub(super) type Outcome<T> = Result<T, Box<Fault>>;

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Written {
    Plain,
    Quoted,
    Block,
}

/// Where the text of a scalar is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text {
    /// It stands in the source as it is.
    Source(Span),
    /// It is spelled differently there: `Scanner::scratch` holds it until the next scalar.
    Scratch,
}

/// A scalar as it was scanned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scalar {
    pub written: Written,
    pub text: Text,
    pub span: Span,
    /// It begins and ends on one line, so it may be a key without `?`.
    pub one_line: bool,
}

/// A place on the way, to measure from or to go back to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark {
    pub at: usize,
    pub line: u32,
    line_start: usize,
    key_allowed: bool,
}

/// The text of one document and how far it is read. Offsets are those of the source.
pub(super) struct Scanner<'t> {
    /// The source up to the end of the document.
    text: &'t str,
    bytes: &'t [u8],
    /// The next byte.
    pub at: usize,
    /// The number of line breaks before `at`.
    pub line: u32,
    /// Where the line starts, plus one for each byte on it that is no character of its own: so
    /// `at - line_start` is the column.
    line_start: usize,
    /// go-yaml's `simple_key_allowed`: a key without `?` may start here.
    pub key_allowed: bool,
    /// How many brackets are open.
    pub flow: u32,
    /// The column of the innermost block collection, -1 outside.
    pub indent: i32,
    /// The text of the last scalar that isn't spelled in the source as it is.
    pub scratch: String,
    /// Comments, where they are asked for.
    pub comments: Option<Vec<Span>>,
    /// No byte of the text is part of a longer character.
    ascii: bool,
    /// Lines end with a line feed, and nothing else ends them.
    only_line_feeds: bool,
    /// kubectl ends the last line with a line break if the file doesn't.
    final_break: bool,
}

impl<'t> Scanner<'t> {
    /// A scanner of `text` from the byte `start` on.
    pub fn new(text: &'t str, start: usize, traits: chars::Traits, comments: bool) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: start,
            line: 0,
            line_start: start,
            key_allowed: true,
            flow: 0,
            indent: -1,
            scratch: String::new(),
            comments: comments.then(Vec::new),
            ascii: traits.ascii,
            only_line_feeds: traits.only_line_feeds,
            final_break: !text.ends_with(['\n', '\r']),
        }
    }

    /// The byte at an offset; 0 past the end. No text has a byte 0 of its own.
    #[inline]
    pub fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The next byte.
    #[inline]
    pub fn here(&self) -> u8 {
        self.byte(self.at)
    }

    /// The text between two offsets.
    #[inline]
    pub fn slice(&self, from: usize, to: usize) -> &'t str {
        self.text.get(from..to).unwrap_or("")
    }

    /// The text from an offset on.
    pub fn rest(&self, from: usize) -> &'t str {
        self.text.get(from..).unwrap_or("")
    }

    /// Whether all is read.
    pub fn at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// The column, in characters from 0.
    #[inline]
    pub fn column(&self) -> i32 {
        self.at.wrapping_sub(self.line_start) as i32
    }

    /// The column of the token here; -1 where the document ends, which ends all collections.
    #[inline]
    pub fn token_column(&self) -> i32 {
        let column = self.column();
        match self.here() {
            0 => -1,
            b'-' | b'.' | b'%' if column == 0 && self.at_directive_or_mark() => -1,
            _ => column,
        }
    }

    fn at_directive_or_mark(&self) -> bool {
        self.here() == b'%' || self.at_mark(b'-') || self.at_mark(b'.')
    }

    /// Whether `---` or `...` stands here, at the start of a line.
    pub fn at_mark(&self, mark: u8) -> bool {
        self.column() == 0
            && (0..3).all(|i| self.byte(self.at + i) == mark)
            && self.is_blank_or_end(self.at + 3)
    }

    /// The indicator stands here with a blank, a line break or the end behind it.
    #[inline]
    pub fn at_indicator(&self, indicator: u8) -> bool {
        self.here() == indicator && self.is_blank_or_end(self.at + 1)
    }

    /// `is_blankz`: a blank, a tab, a line break or the end.
    #[inline]
    pub fn is_blank_or_end(&self, at: usize) -> bool {
        let class = class(self.byte(at));
        class & (is::BLANK | is::BREAK | is::END) != 0
            || class & is::LEAD != 0 && self.break_length(at) > 0
    }

    /// `is_breakz`: a line break or the end.
    #[inline]
    fn is_break_or_end(&self, at: usize) -> bool {
        let class = class(self.byte(at));
        class & (is::BREAK | is::END) != 0 || class & is::LEAD != 0 && self.break_length(at) > 0
    }

    /// The length in bytes of the line break at an offset; 0 if there is none. kubectl drops the
    /// carriage return of a line that ends with both; go-yaml then sees what it left.
    #[inline]
    fn break_length(&self, at: usize) -> usize {
        match self.byte(at) {
            b'\n' => 1,
            b'\r' => match (self.byte(at + 1), self.byte(at + 2)) {
                (b'\n', _) => 2,
                (b'\r', b'\n') => 3,
                _ => 1,
            },
            0xC2 if self.byte(at + 1) == 0x85 => 2,
            0xE2 if self.byte(at + 1) == 0x80 && matches!(self.byte(at + 2), 0xA8 | 0xA9) => 3,
            _ => 0,
        }
    }

    /// Goes to the next line, behind a line break of this length.
    #[inline]
    fn skip_break(&mut self, length: usize) {
        self.at += length;
        self.line += 1;
        self.line_start = self.at;
    }

    /// `read_line`: reads a line break, if there is one, as the character that a scalar gets.
    fn take_break(&mut self) -> Option<char> {
        let length = self.break_length(self.at);
        if length == 0 {
            let unwritten = self.at_end() && std::mem::take(&mut self.final_break);
            return unwritten.then(|| {
                self.skip_break(0);
                '\n'
            });
        }
        let read = self.break_as_read(self.at, length);
        self.skip_break(length);
        Some(read)
    }

    /// Line breaks are read as `\n`, but for U+2028 and U+2029, which stay.
    fn break_as_read(&self, at: usize, length: usize) -> char {
        match (length, self.byte(at), self.byte(at + 2)) {
            (3, 0xE2, 0xA8) => '\u{2028}',
            (3, 0xE2, _) => '\u{2029}',
            _ => '\n',
        }
    }

    /// Where the line ends that `at` is on.
    fn line_end(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or(&[]);
        if self.only_line_feeds {
            return memchr::memchr(b'\n', rest).map_or(self.bytes.len(), |length| at + length);
        }
        let mut at = at;
        while !self.is_break_or_end(at) {
            at += 1;
        }
        at
    }

    /// Counts the characters between an offset on this line and the next byte.
    #[inline]
    fn count_characters(&mut self, from: usize) {
        if !self.ascii {
            let read = self.bytes.get(from..self.at).unwrap_or(&[]);
            self.line_start += read.iter().filter(|&&b| b & 0xC0 == 0x80).count();
        }
    }

    /// Skips blanks, comments and line breaks (`yaml_parser_scan_to_next_token`). A tab counts as
    /// a blank in brackets, and behind a token that no key may follow.
    #[inline]
    pub fn seek_token(&mut self) {
        loop {
            let tabs = self.flow > 0 || !self.key_allowed;
            while self.here() == b' ' || tabs && self.here() == b'\t' {
                self.at += 1;
            }
            if self.here() == b'#' {
                self.comment();
            }
            let length = self.break_length(self.at);
            if length == 0 {
                return;
            }
            self.skip_break(length);
            if self.flow == 0 {
                self.key_allowed = true;
            }
        }
    }

    fn comment(&mut self) {
        let start = self.at;
        self.at = self.line_end(start);
        let span = self.span(start, self.at);
        if let Some(comments) = &mut self.comments {
            comments.push(span);
        }
    }

    fn skip_blanks(&mut self) {
        while class(self.here()) & is::BLANK != 0 {
            self.at += 1;
        }
    }

    /// Whether a colon makes a key of what was read since `start`; reads the colon, too. A key
    /// without `?` has one line and no more than 1024 characters (`yaml_simple_key_is_valid`).
    #[inline]
    pub fn colon_follows(&mut self, start: Mark) -> Outcome<bool> {
        if self.line != start.line {
            return Ok(false);
        }
        self.skip_blanks();
        let colon = self.here() == b':' && (self.flow > 0 || self.is_blank_or_end(self.at + 1));
        if !colon {
            return Ok(false);
        }
        self.check_key_length(start)?;
        self.at += 1;
        self.key_allowed = false;
        Ok(true)
    }

    #[inline]
    fn check_key_length(&self, start: Mark) -> Outcome<()> {
        if self.at - start.at > KEY_MAX && self.is_too_long(start) {
            let span = self.span(start.at, self.at);
            return fault(
                span,
                format!("a key can't be longer than {KEY_MAX} characters"),
            );
        }
        Ok(())
    }

    /// Whether more characters than a key may have were read since `start`.
    pub fn is_too_long(&self, start: Mark) -> bool {
        self.slice(start.at, self.at).chars().nth(KEY_MAX).is_some()
    }

    /// This place.
    #[inline]
    pub fn mark(&self) -> Mark {
        Mark {
            at: self.at,
            line: self.line,
            line_start: self.line_start,
            key_allowed: self.key_allowed,
        }
    }

    /// Goes back to a place.
    pub fn go_back(&mut self, mark: Mark) {
        self.at = mark.at;
        self.line = mark.line;
        self.line_start = mark.line_start;
        self.key_allowed = mark.key_allowed;
    }

    /// A span between two offsets.
    #[inline]
    pub fn span(&self, start: usize, end: usize) -> Span {
        Span::new(start as u32, end as u32)
    }

    /// The character at an offset; nothing at the end.
    pub fn character(&self, at: usize) -> Span {
        let at = at.min(self.bytes.len());
        let next = self.text.get(at..).and_then(|rest| rest.chars().next());
        self.span(at, at + next.map_or(0, char::len_utf8))
    }

    /// The fault of a token that can't stand here.
    pub fn cannot_start(&self) -> Box<Fault> {
        let span = self.character(self.at);
        let found = match self.here() {
            b'\t' => return tab(span),
            0 => {
                return Box::new(Fault::new(
                    span,
                    "the document ends where a value should stand",
                ));
            }
            _ => self.slice(span.start as usize, span.end as usize),
        };
        let message = format!("no value can start with `{found}`");
        Box::new(Fault::new(span, message).help("quote the text"))
    }
}

/// How many characters a key without `?` may have.
const KEY_MAX: usize = 1024;

/// An error at a place.
pub(super) fn fault<T>(span: Span, message: impl Into<String>) -> Outcome<T> {
    Err(Box::new(Fault::new(span, message)))
}

fn tab(span: Span) -> Box<Fault> {
    let message = "a tab stands where a line begins; kubectl takes only blanks there";
    Box::new(Fault::new(span, message).help("indent with blanks"))
}
