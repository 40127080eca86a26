//! A JSON reader with places, into the same tree as YAML.
//!
//! Accepts what Go's `encoding/json` accepts; text that isn't JSON is for `yaml` to try.

mod notes;

use std::sync::Arc;

use crate::document::{DEPTH_MAX, Document, DuplicateKey, Fault, Reading};
use crate::source::Span;
use crate::tree::{self, Builder, Kind, NodeId, Style, Tree};
use crate::yaml::resolve;

/// Reads JSON values in a row, as kubectl reads a file that starts with `{`, and adds them to
/// `reading`. If one of the first two isn't JSON, says where kubectl goes on in YAML
/// (`YAMLOrJSONDecoder.Decode`); otherwise such a value is a fault, and the end.
pub fn read(builder: &mut Builder, reading: &mut Reading, text: &str) -> Option<usize> {
    let mut reader = Reader::new(builder, text);
    loop {
        let before = reader.at;
        reader.skip_space();
        let start = reader.at as u32;
        if reader.at == text.len() {
            return None;
        }
        reader.document = reading.documents.len() as u32;
        let value = reader.value();
        let stop = value.is_err();
        let root = match value {
            Ok(root) => match reader.unsendable.take() {
                Some(fault) => Err(fault),
                None => Ok((!reader.builder.tree().node(root).is_null()).then_some(root)),
            },
            Err(fault) => {
                if reading.documents.len() < 2
                    && let Some(at) = start_of_yaml(text, before)
                {
                    return Some(at);
                }
                Err(fault)
            }
        };
        reading.duplicates.append(&mut reader.duplicates);
        let end = if stop { text.len() } else { reader.at };
        let span = Span::new(start, end as u32);
        reading.documents.push(Document { span, root });
        if stop {
            return None;
        }
    }
}

/// One JSON value.
#[derive(Debug)]
pub struct One {
    /// All values in it.
    pub tree: Tree,
    /// The value.
    pub root: NodeId,
    /// Keys that a mapping in it has twice: the last one wins.
    pub duplicates: Vec<DuplicateKey>,
}

/// Reads a text that is one JSON value. What kubectl would read stands in so many `levels` of it:
/// of what managers of fields note there, nothing but the end is looked for, and its mapping counts
/// as an empty one (`notes`).
///
/// # Errors
/// It isn't; it nests deeper than kubectl reads, or holds a number that no machine does.
pub fn read_one(text: impl Into<Arc<String>>, levels: usize) -> Result<One, Fault> {
    let text = text.into();
    let mut builder = Builder::new(Arc::clone(&text));
    let mut reader = Reader::new(&mut builder, &text);
    reader.depth_max += levels;
    reader.notes_at = Some(levels);
    let root = reader.value()?;
    reader.skip_space();
    if reader.at < text.len() {
        return Err(reader.fault("nothing should follow the value"));
    }
    if let Some(fault) = reader.unsendable {
        return Err(fault);
    }
    Ok(One {
        duplicates: reader.duplicates,
        tree: builder.finish(),
        root,
    })
}

/// Skips blanks up to the first line break (`YAMLOrJSONDecoder.consumeWhitespace`, which gives up
/// when fewer than four bytes are left).
fn start_of_yaml(text: &str, mut at: usize) -> Option<usize> {
    loop {
        let rest = text.get(at..).filter(|rest| rest.len() >= 4)?;
        let first = rest.chars().next().filter(|c| c.is_whitespace());
        let Some(blank) = first else {
            return Some(at);
        };
        at += blank.len_utf8();
        if blank == '\n' {
            return Some(at);
        }
    }
}

struct Reader<'t> {
    text: &'t str,
    bytes: &'t [u8],
    at: usize,
    builder: &'t mut Builder,
    /// The collections around the next value, innermost last.
    open: Vec<Open>,
    /// Children of all open collections, innermost last.
    pending: Vec<NodeId>,
    duplicates: Vec<DuplicateKey>,
    document: u32,
    /// How deep collections may stand in each other.
    depth_max: usize,
    /// A number that JSON's grammar has and no machine can hold.
    unsendable: Option<Fault>,
    /// Where strings are put together that the text spells with escapes.
    scratch: String,
    /// In how many collections the object stands whose notes are skipped.
    notes_at: Option<usize>,
}

