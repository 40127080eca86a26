//! YAML as kubectl reads it: go-yaml v2 behind sigs.k8s.io/yaml, documents split by lines.
//!
//! `split` cuts the text into documents, `compose` makes each a tree, `resolve` says what a
//! plain scalar means, `canonical` writes a value as kubectl would send it. Not here: the JSON
//! reader (`json`), which `read` tries first where kubectl does.

pub mod canonical;
pub mod resolve;

mod budget;
mod compose;
mod parse;
mod scan;
mod split;

use crate::document::{Document, Fault, Reading, SIZE_MAX};
use crate::json;
use crate::source::{Source, Span};
use crate::tree::Builder;

/// Reads every document of a source. A fault ends its document, not the source.
///
/// JSON or YAML is guessed as kubectl does (`YAMLOrJSONDecoder`): text that starts with `{` is
/// read as JSON objects in a row, and as YAML if that fails before two were read.
pub fn read(source: &Source) -> Reading {
    let text = &source.text;
    if text.len() > SIZE_MAX {
        return too_large();
    }
    let mut reading = Reading::default();
    let mut builder = Builder::new(source.text.clone());
    let yaml_from = if looks_like_json(text) {
        json::read(&mut builder, &mut reading, text)
    } else {
        Some(0)
    };
    match yaml_from {
        Some(from) => read_yaml(&mut builder, &mut reading, source, from),
        None => reading.is_json = reading.documents.iter().all(|read| read.root.is_ok()),
    }
    reading.tree = builder.finish().into();
    reading
}

/// `GuessJSONStream`: the first character that isn't blank, if it is among the first 4096 bytes.
fn looks_like_json(text: &str) -> bool {
    let rest = text.trim_start();
    rest.starts_with('{') && text.len() - rest.len() < 4096
}

fn read_yaml(builder: &mut Builder, reading: &mut Reading, source: &Source, from: usize) {
    for chunk in split::chunks(&source.text, from) {
        let root = match chunk.fault {
            Some(fault) => Err(fault),
            None => compose::document(builder, reading, source, chunk.span),
        };
        reading.documents.push(Document {
            span: chunk.span,
            root,
        });
    }
}

fn too_large() -> Reading {
    let fault = Fault::new(
        Span::default(),
        format!(
            "larger than {} MiB, which kubevet doesn't read",
            SIZE_MAX >> 20
        ),
    );
    Reading {
        documents: vec![Document {
            span: Span::default(),
            root: Err(fault),
        }],
        ..Reading::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let reading = read(&Source::new("a.yaml", text));
        let show = |d: &Document| match &d.root {
            Ok(Some(root)) => format!("{:?}", reading.tree.node(*root)),
            Ok(None) => "empty".to_owned(),
            Err(fault) => format!("{}: {}", fault.span.start, fault.message),
        };
        let all: Vec<_> = reading.documents.iter().map(show).collect();
        all.join(" | ")
    }

    #[test]
    fn reads_documents() {
        assert_eq!(
            shown("a: 1\n---\n# no\n---\nb: [x, 'y', on]\n"),
            r#"{"a": Int(1)} | empty | {"b": ["x", "y", Bool(on)]}"#
        );
        assert_eq!(
            shown("a:\n- b: |\n    x\n  c:\n"),
            r#"{"a": [{"b": "x\n", "c": Null()}]}"#
        );
    }

    #[test]
    fn expands_aliases_and_merges() {
        assert_eq!(
            shown("a: &x {k: 1, l: 2}\nb: {<<: *x, k: 3}\nc: *x"),
            concat!(
                r#"{"a": {"k": Int(1), "l": Int(2)}, "b": {"l": Int(2), "k": Int(3)}, "#,
                r#""c": {"k": Int(1), "l": Int(2)}}"#
            )
        );
        assert_eq!(
            shown("a: &x [*x]"),
            "7: this alias stands inside the value it repeats"
        );
    }

    #[test]
    fn notes_duplicate_keys_and_keeps_the_last() {
        let reading = read(&Source::new("a.yaml", "a: 1\nb: 2\na: 3\n"));
        assert_eq!(reading.duplicates.len(), 1);
        assert_eq!(shown("a: 1\nb: 2\na: 3\n"), r#"{"b": Int(2), "a": Int(3)}"#);
    }

    #[test]
    fn ends_in_a_fault_where_limits_are_reached() {
        assert!(shown(&"[".repeat(100_000)).contains("nested deeper"));
        assert!(shown(&format!("{{\"a\":{}", "[".repeat(100_000))).contains("nested deeper"));
        let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let list = format!("*a{}, ", i - 1).repeat(9);
            bomb.push_str(&format!("a{i}: &a{i} [{list}x]\n"));
        }
        assert!(shown(&bomb).contains("excessive aliasing"));
    }
}
