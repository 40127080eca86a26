//! Which kinds are modelled, and by which functions: the one list.
//!
//! Mirrors the strategies under `pkg/registry`, and the order in which
//! `apiserver/pkg/registry/rest` calls them (`BeforeCreate`, `BeforeUpdate`).

use super::allocation;
use super::effective::kept::Merge;
use super::effective::{self, Effective};
use super::errors::{Error, Validation};
use super::field::Field;
use super::gates::Gates;
use super::schema::Table;
use super::validation::{
    apps, autoscaling, batch, claim, meta, pod, policy, replication_controller, service,
};
use super::warnings::{self, workloads};
use crate::minor::Minor;
use crate::tree::Node;

/// How the server treats a kind.
#[derive(Debug)]
pub struct Strategy {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version in the group.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// Whether its objects live in namespaces (`NamespaceScoped`).
    pub namespaced: bool,
    /// Fills in the defaults of the version (`SetDefaults_…`, `SetObjectDefaults_…`).
    defaults: fn(&mut Effective<'_>, &Gates),
    /// Drops fields of disabled features and wipes what the server owns (`PrepareForCreate`).
    prepare: fn(&mut Effective<'_>, &Gates),
    /// `Validate`.
    validate: fn(&mut Validation, &Field<'_, '_>),
    /// `ValidateUpdate`: the new object, then the old one.
    validate_update: fn(&mut Validation, &Field<'_, '_>, &Field<'_, '_>),
    /// `WarningsOnCreate`.
    warnings: fn(&mut Validation, &Field<'_, '_>),
    /// `WarningsOnUpdate`: the new object, then the old one.
    warnings_on_update: fn(&mut Validation, &Field<'_, '_>, &Field<'_, '_>),
}

/// Every kind that is modelled.
pub static STRATEGIES: &[Strategy] = &[
    Strategy {
        group: "apps",
        version: "v1",
        kind: "DaemonSet",
        namespaced: true,
        defaults: effective::apps::daemon_set,
        prepare: effective::apps::prepare_daemon_set,
        validate: apps::daemon_set::validate_daemon_set,
        validate_update: apps::daemon_set::validate_daemon_set_update,
        warnings: workloads::of_daemon_set,
        warnings_on_update: workloads::of_daemon_set_update,
    },
    Strategy {
        group: "apps",
        version: "v1",
        kind: "Deployment",
        namespaced: true,
        defaults: effective::apps::deployment,
        prepare: effective::apps::prepare_deployment,
        validate: apps::deployment::validate_deployment,
        validate_update: apps::deployment::validate_deployment_update,
        warnings: workloads::of_deployment,
        warnings_on_update: workloads::of_deployment_update,
    },
    Strategy {
        group: "apps",
        version: "v1",
        kind: "ReplicaSet",
        namespaced: true,
        defaults: effective::apps::replica_set,
        prepare: effective::apps::prepare,
        validate: apps::replica_set::validate_replica_set,
        validate_update: apps::replica_set::validate_replica_set_update,
        warnings: workloads::of_deployment,
        warnings_on_update: workloads::of_replica_set_update,
    },
    Strategy {
        group: "apps",
        version: "v1",
        kind: "StatefulSet",
        namespaced: true,
        defaults: effective::apps::stateful_set,
        prepare: effective::apps::prepare_stateful_set,
        validate: apps::stateful_set::validate_stateful_set,
        validate_update: apps::stateful_set::validate_stateful_set_update,
        warnings: workloads::of_stateful_set,
        warnings_on_update: workloads::of_stateful_set_update,
    },
    Strategy {
        group: "",
        version: "v1",
        kind: "Service",
        namespaced: true,
        defaults: effective::service::service,
        prepare: effective::service::prepare_service,
        validate: service::validate_service_create,
        validate_update: service::validate_service_update,
        warnings: warnings::service::warnings_for_service,
        warnings_on_update: |v, new, _| warnings::service::warnings_for_service(v, new),
    },
    Strategy {
        group: "",
        version: "v1",
        kind: "PersistentVolumeClaim",
        namespaced: true,
        defaults: effective::claim::persistent_volume_claim,
        prepare: effective::claim::prepare_persistent_volume_claim,
        validate: claim::validate_persistent_volume_claim_create,
        validate_update: claim::validate_persistent_volume_claim_put,
        warnings: warnings::claim::warnings_for_persistent_volume_claim,
        warnings_on_update: |v, new, _| {
            warnings::claim::warnings_for_persistent_volume_claim(v, new)
        },
    },
    Strategy {
        group: "autoscaling",
        version: "v1",
        kind: "HorizontalPodAutoscaler",
        namespaced: true,
        defaults: effective::autoscaling::horizontal_pod_autoscaler_v1,
        prepare: effective::autoscaling::prepare_horizontal_pod_autoscaler,
        validate: autoscaling::validate_horizontal_pod_autoscaler,
        validate_update: autoscaling::validate_horizontal_pod_autoscaler_update,
        warnings: no_warnings,
        warnings_on_update: no_warnings_on_update,
    },
    Strategy {
        group: "autoscaling",
        version: "v2",
        kind: "HorizontalPodAutoscaler",
        namespaced: true,
        defaults: effective::autoscaling::horizontal_pod_autoscaler,
        prepare: effective::autoscaling::prepare_horizontal_pod_autoscaler,
        validate: autoscaling::validate_horizontal_pod_autoscaler,
        validate_update: autoscaling::validate_horizontal_pod_autoscaler_update,
        warnings: no_warnings,
        warnings_on_update: no_warnings_on_update,
    },
    Strategy {
        group: "batch",
        version: "v1",
        kind: "CronJob",
        namespaced: true,
        defaults: effective::batch::cron_job,
        prepare: effective::batch::prepare_cron_job,
        validate: batch::cron_job::validate_cron_job,
        validate_update: batch::cron_job::validate_cron_job_update,
        warnings: workloads::of_cron_job,
        warnings_on_update: workloads::of_cron_job_update,
    },
    Strategy {
        group: "batch",
        version: "v1",
        kind: "Job",
        namespaced: true,
        defaults: effective::batch::job,
        prepare: effective::batch::prepare_job,
        validate: batch::job::validate_job,
        validate_update: batch::job::validate_job_update,
        warnings: workloads::of_job,
        warnings_on_update: workloads::of_job_update,
    },
    Strategy {
        group: "policy",
        version: "v1",
        kind: "PodDisruptionBudget",
        namespaced: true,
        defaults: effective::policy::pod_disruption_budget,
        prepare: effective::policy::prepare_pod_disruption_budget,
        validate: policy::validate_pod_disruption_budget,
        validate_update: policy::validate_pod_disruption_budget_update,
        warnings: no_warnings,
        warnings_on_update: no_warnings_on_update,
    },
    Strategy {
        group: "",
        version: "v1",
        kind: "Pod",
        namespaced: true,
        defaults: effective::core::pod,
        prepare: effective::core::drop_disabled_pod_fields,
        validate: pod::whole::validate_pod,
        validate_update: pod::update::validate_pod_update,
        warnings: workloads::of_pod,
        warnings_on_update: no_warnings_on_update,
    },
    Strategy {
        group: "",
        version: "v1",
        kind: "ReplicationController",
        namespaced: true,
        defaults: effective::replication_controller::replication_controller,
        prepare: effective::apps::prepare,
        validate: replication_controller::validate_replication_controller,
        validate_update: replication_controller::validate_replication_controller_update,
        warnings: workloads::of_deployment,
        warnings_on_update: workloads::of_replication_controller_update,
    },
];

/// What the server says to an object that it could decode.
#[derive(Debug)]
pub struct Admission<'t> {
    /// The object as it would be stored.
    pub effective: Effective<'t>,
    /// What it found. Errors: the server rejects the object, and sends no warnings.
    pub validation: Validation,
    /// Annotations that the server adds, keys and values: texts that `effective` can't hold, since
    /// they stand nowhere in the source.
    pub annotations: Vec<(String, String)>,
    /// Faults that hang on the cluster, where that isn't known.
    pub of_cluster: Vec<Error>,
}

/// The cluster that an object is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cluster {
    /// IPv4 only, the Service addresses 10.0.0.0/16, node ports from 30000 to 32767, nothing taken.
    Plain,
    /// Nobody knows: what hangs on it is set aside.
    Unknown,
}