/// A collection whose end hasn't come yet.
#[derive(Clone, Copy)]
struct Open {
    id: NodeId,
    /// What ends it.
    bracket: u8,
    /// Where its children start in `pending`.
    first: usize,
}

impl<'t> Reader<'t> {
    fn new(builder: &'t mut Builder, text: &'t str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
            builder,
            open: Vec::new(),
            pending: Vec::new(),
            duplicates: Vec::new(),
            document: 0,
            depth_max: DEPTH_MAX,
            unsendable: None,
            scratch: String::new(),
            notes_at: None,
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn fault(&self, message: &str) -> Fault {
        let here = self
            .text
            .get(self.at..)
            .and_then(|rest| rest.chars().next());
        let length = here.map_or(0, char::len_utf8);
        let start = self.at as u32;
        Fault::new(Span::new(start, start + length as u32), message)
    }

    /// Reads a value, however deep: the collections that are open wait in `open`.
    fn value(&mut self) -> Result<NodeId, Fault> {
        self.open.clear();
        self.pending.clear();
        loop {
            let Some(mut done) = self.start()? else {
                continue;
            };
            // A value is there; it may be the last one of collections around it.
            loop {
                let Some(open) = self.open.last().copied() else {
                    return Ok(done);
                };
                self.pending.push(done);
                self.skip_space();
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.key(open)?;
                        break;
                    }
                    Some(byte) if byte == open.bracket => done = self.close(open),
                    _ if open.bracket == b'}' => {
                        return Err(self.fault("`,` or `}` should stand here"));
                    }
                    _ => return Err(self.fault("`,` or `]` should stand here")),
                }
            }
        }
    }

    /// Reads a scalar or an empty collection; of any other collection, what stands before its
    /// first value.
    fn start(&mut self) -> Result<Option<NodeId>, Fault> {
        self.skip_space();
        let (kind, bracket) = match self.peek() {
            Some(b'{') => (Kind::Mapping, b'}'),
            Some(b'[') => (Kind::Sequence, b']'),
            Some(b'"') => return self.string().map(Some),
            Some(b'-' | b'0'..=b'9') => return self.number().map(Some),
            _ => return self.word().map(Some),
        };
        let start = self.at as u32;
        let span = Span::new(start, start + 1);
        if self.open.len() == self.depth_max {
            return Err(Fault::too_deep(span));
        }
        self.at += 1;
        let open = Open {
            id: self.builder.open(kind, span),
            bracket,
            first: self.pending.len(),
        };
        self.skip_space();
        if bracket == b'}' && self.is_skipped_note() {
            self.skip_to_end()?;
        }
        if self.peek() == Some(bracket) {
            return Ok(Some(self.close(open)));
        }
        self.open.push(open);
        self.key(open)?;
        Ok(None)
    }

    /// In a mapping, reads a key and its colon.
    fn key(&mut self, open: Open) -> Result<(), Fault> {
        if open.bracket != b'}' {
            return Ok(());
        }
        self.skip_space();
        if self.peek() != Some(b'"') {
            return Err(self.fault("a key in quotes should stand here"));
        }
        let key = self.string()?;
        self.pending.push(key);
        self.skip_space();
        if self.peek() != Some(b':') {
            return Err(self.fault("`:` should stand here"));
        }
        self.at += 1;
        Ok(())
    }

    /// Ends a collection at its bracket.
    fn close(&mut self, open: Open) -> NodeId {
        self.at += 1;
        self.open.pop_if(|last| last.id == open.id);
        if open.bracket == b'}' {
            self.settle_keys(open.first);
        }
        let children = self.pending.get(open.first..).unwrap_or(&[]);
        self.builder.fill(open.id, children, Some(self.at as u32));
        self.pending.truncate(open.first);
        open.id
    }

    /// Drops doubled keys of the mapping that ends.
    fn settle_keys(&mut self, first: usize) {
        let children = self.pending.get(first..).unwrap_or(&[]);
        if !tree::has_double(self.builder.tree(), children) {
            return;
        }
        let mut children = self.pending.split_off(first);
        let doubles = tree::keep_last(self.builder.tree(), &mut children);
        let document = self.document;
        // The server keeps what stands there as it came, and minds nothing.
        let minds = !self.is_in_note(first);
        let doubles = doubles
            .into_iter()
            .filter(|_| minds)
            .map(|d| d.in_document(document));
        self.duplicates.extend(doubles);
        self.pending.append(&mut children);
    }

    /// Goes on to what ends a string, or can't stand in one as it is.
    #[inline]
    fn skip_plain(&mut self) {
        self.at += plain_length(self.bytes.get(self.at..).unwrap_or(&[]));
    }

    fn string(&mut self) -> Result<NodeId, Fault> {
        let start = self.at;
        self.at += 1;
        self.skip_plain();
        match self.peek() {
            Some(b'"') => {}
            Some(b'\\') => return self.escaped_string(start),
            _ => return Err(self.fault("this string isn't closed on its line")),
        }
        let text = Span::new(start as u32 + 1, self.at as u32);
        self.at += 1;
        let span = Span::new(start as u32, self.at as u32);
        Ok(self.builder.scalar(Kind::String, Style::Quoted, span, text))
    }

    fn escaped_string(&mut self, start: usize) -> Result<NodeId, Fault> {
        let mut value = std::mem::take(&mut self.scratch);
        value.clear();
        value.push_str(self.text.get(start + 1..self.at).unwrap_or(""));
        loop {
            let plain = self.at;
            self.skip_plain();
            value.push_str(self.text.get(plain..self.at).unwrap_or(""));
            match self.peek() {
                Some(b'"') => break,
                Some(b'\\') => value.push(self.escape()?),
                _ => return Err(self.fault("this string isn't closed on its line")),
            }
        }
        self.at += 1;
        let span = Span::new(start as u32, self.at as u32);
        let kind = Kind::String;
        let id = self.builder.pooled(kind, Style::Quoted, span, &value);
        self.scratch = value;
        Ok(id)
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let escape = self.bytes.get(self.at + 1).copied();
        let simple = match escape {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode_escape(),
            _ => return Err(self.fault("JSON has no such escape")),
        };
        self.at += 2;
        Ok(simple)
    }

    /// `\uXXXX`, or two of them for a surrogate pair; half a pair becomes U+FFFD, as in Go.
    fn unicode_escape(&mut self) -> Result<char, Fault> {
        let high = self
            .unit(self.at)
            .ok_or_else(|| self.fault("`\\u` wants four hexadecimal digits"))?;
        self.at += 6;
        if let Some(low) = self.unit(self.at)
            && let Some(Ok(pair)) = char::decode_utf16([high, low]).next()
            && pair > '\u{FFFF}'
        {
            self.at += 6;
            return Ok(pair);
        }
        Ok(char::from_u32(u32::from(high)).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn unit(&self, at: usize) -> Option<u16> {
        let escape = self.text.get(at..at + 6)?.strip_prefix("\\u")?;
        let hex = escape.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u16::from_str_radix(escape, 16).ok())?
    }

    fn number(&mut self) -> Result<NodeId, Fault> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or("");
        let Some((kind, length)) = number_kind(rest) else {
            return Err(self.fault("a JSON number should stand here"));
        };
        self.at += length;
        let text = rest.get(..length).unwrap_or("");
        let span = Span::new(start as u32, self.at as u32);
        if kind == Kind::Float && resolve::float(text).is_none() {
            let fault = Fault::new(span, format!("`{text}` is larger than any number can be"));
            self.unsendable.get_or_insert(fault);
        }
        Ok(self.builder.scalar(kind, Style::Plain, span, span))
    }

    fn word(&mut self) -> Result<NodeId, Fault> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let words = [
            ("true", Kind::Bool),
            ("false", Kind::Bool),
            ("null", Kind::Null),
        ];
        let Some((word, kind)) = words.into_iter().find(|(word, _)| rest.starts_with(word)) else {
            return Err(self.fault("a JSON value should stand here"));
        };
        let span = Span::new(self.at as u32, (self.at + word.len()) as u32);
        self.at += word.len();
        Ok(self.builder.scalar(kind, Style::Plain, span, span))
    }
}

