//! How an object relates to others: the labels of its pods, what it selects, and whom it names.
//!
//! Seen through the linter's own views, so that what relates for a rule relates here. Only exact
//! labels count: what may relate by more than these has to be looked at closely, which rules do.

use crate::object::Object;
use crate::object::references::{Referent, references};
use crate::object::selector::{Labels, Requirement, Selector, Wants};
use crate::object::service::Service;
use crate::object::workload::{POD_NAME_LABEL, Workload, WorkloadKind};
use crate::tree::Node;

/// A label, or a kind and a name.
pub type Pair<'t> = (&'t str, &'t str);

/// How an object relates to others in its namespace.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Facts<'t> {
    /// The namespace; empty: none.
    pub namespace: &'t str,
    /// The labels that its pods get from their template.
    pub labels: Vec<Pair<'t>>,
    /// It selects pods that have these labels at least.
    pub asks: Option<Vec<Pair<'t>>>,
    /// Kind and name of what it names, or what makes that.
    pub names: Vec<Pair<'t>>,
}

impl<'t> Facts<'t> {
    /// Those of an object.
    pub fn of(object: &Object<'t>) -> Self {
        let workload = Workload::of(object);
        let labels = workload.as_ref().and_then(Workload::pod_labels);
        let selector = selector(object, workload.as_ref());
        let mut names = Vec::new();
        if let Some(workload) = &workload {
            for claim in references(workload) {
                if claim.to == Referent::Claim {
                    names.push((Referent::Claim.kind(), claim.name));
                    names.extend(makers(claim.name));
                }
            }
        }
        names.extend(named(object));
        if let Some(selector) = &selector {
            names.extend(selector.requirements.iter().filter_map(owner));
        }
        names.sort_unstable();
        names.dedup();
        Self {
            namespace: object.namespace.unwrap_or(""),
            labels: Labels::of_map(labels, &known).pairs.into_iter().collect(),
            // By the name of a pod it is related by name.
            asks: selector.filter(|s| !is_by_name(s)).map(|s| exact(&s)),
            names,
        }
    }
}

/// Nothing in a cluster is a placeholder.
fn known(_: &str) -> bool {
    false
}

fn selector<'t>(object: &Object<'t>, workload: Option<&Workload<'_, 't>>) -> Option<Selector<'t>> {
    if let Some(service) = Service::of(object) {
        return Some(Selector::of_map(service.selector, &known));
    }
    let selects = match workload {
        Some(workload) => workload.kind.is_long_running(),
        None => (object.group, object.kind) == ("policy", "PodDisruptionBudget"),
    };
    let written = object.root.at(&["spec", "selector"]).filter(|_| selects)?;
    Some(match object.kind {
        "ReplicationController" => Selector::of_map(written, &known),
        _ => Selector::of_label_selector(written, &known),
    })
}

/// The labels that a selector asks for by value, but for those that controllers add.
fn exact<'t>(selector: &Selector<'t>) -> Vec<Pair<'t>> {
    let added = |key| WorkloadKind::ALL.iter().any(|kind| kind.sets_label(key));
    let requirements = selector.requirements.iter();
    let pairs = requirements.filter_map(|r| match &r.wants {
        Wants::In(values) if !added(r.key) => match values.as_slice() {
            [value] => Some((r.key, *value)),
            _ => None,
        },
        _ => None,
    });
    pairs.collect()
}

/// Whether it only selects pods by their names.
fn is_by_name(selector: &Selector<'_>) -> bool {
    let mut requirements = selector.requirements.iter();
    !selector.is_empty() && requirements.all(|requirement| owner(requirement).is_some())
}

/// The StatefulSet whose pod a selector asks for by name.
fn owner<'t>(requirement: &Requirement<'t>) -> Option<Pair<'t>> {
    match &requirement.wants {
        Wants::In(values) if requirement.key == POD_NAME_LABEL => match values.as_slice() {
            [pod] => pod.rsplit_once('-').map(|(set, _)| ("StatefulSet", set)),
            _ => None,
        },
        _ => None,
    }
}

