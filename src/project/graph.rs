//! How the kustomizations in sight reach files and each other.
//!
//! Lives here: who names what, which files are changed on their way to the server, and which
//! files a kustomization renders. Every question is answered by walking the links once; cycles,
//! which kustomize refuses, end the walk. Not here: what a kustomization says (`kustomize`), and
//! rendering.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::files::{Class, Facts, FileKind};
use super::kustomize::{Kustomization, NAMES, Role, Transforms, is_remote, join};

/// The kustomizations in sight and their links. Files go by their number in the list that the
/// graph was made of, kustomizations by their number here.
#[derive(Debug, Default)]
pub struct Graph {
    nodes: Vec<Known>,
    uses: Vec<Option<Use>>,
}

/// A kustomization in sight.
#[derive(Debug)]
pub struct Known {
    /// Its file.
    pub file: usize,
    /// What it says.
    pub says: Kustomization,
    /// What its entries are.
    pub links: Vec<Link>,
    /// Another kustomization uses it: it is no root of its own accord.
    pub used: bool,
}

/// An entry of a kustomization and what it leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// As what it is named.
    pub role: Role,
    /// As written.
    pub written: String,
    /// What it is.
    pub to: Target,
}

/// What an entry leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// A file.
    File(usize),
    /// A folder with a kustomization that can be read.
    Kustomization(usize),
    /// A folder whose kustomization, this file, can't be read.
    Unread(usize),
    /// Somewhere on the net.
    Remote,
    /// Nothing in sight.
    Missing,
}

/// What the kustomizations make of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Use {
    what: What,
    /// The file of the kustomization that says so.
    by: usize,
}

/// The last that applies to a file is what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Data,
    Values,
    Settings,
    Plugin,
    /// A resource that reaches the server as it stands.
    Resource,
    /// A resource that is changed.
    Source,
    Patch,
}

/// What a kustomization renders, as far as can be seen without rendering.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendered {
    /// The resource files, each with the kustomization that names it.
    pub members: Vec<(usize, usize)>,
    /// The kustomizations and components that take part, each with the one that collects from
    /// it; the rendered one has none.
    pub collectors: BTreeMap<usize, Option<usize>>,
    /// What is rendered and not in sight: objects that can't be known.
    pub gaps: Vec<Gap>,
}

/// Something rendered that is not in sight.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The kustomization that names it.
    pub kustomization: usize,
    /// As written; empty for what has no path.
    pub written: String,
    /// Why it can't be known.
    pub why: GapKind,
}

/// Why something that is rendered can't be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GapKind {
    /// It lies on the net.
    Remote,
    /// It is not in sight.
    Missing,
    /// It is a kustomization that can't be read.
    Unread,
    /// A chart or a plugin makes it.
    Made,
    /// It is collected in more than one way, and only the first is looked at: the others make
    /// more objects, by other names.
    Again,
}

impl Graph {
    /// Links what the files say.
    pub fn new(files: &[(&str, Facts)]) -> Self {
        let locations = files.iter().enumerate();
        let by_location = locations.map(|(number, (location, _))| (*location, number));
        let by_location: HashMap<&str, usize> = by_location.collect();
        let mut nodes = Vec::new();
        let mut by_file = HashMap::new();
        for (file, (_, facts)) in files.iter().enumerate() {
            if let Some(says) = &facts.kustomization {
                by_file.insert(file, nodes.len());
                nodes.push(Known {
                    file,
                    says: says.clone(),
                    links: Vec::new(),
                    used: false,
                });
            }
        }
        let index = Index {
            files: by_location,
            kustomizations: by_file,
        };
        for node in &mut nodes {
            node.links = index.links(&node.says);
        }
        let mut graph = Self {
            nodes,
            uses: vec![None; files.len()],
        };
        graph.mark_used();
        graph.mark_files();
        graph
    }

    /// The kustomizations, by number.
    pub fn kustomizations(&self) -> &[Known] {
        &self.nodes
    }

    /// The number of the kustomization in a file.
    pub fn in_file(&self, file: usize) -> Option<usize> {
        // They were numbered in the order of their files.
        self.nodes.binary_search_by_key(&file, |n| n.file).ok()
    }

