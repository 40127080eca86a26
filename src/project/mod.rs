//! All objects in sight, and what can be known about how they relate.
//!
//! Lives here: who is near whom, pods by selector, and what hides answers (`Gap`). Objects are
//! looked for by name in `lookup`. What each file is, and what kustomizations make of it, is in
//! `files` and `graph`. Not here: what a relation means (`rules`).

pub mod files;
pub mod graph;
pub mod kustomize;
mod lookup;
mod member;
mod near;
pub mod providers;
mod tools;

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::{Arc, OnceLock};

use foldhash::HashMap;
use foldhash::fast::RandomState;

use crate::object::Object;
use crate::object::placeholder::Placeholders;
use crate::object::selector::{Requirement, Selector, Tri, Wants};
use crate::object::workload::WorkloadKind;
use crate::source::SourceId;
use crate::tree::Node;

pub use lookup::Lookup;
pub use member::{Member, Role};

/// Where a source lies and what is applied together with it.
#[derive(Clone, Debug, Default)]
pub struct Location {
    /// The folder, as part of the shown name.
    pub folder: String,
    /// The bundle of the config it belongs to.
    pub bundle: Option<(u32, u32)>,
    /// The bundle is declared complete: what isn't in it doesn't exist.
    pub closed: bool,
    /// What the bundle holds all the same, out of sight.
    pub unlisted: Option<Arc<[Gap]>>,
    /// The namespace of its objects that name none; `None`: that of the run.
    pub namespace: Option<String>,
}

/// Something in sight that could provide what isn't.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What hides it, for the summary: `templates aren't rendered`.
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

/// What is known besides the objects.
#[derive(Debug, Default)]
pub struct Sight<'t> {
    /// Where each source lies.
    pub locations: Vec<Location>,
    /// What hides answers.
    pub gaps: Vec<Gap>,
    /// The namespace of objects that name none.
    pub default_namespace: String,
    /// What makes a scalar's value unknown.
    pub placeholders: Placeholders,
    /// What the user says is made elsewhere.
    pub externals: Externals<'t>,
}

/// Says of an object that isn't in sight whether it is made elsewhere: asked with the source
/// that refers to it, group, kind, namespace and name.
type MadeElsewhere<'t> = dyn Fn(SourceId, &str, &str, Option<&str>, &str) -> bool + Sync + 't;

/// What the user says is made elsewhere.
#[derive(Default)]
pub struct Externals<'t>(pub Option<Box<MadeElsewhere<'t>>>);

/// All objects in sight.
#[derive(Debug, Default)]
pub struct Project<'t> {
    members: Vec<Member<'t>>,
    sight: Sight<'t>,
    hasher: RandomState,
    /// By the hash of kind and name: so that what is far off in the text isn't looked at for each
    /// question. What is found there, and in `by_label`, has to be compared: two may have one hash.
    by_name: HashMap<u64, Vec<u32>>,
    /// Workloads by the hash of the namespace that is written and a label of their pods.
    by_label: HashMap<u64, Vec<u32>>,
    /// The written namespaces of the pods with a label.
    namespaces: HashMap<(&'t str, &'t str), BTreeSet<&'t str>>,
    by_kind: HashMap<&'t str, Vec<u32>>,
    /// The first member of each kind whose name holds a placeholder.
    named_by_placeholder: HashMap<&'t str, u32>,
    /// The first member with the identity of a later one, for each such later one: made when it is
    /// first asked for.
    doubles: OnceLock<HashMap<Spot, u32>>,
    workloads: Vec<u32>,
    /// Workloads with pod labels that aren't fully known.
    unclear: Vec<u32>,
}

/// How many workloads one selector is compared with. No hand would write more that belong to
/// one Service, and relating everything to everything would take hours.
const CANDIDATES_MAX: usize = 1000;

/// What tells members apart: source, document and item.
type Spot = (SourceId, u32, Option<u32>);

impl<'t> Project<'t> {
    /// A project without members so far.
    pub fn new(sight: Sight<'t>) -> Self {
        Self {
            sight,
            ..Self::default()
        }
    }