/// How many bytes stand before the first quote, backslash or control character.
fn plain_length(bytes: &[u8]) -> usize {
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // The highest bit of each byte that is 0; behind the first of them, of others, too.
    let zeros = |word: u64| word.wrapping_sub(all(1)) & !word & all(0x80);
    let (chunks, _) = bytes.as_chunks::<8>();
    let mut length = 0;
    for chunk in chunks {
        let word = u64::from_le_bytes(*chunk);
        let controls = word.wrapping_sub(all(0x20)) & !word & all(0x80);
        let ends = controls | zeros(word ^ all(b'"')) | zeros(word ^ all(b'\\'));
        if ends != 0 {
            return length + ends.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    let rest = bytes.get(length..).unwrap_or(&[]).iter();
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | ..0x20);
    length + rest.take_while(is_plain).count()
}

/// What number a text starts with by JSON's grammar, and how long that is.
fn number_kind(text: &str) -> Option<(Kind, usize)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix('-').unwrap_or(text);
    // Nothing follows a leading zero: `01` is two numbers.
    let whole = if rest.starts_with('0') {
        1
    } else {
        digits(rest)
    };
    if whole == 0 {
        return None;
    }
    rest = rest.get(whole..)?;
    let mut kind = Kind::Int;
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if count == 0 {
            return None;
        }
        kind = Kind::Float;
        rest = fraction.get(count..)?;
    }
    if let Some(exponent) = rest.strip_prefix(['e', 'E']) {
        let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        kind = Kind::Float;
        rest = exponent.get(digits(exponent)..)?;
        if exponent.len() == rest.len() {
            return None;
        }
    }
    let length = text.len() - rest.len();
    let number = text.get(..length)?;
    let in_range = number.parse::<i64>().is_ok() || number.parse::<u64>().is_ok();
    let kind = if in_range { kind } else { Kind::Float };
    Some((kind, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What was read, and where YAML goes on.
    fn read_all(text: &str) -> (Reading, Option<usize>) {
        let mut builder = Builder::new(text.to_owned());
        let mut reading = Reading::default();
        let rest = read(&mut builder, &mut reading, text);
        reading.tree = builder.finish().into();
        (reading, rest)
    }

    fn shown(text: &str) -> String {
        let (reading, rest) = read_all(text);
        let show = |d: &Document| match &d.root {
            Ok(Some(root)) => format!("{:?}", reading.tree.node(*root)),
            Ok(None) => "empty".to_owned(),
            Err(fault) => fault.message.clone(),
        };
        let mut all: Vec<_> = reading.documents.iter().map(show).collect();
        all.extend(rest.map(|at| format!("yaml from {at}")));
        all.join(" ")
    }

    #[test]
    fn reads_objects_in_a_row() {
        assert_eq!(
            shown(r#"{"a": [1, -2.5e3, true, null], "b\u00e9\ud83d\ude00": "x\ny"} {}"#),
            r#"{"a": [Int(1), Float(-2.5e3), Bool(true), Null(null)], "bé😀": "x\ny"} {}"#
        );
    }

    #[test]
    fn leaves_what_is_no_json_to_yaml() {
        for text in [
            "{a: 1}",
            r#"{"a": 1,}"#,
            r#"{"a": 01}"#,
            "{\"a\": \"x\ny\"}",
        ] {
            assert_eq!(shown(text), "yaml from 0", "{text}");
        }
        assert_eq!(shown("{}\n---\na: 1"), "{} yaml from 3");
        assert_eq!(shown("{} {} x: 1"), "{} {} a JSON value should stand here");
    }

    #[test]
    fn finds_the_end_of_what_is_plain() {
        // Neighbours of what ends it, and bytes of long characters.
        let plain = b" !#[]^\x7f\x80\xa2\xff";
        for end in [b'"', b'\\', 0, b'\n', 0x1f] {
            for (length, byte) in (0..40).flat_map(|n| plain.iter().map(move |b| (n, *b))) {
                let mut text = vec![byte; length];
                assert_eq!(plain_length(&text), length, "{text:?}");
                text.extend([end, byte, end]);
                for behind in 0..9 {
                    assert_eq!(plain_length(&text), length, "{text:?}");
                    text.push(b'a' + behind);
                }
            }
        }
    }

    #[test]
    fn keeps_the_last_of_equal_keys() {
        let text = r#"{"a": 1, "b": 2, "a": 3}"#;
        assert_eq!(read_all(text).0.duplicates.len(), 1);
        assert_eq!(shown(text), r#"{"b": Int(2), "a": Int(3)}"#);
    }
}
