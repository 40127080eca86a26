//! The kinds of which only the metadata is modelled: what validation says of their names, labels,
//! annotations, owners and finalizers.
//!
//! Lives here: which format of names each kind has, and whether its finalizers are looked at more
//! closely, as their strategies under `pkg/registry` say. Not here: kinds that are modelled as a
//! whole (`registry`), and what the schema demands of the others (`enforced`).

use Finalizers::{Core, Generic};
use Generation::{Kept, Set};
use Scope::{Cluster, Namespaced};

use super::effective::{self, Effective};
use super::errors::Validation;
use super::field::Field;
use super::gates::Gates;
use super::registry::{Admission, dedup_owner_references};
use super::validation::meta::{self, NameFormat};
use crate::minor::Minor;
use crate::tree::Node;

/// How the server treats the metadata of a kind.
#[derive(Debug)]
pub struct Named {
    group: &'static str,
    kind: &'static str,
    scope: Scope,
    generation: Generation,
    finalizers: Finalizers,
    format: NameFormat,
}

/// Where objects live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    Namespaced,
    Cluster,
}

/// Who says how often an object has been changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Generation {
    /// Its strategy, whatever is written.
    Set,
    /// Nobody: what is written is kept.
    Kept,
}

/// Which function validates the metadata: that of `pkg/apis/core/validation` asks more of
/// finalizers than apimachinery's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Finalizers {
    Core,
    Generic,
}

const ADMISSION: &str = "admissionregistration.k8s.io";
const FLOW: &str = "flowcontrol.apiserver.k8s.io";

const SUBDOMAIN: NameFormat = meta::name_is_dns_subdomain;
const LABEL: NameFormat = meta::name_is_dns_label;
const SEGMENT: NameFormat = meta::validate_path_segment;

/// Every kind whose metadata alone is modelled.
#[rustfmt::skip]
static NAMED: &[Named] = &[
    named("", "ConfigMap", Namespaced, Kept, Core, SUBDOMAIN),
    named("", "Endpoints", Namespaced, Kept, Core, SUBDOMAIN),
    named("", "LimitRange", Namespaced, Kept, Core, SUBDOMAIN),
    named("", "Namespace", Cluster, Kept, Core, LABEL),
    named("", "Node", Cluster, Kept, Core, SUBDOMAIN),
    named("", "PersistentVolume", Cluster, Kept, Core, SUBDOMAIN),
    named("", "PodTemplate", Namespaced, Set, Core, SUBDOMAIN),
    named("", "ResourceQuota", Namespaced, Kept, Core, SUBDOMAIN),
    named("", "Secret", Namespaced, Kept, Core, SUBDOMAIN),
    named("", "ServiceAccount", Namespaced, Kept, Core, SUBDOMAIN),
    named(ADMISSION, "MutatingWebhookConfiguration", Cluster, Set, Generic, SUBDOMAIN),
    named(ADMISSION, "ValidatingAdmissionPolicy", Cluster, Set, Generic, SUBDOMAIN),
    named(ADMISSION, "ValidatingAdmissionPolicyBinding", Cluster, Set, Generic, SUBDOMAIN),
    named(ADMISSION, "ValidatingWebhookConfiguration", Cluster, Set, Generic, SUBDOMAIN),
    named("apiextensions.k8s.io", "CustomResourceDefinition", Cluster, Set, Generic, SUBDOMAIN),
    named("apiregistration.k8s.io", "APIService", Cluster, Kept, Generic, SEGMENT),
    named("apps", "ControllerRevision", Namespaced, Kept, Core, SUBDOMAIN),
    named("certificates.k8s.io", "CertificateSigningRequest", Cluster, Kept, Core, SEGMENT),
    named("coordination.k8s.io", "Lease", Namespaced, Kept, Generic, SUBDOMAIN),
    named("discovery.k8s.io", "EndpointSlice", Namespaced, Set, Core, SUBDOMAIN),
    named(FLOW, "FlowSchema", Cluster, Set, Core, SUBDOMAIN),
    named(FLOW, "PriorityLevelConfiguration", Cluster, Set, Core, SUBDOMAIN),
    named("networking.k8s.io", "Ingress", Namespaced, Set, Core, SUBDOMAIN),
    named("networking.k8s.io", "IngressClass", Cluster, Set, Core, SUBDOMAIN),
    named("networking.k8s.io", "NetworkPolicy", Namespaced, Set, Core, SUBDOMAIN),
    named("node.k8s.io", "RuntimeClass", Cluster, Kept, Generic, SUBDOMAIN),
    named("rbac.authorization.k8s.io", "ClusterRole", Cluster, Kept, Core, SEGMENT),
    named("rbac.authorization.k8s.io", "ClusterRoleBinding", Cluster, Kept, Core, SEGMENT),
    named("rbac.authorization.k8s.io", "Role", Namespaced, Kept, Core, SEGMENT),
    named("rbac.authorization.k8s.io", "RoleBinding", Namespaced, Kept, Core, SEGMENT),
    named("scheduling.k8s.io", "PriorityClass", Cluster, Set, Core, SUBDOMAIN),
    named("storage.k8s.io", "CSIDriver", Cluster, Kept, Core, SUBDOMAIN),
    named("storage.k8s.io", "StorageClass", Cluster, Kept, Core, SUBDOMAIN),
];