    /// Adds an object; they come in the order of sources and documents. It is indexed at once,
    /// while what it points to is still in the processor's caches.
    pub fn add(&mut self, object: Object<'t>, role: Role) -> &Member<'t> {
        let member = Member::new(object, role, &self.sight.placeholders);
        self.doubles.take();
        self.index(&member);
        self.members.push_mut(member)
    }

    /// Adds what hides answers.
    pub fn add_gaps(&mut self, gaps: impl IntoIterator<Item = Gap>) {
        self.sight.gaps.extend(gaps);
    }

    /// All members, to say what they replace: nothing else of them may change.
    pub fn members_mut(&mut self) -> &mut [Member<'t>] {
        &mut self.members
    }

    /// All members, in the order of sources and documents.
    pub fn members(&self) -> &[Member<'t>] {
        &self.members
    }

    /// What hides answers.
    pub fn gaps(&self) -> &[Gap] {
        &self.sight.gaps
    }

    /// Whether a text holds a placeholder: its value isn't known.
    pub fn is_placeholder(&self, text: &str) -> bool {
        self.sight.placeholders.in_text(text)
    }

    /// The selector written as a plain map of labels.
    pub fn map_selector(&self, map: Node<'t>) -> Selector<'t> {
        Selector::of_map(map, &|text| self.is_placeholder(text))
    }

    /// The selector written as a `LabelSelector`.
    pub fn label_selector(&self, node: Node<'t>) -> Selector<'t> {
        Selector::of_label_selector(node, &|text| self.is_placeholder(text))
    }

    /// The workloads in the namespace of `from` whose pods a selector selects.
    pub fn selected(&self, from: &Member<'t>, selector: &Selector<'t>) -> Selected<'_, 't> {
        let closed = self.location(from).closed;
        let mut unknown = selector
            .unclear
            .then(|| "the selector holds what can't be known".to_owned());
        let mut found = Vec::new();
        let candidates = self.candidates(&from.object, selector);
        if candidates.len() > CANDIDATES_MAX {
            return Selected {
                workloads: Vec::new(),
                nearness: Nearness::Elsewhere,
                unknown: Some(format!("more than {CANDIDATES_MAX} workloads may match")),
            };
        }
        for member in candidates {
            if closed && self.nearness(from, member) != Nearness::Bundle {
                continue;
            }
            let matches = member
                .selected_by(selector)
                .and(self.same_namespace(&from.object, &member.object));
            match (matches, member.role) {
                (Tri::Yes, Role::Whole) => found.push(member),
                (Tri::No, _) => {}
                _ => unknown = Some(format!("{} may match", member.object.title())),
            }
        }
        let unknown = unknown.or_else(|| self.gap(from, "Pod"));
        let (workloads, nearness) = self.closest(from, found);
        Selected {
            workloads,
            nearness,
            unknown,
        }
    }

    /// Everything that makes pods.
    pub fn workloads(&self) -> impl Iterator<Item = &Member<'t>> {
        self.workloads
            .iter()
            .filter_map(|&i| self.members.get(i as usize))
    }

    /// Members of a kind and name; an empty name gives those whose name the server makes up.
    pub fn named<'p>(
        &'p self,
        kind: &'p str,
        name: &'p str,
    ) -> impl Iterator<Item = &'p Member<'t>> {
        let hash = self.hasher.hash_one((kind, name));
        let indexes = self.by_name.get(&hash).map_or(&[][..], Vec::as_slice);
        let members = indexes.iter().filter_map(|&i| self.members.get(i as usize));
        members.filter(move |member| (member.object.kind, member.object.name) == (kind, name))
    }

    /// All members of a kind, of any group.
    pub fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Member<'t>> {
        let indexes = self.by_kind.get(kind).map_or(&[][..], Vec::as_slice);
        indexes.iter().filter_map(|&i| self.members.get(i as usize))
    }

