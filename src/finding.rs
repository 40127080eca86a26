//! A finding: one fact about one place, and what it is said by.
//!
//! Lives here: the vocabulary that engines write and reports read. Not here: how findings are
//! made (`apiserver`, `rules`, `lint`) or shown (`report`).

use std::fmt::{self, Write as _};

use crate::minor::Minors;
use crate::source::{SourceId, Span};
use crate::tree::{Kind, Node, NodeId};

/// How bad a finding is. Severity follows evidence: see the page of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Established practice; nothing is proven to break.
    Info,
    /// An ordinary event is shown to hurt, or something is absent as far as can be seen.
    Warning,
    /// The API server rejects it, or the workload can never do its job.
    Error,
}

impl Severity {
    /// All of them, mildest first.
    pub const ALL: [Severity; 3] = [Self::Info, Self::Warning, Self::Error];

    /// `error`, `warning` or `info`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What a rule is about; also the folder of its page and of its check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// Whether the bytes can be read at all, as kubectl reads them.
    Reading,
    /// Fields, types and versions that the API server knows.
    Schema,
    /// What the API server's validation rejects.
    Server,
    /// Deployments, StatefulSets and their pods.
    Workload,
    /// Services and what they select.
    Service,
    /// Claims and volumes.
    Storage,
    /// Relations between objects of one bundle.
    Bundle,
    /// Admission webhooks: what locks a cluster out, lets things by, or makes it wait.
    Webhook,
    /// How kubevet itself is used: its config and its suppressions.
    Usage,
}

impl Family {
    /// The lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Reading => "reading",
            Self::Schema => "schema",
            Self::Server => "server",
            Self::Workload => "workload",
            Self::Service => "service",
            Self::Storage => "storage",
            Self::Bundle => "bundle",
            Self::Webhook => "webhook",
            Self::Usage => "usage",
        }
    }
}

/// What stands behind a rule; the higher, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Proof {
    /// Practice or documentation, with its source on the page.
    Cited,
    /// A recorded run of its page's manifests on a real control plane.
    Confirmed,
    /// The API server's own recorded answer.
    Rejected,
}

impl Proof {
    /// The lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Cited => "cited",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
        }
    }
}

/// What a rule is called and how it is explained; the check itself is in `rule`.
#[derive(Debug)]
pub struct RuleMeta {
    /// Kebab-case name of the bad thing; reads well after "allow".
    pub id: &'static str,
    /// The folder of its page.
    pub family: Family,
    /// Severity unless the config says otherwise or a single finding knows better.
    pub severity: Severity,
    /// The evidence behind it.
    pub proof: Proof,
    /// Its page, in Markdown: `rules/<family>/<id>.md`.
    pub page: &'static str,
}

/// One fact about one place.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The rule that says it.
    pub rule: &'static RuleMeta,
    /// How bad it is here.
    pub severity: Severity,
    /// What is wrong: one sentence that states the fact, without a full stop.
    pub message: String,
    /// What to do about this one, as an imperative; `None`: what the page says.
    pub help: Option<String>,
    /// Where.
    pub place: Place,
    /// Other places that belong to the fact, each with what it shows.
    pub related: Vec<Related>,
    /// The API server's own verdict, where this is it.
    pub server: Option<Server>,
    /// The minors for which it holds, of those that were asked for.
    pub minors: Minors,
    /// What the API server says first: it would say this only after that is repaired.
    pub hidden_by: Option<String>,
    /// One identity for baselines, fingerprints and "new since": no lines, no indexes.
    pub key: String,
}

/// A place in a source and, if it lies in an object, in that object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The source.
    pub source: SourceId,
    /// The document in the source, from 0, empty ones counted.
    pub document: u32,
    /// The object that holds the place.
    pub object: Option<ObjectName>,
    /// The field in the server's notation, relative to the object; empty for the whole.
    pub path: String,
    /// The bytes to point at.
    pub span: Span,
}

/// Another place and what it shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    /// Where.
    pub place: Place,
    /// What can be seen there, in a few words.
    pub message: String,
}

/// What identifies an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// Group and version as written, `apps/v1`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// The namespace as written, or the default that was asked for; `None` for cluster-scoped
    /// kinds.
    pub namespace: Option<String>,
    /// `metadata.name`, or `metadata.generateName` followed by `*`; empty if there is none.
    pub name: String,
}

