//! What each file is: a manifest, or one of the many things that only look like one.
//!
//! Lives here: the decision by name and bytes before a file is read as YAML (`before_reading`),
//! by its documents after (`Facts`), and by what the kustomizations in sight say (`classify`).
//! Locations are texts with `/`; no file is opened. Not here: the summary that counts the kinds.

use std::collections::BTreeSet;

use memchr::memmem;

use super::graph::Graph;
use super::kustomize::{Kustomization, folder_of, is_kustomization_name};
use super::tools;
use crate::document::{Document, Reading};
use crate::object;
use crate::source::{Source, Span};
use crate::tree::{Kind, Node};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// Objects for the API server, as they stand.
    Manifest,
    /// A kustomization or a component.
    Kustomization,
    /// Objects that a kustomization changes before the API server sees them.
    Source,
    /// What a kustomization names as a patch.
    Patch,
    /// A template of a chart: not YAML before it is rendered.
    ChartTemplate,
    /// A template of a tool that writes YAML with YAML: what stands in it isn't what comes out.
    Template,
    /// Metadata or values of a chart.
    ChartFile,
    /// Settings of a tool that look like an object.
    ToolFile,
    /// Encrypted with sops.
    Encrypted,
    /// Anything else.
    NotAManifest,
    /// It should be judged and can't be read.
    Unreadable,
    /// The config leaves it out.
    Excluded,
}

impl FileKind {
    /// The name in the summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Kustomization => "kustomization",
            Self::Source => "source",
            Self::Patch => "patch",
            Self::ChartTemplate => "chart template",
            Self::Template => "template",
            Self::ChartFile => "chart file",
            Self::ToolFile => "tool file",
            Self::Encrypted => "encrypted",
            Self::NotAManifest => "not a manifest",
            Self::Unreadable => "unreadable",
            Self::Excluded => "excluded",
        }
    }
}

/// What a file is and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Class {
    /// What.
    pub kind: FileKind,
    /// Why, in a few words; where there is a file behind it, its name completes them.
    pub why: &'static str,
    /// The number of the file that makes it so: a kustomization.
    pub by: Option<usize>,
}

impl Class {
    /// A class that no other file is behind.
    pub fn new(kind: FileKind, why: &'static str) -> Self {
        let by = None;
        Self { kind, why, by }
    }
}

/// What a document is, by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentKind {
    /// Nothing.
    Empty,
    /// One object.
    Object,
    /// A `List` or another list of objects, or something that lacks one of `apiVersion` and `kind`.
    ListOrPart,
    /// A kustomization or a component.
    Kustomization,
    /// Settings of a tool, and of which.
    Tool(&'static str),
    /// Encrypted with sops; its metadata usually isn't.
    Encrypted,
    /// A sequence, a text, or a mapping without `apiVersion` and `kind`.
    Other,
    /// It can't be read.
    Fault,
}

impl DocumentKind {
    /// Whether it is judged as what the API server is meant to see.
    pub fn is_manifest(self) -> bool {
        matches!(self, Self::Object | Self::ListOrPart)
    }
}

/// What is known of a file by itself.
#[derive(Clone, Debug)]
pub struct Facts {
    /// What it is, as far as it can be said without the others.
    pub class: Class,
    /// What each of its documents is; none if it was decided before reading.
    pub documents: Vec<DocumentKind>,
    /// What it says, if it is a kustomization.
    pub kustomization: Option<Kustomization>,
}

/// The folders that hold a `Chart.yaml`, by the locations of all files in sight.
pub fn chart_folders<'a>(locations: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let charts = locations.into_iter().filter(|l| name_of(l) == "Chart.yaml");
    charts.map(|chart| folder_of(chart).to_owned()).collect()
}

/// What can be said before a file is read as YAML: most of what isn't a manifest. `None`: it has
/// to be read.
pub fn before_reading(location: &str, text: &str, charts: &BTreeSet<String>) -> Option<Class> {
    if let Some(class) = chart_part(location, charts) {
        return Some(class);
    }
    if [".kubevet.yaml", ".kubevet.yml"].contains(&name_of(location)) {
        let why = "the config of kubevet";
        return Some(Class::new(FileKind::ToolFile, why));
    }
    let holds = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    if is_kustomization_name(name_of(location)) || (holds("apiVersion") && holds("kind")) {
        return None;
    }
    let why = "no apiVersion and kind in it";
    Some(Class::new(FileKind::NotAManifest, why))
}

