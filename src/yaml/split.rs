//! kubectl's document splitter: line based, blind to what the lines mean.
//!
//! Mirrors `YAMLReader.Read` of `k8s.io/apimachinery/pkg/util/yaml/decoder.go`: any line that
//! starts with `---` ends a document, inside a block scalar too, and nothing but blanks and
//! a comment may follow on it.

use crate::document::Fault;
use crate::source::Span;

/// One chunk of the text, to be read as one document.
#[derive(Debug, PartialEq, Eq)]
pub struct Chunk {
    /// Where it stands, a separator line of its own included.
    pub span: Span,
    /// The separator line that ends it isn't one that kubectl takes.
    pub fault: Option<Fault>,
}

/// The chunks of a text from the byte `from` on, in order.
pub fn chunks(text: &str, from: usize) -> Vec<Chunk> {
    let mut chunks = Vec::new();
    let mut open = from;
    for start in separators(text, from) {
        let end = memchr::memchr(b'\n', text.as_bytes().get(start..).unwrap_or(&[]))
            .map_or(text.len(), |at| start + at + 1);
        let rest = text.get(start + 3..end).unwrap_or("").trim();
        if !rest.is_empty() && !rest.starts_with('#') {
            // What stands before such a line goes down with it.
            chunks.push(Chunk {
                span: Span::new(open as u32, end as u32),
                fault: Some(separator_fault(start, rest)),
            });
            open = end;
        } else if open < start {
            chunks.push(Chunk::readable(open, start));
            // kubectl drops the separator that ends a chunk and keeps one that begins the next.
            open = end;
        }
    }
    if open < text.len() {
        chunks.push(Chunk::readable(open, text.len()));
    }
    chunks
}

impl Chunk {
    fn readable(start: usize, end: usize) -> Self {
        Self {
            span: Span::new(start as u32, end as u32),
            fault: None,
        }
    }
}

/// Where lines start with `---`, the byte `from` being the start of a line.
fn separators(text: &str, from: usize) -> impl Iterator<Item = usize> {
    let text = text.get(from..).unwrap_or("");
    let first = text.starts_with("---").then_some(from);
    let others = memchr::memmem::find_iter(text.as_bytes(), b"\n---").map(move |at| from + at + 1);
    first.into_iter().chain(others)
}

fn separator_fault(start: usize, rest: &str) -> Fault {
    let span = Span::new(start as u32, start as u32 + 3);
    let first_word: String = rest.chars().take(30).collect();
    Fault::new(
        span,
        format!("kubectl reads no content on a line that starts with `---`: `{first_word}`"),
    )
    .help("put what follows `---` on a line of its own; inside a block scalar, indent the line")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(text: &str) -> Vec<&str> {
        let faulty = |c: &Chunk| if c.fault.is_some() { "!" } else { "" };
        chunks(text, 0)
            .iter()
            .flat_map(|c| [&text[c.span.range()], faulty(c)])
            .filter(|t| !t.is_empty())
            .collect()
    }

    #[test]
    fn splits_as_kubectl_does() {
        assert_eq!(split(""), [""; 0]);
        assert_eq!(split("a\n---\nb\n"), ["a\n", "b\n"]);
        assert_eq!(split("---\na\n---\n"), ["---\na\n"]);
        assert_eq!(split("---\n---\na"), ["---\n", "a"]);
        assert_eq!(split("a\n---\n---\nb"), ["a\n", "---\nb"]);
        assert_eq!(split("a: |\n  x\n--- # y\nb"), ["a: |\n  x\n", "b"]);
        assert_eq!(
            split("a\n---b\nc\n---\nd\n---e"),
            ["a\n---b\n", "!", "c\n", "d\n---e", "!"]
        );
        assert_eq!(split("a\r\n---\r\nb"), ["a\r\n", "b"]);
    }
}
