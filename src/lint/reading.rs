//! Findings about reading: what can't be read, what is doubled, what isn't an object.

use std::collections::BTreeMap;

use super::generic;
use super::load::{File, Loaded};
use crate::document::{DroppedText, DuplicateKey, Fault};
use crate::finding::{Finding, ObjectName, Place, RuleMeta, locate, render_path};
use crate::minor::Minors;
use crate::object::{Incomplete, Object, content};
use crate::project::files::{Class, DocumentKind, FileKind};
use crate::report::Skipped;
use crate::source::{Source, SourceId, Span};
use crate::tree::{Node, NodeId};

/// What reading a file has to say.
#[derive(Debug, Default)]
pub struct Read {
    /// What was found.
    pub findings: Vec<Finding>,
    /// Documents that aren't judged, and why.
    pub skipped: Vec<Skipped>,
    /// Something that should be judged couldn't be read.
    pub unread: bool,
}

/// Looks at how a file could be read.
pub fn findings(id: SourceId, file: &File, loaded: &Loaded, class: Class, minors: Minors) -> Read {
    let mut reader = Reader {
        id,
        file,
        loaded,
        minors,
        objects: BTreeMap::new(),
        read: Read::default(),
    };
    if let Some(why) = &loaded.unopened {
        reader.unopened(why);
    }
    match class.kind {
        FileKind::Manifest
        | FileKind::Source
        | FileKind::Patch
        | FileKind::Kustomization
        | FileKind::Unreadable => reader.documents(class.kind),
        _ => {}
    }
    reader.read
}

struct Reader<'a> {
    id: SourceId,
    file: &'a File,
    loaded: &'a Loaded,
    minors: Minors,
    /// The objects of documents with doubled keys, by the nodes that they are written in.
    objects: BTreeMap<u32, BTreeMap<NodeId, Object<'a>>>,
    read: Read,
}

impl<'a> Reader<'a> {
    fn unopened(&mut self, why: &str) {
        self.read.unread = true;
        self.report(
            &generic::UNREADABLE,
            0,
            Span::default(),
            format!("the file {why}"),
        );
    }

    fn documents(&mut self, file: FileKind) {
        let whole = matches!(file, FileKind::Manifest | FileKind::Unreadable);
        if let Some((document, at)) = self.replaced() {
            let message = "these bytes aren't UTF-8: kubectl replaces them".to_owned();
            let span = Span::new(at, at + 3);
            self.report(&generic::REPLACED_BYTES, document, span, message);
        }
        let loaded = self.loaded;
        let kinds = &loaded.facts.documents;
        let has_object = kinds.iter().any(|kind| kind.is_manifest());
        for (number, document) in loaded.reading.documents.iter().enumerate() {
            let kind = kinds.get(number);
            let number = number as u32;
            match &document.root {
                Ok(_) if kind == Some(&DocumentKind::Object) => {}
                Err(fault) => self.fault(number, fault),
                Ok(None) => {}
                // It needn't have `apiVersion` and `kind`.
                Ok(_) if file == FileKind::Kustomization => {}
                Ok(Some(root)) => {
                    let root = loaded.reading.tree.node(*root);
                    for incomplete in content(self.id, number, root).incomplete {
                        self.incomplete(number, incomplete, whole && has_object);
                    }
                }
            }
        }
        for duplicate in &loaded.reading.duplicates {
            self.duplicate(duplicate);
        }
        for dropped in &loaded.reading.dropped {
            self.dropped(dropped);
        }
    }

    /// Where kubectl first replaces bytes, and in which document.
    fn replaced(&self) -> Option<(u32, u32)> {
        let Source {
            text,
            lossy,
            unreplaced,
            ..
        } = &self.loaded.source;
        if !lossy {
            return None;
        }
        if unreplaced.is_empty() {
            let at = text.find('\u{FFFD}').unwrap_or(0) as u32;
            return Some((0, at));
        }
        // Its YAML reader refuses these; that of JSON replaces them.
        let documents = (0..).zip(&self.loaded.reading.documents);
        let mut read = documents.filter(|(_, document)| document.root.is_ok());
        read.find_map(|(number, document)| {
            let from = unreplaced.partition_point(|at| *at < document.span.start);
            let at = unreplaced.get(from).filter(|at| **at < document.span.end)?;
            Some((number, *at))
        })
    }

