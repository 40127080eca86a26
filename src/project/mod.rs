//! All objects in sight, and what can be known about how they relate.
//!
//! Lives here: who is near whom, lookups by kind and name, pods by selector, and what hides
//! answers (`Gap`). Not here: what a relation means (`rules`).

pub mod providers;

use std::collections::HashMap;

use crate::object::Object;
use crate::object::selector::{Labels, Selector, Tri, Wants};
use crate::object::workload::{Workload, WorkloadKind};
use crate::source::SourceId;
use crate::tree::Node;

/// One object in sight, and what its file makes of it.
#[derive(Debug)]
pub struct Member<'t> {
    /// The object.
    pub object: Object<'t>,
    /// What may be said about it.
    pub role: Role,
    /// Kind and template, for what makes pods.
    pub workload: Option<(WorkloadKind, Node<'t>)>,
    /// The labels of its pods.
    pub pod_labels: Labels<'t>,
}

/// What may be said about an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It is applied as it stands.
    Whole,
    /// It is changed before it is applied (a source or patch of a kustomization):
    /// names, labels and missing parts aren't known.
    Partial,
    /// It is encrypted: only its name and kind can be read.
    Hidden,
}

/// Where a source lies and what is applied together with it.
#[derive(Clone, Debug, Default)]
pub struct Location {
    /// The folder, as part of the shown name.
    pub folder: String,
    /// The bundle of the config it belongs to.
    pub bundle: Option<u32>,
    /// The bundle is declared complete: what isn't in it doesn't exist.
    pub closed: bool,
}

/// Something in sight that could provide what isn't.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What hides it, for the summary: `chart templates aren't rendered`.
    pub why: String,
    /// What it could provide.
    pub provides: Provides,
}

/// What a gap could provide.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Provides {
    /// Objects of any kind.
    Anything,
    /// Objects of this kind; workloads stand for the pods that they make, too.
    Kind(String),
}

/// How close two sources are; the closest candidates of a lookup are the ones meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Nearness {
    /// Applied together: one file, or one bundle of the config.
    Bundle,
    /// In one folder.
    Folder,
    /// Anywhere else in sight.
    Elsewhere,
}

/// The answer to "is there an object of this kind and name?".
#[derive(Debug)]
pub enum Lookup<'p, 't> {
    /// Yes: the closest ones, and how close they are. More than one where nothing tells which
    /// one is meant.
    Found(Vec<&'p Member<'t>>, Nearness),
    /// No, as far as can be seen, and nothing hides it. `closed`: it can't be elsewhere either.
    Absent {
        /// The bundle is declared complete.
        closed: bool,
    },
    /// It can't be known, because of this.
    Unknown(String),
}

/// The workloads whose pods a selector selects.
#[derive(Debug)]
pub struct Selected<'p, 't> {
    /// The closest that match.
    pub workloads: Vec<&'p Member<'t>>,
    /// How close they are.
    pub nearness: Nearness,
    /// Why there may be more, or others.
    pub unknown: Option<String>,
}

/// All objects in sight.
#[derive(Debug, Default)]
pub struct Project<'t> {
    members: Vec<Member<'t>>,
    locations: Vec<Location>,
    by_name: HashMap<(&'t str, &'t str), Vec<u32>>,
    by_label: HashMap<(&'t str, &'t str), Vec<u32>>,
    workloads: Vec<u32>,
    /// Workloads with pod labels that aren't fully known.
    unclear: Vec<u32>,
    gaps: Vec<Gap>,
    default_namespace: String,
    placeholders: Placeholders,
}

/// What makes a scalar's value unknown.
pub type Placeholders = crate::object::placeholder::Placeholders;

impl<'t> Project<'t> {
    /// A project of these members. `locations` are by source.
    pub fn new(
        members: Vec<Member<'t>>,
        locations: Vec<Location>,
        gaps: Vec<Gap>,
        default_namespace: String,
        placeholders: Placeholders,
    ) -> Self {
        let mut project = Self {
            members,
            locations,
            gaps,
            default_namespace,
            placeholders,
            ..Self::default()
        };
        project.index();
        project
    }

    /// All members, in the order of sources and documents.
    pub fn members(&self) -> &[Member<'t>] {
        &self.members
    }

    /// What hides answers.
    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Whether a text holds a placeholder: its value isn't known.
    pub fn is_placeholder(&self, text: &str) -> bool {
        self.placeholders.in_text(text)
    }