/// The StatefulSets that a claim of this name may be of: `<template>-<set>-<ordinal>`.
fn makers(claim: &str) -> impl Iterator<Item = Pair<'_>> {
    let ordinal = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let owner = claim.rsplit_once('-').filter(|(_, end)| ordinal(end));
    let owner = owner.map_or("", |(owner, _)| owner);
    let sets = owner.match_indices('-').map(|(at, _)| at);
    sets.filter_map(move |at| Some(("StatefulSet", owner.get(at + 1..)?)))
}

fn named<'t>(object: &Object<'t>) -> Option<Pair<'t>> {
    let text = |path: &[&str]| object.root.at(path).and_then(Node::as_str);
    let (kind, name) = match (object.group, object.kind) {
        ("apps", "StatefulSet") => ("Service", text(&["spec", "serviceName"])?),
        ("", "PersistentVolumeClaim") => ("StorageClass", text(&["spec", "storageClassName"])?),
        ("autoscaling", "HorizontalPodAutoscaler") => {
            let target = |key| text(&["spec", "scaleTargetRef", key]);
            (target("kind")?, target("name")?)
        }
        _ => return None,
    };
    (!name.is_empty()).then_some((kind, name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::judge;

    #[track_caller]
    fn holds(json: &str, expected: &Facts<'_>) {
        let loaded = judge::read(json).unwrap();
        let object = judge::object(&loaded).unwrap();
        assert_eq!(Facts::of(&object), *expected, "{json}");
    }

    #[test]
    fn knows_whom_workloads_relate_to() {
        holds(
            r#"{"apiVersion":"apps/v1","kind":"StatefulSet",
                "metadata":{"name":"db","namespace":"n"},"spec":{"serviceName":"db",
                "selector":{"matchLabels":{"app":"db"},
                "matchExpressions":[{"key":"tier","operator":"In","values":["a","b"]}]},
                "template":{"metadata":{"labels":{"app":"db","tier":"a"}},"spec":{"volumes":[
                {"name":"v","persistentVolumeClaim":{"claimName":"data-old-db-0"}}]}}}}"#,
            &Facts {
                namespace: "n",
                labels: vec![("app", "db"), ("tier", "a")],
                asks: Some(vec![("app", "db")]),
                names: vec![
                    ("PersistentVolumeClaim", "data-old-db-0"),
                    ("Service", "db"),
                    ("StatefulSet", "db"),
                    ("StatefulSet", "old-db"),
                ],
            },
        );
        // A Job selects by labels that its controller makes up.
        holds(
            r#"{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"j","namespace":"n"},
                "spec":{"selector":{"matchLabels":{"job-name":"j"}},
                "template":{"metadata":{"labels":{"app":"j"}},"spec":{}}}}"#,
            &Facts {
                namespace: "n",
                labels: vec![("app", "j")],
                ..Facts::default()
            },
        );
    }

    #[test]
    fn knows_what_others_select_and_name() {
        holds(
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"db-0","namespace":"n"},
                "spec":{"selector":{"statefulset.kubernetes.io/pod-name":"db-0"}}}"#,
            &Facts {
                namespace: "n",
                names: vec![("StatefulSet", "db")],
                ..Facts::default()
            },
        );
        holds(
            r#"{"apiVersion":"v1","kind":"Service","metadata":{"name":"x"},"spec":{
                "type":"ExternalName","externalName":"a.b","selector":{"app":"db"}}}"#,
            &Facts::default(),
        );
        holds(
            r#"{"apiVersion":"policy/v1","kind":"PodDisruptionBudget","metadata":{"name":"x"},
                "spec":{"selector":{"matchLabels":{"app":"db"}}}}"#,
            &Facts {
                asks: Some(vec![("app", "db")]),
                ..Facts::default()
            },
        );
        holds(
            r#"{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler",
                "metadata":{"name":"x"},
                "spec":{"scaleTargetRef":{"kind":"StatefulSet","name":"db"}}}"#,
            &Facts {
                names: vec![("StatefulSet", "db")],
                ..Facts::default()
            },
        );
        holds(
            r#"{"apiVersion":"v1","kind":"PersistentVolumeClaim","metadata":{"name":"x"},
                "spec":{"storageClassName":"fast"}}"#,
            &Facts {
                names: vec![("StorageClass", "fast")],
                ..Facts::default()
            },
        );
    }
}
