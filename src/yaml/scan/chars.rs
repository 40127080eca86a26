//! Characters: which of them end what, and which go-yaml doesn't read at all.
//!
//! Mirrors the character tests of `yamlprivateh.go` and `readerc.go` of go.yaml.in/yaml/v2.

/// Classes of bytes; a byte may be in several.
pub mod is {
    /// Blank or tab.
    pub const BLANK: u8 = 1;
    /// Carriage return or line feed.
    pub const BREAK: u8 = 2;
    /// The first byte of the other line breaks: U+0085, U+2028, U+2029. Most often it isn't.
    pub const LEAD: u8 = 4;
    /// The end of the text, which reads as 0.
    pub const END: u8 = 8;
    /// The colon.
    pub const COLON: u8 = 16;
    /// What ends a plain scalar within brackets.
    pub const FLOW: u8 = 32;
    /// What no plain scalar starts with.
    pub const INDICATOR: u8 = 64;
    /// What a name consists of: ASCII letters, digits, `-` and `_`.
    pub const NAME: u8 = 128;
}

static CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        #[allow(clippy::indexing_slicing, reason = "`byte` is below 256")]
        {
            classes[byte] = match b {
                b' ' | b'\t' => is::BLANK,
                b'\r' | b'\n' => is::BREAK,
                0xC2 | 0xE2 => is::LEAD,
                0 => is::END,
                b':' => is::COLON | is::INDICATOR,
                b',' | b'?' | b'[' | b']' | b'{' | b'}' => is::FLOW | is::INDICATOR,
                b'-' => is::INDICATOR | is::NAME,
                b'#' | b'&' | b'*' | b'!' | b'|' | b'>' | b'\'' | b'"' | b'%' | b'@' | b'`' => {
                    is::INDICATOR
                }
                b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'_' => is::NAME,
                _ => 0,
            };
        }
        byte += 1;
    }
    classes
};

/// The classes of a byte.
#[inline]
pub fn class(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// What is true of all characters of a text.
#[derive(Clone, Copy, Debug)]
pub struct Traits {
    /// All are ASCII.
    pub ascii: bool,
    /// No other line break than `\n`.
    pub only_line_feeds: bool,
    /// Where the first one stands that go-yaml refuses.
    pub refused: Option<usize>,
}

impl Traits {
    /// Looks at every character of `text`; offsets count from its start.
    pub fn of(text: &str) -> Self {
        // Without a branch this runs over many bytes at once.
        let is_plain = |b: u8| b == b'\n' || b == b'\t' || b >= b' ' && b != 0x7F;
        let all_plain = text.bytes().fold(true, |all, b| all & is_plain(b));
        // What else breaks a line or is refused starts with one of these.
        let mut leads = memchr::memchr3_iter(0xC2, 0xE2, 0xEF, text.as_bytes());
        let is_ordinary = |at| {
            let found = text.get(at..).and_then(|rest: &str| rest.chars().next());
            found.is_some_and(|c| !BREAKS.contains(&c) && !is_refused(c))
        };
        let ascii = text.is_ascii();
        if all_plain && leads.all(is_ordinary) {
            return Self {
                ascii,
                only_line_feeds: true,
                refused: None,
            };
        }
        Self {
            ascii,
            only_line_feeds: !text.contains(BREAKS),
            refused: text.find(is_refused),
        }
    }
}

/// Line breaks other than `\n`.
const BREAKS: [char; 4] = ['\r', '\u{85}', '\u{2028}', '\u{2029}'];

/// What `yaml_parser_update_buffer` calls a control character.
fn is_refused(c: char) -> bool {
    !matches!(c,
        '\t' | '\n' | '\r' | ' '..='~' | '\u{85}' | '\u{A0}'..='\u{D7FF}'
        | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

/// go-yaml reads blocks of at most this many bytes, and refuses a character when it reads the
/// block with it (`input_raw_buffer_size`).
const BLOCK: usize = 512;

/// Whether go-yaml has read the character at `wanted` once it has read what stands before `seen`.
pub fn is_read(text: &str, wanted: usize, seen: usize) -> bool {
    let mut end = 0;
    while end < seen.min(text.len()) {
        end = text.floor_char_boundary(end + BLOCK);
    }
    wanted < end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_every_character() {
        let characters = (0..=0x0010_FFFF).filter_map(char::from_u32);
        for c in characters {
            let traits = Traits::of(&format!("a\tb{c}\n"));
            assert_eq!(traits.ascii, c.is_ascii(), "{c:?}");
            assert_eq!(traits.only_line_feeds, !BREAKS.contains(&c), "{c:?}");
            assert_eq!(traits.refused, is_refused(c).then_some(3), "{c:?}");
        }
    }
}