/// Templates are all below `templates`, with or without `{{`; what lies in `crds` is plain.
fn chart_part(location: &str, charts: &BTreeSet<String>) -> Option<Class> {
    let template = Class::new(FileKind::ChartTemplate, "below templates of a chart");
    let mut starts = location.match_indices("/templates/").map(|(at, _)| at);
    if starts.any(|at| charts.contains(location.get(..at).unwrap_or_default()))
        || (location.starts_with("templates/") && charts.contains(""))
    {
        return Some(template);
    }
    let (folder, name) = (folder_of(location), name_of(location));
    const OWN: [&str; 6] = [
        "Chart.yaml",
        "Chart.lock",
        "requirements.yaml",
        "values.yaml",
        "values.yml",
        "values.schema.json",
    ];
    let own = OWN.contains(&name) && charts.contains(folder);
    // Helm's chart testing tool takes these for tests.
    let tested = name.ends_with("-values.yaml")
        && name_of(folder) == "ci"
        && charts.contains(folder_of(folder));
    (own || tested).then(|| Class::new(FileKind::ChartFile, "part of a chart"))
}

impl Facts {
    /// What `before_reading` said.
    pub fn decided(class: Class) -> Self {
        Self {
            class,
            documents: Vec::new(),
            kustomization: None,
        }
    }

    /// What the documents of a file say.
    ///
    /// A file whose name doesn't promise YAML or JSON (hooks name every changed file, and a
    /// README may show a manifest) is one only if all of it can be read and holds an object.
    pub fn read(location: &str, source: &Source, reading: &Reading) -> Self {
        let encrypted = memmem::find(source.text.as_bytes(), ENCRYPTED).is_some();
        let root = |document: &Document| {
            let root = document.root.as_ref().ok().copied().flatten();
            root.map(|root| reading.tree.node(root))
        };
        let kind = |document: &Document| match root(document) {
            Some(node) => {
                let text = source.text.get(document.span.range()).unwrap_or_default();
                let marked = encrypted && memmem::find(text.as_bytes(), ENCRYPTED).is_some();
                document_kind(node, marked && holds_encrypted(node))
            }
            None if document.root.is_err() => DocumentKind::Fault,
            None => DocumentKind::Empty,
        };
        let documents: Vec<_> = reading.documents.iter().map(kind).collect();
        let mut class = by_documents(&documents);
        let roots = reading.documents.iter().map(root).zip(&documents);
        let first = roots.clone().find_map(|(root, _)| root);
        let kustomization = match by_name(location, &documents, first) {
            true => first,
            false => {
                let known = DocumentKind::Kustomization;
                let may_be = [known, DocumentKind::Encrypted];
                let roots = roots.filter(|(_, kind)| may_be.contains(kind));
                let mut roots = roots.filter_map(|(root, _)| root);
                roots.find(|root| document_kind(*root, false) == known)
            }
        };
        let mut kustomization = kustomization.map(|root| Kustomization::read(location, root));
        if kustomization.is_none() && is_empty_kustomization(location, &documents) {
            kustomization = Some(Kustomization::default());
        }
        if kustomization.is_some() {
            class = Class::new(FileKind::Kustomization, "");
        } else if is_ytt(source, reading) {
            class = Class::new(FileKind::Template, "ytt fills it in");
        } else if documents.contains(&DocumentKind::Fault) && !promises_manifest(location) {
            class = Class::new(FileKind::NotAManifest, "not YAML or JSON by its name");
        }
        Self {
            class,
            documents,
            kustomization,
        }
    }
}

/// Whether a comment is code of ytt: `#@ ` where a line or a value could begin. What stands in a
/// text (a script, another file) is no comment.
fn is_ytt(source: &Source, reading: &Reading) -> bool {
    if reading.is_json {
        return false;
    }
    let text = source.text.as_bytes();
    let documents = &reading.documents;
    let (Some(first), Some(last)) = (documents.first(), documents.last()) else {
        return false;
    };
    let start = first.span.start as usize;
    let read = text.get(start..last.span.end as usize).unwrap_or_default();
    let begins = |at: &usize| {
        let before = text.get(..*at).unwrap_or_default();
        let last = before.iter().rfind(|byte| !matches!(byte, b' ' | b'\t'));
        matches!(last, None | Some(b'\n' | b'\r' | b':' | b'-'))
    };
    let mut found = memmem::find_iter(read, b"#@ ").map(|at| start + at);
    let Some(first) = found.find(begins) else {
        return false;
    };
    let texts = places_of_texts(reading);
    let is_in_text = |at: usize| {
        let next = texts.partition_point(|place| place.start as usize <= at);
        let before = next.checked_sub(1).and_then(|last| texts.get(last));
        before.is_some_and(|place| at < place.end as usize)
    };
    let mut found = std::iter::once(first).chain(found.filter(begins));
    found.any(|at| !is_in_text(at))
}

