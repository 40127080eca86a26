//! A source: bytes with a name, decoded to text, with a line index.
//!
//! Lives here: decoding (UTF-8, byte-order marks, UTF-16) and the translation from
//! byte offsets to lines and columns. Not here: where bytes come from (`cli`) and what they
//! mean (`yaml`, `json`).

use std::ops::Range;
use std::sync::Arc;
use std::sync::OnceLock;

/// The number of a source within one run; findings point to sources by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(pub u32);

/// A byte range in the decoded text of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// First byte, from 0.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The span from `start` up to, not including, `end`; never inverted.
    #[inline]
    pub fn new(start: u32, end: u32) -> Self {
        Self {
            start,
            end: end.max(start),
        }
    }

    /// The span as a range of `usize`.
    pub fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

/// A place in a text as people count: line and column from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
    /// Byte offset in the decoded text, from 0.
    pub byte: u32,
}

/// Text with a name.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// The path as it is shown, with `/` between its parts.
    pub name: String,
    /// The decoded text, without byte-order mark.
    pub text: Arc<String>,
    /// The bytes weren't valid in their encoding: some characters became U+FFFD, as kubectl reads
    /// them.
    pub lossy: bool,
    /// Where characters stand for such bytes behind a UTF-8 mark: there, kubectl's YAML reader
    /// meets them as they are.
    pub unreplaced: Vec<u32>,
    /// A byte-order mark was dropped or UTF-16 converted: bytes of the text are not bytes of the
    /// file.
    pub marked: bool,
    lines: OnceLock<Vec<u32>>,
    /// How many characters stand before each block of the text.
    characters: OnceLock<Vec<u32>>,
}

/// The bytes of a block whose characters are counted once.
const BLOCK: usize = 1024;

impl Source {
    /// A source of text that is already decoded.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: Arc::new(text.into()),
            lossy: false,
            unreplaced: Vec::new(),
            marked: false,
            lines: OnceLock::new(),
            characters: OnceLock::new(),
        }
    }

    /// Decodes bytes as kubectl does: a UTF-8 mark is dropped and what follows it left alone,
    /// UTF-16 with a mark is converted, anything else is UTF-8 with invalid bytes replaced.
    /// (Upstream: `cli-runtime/pkg/resource/visitor.go`, `unicode.BOMOverride`.)
    pub fn decode(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        let marked = matches!(
            bytes.as_slice(),
            [0xEF, 0xBB, 0xBF, ..] | [0xFF, 0xFE, ..] | [0xFE, 0xFF, ..]
        );
        let unreplaced = match bytes.strip_prefix(UTF_8_MARK) {
            Some(rest) => invalid(rest),
            None => Vec::new(),
        };
        let (text, lossy) = decode(bytes);
        let mut source = Self::new(name, text);
        source.lossy = lossy;
        source.unreplaced = unreplaced;
        source.marked = marked;
        source
    }

    /// Line and column of a byte offset; an offset past the end means the end.
    pub fn position(&self, byte: u32) -> Position {
        let mut at = (byte as usize).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        let starts = self.line_starts();
        let line = starts.partition_point(|&start| start as usize <= at);
        let start = starts.get(line.wrapping_sub(1)).copied().unwrap_or(0) as usize;
        let column = match at - start {
            ..=BLOCK => characters(self.text.as_bytes().get(start..at).unwrap_or_default()),
            // There are files of one line.
            _ => self.characters_before(at) - self.characters_before(start),
        };
        Position {
            line: line as u32,
            column: column + 1,
            byte: at as u32,
        }
    }

    /// The text of a line (from 1) without its line break, and the byte at which it starts.
    pub fn line(&self, line: u32) -> Option<(u32, &str)> {
        let starts = self.line_starts();
        let start = *starts.get((line as usize).checked_sub(1)?)?;
        let end = starts
            .get(line as usize)
            .map_or(self.text.len(), |&next| next as usize);
        let text = self.text.get(start as usize..end)?;
        Some((start, text.trim_end_matches(['\n', '\r'])))
    }

    /// The number of lines; a text that ends in a line break has no empty last line.
    pub fn line_count(&self) -> u32 {
        let starts = self.line_starts();
        let last_is_empty = starts
            .last()
            .is_some_and(|&s| s as usize == self.text.len());
        (starts.len() - usize::from(last_is_empty && starts.len() > 1)) as u32
    }

    fn characters_before(&self, at: usize) -> u32 {
        let bytes = self.text.as_bytes();
        let blocks = self.characters.get_or_init(|| {
            let blocks = bytes.chunks(BLOCK).chain([Default::default()]);
            let counts = blocks.scan(0, |before, block| {
                Some(std::mem::replace(before, *before + characters(block)))
            });
            counts.collect()
        });
        let block = at / BLOCK;
        let rest = bytes.get(block * BLOCK..at).unwrap_or_default();
        blocks.get(block).copied().unwrap_or_default() + characters(rest)
    }

    /// Built on first use: a source without findings never pays for it.
    fn line_starts(&self) -> &[u32] {
        self.lines.get_or_init(|| {
            let breaks = memchr::memchr_iter(b'\n', self.text.as_bytes());
            std::iter::once(0)
                .chain(breaks.map(|at| at as u32 + 1))
                .collect()
        })
    }
}

