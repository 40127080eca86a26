//! From files to the project: members, where they lie, and what hides answers.

use std::collections::BTreeSet;

use super::before;
use super::run::Seen;
use crate::apiserver::schema::{Table, compile};
use crate::finding::ObjectName;
use crate::object::{Object, content};
use crate::project::files::{DocumentKind, FileKind};
use crate::project::graph::{GapKind, Graph};
use crate::project::providers::provided_by;
use crate::project::{Gap, Member, Project, Provides, Role, Sight};
use crate::source::SourceId;
use crate::tree::Node;

/// The project and what else stands in its files.
pub struct Gathered<'t> {
    /// All objects in sight.
    pub project: Project<'t>,
    /// Annotations of objects that suppress.
    pub allows: Vec<Allow<'t>>,
}

/// The annotations of an object that has one that suppresses.
#[derive(Clone, Debug)]
pub struct Allow<'t> {
    /// The source of the object.
    pub source: SourceId,
    /// Its document.
    pub document: u32,
    /// The object.
    pub object: ObjectName,
    /// Its `metadata.annotations`.
    pub annotations: Node<'t>,
}

/// Gathers what the files of a run hold.
pub fn gather<'t>(seen: &Seen<'t>, graph: &Graph) -> Gathered<'t> {
    let locations = seen.files().map(|(_, file, ..)| seen.location(file));
    let sight = Sight {
        locations: locations.collect(),
        placeholders: seen.placeholders(),
        externals: seen.externals(),
        ..Sight::default()
    };
    let mut project = Project::new(sight);
    let mut allows = Vec::new();
    let mut gaps = hidden_by_kustomizations(graph);
    for (id, _, loaded, class) in seen.files() {
        let role = match class.kind {
            FileKind::Manifest => Role::Whole,
            FileKind::Source | FileKind::Patch => Role::Partial,
            FileKind::Encrypted => Role::Hidden,
            FileKind::ChartTemplate | FileKind::Template => {
                gaps.insert(anything("templates aren't rendered"));
                continue;
            }
            FileKind::Unreadable => {
                gaps.insert(anything("a file can't be read"));
                continue;
            }
            _ => continue,
        };
        let kinds = loaded.facts.documents.iter();
        for (number, (document, kind)) in loaded.reading.documents.iter().zip(kinds).enumerate() {
            let Ok(Some(root)) = document.root else {
                if document.root.is_err() {
                    gaps.insert(anything("a document can't be read"));
                }
                continue;
            };
            let role = match kind {
                DocumentKind::Encrypted => Role::Hidden,
                kind if kind.is_manifest() => role,
                _ => continue,
            };
            let root = loaded.reading.tree.node(root);
            for object in content(id, number as u32, root).objects {
                let member = project.add(object, role);
                gaps.extend(hidden_by_member(member));
                allows.extend(allow(member));
            }
        }
    }
    let old = before::objects(seen.old, seen.loaded.len());
    let files = seen.job.files;
    let location = |id: SourceId| files.get(id.0 as usize).map_or("", |f| f.location.as_str());
    before::pair(project.members_mut(), old, &location);
    project.add_gaps(gaps);
    Gathered { project, allows }
}

/// The schemas of the custom resources in sight whose definitions are in sight, too. Definitions
/// that nothing uses are not compiled: some repositories hold megabytes of them.
pub fn custom_schemas(members: &[Member<'_>]) -> Option<Table> {
    let is_definition = |member: &&Member<'_>| {
        member.object.kind == "CustomResourceDefinition" && member.role != Role::Hidden
    };
    let definitions = members.iter().filter(is_definition);
    definitions.clone().next()?;
    let used: BTreeSet<(&str, &str)> = members
        .iter()
        .map(|member| (member.object.group, member.object.kind))
        .collect();
    let is_used = |root: Node<'_>| {
        let group = root.at(&["spec", "group"]).and_then(Node::as_str);
        let kind = root.at(&["spec", "names", "kind"]).and_then(Node::as_str);
        group.zip(kind).is_some_and(|name| used.contains(&name))
    };
    let mut compiler = compile::Compiler::default();
    let definitions = definitions.map(|member| member.object.root);
    let added: usize = definitions
        .filter(|root| is_used(*root))
        .map(|root| compiler.crd(root))
        .sum();
    (added > 0).then(|| compiler.finish())
}

fn anything(why: &str) -> Gap {
    Gap {
        why: why.to_owned(),
        provides: Provides::Anything,
    }
}

/// What kustomizations bring in that can't be seen.
fn hidden_by_kustomizations(graph: &Graph) -> BTreeSet<Gap> {
    let mut gaps = BTreeSet::new();
    for (number, known) in graph.kustomizations().iter().enumerate() {
        for generated in &known.says.generated {
            gaps.insert(Gap {
                why: "kustomizations generate objects".to_owned(),
                provides: Provides::Kind(generated.kind.to_owned()),
            });
        }
        for gap in known.gaps(number) {
            gaps.insert(anything(match gap.why {
                GapKind::Remote => "a kustomization has remote resources",
                GapKind::Missing => "a file that a kustomization names isn't in sight",
                GapKind::Unread => "a kustomization can't be read",
                GapKind::Made => "a kustomization runs charts or plugins",
                GapKind::Again => continue,
            }));
        }
    }
    gaps
}

/// What an object hides: a custom resource may make anything, and what is changed before it is
/// applied may get any name and label.
fn hidden_by_member(member: &Member<'_>) -> Vec<Gap> {
    let object = &member.object;
    let kind = |kind: &str, why: String| Gap {
        why,
        provides: Provides::Kind(kind.to_owned()),
    };
    if member.role == Role::Partial {
        let why = "sources and patches of kustomizations aren't rendered".to_owned();
        let own = kind(object.kind, why.clone());
        let pods = member.workload.map(|_| kind("Pod", why));
        return std::iter::once(own).chain(pods).collect();
    }
    if !crate::project::providers::is_custom(object.group) {
        return Vec::new();
    }
    let provided = provided_by(object.group, object.kind);
    provided
        .map(|provides| Gap {
            why: format!("{} may make objects", object.kind_and_group()),
            provides,
        })
        .into_iter()
        .collect()
}

fn allow<'t>(member: &Member<'t>) -> Option<Allow<'t>> {
    let object: &Object<'t> = &member.object;
    let annotations = object.root.at(&["metadata", "annotations"])?;
    let prefix = super::suppress::ANNOTATION_PREFIX;
    let speaks = annotations
        .entries()
        .any(|(key, _)| key.text().starts_with(prefix));
    speaks.then(|| Allow {
        source: object.source,
        document: object.document,
        object: object.identity(),
        annotations,
    })
}
