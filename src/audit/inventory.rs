//! What was listed: objects as the linter reads them, and what nobody could list.
//!
//! Lives here: which part an object plays. What a controller made isn't judged, since only its
//! owner can be changed, and isn't even kept where its owner's template says the same.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use k8s_openapi::jiff::Timestamp;
use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};
use serde_json::{Map, Value, json};

use super::kinds::Kind;
use crate::lint::load::OfCluster;
use crate::object::workload::WorkloadKind;
use crate::project::{Gap, Provides};
use crate::report::Skipped;

/// What objects of a kind are listed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// To be judged, and looked at.
    Judged,
    /// Only to be looked at.
    Seen,
    /// To know that they are there.
    Named,
}

/// Everything that was listed.
#[derive(Debug, Default)]
pub struct Inventory {
    listed: Vec<Listed>,
    refused: Vec<Refused>,
    templates: HashMap<String, Template>,
    namespaces: BTreeSet<Option<String>>,
}

/// An object.
#[derive(Clone, Debug)]
pub struct Listed {
    /// Its kind.
    pub kind: &'static str,
    /// Its namespace; `None`: it is in none.
    pub namespace: Option<String>,
    /// Its own name.
    pub object: String,
    /// The object as `kubectl get --output=json` shows it, up to its status.
    pub json: Vec<u8>,
    /// Findings in it are told.
    pub judged: bool,
    /// When it was made, in seconds since 1970.
    pub born: Option<u64>,
}

/// What a list of objects holds for an inventory.
#[derive(Debug)]
pub struct Taken {
    /// The object; `None`: its owner says all about it.
    listed: Option<Listed>,
    /// What it makes pods of, by its uid.
    template: Option<(String, Template)>,
}

/// What an object makes pods of.
#[derive(Clone, Debug)]
struct Template {
    kind: WorkloadKind,
    labels: Map<String, Value>,
}

/// Objects of a kind that couldn't be listed.
#[derive(Clone, Debug)]
pub struct Refused {
    /// The kind.
    pub kind: &'static str,
    makes_pods: bool,
    /// `None`: in all of them, or in none.
    namespace: Option<String>,
    why: String,
    /// They would have been judged.
    pub judged: bool,
}

impl Inventory {
    /// Says that a namespace is looked at; `None`: what is in none.
    pub fn enter(&mut self, namespace: Option<String>) {
        self.namespaces.insert(namespace);
    }

    /// What becomes of an object of a list. Asked before `add`, so that what makes pods has to be
    /// added before they are listed.
    pub fn take(&self, kind: &'static Kind, mut object: Value) -> Option<Taken> {
        if is_finished(&object) {
            return None;
        }
        let meta = object.get("metadata")?;
        let text = |key: &str| meta.get(key).and_then(Value::as_str).map(str::to_owned);
        let (name, namespace, uid) = (text("name")?, text("namespace"), text("uid"));
        let workload = WorkloadKind::of(kind.resource.group, kind.resource.kind);
        let template = workload.filter(|kind| *kind != WorkloadKind::Pod);
        let template = template.zip(uid).map(|(kind, uid)| {
            let labels = template_labels(kind, &object).cloned().unwrap_or_default();
            (uid, Template { kind, labels })
        });
        let owner = controller(meta);
        if workload.is_some_and(|kind| self.is_told_by_owner(kind, owner, meta)) {
            let listed = None;
            return Some(Taken { listed, template });
        }
        let born = text("creationTimestamp").and_then(|time| seconds(&time));
        let is_deleted = meta.get("deletionTimestamp").is_some();
        let judged = kind.part == Part::Judged && owner.is_none() && !is_deleted;
        strip(&mut object, kind.part);
        let listed = Listed {
            kind: kind.resource.kind,
            namespace: namespace.filter(|_| kind.namespaced),
            object: name,
            json: written(&object),
            judged,
            born,
        };
        Some(Taken {
            listed: Some(listed),
            template,
        })
    }

    /// Adds what was taken of a list.
    pub fn add(&mut self, taken: Vec<Taken>) {
        for taken in taken {
            self.templates.extend(taken.template);
            if let Some(listed) = taken.listed {
                let namespace = match listed.kind {
                    "Namespace" => Some(listed.object.clone()),
                    _ => listed.namespace.clone(),
                };
                // Only to be added to where all of a cluster is looked at.
                if self.namespaces.contains(&None) {
                    self.namespaces.insert(namespace);
                }
                self.listed.push(listed);
            }
        }
    }

    /// Says that objects of a kind couldn't be listed, in a namespace or anywhere, and why.
    pub fn refuse(&mut self, kind: &'static Kind, namespace: Option<String>, why: String) {
        let resource = &kind.resource;
        self.refused.push(Refused {
            kind: resource.kind,
            makes_pods: WorkloadKind::of(resource.group, resource.kind).is_some(),
            namespace,
            why,
            judged: kind.part == Part::Judged,
        });
    }