const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Where the text of these bytes has characters in place of bytes that aren't UTF-8.
fn invalid(bytes: &[u8]) -> Vec<u32> {
    let mut at = 0;
    let chunks = bytes.utf8_chunks().filter_map(|chunk| {
        let start = at + chunk.valid().len();
        let replaced = !chunk.invalid().is_empty();
        at = start
            + if replaced {
                char::REPLACEMENT_CHARACTER.len_utf8()
            } else {
                0
            };
        replaced.then_some(start as u32)
    });
    chunks.collect()
}

/// How many characters start in these bytes.
fn characters(bytes: &[u8]) -> u32 {
    bytes.iter().filter(|byte| (**byte as i8) >= -0x40).count() as u32
}

fn decode(bytes: Vec<u8>) -> (String, bool) {
    match bytes.as_slice() {
        [0xEF, 0xBB, 0xBF, rest @ ..] => from_utf8(rest.to_vec()),
        [0xFF, 0xFE, rest @ ..] => from_utf16(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => from_utf16(rest, u16::from_be_bytes),
        _ => from_utf8(bytes),
    }
}

fn from_utf8(bytes: Vec<u8>) -> (String, bool) {
    match String::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => (String::from_utf8_lossy(error.as_bytes()).into_owned(), true),
    }
}

fn from_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> (String, bool) {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|&pair| unit(pair)).collect();
    let (mut text, lossy) = match String::from_utf16(&units) {
        Ok(text) => (text, false),
        Err(_) => (String::from_utf16_lossy(&units), true),
    };
    if !rest.is_empty() {
        text.push(char::REPLACEMENT_CHARACTER);
    }
    (text, lossy || !rest.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_lines_and_columns_in_characters() {
        let source = Source::new("a", "é: 1\nb: ü2\n");
        let at = source.position(11);
        assert_eq!((at.line, at.column, at.byte), (2, 5, 11));
        assert_eq!(source.position(99).line, 3);
        assert_eq!(source.line(2), Some((6, "b: ü2")));
        assert_eq!(source.line_count(), 2);
    }

    #[test]
    fn decodes_marks() {
        let text = |bytes: &[u8]| Source::decode("a", bytes.to_vec()).text.to_string();
        assert_eq!(text(b"\xEF\xBB\xBFa: 1"), "a: 1");
        assert_eq!(text(b"\xFF\xFEa\0:\0"), "a:");
        assert_eq!(text(b"\xFE\xFF\0a\0:"), "a:");
        assert!(Source::decode("a", b"a\xFF".to_vec()).lossy);
        assert!(Source::decode("a", b"\xEF\xBB\xBFa".to_vec()).marked);
        assert!(!Source::decode("a", b"a".to_vec()).marked);
    }
}