    /// The kustomizations that nothing in sight uses and that can be built: no components.
    pub fn roots(&self) -> impl Iterator<Item = usize> + '_ {
        let nodes = self.nodes.iter().enumerate();
        let roots = nodes.filter(|(_, node)| !node.used && !node.says.component);
        roots.map(|(number, _)| number)
    }

    /// What a kustomization renders.
    pub fn rendered(&self, kustomization: usize) -> Rendered {
        let mut rendered = Rendered::default();
        let mut files = BTreeSet::new();
        let mut waiting = vec![(kustomization, None)];
        while let Some((number, collector)) = waiting.pop() {
            let Some(node) = self.nodes.get(number) else {
                continue;
            };
            if rendered.collectors.contains_key(&number) {
                let brings = node.links.iter().any(|link| link.role == Role::Resource);
                rendered.gaps.extend(brings.then(|| Gap {
                    kustomization: number,
                    written: String::new(),
                    why: GapKind::Again,
                }));
                continue;
            }
            rendered.collectors.insert(number, collector);
            rendered.gaps.extend(node.gaps(number));
            let mut below = Vec::new();
            for link in node.collected() {
                match link.to {
                    Target::File(file) if files.insert(file) => {
                        rendered.members.push((file, number));
                    }
                    Target::Kustomization(next) => below.push((next, Some(number))),
                    _ => {}
                }
            }
            waiting.extend(below.into_iter().rev());
        }
        rendered
    }

    /// The transforms that the resources of a kustomization pass on their way to the rendered
    /// root, innermost first. Those of a component come right before those of its user.
    pub fn transforms(&self, rendered: &Rendered, kustomization: usize) -> Vec<&Transforms> {
        let mut seen = BTreeSet::new();
        let mut transforms = Vec::new();
        let mut next = Some(kustomization);
        while let Some(number) = next {
            let mut waiting = vec![number];
            let start = transforms.len();
            while let Some(number) = waiting.pop() {
                let Some(node) = self.nodes.get(number).filter(|_| seen.insert(number)) else {
                    continue;
                };
                transforms.push(&node.says.transforms);
                let components = node.links.iter().filter(|l| l.role == Role::Component);
                waiting.extend(components.filter_map(Link::kustomization));
            }
            if let Some(new) = transforms.get_mut(start..) {
                new.reverse();
            }
            next = rendered.collectors.get(&number).copied().flatten();
        }
        transforms
    }

    /// What the kustomizations make of a file; `None`: they don't name it.
    pub(super) fn use_of(&self, file: usize) -> Option<Use> {
        self.uses.get(file).copied().flatten()
    }

    fn mark_used(&mut self) {
        let links = self.nodes.iter().flat_map(|node| &node.links);
        let used: BTreeSet<usize> = links.filter_map(Link::kustomization).collect();
        for number in used {
            if let Some(node) = self.nodes.get_mut(number) {
                node.used = true;
            }
        }
    }

    fn mark_files(&mut self) {
        let changing = self.changing();
        let changed_by = self.spread(changing);
        let plugins = self.links_as(Role::Plugin);
        let plugin_of = self.spread(plugins);
        for number in 0..self.nodes.len() {
            let Some(node) = self.nodes.get(number) else {
                continue;
            };
            let changed = changed_by.get(&number);
            let plugin = plugin_of.get(&number);
            let uses: Vec<(usize, Use)> = node
                .links
                .iter()
                .filter_map(|link| {
                    let Target::File(file) = link.to else {
                        return None;
                    };
                    let (what, by) = match (What::of(link.role), plugin, changed) {
                        (What::Resource, Some(by), _) => (What::Plugin, *by),
                        (What::Resource, _, Some(by)) => (What::Source, *by),
                        (what, ..) => (what, number),
                    };
                    let by = self.nodes.get(by)?.file;
                    Some((file, Use { what, by }))
                })
                .collect();
            for (file, new) in uses {
                if let Some(slot) = self.uses.get_mut(file) {
                    let old = slot.filter(|old| old.what >= new.what);
                    *slot = Some(old.unwrap_or(new));
                }
            }
        }
    }

    /// The kustomizations that change their resources: by themselves, or by a component. What a
    /// component out of sight does, nobody knows: it counts as a change.
    fn changing(&self) -> Vec<(usize, usize)> {
        let mut users: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut waiting = Vec::new();
        for (number, node) in self.nodes.iter().enumerate() {
            let components = node.links.iter().filter(|l| l.role == Role::Component);
            let mut unknown = false;
            for link in components {
                match link.kustomization() {
                    Some(component) => users.entry(component).or_default().push(number),
                    None => unknown = true,
                }
            }
            if unknown || node.says.transforms.any() {
                waiting.push((number, number));
            }
        }
        let mut changing = HashMap::new();
        while let Some((number, by)) = waiting.pop() {
            if changing.insert(number, by).is_none() {
                let users = users.get(&number).into_iter().flatten();
                waiting.extend(users.map(|user| (*user, by)));
            }
        }
        let mut changing: Vec<_> = changing.into_iter().collect();
        changing.sort_unstable();
        changing
    }

    fn links_as(&self, role: Role) -> Vec<(usize, usize)> {
        let nodes = self.nodes.iter().enumerate();
        let links = nodes.flat_map(|(number, node)| {
            let links = node.links.iter().filter(move |link| link.role == role);
            links.filter_map(move |link| Some((link.kustomization()?, number)))
        });
        links.collect()
    }

    /// From each kustomization down to all it collects from; to each, the first that reaches it.
    fn spread(&self, from: Vec<(usize, usize)>) -> HashMap<usize, usize> {
        let mut reached = HashMap::new();
        let mut waiting: Vec<_> = from.into_iter().rev().collect();
        while let Some((number, by)) = waiting.pop() {
            if reached.contains_key(&number) {
                continue;
            }
            reached.insert(number, by);
            if let Some(node) = self.nodes.get(number) {
                let below = node.collected().filter_map(Link::kustomization);
                waiting.extend(below.map(|next| (next, by)));
            }
        }
        reached
    }
}