/// The API server's verdict in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// 400 for what decoding rejects, 404 for a kind that isn't served, 422 for what validation
    /// rejects, 299 for a warning.
    pub code: u16,
    /// `BadRequest`, `NotFound`, `FieldValueInvalid`, …; empty for a warning.
    pub reason: &'static str,
    /// The field as the server names it.
    pub field: String,
    /// The text after the field and the value.
    pub detail: String,
}

impl Server {
    /// The code of the warnings that the server sends along.
    pub const WARNING: u16 = 299;

    /// Whether it only warns.
    pub fn warns(&self) -> bool {
        self.code == Self::WARNING
    }
}

/// A step from a value to one inside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step<'t> {
    /// Into a mapping.
    Key(&'t str),
    /// Into a map whose keys are data (labels, limits): `[key]` in the server's notation.
    MapKey(&'t str),
    /// Into a sequence.
    Index(usize),
}

/// Enough for most paths, in bytes.
const PATH_SIZE: usize = 96;

/// The path in the server's notation: `spec.containers[0].image`, `resources.limits[cpu]`.
pub fn render_path(steps: &[Step<'_>]) -> String {
    let mut path = String::with_capacity(PATH_SIZE);
    for step in steps {
        match step {
            Step::Key(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::MapKey(key) => {
                path.push('[');
                path.push_str(key);
                path.push(']');
            }
            Step::Index(index) => {
                let _ = write!(path, "[{index}]");
            }
        }
    }
    path
}

/// The path with what names an item in place of its index, where something does:
/// `spec.containers[name=app].image`. It survives reordering, so `Finding::key` uses it.
pub fn keyed_path(root: Node<'_>, steps: &[Step<'_>]) -> String {
    const NAMING: [&str; 8] = [
        "name",
        "containerPort",
        "port",
        "key",
        "mountPath",
        "devicePath",
        "topologyKey",
        "type",
    ];
    let mut path = String::with_capacity(PATH_SIZE);
    let mut node = Some(root);
    // What no item of a list follows needs no looking up.
    let is_index = |step: &Step<'_>| matches!(step, Step::Index(_));
    let named = steps.iter().rposition(is_index).unwrap_or(0);
    for (i, step) in steps.iter().enumerate() {
        match step {
            Step::Key(key) | Step::MapKey(key) => {
                path.push('.');
                path.push_str(key);
                node = node.filter(|_| i < named).and_then(|n| n.get(key));
            }
            Step::Index(index) => {
                node = node.and_then(|n| n.item(*index));
                let name = node.and_then(|n| {
                    let named = |key| n.get(key).filter(|v| !v.text().is_empty());
                    NAMING.iter().find_map(|key| Some((*key, named(key)?)))
                });
                match name {
                    Some((key, value)) => {
                        let _ = write!(path, "[{key}={}]", value.text());
                    }
                    None => {
                        let _ = write!(path, "[{index}]");
                    }
                }
            }
        }
    }
    path.trim_start_matches('.').to_owned()
}

/// Deeper than nearly all nodes stand.
const STEPS: usize = 16;

/// The steps from `root` to the node `target`, and its key: to the place where it is written, or
/// to the first where an alias repeats it, if only that is below `root`.
pub fn locate<'t>(root: Node<'t>, target: NodeId) -> Option<(Vec<Step<'t>>, Option<Node<'t>>)> {
    descend(root, target)
        .or_else(|| climb(root, target))
        .or_else(|| search_for(root, target))
}

/// Goes down by the last of the nodes that were made before the target: they mostly are made in the
/// order of the text. Where not, it ends elsewhere, and only the target itself is an answer. Looks
/// at a few only: for large objects, homes are made once.
fn descend<'t>(root: Node<'t>, target: NodeId) -> Option<(Vec<Step<'t>>, Option<Node<'t>>)> {
    const FEW: usize = 256;
    let mut steps = Vec::with_capacity(STEPS);
    let (mut at, mut key, mut seen) = (root.written(), None, 0);
    while at.id() != target {
        // What an alias stands for is written elsewhere.
        if at.is_alias() {
            return None;
        }
        let is_mapping = at.kind() == Kind::Mapping;
        let (mut last, mut last_key) = (None, None);
        for (i, child) in at.children().enumerate() {
            seen += 1;
            if seen > FEW {
                return None;
            }
            if child.id() > target {
                break;
            }
            if is_mapping && i % 2 == 0 {
                last_key = Some(child);
            }
            last = Some((i, child));
        }
        let (i, child) = last?;
        steps.push(last_key.map_or(Step::Index(i), |key| Step::Key(key.text())));
        (at, key) = (child, last_key);
    }
    Some((steps, key))
}

