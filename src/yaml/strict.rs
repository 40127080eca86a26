//! What go-yaml (libyaml's YAML 1.1) refuses and the YAML 1.2 parser lets pass.
//!
//! Mirrors the places of `scannerc.go` of go.yaml.in/yaml/v2 that manifests meet. Not here:
//! what the parser refuses and go-yaml reads (`compose` repairs some of it).

use granit_parser::ScalarStyle;

use crate::document::{DroppedText, Fault};
use crate::source::Span;

/// The part of a chunk that go-yaml looks at: up to the first line that is `...`.
pub fn until_end_mark(text: &str) -> &str {
    memchr::memmem::find_iter(text.as_bytes(), b"\n...")
        .map(|at| at + 4)
        .find(|&end| {
            matches!(
                text.as_bytes().get(end),
                None | Some(b' ' | b'\t' | b'\r' | b'\n')
            )
        })
        .and_then(|end| text.get(..end))
        .unwrap_or(text)
}

/// What stands behind the end of a document: go-yaml reads one document of a chunk and never looks
/// at the `rest`. Comments aren't missed.
pub fn dropped(text: &str, rest: Span, document: u32) -> Option<DroppedText> {
    let before = text.get(..rest.start as usize).unwrap_or("");
    let mut start = rest.start;
    for line in text.get(rest.range())?.split_inclusive('\n') {
        let content = line.trim();
        if !content.is_empty() && !content.starts_with('#') {
            let at = start + (line.len() - line.trim_start().len()) as u32;
            return Some(DroppedText {
                document,
                span: Span::new(at, at + content.len() as u32),
                after_mark: before.ends_with("..."),
            });
        }
        start += line.len() as u32;
    }
    None
}

/// Things that are looked for in the whole chunk before it is parsed.
pub fn check_lines(text: &str, chunk: Span) -> Result<(), Fault> {
    check_leading_end_mark(text, chunk)?;
    if text.is_ascii() {
        return Ok(());
    }
    for (name, bytes) in [
        ("0085", "\u{85}"),
        ("2028", "\u{2028}"),
        ("2029", "\u{2029}"),
    ] {
        if let Some(at) = memchr::memmem::find(text.as_bytes(), bytes.as_bytes()) {
            let at = chunk.start + at as u32;
            return Err(Fault::limit(
                Span::new(at, at + bytes.len() as u32),
                format!("kubectl takes the character U+{name} for a line break, kubevet doesn't"),
            )
            .help("write a line break, or the character's escape in double quotes"));
        }
    }
    Ok(())
}

fn check_leading_end_mark(text: &str, chunk: Span) -> Result<(), Fault> {
    if !text.starts_with("...") && !text.contains("\n...") {
        return Ok(());
    }
    let mut start = chunk.start;
    for line in text.split_inclusive('\n') {
        let content = line.trim();
        if line
            .strip_prefix("...")
            .is_some_and(|rest| rest.trim_start().len() < rest.len() || rest.is_empty())
        {
            let span = Span::new(start, start + 3);
            return Err(Fault::new(
                span,
                "a document can't start with its end mark `...`",
            ));
        }
        if !content.is_empty() && !content.starts_with('#') {
            return Ok(());
        }
        start += line.len() as u32;
    }
    Ok(())
}

/// Tabs that stand where a line begins, between two tokens outside brackets. `indent` is given
/// after a plain scalar, which takes tabs from that column on for blanks of its own. After the
/// `last` token only the way to the next one counts: go-yaml reads one document and stops there.
pub fn check_tabs(text: &str, gap: Span, indent: Option<u32>, last: bool) -> Result<(), Fault> {
    let mut fresh = gap.start == 0 || indent.is_none() && starts_line(text, gap.start);
    let (mut column, mut comment, mut own) = (0, false, indent.is_some());
    let mut before = b' ';
    for (i, byte) in text
        .as_bytes()
        .get(gap.range())
        .unwrap_or(&[])
        .iter()
        .enumerate()
    {
        match byte {
            b'\n' => {
                (fresh, comment, column) = (true, false, 0);
                before = b' ';
                continue;
            }
            _ if comment => {}
            b'\t' if fresh && !(own && indent.is_some_and(|indent| column >= indent)) => {
                let at = gap.start + i as u32;
                return Err(Fault::new(
                    Span::new(at, at + 1),
                    "a tab stands where a line begins; kubectl takes only blanks there",
                )
                .help("indent with blanks"));
            }
            b' ' | b'\t' | b'\r' => {}
            _ if last && !b"#:-?".contains(byte) => return Ok(()),
            b'-' | b'?' if matches!(before, b' ' | b'\t') => (fresh, own) = (true, false),
            b'#' if matches!(before, b' ' | b'\t') => (comment, own) = (true, false),
            _ => (fresh, own) = (false, false),
        }
        before = *byte;
        column += 1;
    }
    Ok(())
}