impl Known {
    /// The links whose objects it passes on.
    fn collected(&self) -> impl Iterator<Item = &Link> {
        let collects = |link: &&Link| matches!(link.role, Role::Resource | Role::Component);
        self.links.iter().filter(collects)
    }

    /// What it brings in that is not in sight; `number`: its own. Missing data of generators is
    /// none: a generated object is known by name without it.
    pub fn gaps(&self, number: usize) -> impl Iterator<Item = Gap> {
        let gap = move |written: &str, why| Gap {
            kustomization: number,
            written: written.to_owned(),
            why,
        };
        let links = self.links.iter();
        let links = links.filter(|link| !matches!(link.role, Role::Data | Role::Values));
        let links = links.filter_map(move |link| {
            let why = match link.to {
                Target::File(_) | Target::Kustomization(_) => return None,
                Target::Remote => GapKind::Remote,
                Target::Missing => GapKind::Missing,
                Target::Unread(_) => GapKind::Unread,
            };
            Some(gap(&link.written, why))
        });
        let made = self.says.makes_unknown.then(|| gap("", GapKind::Made));
        links.chain(made)
    }
}

impl Link {
    fn kustomization(&self) -> Option<usize> {
        match self.to {
            Target::Kustomization(number) => Some(number),
            _ => None,
        }
    }
}

impl What {
    fn of(role: Role) -> Self {
        match role {
            Role::Resource | Role::Component => Self::Resource,
            Role::Patch => Self::Patch,
            Role::Plugin => Self::Plugin,
            Role::Settings => Self::Settings,
            Role::Data => Self::Data,
            Role::Values => Self::Values,
        }
    }
}

impl Use {
    /// What a file of these facts is, given this use of it. What it is by itself stands where
    /// it says more: a kustomization stays one, what can't be read stays so.
    pub(super) fn class(self, facts: &Facts) -> Class {
        let own = facts.class;
        let (kind, why) = match (self.what, own.kind) {
            (
                _,
                FileKind::Kustomization
                | FileKind::ChartTemplate
                | FileKind::Template
                | FileKind::Encrypted,
            ) => {
                return own;
            }
            (What::Data, FileKind::Manifest | FileKind::Unreadable | FileKind::ToolFile) => {
                (FileKind::NotAManifest, "data of a generator in")
            }
            (What::Values, FileKind::Manifest | FileKind::Unreadable | FileKind::NotAManifest) => {
                (FileKind::ChartFile, "values of a chart in")
            }
            (_, FileKind::Unreadable) => return own,
            (What::Patch, _) => (FileKind::Patch, "patch of"),
            (What::Plugin, _) => (FileKind::ToolFile, "settings of a plugin in"),
            (What::Settings, FileKind::Manifest) => (FileKind::ToolFile, "settings of"),
            (What::Source, FileKind::Manifest) => (FileKind::Source, "resource changed by"),
            _ => return own,
        };
        let by = Some(self.by);
        Class { kind, why, by }
    }
}

/// Where files and kustomizations are.
struct Index<'a> {
    files: HashMap<&'a str, usize>,
    kustomizations: HashMap<usize, usize>,
}

impl Index<'_> {
    fn links(&self, says: &Kustomization) -> Vec<Link> {
        let links = says.entries.iter().map(|entry| Link {
            role: entry.role,
            written: entry.written.clone(),
            to: self.target(entry.location.as_deref(), &entry.written),
        });
        links.collect()
    }

    fn target(&self, location: Option<&str>, written: &str) -> Target {
        location.and_then(|l| self.here(l)).unwrap_or_else(|| {
            if is_remote(written) {
                Target::Remote
            } else {
                Target::Missing
            }
        })
    }

    fn here(&self, location: &str) -> Option<Target> {
        if let Some(&file) = self.files.get(location) {
            return Some(Target::File(file));
        }
        let mut names = NAMES.iter().filter_map(|name| join(location, name));
        let file = names.find_map(|name| self.files.get(name.as_str()).copied())?;
        Some(match self.kustomizations.get(&file) {
            Some(&number) => Target::Kustomization(number),
            None => Target::Unread(file),
        })
    }
}
