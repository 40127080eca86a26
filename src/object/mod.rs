//! Objects: what a document declares, with what identifies it.
//!
//! `List`s and typed lists are unfolded here. Views of pods and workloads are in `workload`,
//! selectors in `selector`. Not here: what an object may hold (`apiserver`) or relates to
//! (`project`).

pub mod placeholder;
pub mod quantity;
pub mod references;
pub mod selector;
pub mod service;
pub mod workload;

use std::borrow::Cow;

use crate::finding::{ObjectName, Place, Step, keyed_path, locate, render_path, shown_span};
use crate::source::{SourceId, Span};
use crate::tree::{Children, Kind, Node, NodeId};
use workload::WorkloadKind;

/// The kinds that configure admission webhooks, of the group admissionregistration.k8s.io.
pub const WEBHOOK_CONFIGURATIONS: [&str; 2] = [
    "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration",
];

/// One object of a document.
#[derive(Clone, Debug)]
pub struct Object<'t> {
    /// The source it stands in.
    pub source: SourceId,
    /// The document in the source, from 0.
    pub document: u32,
    /// Which item of a `List` it is, from 0 over all items, nested ones included.
    pub item: Option<u32>,
    /// The whole object.
    pub root: Node<'t>,
    /// The API group; empty for the core group.
    pub group: &'t str,
    /// The version in the group.
    pub version: &'t str,
    /// The kind.
    pub kind: &'t str,
    /// What of all that makes pods it is.
    pub workload: Option<WorkloadKind>,
    /// `metadata.name`; empty if there is none.
    pub name: &'t str,
    /// `metadata.generateName`; empty if there is none.
    pub generate_name: &'t str,
    /// `metadata.namespace` as written.
    pub namespace: Option<&'t str>,
}

/// What a document declares.
#[derive(Debug, Default)]
pub struct Content<'t> {
    /// The object, or the items of a list.
    pub objects: Vec<Object<'t>>,
    /// What should be an object and isn't: the document, or items of a list.
    pub incomplete: Vec<Incomplete<'t>>,
}

/// A value that lacks what makes an object.
#[derive(Debug, Clone, Copy)]
pub struct Incomplete<'t> {
    /// The value.
    pub root: Node<'t>,
    /// What kubectl says of it.
    pub why: &'static str,
    /// It is surely meant to be an object: an item of a list, or it has one of `apiVersion` and
    /// `kind`, and `metadata`.
    pub meant: bool,
}

/// Says what a document declares; lists are unfolded, recursively, as kubectl does
/// (`cli-runtime/pkg/resource/visitor.go`, `FlattenListVisitor`).
pub fn content<'t>(source: SourceId, document: u32, root: Node<'t>) -> Content<'t> {
    let mut content = Content::default();
    let text = |key| root.get(key).and_then(Node::as_str);
    match (text("apiVersion"), text("kind")) {
        (Some(api_version), Some(kind)) if is_list(root) => {
            let list = ListOf::of(root, api_version, kind);
            unfold(source, document, list, &mut content);
        }
        (Some(api_version), Some(kind)) => {
            let object = Object::new(source, document, root, api_version, kind);
            content.objects.push(object);
        }
        _ => content.incomplete.push(Incomplete::of(root, false)),
    }
    content
}

impl<'t> Object<'t> {
    fn new(
        source: SourceId,
        document: u32,
        root: Node<'t>,
        api_version: &'t str,
        kind: &'t str,
    ) -> Self {
        let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
        let metadata = root.get("metadata");
        let meta = |key| metadata?.get(key).and_then(Node::as_str);
        Self {
            source,
            document,
            item: None,
            root,
            group,
            version,
            kind,
            workload: WorkloadKind::of(group, kind),
            name: meta("name").unwrap_or(""),
            generate_name: meta("generateName").unwrap_or(""),
            namespace: meta("namespace").filter(|namespace| !namespace.is_empty()),
        }
    }