    /// The first member that is the same object as this later one and applied together with it.
    /// An old group of a kind and its present one hold the same objects.
    pub fn first_double(&self, member: &Member<'t>) -> Option<&Member<'t>> {
        let doubles = self.doubles.get_or_init(|| self.find_doubles());
        let first = doubles.get(&member.spot())?;
        self.members.get(*first as usize)
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
        let unclear = |n: Option<&str>| n.is_some_and(|n| self.is_placeholder(n));
        match (a.namespace, b.namespace) {
            _ if a.namespace == b.namespace => Tri::Yes,
            _ if unclear(a.namespace) || unclear(b.namespace) => Tri::Unknown,
            (Some(_), Some(_)) => Tri::No,
            _ if self.namespace_of(a) == self.namespace_of(b) => Tri::Yes,
            _ => Tri::Unknown,
        }
    }

    /// Where the source of a member lies.
    pub fn location(&self, member: &Member<'t>) -> &Location {
        static NOWHERE: Location = Location {
            folder: String::new(),
            bundle: None,
            closed: false,
            unlisted: None,
            namespace: None,
        };
        let SourceId(index) = member.object.source;
        self.sight.locations.get(index as usize).unwrap_or(&NOWHERE)
    }

    /// The namespace of an object: as written, or what the config of its file says.
    fn namespace_of<'o>(&'o self, object: &Object<'o>) -> &'o str {
        let place = self.sight.locations.get(object.source.0 as usize);
        let own = place.and_then(|place| place.namespace.as_ref());
        let default = own.unwrap_or(&self.sight.default_namespace);
        object.namespace.unwrap_or(default)
    }

    fn index(&mut self, member: &Member<'t>) {
        let i = self.members.len() as u32;
        let object = &member.object;
        let name = self.hasher.hash_one((object.kind, object.name));
        self.by_name.entry(name).or_default().push(i);
        self.by_kind.entry(object.kind).or_default().push(i);
        if self.is_placeholder(object.name) {
            self.named_by_placeholder.entry(object.kind).or_insert(i);
        }
        if member.workload.is_none() {
            return;
        }
        self.workloads.push(i);
        if member.pod_labels.open || !member.pod_labels.unclear.is_empty() {
            self.unclear.push(i);
        }
        let namespace = self.known_namespace(object);
        for (&key, &value) in &member.pod_labels.pairs {
            let label = self.hasher.hash_one((namespace, key, value));
            self.by_label.entry(label).or_default().push(i);
            if let Some(namespace) = namespace {
                let namespaces = self.namespaces.entry((key, value)).or_default();
                namespaces.insert(namespace);
            }
        }
    }

    /// Only namesakes are compared, by hash, so it takes about as many steps as there are members.
    fn find_doubles(&self) -> HashMap<Spot, u32> {
        let mut doubles = HashMap::default();
        for namesakes in self.by_name.values().filter(|list| list.len() > 1) {
            let mut firsts = HashMap::default();
            for &i in namesakes {
                let Some(member) = self.members.get(i as usize) else {
                    continue;
                };
                let object = &member.object;
                if member.role != Role::Whole
                    || object.name.is_empty()
                    || self.is_placeholder(object.name)
                    || object.namespace.is_some_and(|n| self.is_placeholder(n))
                {
                    continue;
                }
                let bundle = self.location(member).bundle.ok_or(object.source);
                let name = (object.kind, object.name);
                let identity = (bundle, object.storage_group(), object.namespace, name);
                let first = *firsts.entry(identity).or_insert(i);
                if first != i {
                    doubles.insert(member.spot(), first);
                }
            }
        }
        doubles
    }

    /// The workloads that may match: by the rarest pair that the selector asks for, so that
    /// relating n objects takes about n steps.
    fn candidates(&self, from: &Object<'t>, selector: &Selector<'t>) -> Vec<&Member<'t>> {
        let by_template =
            |r: &&Requirement<'_>| !WorkloadKind::ALL.iter().any(|k| k.sets_label(r.key));
        let asked = selector.requirements.iter().filter(by_template);
        let exact = asked.filter_map(|r| match &r.wants {
            Wants::In(values) => match values.as_slice() {
                [value] => Some((r.key, *value)),
                _ => None,
            },
            _ => None,
        });
        let lists = exact.map(|pair| self.with_label(from, pair));
        let rarest = lists.min_by_key(|lists| lists.iter().map(|list| list.len()).sum::<usize>());
        let lists = match rarest {
            Some(mut lists) => {
                lists.push(&self.unclear);
                lists
            }
            None => vec![&*self.workloads],
        };
        lists
            .into_iter()
            .flatten()
            .take(CANDIDATES_MAX + 1)
            .filter_map(|i| self.members.get(*i as usize))
            .collect()
    }

    /// The namespace as written, unless it holds a placeholder.
    fn known_namespace(&self, object: &Object<'t>) -> Option<&'t str> {
        let written = object.namespace;
        written.filter(|namespace| !self.is_placeholder(namespace))
    }

    /// The workloads with a label, by the namespaces that may be that of `from`.
    fn with_label(&self, from: &Object<'t>, (key, value): (&'t str, &'t str)) -> Vec<&[u32]> {
        let mut lists = Vec::with_capacity(3);
        let mut add = |namespace: Option<&str>| {
            let list = self
                .by_label
                .get(&self.hasher.hash_one((namespace, key, value)));
            lists.extend(list.map(Vec::as_slice));
        };
        add(None);
        match self.known_namespace(from) {
            Some(namespace) => add(Some(namespace)),
            None => {
                let namespaces = self.namespaces.get(&(key, value)).into_iter().flatten();
                let few = namespaces.take(CANDIDATES_MAX + 1);
                few.for_each(|namespace| add(Some(namespace)));
            }
        }
        lists
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
        let index = *self.named_by_placeholder.get(kind)?;
        let member = self.members.get(index as usize)?;
        Some(format!(
            "the name of {} holds a placeholder",
            member.object.title()
        ))
    }

    /// Why objects of a kind may be out of sight in a bundle that is complete otherwise.
    pub fn unlisted(&self, from: &Member<'t>, kind: &str) -> Option<String> {
        let gaps = self.location(from).unlisted.as_deref();
        first_that_provides(gaps.unwrap_or_default(), kind)
    }

    /// Why objects of a kind may be out of sight.
    fn gap(&self, from: &Member<'t>, kind: &str) -> Option<String> {
        let unlisted = self.unlisted(from, kind);
        match self.location(from).closed {
            true => unlisted,
            false => unlisted.or_else(|| first_that_provides(&self.sight.gaps, kind)),
        }
    }
}

fn first_that_provides(gaps: &[Gap], kind: &str) -> Option<String> {
    let mut gaps = gaps.iter();
    let found = gaps.find(|gap| match &gap.provides {
        Provides::Anything => true,
        Provides::Kind(provided) => provided == kind,
    });
    found.map(|gap| gap.why.clone())
}

impl std::fmt::Debug for Externals<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Externals")
    }
}
