//! What no report may show: the values of Secrets.
//!
//! Lives here: which bytes those are. What is kept is named, everything else is hidden, so a
//! value under a misspelt key, one that a second key replaces, a comment and a copy in an
//! annotation are hidden, too. Of a document that can't be read only what stands before the
//! colons is kept. Not here: how the bytes are hidden (`report::excerpt`), and messages and keys
//! of findings, which never hold values of Secrets in the first place.

use std::collections::BTreeSet;

use memchr::memmem;

use super::load::Loaded;
use super::run::Seen;
use crate::object::content;
use crate::source::{SourceId, Span};
use crate::tree::{Kind, Node, Visit};

/// Fields at the top of a Secret that say nothing secret.
const SHOWN: [&str; 4] = ["apiVersion", "kind", "type", "immutable"];
/// Fields of its `metadata` that say nothing secret.
const SHOWN_META: [&str; 4] = ["name", "generateName", "namespace", "labels"];

/// The bytes to hide in all files of a run, in order and without overlaps.
pub fn masked(seen: &Seen<'_>) -> Vec<(SourceId, Span)> {
    let files = seen.files();
    files
        .filter(|(_, _, loaded, _)| {
            memmem::find(loaded.source.text.as_bytes(), b"Secret").is_some()
        })
        .flat_map(|(id, _, loaded, _)| {
            let spans = joined(loaded, in_file(id, loaded));
            spans.into_iter().map(move |span| (id, span))
        })
        .collect()
}

fn in_file(id: SourceId, loaded: &Loaded) -> Vec<Span> {
    let mut spans = Vec::new();
    let tree = &loaded.reading.tree;
    let twice = loaded.reading.duplicates.iter();
    let twice: BTreeSet<Span> = twice.map(|d| tree.node(d.keys.first).place()).collect();
    for (number, document) in loaded.reading.documents.iter().enumerate() {
        match document.root {
            Ok(Some(root)) => {
                let root = loaded.reading.tree.node(root);
                for secret in secrets(id, number as u32, root) {
                    in_secret(loaded, secret, &twice, &mut spans);
                }
            }
            Ok(None) => {}
            Err(_) => in_text(loaded, document.span, &mut spans),
        }
    }
    spans
}