    /// The group that its kind is kept in: objects of the old `extensions` group are those of
    /// the groups that followed it (`pkg/kubeapiserver/default_storage_factory_builder.go`).
    pub fn storage_group(&self) -> &'t str {
        match (self.group, self.kind) {
            ("extensions", "Deployment" | "DaemonSet" | "ReplicaSet") => "apps",
            ("extensions", "Ingress" | "NetworkPolicy") => "networking.k8s.io",
            ("extensions", "PodSecurityPolicy") => "policy",
            ("extensions", "Job") => "batch",
            (group, _) => group,
        }
    }

    /// Group and version as `apiVersion` writes them.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            [self.group, "/", self.version].concat()
        }
    }

    /// `Kind.group/version`, as summaries name kinds.
    pub fn kind_and_group(&self) -> String {
        format!("{}.{}", self.kind, self.api_version())
    }

    /// What identifies it, for findings.
    pub fn identity(&self) -> ObjectName {
        ObjectName {
            api_version: self.api_version(),
            kind: self.kind.to_owned(),
            namespace: self.namespace.map(str::to_owned),
            name: self.full_name().into_owned(),
        }
    }

    /// `metadata.name`, or what the server makes one of, followed by `*`.
    fn full_name(&self) -> Cow<'t, str> {
        match self.name.is_empty() && !self.generate_name.is_empty() {
            true => Cow::Owned(format!("{}*", self.generate_name)),
            false => Cow::Borrowed(self.name),
        }
    }

    /// `Kind/name`, for messages.
    pub fn title(&self) -> String {
        format!("{}/{}", self.kind, self.identity().name)
    }

    /// The place of a value or key inside it.
    pub fn place_of(&self, node: NodeId) -> Place {
        let (steps, key) = locate(self.root, node).unwrap_or_default();
        let value = self.root.tree().node(node);
        self.place(&steps, shown_span(value, key.filter(|k| k.id() != node)))
    }

    /// The place of a field that isn't there: shown at its nearest written ancestor.
    pub fn place_of_missing(&self, path: &[&'t str]) -> Place {
        let steps: Vec<Step<'_>> = path.iter().map(|key| Step::Key(key)).collect();
        let mut span = self.anchor();
        let mut node = self.root;
        for key in path {
            let Some((k, value)) = node.entry(key) else {
                break;
            };
            span = k.place();
            node = value;
        }
        self.place(&steps, span)
    }

    /// A place given by its steps and bytes.
    pub fn place(&self, steps: &[Step<'_>], span: Span) -> Place {
        Place {
            source: self.source,
            document: self.document,
            object: Some(self.identity()),
            path: render_path(steps),
            span,
        }
    }

    /// The bytes that stand for the object as a whole: its name, else its kind.
    pub fn anchor(&self) -> Span {
        let name = self.root.at(&["metadata", "name"]);
        let kind = || self.root.entry("kind").map(|(_, kind)| kind);
        name.or_else(kind).unwrap_or(self.root).place()
    }

    /// The identity of a finding on it: see `Finding::key`.
    pub fn key(&self, rule: &str, path: &[Step<'_>], value: Option<Node<'_>>) -> String {
        self.key_of_hash(rule, path, value.map_or(0, value_hash))
    }

    /// `key`, where the hash of the value is known.
    pub fn key_of_hash(&self, rule: &str, path: &[Step<'_>], value: u32) -> String {
        // Of a Secret not even a hash: 32 bits are enough to try guesses on.
        let value = if self.kind == "Secret" { 0 } else { value };
        let namespace = self.namespace.unwrap_or("");
        let (kind, name) = (self.kind, self.full_name());
        let (path, value) = (keyed_path(self.root, path), format!("{value:08x}"));
        let object = [self.group, "/", kind, "/", namespace, "/", &*name].concat();
        [rule, " ", &*object, " ", &*path, " ", &*value].concat()
    }
}

/// A list and the items that haven't been looked at.
struct ListOf<'t> {
    api_version: &'t str,
    kind: &'t str,
    items: Option<Children<'t>>,
}

impl<'t> ListOf<'t> {
    fn of(root: Node<'t>, api_version: &'t str, kind: &'t str) -> Self {
        let items = root
            .get("items")
            .filter(|items| items.kind() == Kind::Sequence);
        Self {
            api_version,
            kind,
            items: items.map(Node::children),
        }
    }
}

/// Whether a document is one object, and not a list of them.
pub fn is_object(root: Node<'_>) -> bool {
    let is_text = |key| root.get(key).and_then(Node::as_str).is_some();
    is_text("apiVersion") && is_text("kind") && !is_list(root)
}

/// Whether kubectl takes a value for a list: it has `items`, a sequence or nothing
/// (`apimachinery/pkg/apis/meta/v1/unstructured/helpers.go`, `detectList`).
fn is_list(root: Node<'_>) -> bool {
    let items = root.get("items");
    items.is_some_and(|items| matches!(items.kind(), Kind::Sequence | Kind::Null))
}

/// An item without kind and version takes them from its typed list; a plain `List` has none to
/// give.
fn unfold<'t>(source: SourceId, document: u32, list: ListOf<'t>, content: &mut Content<'t>) {
    let mut lists = vec![list];
    while let Some(list) = lists.last_mut() {
        let Some(item) = list.items.as_mut().and_then(Iterator::next) else {
            lists.pop();
            continue;
        };
        let from_list = list.kind.strip_suffix("List").unwrap_or("");
        let own = |key| item.get(key).and_then(Node::as_str);
        let kind = own("kind").unwrap_or(from_list);
        let api_version = own("apiVersion").unwrap_or(list.api_version);
        if is_list(item) {
            lists.push(ListOf::of(item, api_version, kind));
        } else if kind.is_empty() || item.kind() != Kind::Mapping {
            content.incomplete.push(Incomplete::of(item, true));
        } else {
            let mut object = Object::new(source, document, item, api_version, kind);
            object.item = Some(content.objects.len() as u32);
            content.objects.push(object);
        }
    }
}

impl<'t> Incomplete<'t> {
    fn of(root: Node<'t>, item: bool) -> Self {
        let has = |key| root.get(key).is_some_and(|value| !value.is_null());
        let why = match (has("apiVersion"), has("kind")) {
            _ if root.kind() != Kind::Mapping => "invalid object to validate",
            (false, false) => "apiVersion not set, kind not set",
            (false, true) => "apiVersion not set",
            (true, false) => "kind not set",
            (true, true) => "apiVersion and kind must be text",
        };
        let half = (has("apiVersion") || has("kind")) && has("metadata");
        Self {
            root,
            why,
            meant: item || half,
        }
    }
}

/// A hash of a value that its formatting doesn't change (FNV-1a, 32 bits: it only tells apart
/// values at one place of one object).
pub fn value_hash(node: Node<'_>) -> u32 {
    fn feed(hash: u32, bytes: &[u8]) -> u32 {
        bytes.iter().fold(hash, |hash, &b| {
            (hash ^ u32::from(b)).wrapping_mul(16_777_619)
        })
    }
    node.visits().fold(2_166_136_261, |hash, visit| {
        let hash = feed(hash, &[visit.node.kind() as u8]);
        feed(hash, visit.node.text().as_bytes())
    })
}
