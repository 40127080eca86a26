//! Suppressions: findings that someone looked at and allows, with a reason.
//!
//! Two ways to write one. The comment `# kubevet: allow RULE, RULE: reason` covers the line it
//! stands on, or, on a line of its own, the next line that isn't a comment; and with that line
//! everything indented below it, so beside `spec:` it covers the whole spec and beside
//! `- name: app` the whole container. The annotation `allow.kubevet.dev/RULE: reason` covers its
//! object and travels with it.
//!
//! A finding is suppressed by its own place or object, never by a related place. Not here: how
//! comments are found in a text (`yaml`).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::iter::Peekable;
use std::slice::IterMut;

use super::usage::{BAD_SUPPRESSION, UNUSED_SUPPRESSION, finding, is_fixed};
use crate::document::{Document, Reading};
use crate::finding::{Family, Finding, ObjectName, Place, RuleMeta};
use crate::source::{Source, SourceId, Span};
use crate::suggest;
use crate::tree::Node;

/// What the name of an annotation that suppresses starts with; the rule's id follows.
pub const ANNOTATION_PREFIX: &str = "allow.kubevet.dev/";

/// All suppressions of a run.
#[derive(Debug)]
pub struct Suppressions<'r> {
    rules: &'r [&'static RuleMeta],
    /// By comments, with the bytes that each covers.
    beside: BTreeMap<SourceId, Vec<(Span, Allow)>>,
    /// By annotations of an object.
    on_objects: BTreeMap<ObjectKey, Vec<Allow>>,
    bad: Vec<Finding>,
}

/// An object by the source, the document and its name.
type ObjectKey = (SourceId, u32, Option<ObjectName>);

/// One rule that is allowed at one place.
#[derive(Debug)]
struct Allow {
    rule: &'static RuleMeta,
    place: Place,
    used: bool,
}

/// What a suppression covers: the bytes beside a comment, or the object it is written on.
#[derive(Clone, Copy)]
enum Covers {
    Bytes(Span),
    Object,
}

/// Findings without the suppressed ones.
#[derive(Debug)]
pub struct Applied {
    /// The others, in the given order.
    pub kept: Vec<Finding>,
    /// How many were suppressed.
    pub suppressed: usize,
}