/// The Secrets of a document; one without `apiVersion` is one, too.
fn secrets(id: SourceId, document: u32, root: Node<'_>) -> Vec<Node<'_>> {
    let content = content(id, document, root);
    let whole = content.objects.iter().filter(|o| o.kind == "Secret");
    let whole = whole.map(|object| object.root);
    let parts = content.incomplete.iter().map(|incomplete| incomplete.root);
    let parts = parts.filter(|part| part.get("kind").is_some_and(|kind| kind.text() == "Secret"));
    whole.chain(parts).collect()
}

/// `twice`: the keys of the file that a second one replaces.
fn in_secret(loaded: &Loaded, secret: Node<'_>, twice: &BTreeSet<Span>, spans: &mut Vec<Span>) {
    let mut kept = BTreeSet::new();
    for (key, value) in secret.entries() {
        kept.insert(key.place());
        match key.text() {
            name if SHOWN.contains(&name) => keep(value, &mut kept),
            "metadata" => {
                for (key, value) in value.entries() {
                    kept.insert(key.place());
                    match SHOWN_META.contains(&key.text()) {
                        true => keep(value, &mut kept),
                        false => hide(value, &mut kept, spans),
                    }
                }
            }
            _ => hide(value, &mut kept, spans),
        }
    }
    // What no part of the tree stands for: dropped values, comments.
    let whole = secret.span();
    let twice = twice.range(Span::new(whole.start, 0)..);
    kept.extend(twice.take_while(|key| key.end <= whole.end));
    let mut from = whole.start;
    let inside = kept.range(Span::new(whole.start, 0)..);
    for kept in inside.take_while(|kept| kept.end <= whole.end) {
        between(loaded, Span::new(from, kept.start), spans);
        from = from.max(kept.end);
    }
    between(loaded, Span::new(from, whole.end), spans);
}

/// Keeps a value and all in it.
fn keep(value: Node<'_>, kept: &mut BTreeSet<Span>) {
    kept.extend(scalars(value).map(|visit| visit.node.place()));
}

/// Hides the scalars of a value, and keeps its keys.
fn hide(value: Node<'_>, kept: &mut BTreeSet<Span>, spans: &mut Vec<Span>) {
    keep(value, kept);
    let values = scalars(value).filter(|visit| !visit.is_key);
    spans.extend(values.map(|visit| visit.node.span()));
}

fn scalars(value: Node<'_>) -> impl Iterator<Item = Visit<'_>> {
    let is_scalar = |kind| !matches!(kind, Kind::Mapping | Kind::Sequence);
    value
        .visits()
        .filter(move |visit| is_scalar(visit.node.kind()))
}

/// Hides what stands between two parts of a tree, but for what only structures it.
fn between(loaded: &Loaded, span: Span, spans: &mut Vec<Span>) {
    each_line(loaded, span, &mut |start, line| {
        const BEFORE: [char; 10] = [' ', '\t', '\r', '\n', ':', ',', '{', '[', '-', '"'];
        const BEHIND: [char; 11] = [' ', '\t', '\r', '\n', ':', ',', '}', ']', '{', '[', '"'];
        let text = line.trim_start_matches(BEFORE);
        let start = start + (line.len() - text.len()) as u32;
        let text = text.trim_end_matches(BEHIND);
        if ["|", ">", "|-", ">-", "|+", ">+"].contains(&text) {
            return;
        }
        spans.push(Span::new(start, start + text.len() as u32));
    });
}

/// Hides what stands behind the keys of a text that can't be read, if it may hold a Secret.
fn in_text(loaded: &Loaded, span: Span, spans: &mut Vec<Span>) {
    let text = loaded.source.text.get(span.range()).unwrap_or_default();
    if !text.contains("Secret") {
        return;
    }
    each_line(loaded, span, &mut |start, line| {
        let ends = line.match_indices(':').find(|(at, _)| {
            let after = line.get(at + 1..).unwrap_or_default();
            let quoted = line.get(..*at).is_some_and(|before| before.ends_with('"'));
            after.trim_end().is_empty() || after.starts_with([' ', '\t']) || quoted
        });
        let from = ends.map_or(0, |(at, _)| at + 1);
        let key = line.get(..from).unwrap_or_default();
        let key = key.trim_matches([' ', '\t', '-', '"', ':', '{', '[', ',']);
        if SHOWN.contains(&key) && !line.contains(['{', ',']) || SHOWN_META.contains(&key) {
            return;
        }
        let value = line.get(from..).unwrap_or_default();
        let start = start + (line.len() - value.trim_start().len()) as u32;
        spans.push(Span::new(start, start + value.trim().len() as u32));
    });
}

/// Calls with each line of a span and the byte at which it starts.
fn each_line(loaded: &Loaded, span: Span, then: &mut dyn FnMut(u32, &str)) {
    let text = loaded.source.text.get(span.range()).unwrap_or_default();
    let mut start = span.start;
    for line in text.split_inclusive('\n') {
        then(start, line);
        start += line.len() as u32;
    }
}

/// In order, without the space around them and empty ones, and one for those that overlap.
fn joined(loaded: &Loaded, spans: Vec<Span>) -> Vec<Span> {
    let trimmed = spans.into_iter().map(|span| {
        let text = loaded.source.text.get(span.range()).unwrap_or_default();
        let start = span.start + (text.len() - text.trim_start().len()) as u32;
        Span::new(start, start + text.trim().len() as u32)
    });
    let mut spans: Vec<Span> = trimmed.filter(|span| span.start < span.end).collect();
    spans.sort_unstable();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start < last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}
