//! A value as JSON, byte for byte as sigs.k8s.io/yaml writes it.
//!
//! Mirrors `YAMLToJSON` of sigs.k8s.io/yaml, which ends in Go's `encoding/json`: keys sorted,
//! no blanks, `<`, `>` and `&` escaped. Not here: reading.

use super::resolve;
use crate::tree::{Kind, Node};

/// The JSON of a value.
pub fn json(node: Node<'_>) -> String {
    let mut out = String::new();
    // What is still to be written, the next part last.
    let mut parts = vec![Part::Value(node)];
    while let Some(part) = parts.pop() {
        match part {
            Part::Mark(mark) => out.push(mark),
            Part::Key(key) => string(key, &mut out),
            Part::Value(node) => write(node, &mut parts, &mut out),
        }
    }
    out
}

enum Part<'t> {
    Mark(char),
    Key(&'t str),
    Value(Node<'t>),
}

/// Writes a scalar, or the bracket of a collection, whose rest is put before `parts`.
fn write<'t>(node: Node<'t>, parts: &mut Vec<Part<'t>>, out: &mut String) {
    let first = parts.len();
    match node.kind() {
        Kind::Null => out.push_str("null"),
        Kind::Bool if resolve::bool_value(node.text()) => out.push_str("true"),
        Kind::Bool => out.push_str("false"),
        Kind::Int | Kind::Float => out.push_str(&number(node.kind(), node.text())),
        Kind::String => string(node.text(), out),
        Kind::Sequence => {
            out.push('[');
            for (i, item) in node.items().enumerate() {
                parts.extend((i > 0).then_some(Part::Mark(',')));
                parts.push(Part::Value(item));
            }
            parts.push(Part::Mark(']'));
        }
        Kind::Mapping => {
            out.push('{');
            let mut entries: Vec<_> = node.entries().collect();
            entries.sort_by_key(|(key, _)| key.text());
            for (i, (key, value)) in entries.into_iter().enumerate() {
                parts.extend((i > 0).then_some(Part::Mark(',')));
                parts.extend([Part::Key(key.text()), Part::Mark(':'), Part::Value(value)]);
            }
            parts.push(Part::Mark('}'));
        }
    }
    parts.get_mut(first..).unwrap_or_default().reverse();
}

/// A number of this kind and text.
pub fn number(kind: Kind, text: &str) -> String {
    match kind {
        Kind::Float => float(resolve::float(text).unwrap_or_default()),
        _ => resolve::int(text).unwrap_or_default().to_string(),
    }
}

/// A finite float (`floatEncoder` of `encoding/json`): the shortest digits that read back the
/// same, with an exponent below 1e-6 and from 1e21 on.
fn float(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-6..1e21).contains(&size) {
        return value.to_string();
    }
    let text = format!("{value:e}");
    match text.split_once('e') {
        Some((digits, exponent)) if !exponent.starts_with('-') => format!("{digits}e+{exponent}"),
        _ => text,
    }
}

/// A string (`appendString` of `encoding/json`, with HTML characters escaped).
fn string(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\0'..='\u{1f}' | '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                out.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Span;
    use crate::tree::{Builder, Style};

    #[test]
    fn writes_as_encoding_json_does() {
        let mut builder = Builder::new(String::new());
        let at = Span::default();
        let mut leaf = |kind, text: &str| builder.pooled(kind, Style::Plain, at, text);
        let children = [
            leaf(Kind::String, "b"),
            leaf(Kind::Int, "0x10"),
            leaf(Kind::String, "a"),
            leaf(Kind::String, "<\u{1}\n\"\u{2028}é>"),
            leaf(Kind::String, "B"),
            leaf(Kind::Bool, "off"),
        ];
        let map = builder.open(Kind::Mapping, at);
        builder.fill(map, &children, None);
        let tree = builder.finish();
        assert_eq!(
            json(tree.node(map)),
            r#"{"B":false,"a":"\u003c\u0001\n\"\u2028é\u003e","b":16}"#
        );
    }

    #[test]
    fn writes_floats_as_go_does() {
        for (value, text) in [
            (1.0, "1"),
            (-0.0, "-0"),
            (1.5, "1.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (1e-6, "0.000001"),
            (1.25e-7, "1.25e-7"),
            (5e-324, "5e-324"),
        ] {
            assert_eq!(float(value), text);
        }
    }
}
