//! A member of a project: one object, what may be said about it, and its view as what makes pods.
//!
//! Not here: how members relate (`project`).

use super::Spot;
use crate::object::Object;
use crate::object::placeholder::Placeholders;
use crate::object::references::{Reference, references};
use crate::object::selector::{Labels, Requirement, Selector, Tri, Wants};
use crate::object::workload::{POD_NAME_LABEL, Workload, WorkloadKind};
use crate::tree::Node;

/// One object in sight, and what its file makes of it.
#[derive(Debug)]
pub struct Member<'t> {
    /// The object.
    pub object: Object<'t>,
    /// What may be said about it.
    pub role: Role,
    /// The object as it is now, where what it becomes is judged as an update.
    pub old: Option<Object<'t>>,
    /// Kind and template, for what makes pods.
    pub workload: Option<(WorkloadKind, Node<'t>)>,
    /// The labels of its pods.
    pub pod_labels: Labels<'t>,
    /// What its pods ask for by name.
    pub references: Vec<Reference<'t>>,
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

impl<'t> Member<'t> {
    /// A member of an object.
    pub fn new(object: Object<'t>, role: Role, placeholders: &Placeholders) -> Self {
        let view = Workload::of(&object);
        let labels = view.as_ref().and_then(Workload::pod_labels);
        let references = view.as_ref().map_or(Vec::new(), references);
        let workload = view.map(|w| (w.kind, w.template));
        Self {
            pod_labels: Labels::of_map(labels, &|text| placeholders.in_text(text)),
            object,
            role,
            old: None,
            workload,
            references,
        }
    }

    /// Whether a selector selects its pods, as far as can be known. Labels that controllers set
    /// count as present.
    pub fn selected_by(&self, selector: &Selector<'t>) -> Tri {
        let start = if selector.unclear {
            Tri::Unknown
        } else {
            Tri::Yes
        };
        let meets = |r: &Requirement<'t>| match r.holds(&self.pod_labels) {
            Tri::No if self.controller_sets(r.key) => self.meets_by_controller(r),
            holds => holds,
        };
        let requirements = selector.requirements.iter();
        requirements.fold(start, |so_far, r| so_far.and(meets(r)))
    }

    fn controller_sets(&self, key: &str) -> bool {
        self.workload.is_some_and(|(kind, _)| kind.sets_label(key))
    }

    fn meets_by_controller(&self, requirement: &Requirement<'t>) -> Tri {
        let is_pod = |value: &&str| {
            let ordinal = value
                .strip_prefix(self.object.name)
                .and_then(|rest| rest.strip_prefix('-'));
            ordinal.is_some_and(|o| !o.is_empty() && o.bytes().all(|b| b.is_ascii_digit()))
        };
        match &requirement.wants {
            Wants::Exists => Tri::Yes,
            Wants::DoesNotExist => Tri::No,
            Wants::In(values) if requirement.key == POD_NAME_LABEL => {
                if values.iter().any(is_pod) {
                    Tri::Yes
                } else {
                    Tri::No
                }
            }
            _ => Tri::Unknown,
        }
    }

    pub(super) fn spot(&self) -> Spot {
        let object = &self.object;
        (object.source, object.document, object.item)
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