impl<'r> Suppressions<'r> {
    /// No suppressions yet; `rules` are all that can be named.
    pub fn new(rules: &'r [&'static RuleMeta]) -> Self {
        Self {
            rules,
            beside: BTreeMap::new(),
            on_objects: BTreeMap::new(),
            bad: Vec::new(),
        }
    }

    /// Adds those that stand in the comments of a source, as it was read. Comments that don't speak
    /// to kubevet are passed over.
    pub fn add_comments(&mut self, id: SourceId, source: &Source, reading: &Reading) {
        let mut below = Below::default();
        let mut found = Vec::new();
        // From the end, so that comments above one another share what they cover.
        for span in reading.comments.iter().rev() {
            let text = source.text.get(span.range()).unwrap_or_default();
            if let Some(directive) = directive(text) {
                found.push((*span, text, directive, below.covered(source, *span)));
            }
        }
        for (span, text, directive, covered) in found.into_iter().rev() {
            let place = |span| Place {
                source: id,
                document: document_at(reading, span),
                object: None,
                path: String::new(),
                span,
            };
            // Where in the source a part of the text stands.
            let part_at = |rest: &str, len: usize| {
                let start = span.start + (text.len() - rest.len()) as u32;
                place(Span::new(start, start + len as u32))
            };
            match (read(directive), covered) {
                (Err((message, help)), _) => self.add_bad(place(span), message, Some(help)),
                (Ok(_), None) => self.add_bad(
                    place(span),
                    "this suppression stands beside no field".to_owned(),
                    Some("put it on the line of the field, or on the line above it".to_owned()),
                ),
                (Ok(names), Some(bytes)) => {
                    for (rest, name) in names {
                        self.add(name, part_at(rest, name.len()), Covers::Bytes(bytes));
                    }
                }
            }
        }
    }

    /// Adds those of an object: `annotations` is its `metadata.annotations`.
    pub fn add_annotations(
        &mut self,
        id: SourceId,
        document: u32,
        object: &ObjectName,
        annotations: Node<'_>,
    ) {
        for (key, value) in annotations.entries() {
            let Some(name) = key.text().strip_prefix(ANNOTATION_PREFIX) else {
                continue;
            };
            let place = Place {
                source: id,
                document,
                object: Some(object.clone()),
                path: format!("metadata.annotations[{}]", key.text()),
                span: key.place(),
            };
            if value.text().trim().is_empty() {
                let help = format!("say why: `{}: reason`", key.text());
                self.add_bad(place, NO_REASON.to_owned(), Some(help));
            } else {
                self.add(name, place, Covers::Object);
            }
        }
    }

    /// Takes the suppressed ones out of the findings.
    pub fn apply(&mut self, findings: Vec<Finding>) -> Applied {
        let before = findings.len();
        // In order of place, so that one walk along the suppressions of a source is enough.
        let mut ordered: Vec<(usize, Finding)> = findings.into_iter().enumerate().collect();
        ordered.sort_by_key(|(_, finding)| (finding.place.source, finding.place.span.start));
        let mut walks: BTreeMap<SourceId, Walk<'_>> = BTreeMap::new();
        for (source, allows) in &mut self.beside {
            walks.insert(*source, Walk::along(allows));
        }
        let on_objects = &mut self.on_objects;
        ordered.retain(|(_, finding)| {
            let place = &finding.place;
            let walk = walks.get_mut(&place.source);
            let beside = walk.is_some_and(|walk| walk.suppresses(finding.rule, place.span.start));
            let key = (place.source, place.document, place.object.clone());
            let allows = on_objects.get_mut(&key).into_iter().flatten();
            // Both ways count as used: which of them is superfluous, nobody can say.
            let on_object = mark(allows, finding.rule);
            !beside && !on_object
        });
        ordered.sort_by_key(|(index, _)| *index);
        Applied {
            suppressed: before - ordered.len(),
            kept: ordered.into_iter().map(|(_, finding)| finding).collect(),
        }
    }

    /// The suppressions that can't work, in order of place; each is told once. Only for sources
    /// that are judged: the caller drops the others.
    pub fn take_bad(&mut self) -> Vec<Finding> {
        let mut bad = std::mem::take(&mut self.bad);
        bad.sort_by_key(|finding| (finding.place.source, finding.place.span));
        bad
    }

    /// The suppressions that suppressed nothing, in order of place. `ran` says of a rule and the
    /// place of a suppression whether the rule was on there and had what it needs to judge;
    /// `complete` whether everything was read. Where not, nothing is known to be unused.
    pub fn unused(self, ran: &dyn Fn(&RuleMeta, &Place) -> bool, complete: bool) -> Vec<Finding> {
        let beside = self.beside.into_values().flatten().map(|(_, allow)| allow);
        let on_objects = self.on_objects.into_values().flatten();
        let mut allows: Vec<Allow> = beside
            .chain(on_objects)
            .filter(|allow| complete && !allow.used && ran(allow.rule, &allow.place))
            .collect();
        allows.sort_by_key(|allow| (allow.place.source, allow.place.span));
        allows.into_iter().map(unused_finding).collect()
    }

    fn add(&mut self, name: &str, place: Place, covers: Covers) {
        let ids = || self.rules.iter().map(|rule| rule.id);
        match self.rules.iter().find(|rule| rule.id == name) {
            None => {
                let help = suggest::did_you_mean(name, ids())
                    .unwrap_or_else(|| "`kubevet rules` lists them".to_owned());
                self.add_bad(place, format!("there is no rule `{name}`"), Some(help));
            }
            Some(rule) if is_fixed(rule) || rule.family == Family::Usage => {
                let message = format!("findings of `{name}` can't be suppressed");
                let help = match is_fixed(rule) {
                    true => "repair what it reports, or exclude the file in the config".to_owned(),
                    false => format!("switch it off in the config: `rules: {{{name}: off}}`"),
                };
                self.add_bad(place, message, Some(help));
            }
            Some(rule) => self.keep(rule, place, covers),
        }
    }

    fn keep(&mut self, rule: &'static RuleMeta, place: Place, covers: Covers) {
        let key = (place.source, place.document, place.object.clone());
        let allow = Allow {
            rule,
            place,
            used: false,
        };
        match covers {
            Covers::Bytes(span) => self.beside.entry(key.0).or_default().push((span, allow)),
            Covers::Object => self.on_objects.entry(key).or_default().push(allow),
        }
    }

    fn add_bad(&mut self, place: Place, message: String, help: Option<String>) {
        let key = key(&BAD_SUPPRESSION, &place, &message);
        self.bad
            .push(finding(&BAD_SUPPRESSION, place, message, help, key));
    }
}

/// A walk along the suppressions of a source, from its start. What two of them cover is nested
/// or apart, as indentation is, so those around a place are a stack.
struct Walk<'a> {
    ahead: Peekable<IterMut<'a, (Span, Allow)>>,
    around: Vec<&'a mut (Span, Allow)>,
}

impl<'a> Walk<'a> {
    fn along(allows: &'a mut [(Span, Allow)]) -> Self {
        allows.sort_by_key(|(span, _)| (span.start, Reverse(span.end)));
        Self {
            ahead: allows.iter_mut().peekable(),
            around: Vec::new(),
        }
    }

    /// Whether a rule is allowed at a byte; bytes are asked in order.
    fn suppresses(&mut self, rule: &RuleMeta, byte: u32) -> bool {
        while let Some(next) = self.ahead.next_if(|(span, _)| span.start <= byte) {
            self.leave(next.0.start);
            self.around.push(next);
        }
        self.leave(byte);
        mark(self.around.iter_mut().map(|entry| &mut entry.1), rule)
    }

    fn leave(&mut self, byte: u32) {
        while self.around.pop_if(|entry| entry.0.end <= byte).is_some() {}
    }
}

