//! Views of what runs pods: the template, its containers and their ports.

use super::Object;
use crate::tree::Node;

/// The label that a StatefulSet's pods bear: their own name.
pub const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";

/// What makes pods, or is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// `apps` Deployment.
    Deployment,
    /// `apps` StatefulSet.
    StatefulSet,
    /// `apps` DaemonSet.
    DaemonSet,
    /// `apps` ReplicaSet.
    ReplicaSet,
    /// core ReplicationController.
    ReplicationController,
    /// `batch` Job.
    Job,
    /// `batch` CronJob.
    CronJob,
    /// core Pod.
    Pod,
}

/// An object that makes pods.
#[derive(Clone, Copy, Debug)]
pub struct Workload<'a, 't> {
    /// The object.
    pub object: &'a Object<'t>,
    /// What it is.
    pub kind: WorkloadKind,
    /// The pod template, or the pod itself: it holds `metadata` and `spec`.
    pub template: Node<'t>,
}

/// A port that a container declares.
#[derive(Clone, Copy, Debug)]
pub struct ContainerPort<'t> {
    /// The item of `ports`.
    pub node: Node<'t>,
    /// Its name; empty if it has none.
    pub name: &'t str,
    /// Its number, where it is one.
    pub number: Option<i64>,
    /// Its protocol; `TCP` unless written.
    pub protocol: &'t str,
}

impl WorkloadKind {
    /// All of them.
    pub const ALL: [WorkloadKind; 8] = [
        Self::Deployment,
        Self::StatefulSet,
        Self::DaemonSet,
        Self::ReplicaSet,
        Self::ReplicationController,
        Self::Job,
        Self::CronJob,
        Self::Pod,
    ];

    /// The kind of an object of one of the groups that hold workloads, old groups included.
    pub fn of(group: &str, kind: &str) -> Option<Self> {
        Some(match (group, kind) {
            ("apps" | "extensions", "Deployment") => Self::Deployment,
            ("apps", "StatefulSet") => Self::StatefulSet,
            ("apps" | "extensions", "DaemonSet") => Self::DaemonSet,
            ("apps" | "extensions", "ReplicaSet") => Self::ReplicaSet,
            ("", "ReplicationController") => Self::ReplicationController,
            ("batch" | "extensions", "Job") => Self::Job,
            ("batch", "CronJob") => Self::CronJob,
            ("", "Pod") => Self::Pod,
            _ => return None,
        })
    }

    /// The keys from the object to its pod template.
    pub fn template_path(self) -> &'static [&'static str] {
        match self {
            Self::Pod => &[],
            Self::CronJob => &["spec", "jobTemplate", "spec", "template"],
            _ => &["spec", "template"],
        }
    }

    /// Whether its pods run until they are replaced.
    pub fn is_long_running(self) -> bool {
        !matches!(self, Self::Job | Self::CronJob | Self::Pod)
    }

    /// Whether its pods are there to be called: all but those of Jobs.
    pub fn serves(self) -> bool {
        !matches!(self, Self::Job | Self::CronJob)
    }

    /// Whether its controller puts a label with this key on its pods, beyond the template's
    /// (`pkg/apis/apps/v1/types.go`, `pkg/apis/batch/v1/types.go`: the well-known labels).
    pub fn sets_label(self, key: &str) -> bool {
        match key {
            POD_NAME_LABEL | "apps.kubernetes.io/pod-index" => self == Self::StatefulSet,
            "controller-revision-hash" => matches!(self, Self::StatefulSet | Self::DaemonSet),
            "pod-template-generation" => self == Self::DaemonSet,
            "pod-template-hash" => self == Self::Deployment,
            "job-name"
            | "controller-uid"
            | "batch.kubernetes.io/job-name"
            | "batch.kubernetes.io/controller-uid"
            | "batch.kubernetes.io/job-completion-index" => {
                matches!(self, Self::Job | Self::CronJob)
            }
            _ => false,
        }
    }
}

impl<'a, 't> Workload<'a, 't> {
    /// The view of an object that makes pods and has a template.
    pub fn of(object: &'a Object<'t>) -> Option<Self> {
        let kind = object.workload?;
        let template = object.root.at(kind.template_path())?;
        Some(Self {
            object,
            kind,
            template,
        })
    }

    /// The labels that its pods get from the template.
    pub fn pod_labels(&self) -> Option<Node<'t>> {
        self.template.at(&["metadata", "labels"])
    }

    /// The pod's spec.
    pub fn pod_spec(&self) -> Option<Node<'t>> {
        self.template.at(&["spec"])
    }

    /// The selector of the controller, where it is written.
    pub fn selector(&self) -> Option<Node<'t>> {
        self.object.root.at(&["spec", "selector"])
    }

    /// Containers that run beside each other, sidecars among the init containers included.
    pub fn containers(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let list = |spec: Option<Node<'t>>, key| spec.and_then(|s| s.get(key));
        let main = list(self.pod_spec(), "containers");
        let init = list(self.pod_spec(), "initContainers");
        let sidecars = init
            .into_iter()
            .flat_map(Node::items)
            .filter(|c| c.get("restartPolicy").and_then(Node::as_str) == Some("Always"));
        main.into_iter().flat_map(Node::items).chain(sidecars)
    }

    /// All containers, init containers included.
    pub fn all_containers(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let spec = self.pod_spec();
        ["containers", "initContainers"]
            .into_iter()
            .filter_map(move |key| spec?.get(key))
            .flat_map(Node::items)
    }

    /// The ports that its running containers declare.
    pub fn ports(&self) -> impl Iterator<Item = ContainerPort<'t>> + use<'t> {
        self.containers().flat_map(container_ports)
    }

    /// The volumes of its pods.
    pub fn volumes(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let volumes = self.pod_spec().and_then(|spec| spec.get("volumes"));
        volumes.into_iter().flat_map(Node::items)
    }

    /// The claim templates of a StatefulSet.
    pub fn claim_templates(&self) -> impl Iterator<Item = Node<'t>> + use<'t> {
        let written = || self.object.root.at(&["spec", "volumeClaimTemplates"]);
        let is_set = self.kind == WorkloadKind::StatefulSet;
        let templates = is_set.then(written).flatten();
        templates.into_iter().flat_map(Node::items)
    }
}

/// The ports that a container declares.
pub fn container_ports<'t>(
    container: Node<'t>,
) -> impl Iterator<Item = ContainerPort<'t>> + use<'t> {
    let ports = container.get("ports").into_iter();
    ports.flat_map(Node::items).map(|node| ContainerPort {
        node,
        name: node.get("name").and_then(Node::as_str).unwrap_or(""),
        number: node.get("containerPort").and_then(Node::as_i64),
        protocol: node
            .get("protocol")
            .and_then(Node::as_str)
            .filter(|protocol| !protocol.is_empty())
            .unwrap_or("TCP"),
    })
}