/// Whether the header of the block scalar whose content starts at `content` says how deep it is
/// indented.
pub fn has_indent_indicator(text: &str, content: u32) -> bool {
    let before = text.get(..content as usize).unwrap_or("");
    let header = before
        .trim_end()
        .rfind(['|', '>'])
        .and_then(|at| before.get(at..));
    header.is_some_and(|header| header.bytes().take(3).any(|b| b.is_ascii_digit()))
}

fn starts_line(text: &str, at: u32) -> bool {
    text.get(..at as usize)
        .is_none_or(|before| before.is_empty() || before.ends_with('\n'))
}

/// Escapes in double quotes, keys over several lines and question marks in brackets.
pub fn check_scalar(
    text: &str,
    span: Span,
    style: ScalarStyle,
    is_key: bool,
    in_flow: bool,
) -> Result<(), Fault> {
    let written = text.get(span.range()).unwrap_or("");
    if in_flow && style == ScalarStyle::Plain && written.starts_with(':') {
        return Err(Fault::new(
            span,
            "kubectl reads no unquoted text that starts with `:` inside brackets",
        )
        .help("quote the text"));
    }
    if style == ScalarStyle::DoubleQuoted && written.contains('\\') {
        check_escapes(written, span)?;
    }
    if in_flow
        && style == ScalarStyle::Plain
        && let Some(at) = written.find('?')
    {
        let at = span.start + at as u32;
        return Err(Fault::new(
            Span::new(at, at + 1),
            "kubectl reads no `?` in unquoted text inside brackets",
        )
        .help("quote the text"));
    }
    let block = matches!(style, ScalarStyle::Literal | ScalarStyle::Folded);
    if is_key && !block && written.contains('\n') && !after_question(text, span.start) {
        return Err(Fault::new(span, "a key must stand on one line"));
    }
    Ok(())
}

fn after_question(text: &str, at: u32) -> bool {
    let before = text.get(..at as usize).unwrap_or("");
    before.trim_end().ends_with('?')
}

fn check_escapes(written: &str, span: Span) -> Result<(), Fault> {
    let bytes = written.as_bytes();
    let mut at = 0;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr(b'\\', rest)) {
        at += found;
        let bad = match bytes.get(at + 1..) {
            Some([b'/', ..]) => Some((2, "kubectl reads no escape `\\/` in YAML: write `/`")),
            Some(
                [
                    b'u',
                    b'd' | b'D',
                    b'8' | b'9' | b'a'..=b'f' | b'A'..=b'F',
                    ..,
                ],
            ) => Some((6, "kubectl reads no half characters (`\\ud83d`) in YAML")),
            _ => None,
        };
        if let Some((length, message)) = bad {
            let start = span.start + at as u32;
            return Err(Fault::new(
                Span::new(start, (start + length).min(span.end)),
                message,
            ));
        }
        at += 2;
    }
    Ok(())
}

/// Names of aliases are letters, digits, `-` and `_`.
pub fn check_name(text: &str, alias: Span) -> Result<(), Fault> {
    let name = text
        .get(alias.range())
        .unwrap_or("")
        .trim_start_matches('*');
    let fine = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if name.chars().all(fine) {
        return Ok(());
    }
    Err(Fault::new(
        alias,
        "kubectl reads only letters, digits, `-` and `_` in the name of an anchor",
    ))
}