/// Marks those that allow a rule as used, and says whether there are any.
fn mark<'a>(allows: impl Iterator<Item = &'a mut Allow>, rule: &RuleMeta) -> bool {
    let mut any = false;
    for allow in allows.filter(|allow| allow.rule.id == rule.id) {
        allow.used = true;
        any = true;
    }
    any
}

const NO_REASON: &str = "this suppression gives no reason, so it doesn't count";

fn unused_finding(allow: Allow) -> Finding {
    let message = format!("nothing here is reported by `{}`", allow.rule.id);
    let help = "remove the suppression".to_owned();
    let key = key(&UNUSED_SUPPRESSION, &allow.place, allow.rule.id);
    finding(&UNUSED_SUPPRESSION, allow.place, message, Some(help), key)
}

fn key(rule: &RuleMeta, place: &Place, subject: &str) -> String {
    let object = place.object.as_ref().map_or(String::new(), |o| {
        let namespace = o.namespace.as_deref().unwrap_or_default();
        format!("{}/{}/{namespace}/{}", o.api_version, o.kind, o.name)
    });
    format!("{} {object} {} {subject}", rule.id, place.path)
}

/// The number of the document that a comment stands in.
fn document_at(reading: &Reading, span: Span) -> u32 {
    let begun = |document: &Document| document.span.start <= span.start;
    let count = reading.documents.partition_point(begun);
    count.saturating_sub(1) as u32
}

/// What follows `# kubevet:` in a comment.
fn directive(comment: &str) -> Option<&str> {
    comment
        .trim_start_matches('#')
        .trim_start()
        .strip_prefix("kubevet:")
        .map(str::trim_start)
}

/// The names in `allow NAME, NAME: reason`, each with the text from it on (for its place).
fn read(directive: &str) -> Result<Vec<(&str, &str)>, (String, String)> {
    let form = "write `# kubevet: allow RULE: reason`";
    let verb = directive
        .split(|c: char| c.is_whitespace() || c == ':')
        .next()
        .unwrap_or_default();
    if verb != "allow" {
        let message = format!("`kubevet: {verb}` means nothing in a comment");
        return Err((message, form.to_owned()));
    }
    let rest = directive.strip_prefix("allow").unwrap_or_default();
    let names = rest.split(':').next().unwrap_or_default();
    let reason = rest.get(names.len()..).unwrap_or_default();
    if names.trim().is_empty() {
        return Err(("this suppression names no rule".to_owned(), form.to_owned()));
    }
    if reason.trim_start_matches(':').trim().is_empty() {
        let first = names.split_whitespace().next().unwrap_or("RULE");
        let help = format!("say why: `# kubevet: allow {first}: reason`");
        return Err((NO_REASON.to_owned(), help));
    }
    let mut found = Vec::new();
    let mut at = rest;
    for part in names.split(',') {
        let name = part.trim();
        let leading = part.len() - part.trim_start().len();
        if !name.is_empty() {
            found.push((at.get(leading..).unwrap_or_default(), name));
        }
        at = at.get(part.len() + 1..).unwrap_or_default();
    }
    Ok(found)
}

/// What the own-line comments below the current one cover; comments are asked from the end.
#[derive(Default)]
struct Below {
    line: u32,
    covered: Option<Span>,
}

impl Below {
    /// The bytes that a comment at `span` covers; `None` if there is no field beside it.
    fn covered(&mut self, source: &Source, span: Span) -> Option<Span> {
        let at = source.position(span.start);
        let (start, line) = source.line(at.line)?;
        let before = line.get(..(at.byte - start) as usize)?;
        if !before.trim().is_empty() {
            return Some(block(source, at.line, start, line));
        }
        let covered = self.covered_below(source, at.line);
        *self = Self {
            line: at.line,
            covered,
        };
        covered
    }

    fn covered_below(&self, source: &Source, line: u32) -> Option<Span> {
        let mut number = line;
        loop {
            number += 1;
            if number == self.line {
                return self.covered;
            }
            let (start, line) = source.line(number)?;
            let text = line.trim_start();
            if text.starts_with('#') {
                continue;
            }
            let ends = text.is_empty() || line.starts_with("---") || line.starts_with("...");
            return (!ends).then(|| block(source, number, start, line));
        }
    }
}

/// A line and what is indented below it: the value of its key, or the rest of its item. The
/// items of a list may stand as deep as the list's key.
fn block(source: &Source, number: u32, start: u32, line: &str) -> Span {
    let depth = indent(line);
    let is_item = starts_item(line);
    let mut end = start + line.len() as u32;
    for next in number + 1..=source.line_count() {
        let Some((start, line)) = source.line(next) else {
            break;
        };
        let text = line.trim_start();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let inside = indent(line) > depth || indent(line) == depth && !is_item && starts_item(line);
        if !inside {
            break;
        }
        end = start + line.len() as u32;
    }
    Span::new(start, end)
}

fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

fn starts_item(line: &str) -> bool {
    let text = line.trim();
    text == "-" || text.starts_with("- ")
}