/// Where keys and scalars stand, in order.
fn places_of_texts(reading: &Reading) -> Vec<Span> {
    let documents = reading.documents.iter();
    let roots = documents.filter_map(|document| document.root.as_ref().ok().copied().flatten());
    let mut open: Vec<_> = roots.map(|root| reading.tree.node(root)).collect();
    let mut places = Vec::new();
    while let Some(node) = open.pop() {
        match node.kind() {
            _ if node.is_alias() => {}
            Kind::Mapping | Kind::Sequence => open.extend(node.children()),
            _ => places.push(node.span()),
        }
    }
    places.sort_unstable();
    places
}

/// How values start that sops has encrypted.
const ENCRYPTED: &[u8] = b"ENC[AES256_GCM,";

/// Kustomize takes a file of this name for a kustomization even without `apiVersion` and `kind`.
fn by_name(location: &str, documents: &[DocumentKind], root: Option<Node<'_>>) -> bool {
    let foreign = |root: Node<'_>| root.get("apiVersion").is_some_and(|v| !v.is_null());
    is_kustomization_name(name_of(location))
        && !documents.contains(&DocumentKind::Fault)
        && root.is_some_and(|root| root.kind() == Kind::Mapping && !foreign(root))
}

fn is_empty_kustomization(location: &str, documents: &[DocumentKind]) -> bool {
    is_kustomization_name(name_of(location))
        && documents.iter().all(|kind| *kind == DocumentKind::Empty)
}

/// Whether sops has encrypted what names a document, or its data. Elsewhere such a text may only be
/// spoken of, and must not keep an object from being judged.
fn holds_encrypted(root: Node<'_>) -> bool {
    let parts = ["apiVersion", "kind", "data", "stringData"];
    let mut nodes = parts.iter().filter_map(|key| root.get(key));
    let is = |node: Node<'_>| memmem::find(node.text().as_bytes(), ENCRYPTED).is_some();
    nodes.any(|node| node.visits().any(|visit| is(visit.node)))
}

/// What a document is, by its root; `encrypted`: sops has encrypted what it holds.
fn document_kind(root: Node<'_>, encrypted: bool) -> DocumentKind {
    if root.is_null() {
        return DocumentKind::Empty;
    }
    if root.kind() != Kind::Mapping {
        return DocumentKind::Other;
    }
    let sops = root.get("sops");
    if encrypted || sops.is_some_and(|s| s.get("mac").is_some() || s.get("version").is_some()) {
        return DocumentKind::Encrypted;
    }
    let (version, kind) = (root.get("apiVersion"), root.get("kind"));
    if version.is_none() && kind.is_none() {
        return DocumentKind::Other;
    }
    let version = version.map_or("", Node::text);
    let kind = kind.map_or("", Node::text);
    let group = version.split_once('/').map_or("", |(group, _)| group);
    if group == "kustomize.config.k8s.io" && matches!(kind, "Kustomization" | "Component") {
        return DocumentKind::Kustomization;
    }
    match tools::of(version, kind, root) {
        Some(tool) => DocumentKind::Tool(tool),
        None if object::is_object(root) => DocumentKind::Object,
        None => DocumentKind::ListOrPart,
    }
}

/// The most telling document decides.
fn by_documents(documents: &[DocumentKind]) -> Class {
    let has = |kind| documents.contains(&kind);
    let tool = documents.iter().find_map(|kind| match kind {
        DocumentKind::Tool(tool) => Some(*tool),
        _ => None,
    });
    if documents.iter().any(|kind| kind.is_manifest()) {
        Class::new(FileKind::Manifest, "")
    } else if has(DocumentKind::Encrypted) {
        Class::new(FileKind::Encrypted, "encrypted with sops")
    } else if let Some(tool) = tool {
        Class::new(FileKind::ToolFile, tool)
    } else if has(DocumentKind::Fault) {
        Class::new(FileKind::Unreadable, "can't be read")
    } else {
        let why = "no document with apiVersion or kind";
        Class::new(FileKind::NotAManifest, why)
    }
}

/// Whether what can't be read is missed. Pipes and standard input have no telling name.
fn promises_manifest(location: &str) -> bool {
    let name = name_of(location);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension);
    matches!(extension, Some("yaml" | "yml" | "json"))
        || is_kustomization_name(name)
        || location == "<stdin>"
        || location.starts_with("/proc/")
        || location.starts_with("/dev/")
}

fn name_of(location: &str) -> &str {
    location.rsplit('/').next().unwrap_or(location)
}

/// What every file in sight is, and how the kustomizations among them hang together. The files
/// are numbered by their order.
pub fn classify(files: &[(&str, Facts)]) -> (Vec<Class>, Graph) {
    let graph = Graph::new(files);
    let classes = files.iter().enumerate();
    let classes = classes
        .map(|(number, (_, facts))| graph.use_of(number).map_or(facts.class, |u| u.class(facts)))
        .collect();
    (classes, graph)
}