const fn named(
    group: &'static str,
    kind: &'static str,
    scope: Scope,
    generation: Generation,
    finalizers: Finalizers,
    format: NameFormat,
) -> Named {
    Named {
        group,
        kind,
        scope,
        generation,
        finalizers,
        format,
    }
}

impl Named {
    /// How the metadata of a kind is treated; `None`: it isn't modelled, or all of the kind is.
    pub fn of(group: &str, kind: &str) -> Option<&'static Self> {
        let mut all = NAMED.iter();
        all.find(|named| named.kind == kind && named.group == group)
    }

    /// What the server says to the metadata of an object that it creates.
    pub fn create<'t>(&self, object: Node<'t>, minor: Minor) -> Admission<'t> {
        let mut v = Validation::new(Gates::of(minor));
        let mut effective = self.effective(object, &mut v);
        effective::meta::prepare_for_create(&mut effective, self.generation == Set);
        self.validate(&mut v, &Field::root(effective.value(effective.root())));
        admission(effective, v)
    }

    /// What the server says to the metadata of an object that replaces one that it accepted.
    pub fn update<'t>(&self, object: Node<'t>, old: Node<'t>, minor: Minor) -> Admission<'t> {
        let mut v = Validation::new(Gates::of(minor));
        let mut before = self.effective(old, &mut Validation::new(v.gates));
        effective::meta::prepare_for_create(&mut before, true);
        let before = before.as_old();
        let mut effective = self.effective(object, &mut v);
        effective::meta::prepare_for_update(&mut effective);
        effective::meta::take_namespace(&mut effective, &before);
        let root = Field::root(effective.value(effective.root()));
        let old = Field::root(before.value(before.root()));
        let (metadata, old) = (root.key("metadata"), old.key("metadata"));
        self.validate(&mut v, &root);
        meta::validate_object_meta_accessor_update(&mut v, &metadata, &old);
        admission(effective, v)
    }

    fn effective<'t>(&self, object: Node<'t>, v: &mut Validation) -> Effective<'t> {
        let mut effective = Effective::metadata_of(object);
        effective::meta::prepare(&mut effective, self.scope == Namespaced);
        // `PrepareForCreate` of its strategy: what has no name gets a UUID.
        if self.kind == "LimitRange" {
            let metadata = effective.default_mapping(effective.root(), "metadata");
            effective.default_text(metadata, "name", "00000000-0000-0000-0000-000000000000");
        }
        dedup_owner_references(v, &mut effective);
        effective
    }

    fn validate(&self, v: &mut Validation, root: &Field<'_, '_>) {
        let validate = match self.finalizers {
            Core => meta::validate_object_meta,
            Generic => meta::validate_object_meta_accessor,
        };
        let metadata = root.key("metadata");
        validate(v, &metadata, self.scope == Namespaced, self.format);
    }
}

fn admission<'t>(effective: Effective<'t>, mut validation: Validation) -> Admission<'t> {
    if validation.gates.merges_alike {
        validation.merge_alike();
    }
    Admission {
        effective,
        validation,
        annotations: Vec::new(),
        of_cluster: Vec::new(),
    }
}