    fn dropped(&mut self, dropped: &DroppedText) {
        let (message, help) = if dropped.after_mark {
            (
                "kubectl reads nothing behind the end mark `...`: this text is dropped",
                "write `---` between two documents",
            )
        } else {
            (
                "kubectl takes the document to end before this text and drops it",
                "indent all top-level keys alike, and write `---` between two documents",
            )
        };
        let finding = self.report(
            &generic::DROPPED_TEXT,
            dropped.document,
            dropped.span,
            message.to_owned(),
        );
        finding.help = Some(help.to_owned());
    }

    fn fault(&mut self, document: u32, fault: &Fault) {
        self.read.unread = true;
        let finding = self.report(
            &generic::UNREADABLE,
            document,
            fault.span,
            fault.message.clone(),
        );
        finding.help = fault.help.map(str::to_owned);
        self.read.skipped.push(Skipped {
            file: self.file.shown.clone(),
            document: Some(document),
            why: fault.message.clone(),
        });
    }

    /// A document that isn't an object is one's own business in a file of its own; among
    /// manifests, or half written, kubectl stops at it.
    fn incomplete(&mut self, document: u32, incomplete: Incomplete<'_>, among_manifests: bool) {
        let kind = self.loaded.facts.documents.get(document as usize);
        if matches!(
            kind,
            Some(DocumentKind::Kustomization | DocumentKind::Tool(_))
        ) {
            return;
        }
        if among_manifests || incomplete.meant {
            self.read.unread = true;
            let first = incomplete.root.entries().next();
            let span = first.map_or(incomplete.root.place(), |(key, _)| key.place());
            let message = format!("kubectl can't tell what this is: {}", incomplete.why);
            self.report(&generic::INCOMPLETE_OBJECT, document, span, message);
        }
        self.read.skipped.push(Skipped {
            file: self.file.shown.clone(),
            document: Some(document),
            why: incomplete.why.to_owned(),
        });
    }

    fn duplicate(&mut self, duplicate: &DuplicateKey) {
        let tree = &self.loaded.reading.tree;
        let (first, last) = (
            tree.node(duplicate.keys.first),
            tree.node(duplicate.keys.last),
        );
        let key = last.text();
        let message = format!(
            "`{key}` stands twice in this mapping: kubectl takes this one and drops the other"
        );
        let owner = self.owner(duplicate.document, last);
        let finding = self.report(
            &generic::DUPLICATE_KEY,
            duplicate.document,
            last.place(),
            message,
        );
        let mut other = finding.place.clone();
        if let Some((object, path, key)) = owner {
            finding.place.object = Some(object);
            finding.place.path.clone_from(&path);
            finding.key = key;
            other = finding.place.clone();
        }
        other.span = first.place();
        finding.related.push(crate::finding::Related {
            place: other,
            message: "this one is dropped".to_owned(),
        });
    }

    /// The object that holds a key, its path in it, and the identity of a finding there.
    fn owner(&mut self, document: u32, key: Node<'_>) -> Option<(ObjectName, String, String)> {
        let (id, reading) = (self.id, &self.loaded.reading);
        let objects = self.objects.entry(document).or_insert_with(|| {
            let read = reading.documents.get(document as usize);
            let root = read.and_then(|document| *document.root.as_ref().ok()?);
            let content = root.map(|root| content(id, document, reading.tree.node(root)));
            let objects = content.into_iter().flat_map(|content| content.objects);
            let written = objects.map(|object| (object.root.written().id(), object));
            // Of one that aliases repeat, the first counts.
            written.rev().collect()
        });
        let mut at = key.id();
        let object = loop {
            match objects.get(&at) {
                Some(object) => break object,
                None => at = reading.tree.home(at)?.parent,
            }
        };
        let (steps, _) = locate(object.root, key.id())?;
        let identity = object.key(generic::DUPLICATE_KEY.id, &steps, None);
        Some((object.identity(), render_path(&steps), identity))
    }

    fn report(
        &mut self,
        rule: &'static RuleMeta,
        document: u32,
        span: Span,
        message: String,
    ) -> &mut Finding {
        let place = Place {
            source: self.id,
            document,
            object: None,
            path: String::new(),
            span,
        };
        self.read.findings.push_mut(Finding {
            rule,
            severity: rule.severity,
            key: format!(
                "{} {} {document} {message}",
                rule.id,
                self.file.location_in_config()
            ),
            message,
            help: None,
            place,
            related: Vec::new(),
            server: None,
            minors: self.minors,
            hidden_by: None,
        })
    }
}