fn climb<'t>(root: Node<'t>, target: NodeId) -> Option<(Vec<Step<'t>>, Option<Node<'t>>)> {
    let tree = root.tree();
    let mut steps = Vec::with_capacity(STEPS);
    let mut at = target;
    let top = [root.id(), root.written().id()];
    while !top.contains(&at) {
        let home = tree.home(at)?;
        steps.push(match home.key {
            Some(key) => Step::Key(tree.node(key).text()),
            None => Step::Index(home.index as usize),
        });
        at = home.parent;
    }
    steps.reverse();
    let key = tree.home(target).and_then(|home| home.key);
    let key = key.filter(|_| !top.contains(&target));
    Some((steps, key.map(|key| tree.node(key))))
}

fn search_for<'t>(root: Node<'t>, target: NodeId) -> Option<(Vec<Step<'t>>, Option<Node<'t>>)> {
    let mut steps: Vec<Step<'t>> = Vec::new();
    let mut key = None;
    for visit in root.visits() {
        if let Some(last) = visit.depth.checked_sub(1) {
            let before = steps.get(last).copied();
            steps.truncate(last);
            key = key.filter(|_| matches!(before, Some(Step::Key(_))));
            if visit.is_key {
                key = Some(visit.node);
            }
            steps.push(match (before, key) {
                (_, Some(key)) => Step::Key(key.text()),
                (Some(Step::Index(i)), None) => Step::Index(i + 1),
                _ => Step::Index(0),
            });
        }
        if visit.node.id() == target {
            return Some((steps, key));
        }
    }
    None
}

/// The bytes to show for a value: a scalar itself, a collection or an empty value by its key.
pub fn shown_span(value: Node<'_>, key: Option<Node<'_>>) -> Span {
    let place = value.place();
    let scalar = !matches!(value.kind(), Kind::Mapping | Kind::Sequence) || value.is_alias();
    match key {
        Some(_)
            if scalar && place.start < place.end && value.style() != crate::tree::Style::Block =>
        {
            place
        }
        Some(key) => key.place(),
        None => place,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;

    /// Every node of a text, also those that stand nowhere, from each of its documents.
    #[test]
    fn goes_down_to_where_nodes_are_at_home() {
        let long = format!("long: [{}]", "{a: [b]}, ".repeat(200));
        let texts = [
            "a: {b: [c, {d: e, f: [g]}], h: i}\n---\n- j\n- {k: l}\n",
            "a: &x {b: &y [c, d], e: *y}\nf: *x\nk: &z l\n*z : g\nh: [*x, i]\n",
            "a: &x {b: 1, c: {d: 2}}\ne: {<<: *x, c: 3, f: {g: 4}}\nh: {i: 5, <<: [*x]}\n",
            "a: 1\nb: {c: 2, c: {d: 3}}\na: {e: [4]}\n",
            "{\"a\": {\"b\": [1, {\"c\": 2}], \"b\": {\"d\": []}}, \"e\": null}\n",
            &long,
        ];
        for text in texts {
            let source = Source::new("a.yaml", text);
            let reading = crate::yaml::read(&source);
            let roots = reading
                .documents
                .iter()
                .map(|document| document.root.clone());
            let roots: Vec<NodeId> = roots.filter_map(|root| root.unwrap()).collect();
            let all = roots
                .iter()
                .flat_map(|root| reading.tree.node(*root).visits());
            let all: Vec<Node<'_>> = all.map(|visit| visit.node).collect();
            let dropped = reading.duplicates.iter().map(|double| double.keys.first);
            let all = all.iter().flat_map(|node| [node.id(), node.written().id()]);
            for (root, target) in all
                .chain(dropped)
                .flat_map(|t| roots.iter().map(move |r| (r, t)))
            {
                let root = reading.tree.node(*root);
                let shown = |(steps, key): (Vec<Step<'_>>, Option<Node<'_>>)| {
                    (render_path(&steps), key.map(Node::id))
                };
                let climbed = climb(root, target).map(shown);
                match descend(root, target).map(shown) {
                    None => assert!(
                        text == long || text.contains("<<") || climbed.is_none(),
                        "{text}"
                    ),
                    found => assert_eq!(found, climbed, "{text}"),
                }
            }
        }
    }

    #[test]
    fn renders_paths_as_the_server_does() {
        let steps = [
            Step::Key("spec"),
            Step::Key("containers"),
            Step::Index(1),
            Step::Key("resources"),
            Step::Key("limits"),
            Step::MapKey("cpu"),
        ];
        assert_eq!(
            render_path(&steps),
            "spec.containers[1].resources.limits[cpu]"
        );
    }
}