    /// The selector written as a plain map of labels.
    pub fn map_selector(&self, map: Node<'t>) -> Selector<'t> {
        Selector::of_map(map, &|text| self.is_placeholder(text))
    }

    /// The selector written as a `LabelSelector`.
    pub fn label_selector(&self, node: Node<'t>) -> Selector<'t> {
        Selector::of_label_selector(node, &|text| self.is_placeholder(text))
    }

    /// Looks for an object of a kind by name, in the namespace of `from`.
    pub fn lookup(
        &self,
        from: &Member<'t>,
        group: &str,
        kind: &'t str,
        name: &'t str,
    ) -> Lookup<'_, 't> {
        if self.is_placeholder(name) {
            return Lookup::Unknown("the name holds a placeholder".to_owned());
        }
        let closed = self.location(from).closed;
        let mut found = Vec::new();
        let mut unknown = None;
        for member in self.named(kind, name) {
            let object = &member.object;
            if object.group != group || (closed && self.nearness(from, member) != Nearness::Bundle)
            {
                continue;
            }
            match self.same_namespace(&from.object, object) {
                Tri::Yes if member.role == Role::Partial => {
                    unknown = Some("sources and patches of kustomizations aren't rendered".to_owned());
                }
                Tri::Yes => found.push(member),
                Tri::Unknown => unknown = Some("the namespaces aren't all written".to_owned()),
                Tri::No => {}
            }
        }
        if !found.is_empty() {
            let (closest, nearness) = self.closest(from, found);
            return Lookup::Found(closest, nearness);
        }
        let unknown = unknown
            .or_else(|| self.named_by_placeholder(kind))
            .or_else(|| self.gap(closed, kind));
        match unknown {
            Some(why) => Lookup::Unknown(why),
            None => Lookup::Absent { closed },
        }
    }

    /// The workloads in the namespace of `from` whose pods a selector selects.
    pub fn selected(&self, from: &Member<'t>, selector: &Selector<'t>) -> Selected<'_, 't> {
        let closed = self.location(from).closed;
        let mut unknown = selector
            .unclear
            .then(|| "the selector holds what can't be known".to_owned());
        let mut found = Vec::new();
        for member in self.candidates(selector) {
            if closed && self.nearness(from, member) != Nearness::Bundle {
                continue;
            }
            let matches = selector
                .matches(&member.pod_labels)
                .and(self.same_namespace(&from.object, &member.object));
            match (matches, member.role) {
                (Tri::Yes, Role::Whole) => found.push(member),
                (Tri::No, _) => {}
                _ => unknown = Some(format!("{} may match", member.object.title())),
            }
        }
        let unknown = unknown.or_else(|| self.gap(closed, "Pod"));
        let (workloads, nearness) = self.closest(from, found);
        Selected {
            workloads,
            nearness,
            unknown,
        }
    }

    /// Workloads close to `from` whose pods have some of the selector's keys with other values:
    /// what was probably meant. At most three, the closest first.
    pub fn near_misses(&self, from: &Member<'t>, selector: &Selector<'t>) -> Vec<&Member<'t>> {
        let shares_key = |member: &&Member<'t>| {
            let has = |r: &crate::object::selector::Requirement<'_>| {
                member.pod_labels.get(r.key).is_some()
            };
            selector.requirements.iter().any(has)
        };
        let in_namespace =
            |m: &&Member<'t>| self.same_namespace(&from.object, &m.object) == Tri::Yes;
        let mut near: Vec<_> = self
            .workloads()
            .filter(|m| m.role == Role::Whole && self.nearness(from, m) < Nearness::Elsewhere)
            .filter(in_namespace)
            .filter(shares_key)
            .collect();
        near.sort_by_key(|m| self.nearness(from, m));
        near.truncate(3);
        near
    }

    /// Everything that makes pods.
    pub fn workloads(&self) -> impl Iterator<Item = &Member<'t>> {
        self.workloads
            .iter()
            .filter_map(|&i| self.members.get(i as usize))
    }

    /// Members of a kind and name; an empty name gives those whose name the server makes up.
    pub fn named(&self, kind: &'t str, name: &'t str) -> impl Iterator<Item = &Member<'t>> {
        let indexes = self
            .by_name
            .get(&(kind, name))
            .map_or(&[][..], Vec::as_slice);
        indexes.iter().filter_map(|&i| self.members.get(i as usize))
    }

    /// How close two members are.
    pub fn nearness(&self, a: &Member<'t>, b: &Member<'t>) -> Nearness {
        let (here, there) = (self.location(a), self.location(b));
        let same_bundle = here.bundle.is_some() && here.bundle == there.bundle;
        if a.object.source == b.object.source || same_bundle {
            Nearness::Bundle
        } else if here.folder == there.folder {
            Nearness::Folder
        } else {
            Nearness::Elsewhere
        }
    }

    /// Whether two objects end up in one namespace. One that isn't written may be given at
    /// apply time, so it only differs for sure where both are written.
    pub fn same_namespace(&self, a: &Object<'_>, b: &Object<'_>) -> Tri {
        let default = self.default_namespace.as_str();
        let unclear = |n: Option<&str>| n.is_some_and(|n| self.is_placeholder(n));
        match (a.namespace, b.namespace) {
            _ if a.namespace == b.namespace => Tri::Yes,
            _ if unclear(a.namespace) || unclear(b.namespace) => Tri::Unknown,
            (Some(_), Some(_)) => Tri::No,
            (Some(one), None) | (None, Some(one)) if one == default => Tri::Yes,
            _ => Tri::Unknown,
        }
    }

    /// Where the source of a member lies.
    pub fn location(&self, member: &Member<'t>) -> &Location {
        static NOWHERE: Location = Location {
            folder: String::new(),
            bundle: None,
            closed: false,
        };
        let SourceId(index) = member.object.source;
        self.locations.get(index as usize).unwrap_or(&NOWHERE)
    }

    fn index(&mut self) {
        for (i, member) in self.members.iter().enumerate() {
            let i = i as u32;
            let object = &member.object;
            self.by_name
                .entry((object.kind, object.name))
                .or_default()
                .push(i);
            if member.workload.is_none() {
                continue;
            }
            self.workloads.push(i);
            if member.pod_labels.open || !member.pod_labels.unclear.is_empty() {
                self.unclear.push(i);
            }
            for pair in &member.pod_labels.pairs {
                self.by_label.entry(*pair).or_default().push(i);
            }
        }
    }

    /// The workloads that may match: by the rarest pair that the selector asks for, so that
    /// relating n objects takes about n steps.
    fn candidates(&self, selector: &Selector<'t>) -> Vec<&Member<'t>> {
        let exact = selector.requirements.iter().filter_map(|r| match &r.wants {
            Wants::In(values) => match values.as_slice() {
                [value] => Some((r.key, *value)),
                _ => None,
            },
            _ => None,
        });
        let lists = exact.map(|pair| self.by_label.get(&pair).map_or(&[][..], Vec::as_slice));
        let indexes: Vec<u32> = match lists.min_by_key(|list| list.len()) {
            Some(list) => list.iter().chain(&self.unclear).copied().collect(),
            None => self.workloads.clone(),
        };
        indexes
            .into_iter()
            .filter_map(|i| self.members.get(i as usize))
            .collect()
    }

    fn closest<'p>(
        &'p self,
        from: &Member<'t>,
        found: Vec<&'p Member<'t>>,
    ) -> (Vec<&'p Member<'t>>, Nearness) {
        let nearness = found.iter().map(|m| self.nearness(from, m)).min();
        let nearness = nearness.unwrap_or(Nearness::Elsewhere);
        let closest = found
            .into_iter()
            .filter(|m| self.nearness(from, m) == nearness)
            .collect();
        (closest, nearness)
    }

    fn named_by_placeholder(&self, kind: &str) -> Option<String> {
        let holds = |m: &&Member<'t>| m.object.kind == kind && self.is_placeholder(m.object.name);
        let member = self.members.iter().find(holds)?;
        Some(format!(
            "the name of {} holds a placeholder",
            member.object.title()
        ))
    }

    fn gap(&self, closed: bool, kind: &str) -> Option<String> {
        if closed {
            return None;
        }
        let provides = |gap: &&Gap| match &gap.provides {
            Provides::Anything => true,
            Provides::Kind(provided) => provided == kind,
        };
        self.gaps.iter().find(provides).map(|gap| gap.why.clone())
    }
}

impl<'t> Member<'t> {
    /// A member of an object.
    pub fn new(object: Object<'t>, role: Role, placeholders: &Placeholders) -> Self {
        let view = Workload::of(&object);
        let labels = view.as_ref().and_then(Workload::pod_labels);
        let workload = view.map(|w| (w.kind, w.template));
        Self {
            pod_labels: Labels::of_map(labels, &|text| placeholders.in_text(text)),
            object,
            role,
            workload,
        }
    }

    /// The view of what makes pods.
    pub fn as_workload(&self) -> Option<Workload<'_, 't>> {
        let (kind, template) = self.workload?;
        Some(Workload {
            object: &self.object,
            kind,
            template,
        })
    }
}
//! The project: all files and objects in sight and how they belong together.
pub mod files;
pub mod graph;
pub mod kustomize;
mod tools;
