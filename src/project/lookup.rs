//! Looking for objects by name: whether there is one, and which is meant.
//!
//! Not here: what is in sight at all, and how close (`project`).

use super::{Member, Nearness, Project, Role};
use crate::object::selector::Tri;

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
    /// The config says that it is made elsewhere.
    Elsewhere,
}

/// Where an object is looked for.
struct Place<'a, 't> {
    namespace: &'a str,
    /// Whether a member is in that namespace.
    is_in: &'a dyn Fn(&Member<'t>) -> Tri,
    /// How far away it may be where the bundle is complete.
    reach: Nearness,
}

impl<'t> Project<'t> {
    /// Looks for an object of a kind by name, in the namespace of `from`.
    pub fn lookup(
        &self,
        from: &Member<'t>,
        group: &str,
        kind: &'t str,
        name: &'t str,
    ) -> Lookup<'_, 't> {
        let is_here = |member: &Member<'t>| self.same_namespace(&from.object, &member.object);
        let place = Place {
            namespace: self.namespace_of(&from.object),
            is_in: &is_here,
            reach: Nearness::Bundle,
        };
        self.look(from, &place, group, kind, name)
    }

    /// The same, in a namespace that is written. Those of a cluster are bundles of their own,
    /// all in one folder: what is that close counts as there.
    pub fn lookup_in(
        &self,
        namespace: &str,
        from: &Member<'t>,
        group: &str,
        kind: &'t str,
        name: &'t str,
    ) -> Lookup<'_, 't> {
        let is_there = |member: &Member<'t>| match member.object.namespace {
            Some(written) if self.is_placeholder(written) => Tri::Unknown,
            Some(written) if written == namespace => Tri::Yes,
            Some(_) => Tri::No,
            None if self.namespace_of(&member.object) == namespace => Tri::Yes,
            None => Tri::Unknown,
        };
        let place = Place {
            namespace,
            is_in: &is_there,
            reach: Nearness::Folder,
        };
        self.look(from, &place, group, kind, name)
    }

    fn look(
        &self,
        from: &Member<'t>,
        place: &Place<'_, 't>,
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
            if object.group != group || (closed && self.nearness(from, member) > place.reach) {
                continue;
            }
            match (place.is_in)(member) {
                Tri::Yes if member.role == Role::Partial => {
                    unknown =
                        Some("sources and patches of kustomizations aren't rendered".to_owned());
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
            .or_else(|| self.gap(from, kind));
        match unknown {
            Some(why) => Lookup::Unknown(why),
            None if self.is_external(from, group, kind, place.namespace, name) => Lookup::Elsewhere,
            None => Lookup::Absent { closed },
        }
    }

    fn is_external(
        &self,
        from: &Member<'t>,
        group: &str,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> bool {
        let source = from.object.source;
        let externals = self.sight.externals.0.as_ref();
        externals.is_some_and(|external| external(source, group, kind, Some(namespace), name))
    }
}