    /// The bundle that each namespace is; `None`: that of what is in none.
    pub(super) fn bundles(&self) -> BTreeMap<Option<String>, OfCluster> {
        let bundles = (0..).zip(&self.namespaces);
        let bundles = bundles.map(|(bundle, namespace)| {
            let here =
                |refused: &&Refused| refused.namespace.is_none() || refused.namespace == *namespace;
            let gaps = self.refused.iter().filter(here).flat_map(Refused::gaps);
            let of_cluster = OfCluster {
                bundle,
                closed: true,
                unlisted: gaps.collect(),
            };
            (namespace.clone(), of_cluster)
        });
        bundles.collect()
    }

    pub(super) fn into_parts(self) -> (Vec<Listed>, Vec<Refused>) {
        (self.listed, self.refused)
    }

    /// Whether a listed owner's template says all that an object could.
    fn is_told_by_owner(&self, kind: WorkloadKind, owner: Option<&str>, meta: &Value) -> bool {
        let Some(owner) = owner.and_then(|uid| self.templates.get(uid)) else {
            return false;
        };
        let Some(labels) = meta.get("labels").and_then(Value::as_object) else {
            return true;
        };
        // Pods may have labels of their own, such as who leads, which Services ask for.
        kind != WorkloadKind::Pod
            || labels.iter().all(|(key, value)| {
                owner.kind.sets_label(key) || owner.labels.get(key) == Some(value)
            })
    }
}

impl Listed {
    /// The name by which a person finds it: `shop/Deployment/web`.
    pub fn name(&self) -> String {
        match &self.namespace {
            Some(namespace) => format!("{namespace}/{}/{}", self.kind, self.object),
            None => format!("{}/{}", self.kind, self.object),
        }
    }
}

impl Refused {
    /// For the report.
    pub(super) fn skipped(self) -> Skipped {
        let file = match self.namespace {
            Some(namespace) => format!("{namespace}/{}", self.kind),
            None => self.kind.to_owned(),
        };
        Skipped {
            file,
            document: None,
            why: format!("can't be listed: {}", self.why),
        }
    }

    fn gaps(&self) -> Vec<Gap> {
        let gap = |kind: &str| Gap {
            why: format!("objects of the kind {} can't be listed", self.kind),
            provides: Provides::Kind(kind.to_owned()),
        };
        let pods = self.makes_pods.then(|| gap("Pod"));
        std::iter::once(gap(self.kind)).chain(pods).collect()
    }
}

/// Whether it has come to its end: a Job or a pod that runs no more asks for nothing.
fn is_finished(object: &Value) -> bool {
    let status = object.get("status");
    let text = |value: &Value, key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let is = |kind: &str| text(object, "kind").as_deref() == Some(kind);
    let phase = status.and_then(|status| text(status, "phase"));
    let conditions = status.and_then(|status| status.get("conditions")?.as_array());
    let mut conditions = conditions.into_iter().flatten();
    let is_end = |condition: &Value| {
        matches!(
            text(condition, "type").as_deref(),
            Some("Complete" | "Failed")
        ) && text(condition, "status").as_deref() == Some("True")
    };
    is("Pod") && matches!(phase.as_deref(), Some("Succeeded" | "Failed"))
        || is("Job") && conditions.any(is_end)
}

/// The uid of the controller that owns an object.
fn controller(meta: &Value) -> Option<&str> {
    let owners = meta.get("ownerReferences")?.as_array()?;
    let mut owners = owners.iter();
    let owner = owners.find(|owner| owner.get("controller") == Some(&Value::Bool(true)))?;
    Some(owner.get("uid").and_then(Value::as_str).unwrap_or_default())
}

fn template_labels(kind: WorkloadKind, object: &Value) -> Option<&Map<String, Value>> {
    let mut at = object;
    for key in kind.template_path() {
        at = at.get(key)?;
    }
    at.get("metadata")?.get("labels")?.as_object()
}

/// Takes out what no rule reads: who changed what, and how it fares. Of objects that only have to
/// be there only their names are left.
fn strip(object: &mut Value, part: Part) {
    if part == Part::Named {
        let meta = |key: &str| object.pointer(&format!("/metadata/{key}"));
        let meta = json!({ "name": meta("name"), "namespace": meta("namespace") });
        let (api_version, kind) = (object.get("apiVersion"), object.get("kind"));
        *object = json!({ "apiVersion": api_version, "kind": kind, "metadata": meta });
        return;
    }
    if let Some(fields) = object.as_object_mut() {
        fields.remove("status");
    }
    let meta = object.get_mut("metadata").and_then(Value::as_object_mut);
    if let Some(fields) = meta {
        fields.remove("managedFields");
    }
}

/// As kubectl writes it, so that lines are the same: four spaces, keys in order.
fn written(object: &Value) -> Vec<u8> {
    let mut json = Vec::new();
    let mut to = Serializer::with_formatter(&mut json, PrettyFormatter::with_indent(b"    "));
    // Writing to memory can't fail, nor can values that were read from JSON.
    let _ = object.serialize(&mut to);
    json
}

fn seconds(time: &str) -> Option<u64> {
    let time: Timestamp = time.parse().ok()?;
    u64::try_from(time.as_second()).ok()
}