/// The rows of what hangs on the cluster: its address families and ranges, what is taken there,
/// and whether a claim is bound.
const OF_CLUSTER: [&str; 8] = [
    "PVU-09", "SVA-03", "SVA-04", "SVA-05", "SVA-07", "SVA-08", "SVA-10", "SVA-12",
];

impl Cluster {
    /// Takes the faults out that hang on a cluster that nobody knows.
    fn set_aside(self, v: &mut Validation) -> Vec<Error> {
        if self == Self::Plain || v.errors.is_empty() {
            return Vec::new();
        }
        v.take_out(&OF_CLUSTER)
    }
}

impl Strategy {
    /// The strategy of a kind; `None`: it isn't modelled.
    pub fn of(group: &str, version: &str, kind: &str) -> Option<&'static Self> {
        STRATEGIES
            .iter()
            .find(|s| s.kind == kind && s.group == group && s.version == version)
    }

    /// The object with its defaults, without what the server drops.
    fn effective<'t>(&self, object: Node<'t>, gates: &Gates) -> Effective<'t> {
        self.filled_in(Effective::copy_of(object), gates)
    }

    fn filled_in<'t>(&self, mut effective: Effective<'t>, gates: &Gates) -> Effective<'t> {
        effective::meta::prepare(&mut effective, self.namespaced);
        (self.defaults)(&mut effective, gates);
        (self.prepare)(&mut effective, gates);
        effective
    }

    /// What the server says to the creation of an object that decodes.
    pub fn create<'t>(&self, object: Node<'t>, minor: Minor, cluster: Cluster) -> Admission<'t> {
        self.create_with(object, Gates::of(minor), cluster)
    }

    /// What is wrong with the pods that an accepted object will have made, where the server
    /// doesn't look at its template: StatefulSets before 1.34. `None`: it does.
    pub fn create_pods<'t>(&self, object: Node<'t>, minor: Minor) -> Option<Admission<'t>> {
        let mut gates = Gates::of(minor);
        if gates.stateful_set_templates || self.kind != "StatefulSet" {
            return None;
        }
        gates.stateful_set_templates = true;
        Some(self.create_with(object, gates, Cluster::Unknown))
    }

    fn create_with<'t>(&self, object: Node<'t>, gates: Gates, cluster: Cluster) -> Admission<'t> {
        let mut effective = self.effective(object, &gates);
        let mut validation = Validation::new(gates);
        self.begin_create(&mut validation, &mut effective);
        let of_cluster = cluster.set_aside(&mut validation);
        if validation.errors.is_empty() {
            self.validate_create(&mut validation, &effective);
        }
        self.decorate(&mut effective, &gates);
        let annotations = if self.group.is_empty() && self.kind == "Pod" {
            let root = Field::root(effective.value(effective.root()));
            pod::app_armor_annotations_from_fields(&validation, &root)
        } else {
            Vec::new()
        };
        Admission {
            effective,
            validation,
            annotations,
            of_cluster,
        }
    }

    /// What the server says to a PUT of an object that decodes over one that it accepted.
    pub fn update<'t>(
        &self,
        object: Node<'t>,
        old: Node<'t>,
        minor: Minor,
        cluster: Cluster,
    ) -> Admission<'t> {
        let gates = Gates::of(minor);
        let before = self.stored(old, &gates);
        self.put(Effective::copy_of(object), before, gates, cluster)
    }

    /// What the server says where both versions are applied, the old one first, and nobody else
    /// writes.
    pub fn apply<'t>(
        &self,
        object: Node<'t>,
        old: Node<'t>,
        merge: Merge,
        cluster: Cluster,
    ) -> Admission<'t> {
        let gates = Gates::of(merge.minor);
        let before = self.stored(old, &gates);
        let mut effective = Effective::copy_of(object);
        let table = Table::builtin();
        if let Some(kind) = table.kind(merge.minor, self.group, self.version, self.kind) {
            merge.keep(&mut effective, &before, kind.root);
        }
        self.put(effective, before, gates, cluster)
    }

    /// An object as it is once it is created.
    fn stored<'t>(&self, object: Node<'t>, gates: &Gates) -> Effective<'t> {
        let mut effective = self.effective(object, gates);
        self.begin_create(&mut Validation::new(*gates), &mut effective);
        effective::meta::prepare_for_update(&mut effective);
        effective
    }

    /// What the server says to a PUT of an object without defaults over what is stored.
    fn put<'t>(
        &self,
        object: Effective<'t>,
        before: Effective<'t>,
        gates: Gates,
        cluster: Cluster,
    ) -> Admission<'t> {
        let mut effective = self.filled_in(object, &gates);
        let mut validation = Validation::new(gates);
        self.begin_update(&mut validation, &mut effective, &before);
        let mut of_cluster = cluster.set_aside(&mut validation);
        if validation.errors.is_empty() {
            self.validate_put(&mut validation, &effective, &before.as_old());
            of_cluster.extend(cluster.set_aside(&mut validation));
        }
        self.decorate(&mut effective, &gates);
        Admission {
            effective,
            validation,
            annotations: Vec::new(),
            of_cluster,
        }
    }

    /// What a creation fills in or drops, and an update otherwise: by the handlers, the storage of
    /// Services, `PrepareForCreate` of Pods and claims.
    fn begin_create(&self, v: &mut Validation, object: &mut Effective<'_>) {
        dedup_owner_references(v, object);
        let sets_generation = match (self.group, self.kind) {
            ("", "Service" | "PersistentVolumeClaim") => false,
            ("", "Pod") => v.gates.pod_generations,
            ("autoscaling", _) => v.gates.hpa_generations,
            _ => true,
        };
        effective::meta::prepare_for_create(object, sets_generation);
        match (self.group, self.kind) {
            ("", "Service") => allocation::begin_create(v, object),
            ("", "Pod") => {
                let root = Field::root(object.value(object.root()));
                warnings::pod::warnings_for_app_armor(v, &root);
                effective::pod::prepare_for_create(object, &v.gates);
            }
            ("", "PersistentVolumeClaim") => effective::claim::prepare_data_sources(object, None),
            ("batch", "Job") => effective::batch::prepare_job_for_create(object, &v.gates),
            _ => {}
        }
    }

    /// What the storage changes in what it returns.
    fn decorate(&self, object: &mut Effective<'_>, gates: &Gates) {
        match (self.group, self.kind) {
            ("", "Service") => allocation::default_on_read(object),
            ("autoscaling", _) if self.version == "v1" => {
                effective::autoscaling::to_annotations(object, gates);
            }
            ("apps", "Deployment" | "DaemonSet") => {
                effective::apps::to_annotations(object, self.kind);
            }
            _ => {}
        }
    }

    /// What an update takes over from the old object.
    fn begin_update<'t>(&self, v: &mut Validation, new: &mut Effective<'t>, old: &Effective<'t>) {
        dedup_owner_references(v, new);
        effective::meta::prepare_for_update(new);
        effective::meta::take_namespace(new, old);
        match (self.group, self.kind) {
            ("", "Service") => allocation::begin_update(v, new, old),
            ("", "Pod") => effective::pod::prepare_for_update(new, old, &v.gates),
            ("", "PersistentVolumeClaim") => effective::claim::prepare_data_sources(new, Some(old)),
            _ => {}
        }
    }

    /// `rest.ValidateCreate`, and the warnings.
    fn validate_create(&self, v: &mut Validation, effective: &Effective<'_>) {
        let root = Field::root(effective.value(effective.root()));
        (self.validate)(v, &root);
        if v.errors.is_empty() {
            let (metadata, format) = (root.key("metadata"), meta::validate_path_segment);
            meta::validate_object_meta_accessor(v, &metadata, self.namespaced, format);
        }
        if v.gates.merges_alike {
            v.merge_alike();
        }
        if v.errors.is_empty() {
            (self.warnings)(v, &root);
        }
    }

    /// `rest.ValidateUpdate`, and the warnings.
    fn validate_put(&self, v: &mut Validation, effective: &Effective<'_>, old: &Effective<'_>) {
        let new_root = Field::root(effective.value(effective.root()));
        let old_root = Field::root(old.value(old.root()));
        self.validate_common_fields(v, &new_root, &old_root);
        (self.validate_update)(v, &new_root, &old_root);
        if v.gates.merges_alike {
            v.merge_alike();
        }
        if v.errors.is_empty() {
            (self.warnings_on_update)(v, &new_root, &old_root);
        }
    }

    /// `validateCommonFields`.
    fn validate_common_fields(&self, v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
        let (new, old) = (new.key("metadata"), old.key("metadata"));
        let format = meta::validate_path_segment;
        meta::validate_object_meta_accessor(v, &new, self.namespaced, format);
        meta::validate_object_meta_accessor_update(v, &new, &old);
    }
}

/// `dedupOwnerReferencesAndAddWarning`.
pub(super) fn dedup_owner_references(v: &mut Validation, object: &mut Effective<'_>) {
    let duplicates = effective::meta::dedup_owner_references(object);
    if !duplicates.is_empty() {
        let root = Field::root(object.value(object.root()));
        warnings::warn_of_duplicate_owners(v, &root.key("metadata"), &duplicates);
    }
}

fn no_warnings(_: &mut Validation, _: &Field<'_, '_>) {}

fn no_warnings_on_update(_: &mut Validation, _: &Field<'_, '_>, _: &Field<'_, '_>) {}
