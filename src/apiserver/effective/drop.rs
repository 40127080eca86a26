//! Fields of pods that the server drops since their feature is off.
//!
//! Mirrors `dropDisabledFields` in `pkg/api/pod/util.go`. What an accepted older object uses may
//! stay there; but that went through the same functions, so it uses nothing of the kind.

use std::collections::BTreeSet;

use super::core::CONTAINERS;
use super::volumes::projected_sources;
use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `DropDisabledTemplateFields` of the pod template under `template` of a workload's `spec`.
pub fn drop_disabled_template_fields(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    if let Some(template) = object.get(spec, "template") {
        drop_disabled_fields(object, template, gates);
    }
}

/// `DropDisabledPodFields` of a pod.
pub fn drop_disabled_pod_fields(object: &mut Effective<'_>, gates: &Gates) {
    drop_disabled_fields(object, object.root(), gates);
}

/// `dropDisabledFields` of a pod or a template.
fn drop_disabled_fields(object: &mut Effective<'_>, pod: Id, gates: &Gates) {
    let Some(spec) = object.get(pod, "spec") else {
        return;
    };
    let mut drop = Drop { object, gates };
    drop.of_spec(spec);
    drop.match_label_keys(spec);
    drop.image_volumes(spec);
    for volume in drop.object.items(spec, "volumes") {
        drop.of_volume(volume);
    }
    for list in CONTAINERS {
        for container in drop.object.items(spec, list) {
            drop.of_container(container, list == "initContainers");
        }
    }
    if let Some(annotations) = object.at(pod, &["metadata", "annotations"]) {
        drop_init_container_annotations(object, annotations);
    }
}

/// `DropInitContainerAnnotations`.
fn drop_init_container_annotations(object: &mut Effective<'_>, annotations: Id) {
    for key in [
        "pod.beta.kubernetes.io/init-containers",
        "pod.alpha.kubernetes.io/init-containers",
        "pod.beta.kubernetes.io/init-container-statuses",
        "pod.alpha.kubernetes.io/init-container-statuses",
    ] {
        object.drop_field(annotations, key, None);
    }
}

/// The gate of the users of volumes' files.
const USERS: &str = "AtomicWriteVolumeUserFields";

struct Drop<'o, 't, 'g> {
    object: &'o mut Effective<'t>,
    gates: &'g Gates,
}

impl Drop<'_, '_, '_> {
    /// Drops a field unless its feature is on.
    fn unless(&mut self, on: bool, of: Id, key: &str, gate: &'static str) {
        if !on {
            self.object.drop_field(of, key, Some(gate));
        }
    }

    fn of_spec(&mut self, spec: Id) {
        let gates = self.gates;
        self.unless(
            gates.user_namespaces,
            spec,
            "hostUsers",
            "UserNamespacesSupport",
        );
        self.unless(
            gates.pod_level_resources,
            spec,
            "resources",
            "PodLevelResources",
        );
        let dra = "DynamicResourceAllocation";
        self.unless(
            gates.dynamic_resource_allocation,
            spec,
            "resourceClaims",
            dra,
        );
        self.unless(
            gates.hostname_override,
            spec,
            "hostnameOverride",
            "HostnameOverride",
        );
        self.unless(false, spec, "workloadRef", "GenericWorkload");
        self.unless(false, spec, "schedulingGroup", "GenericWorkload");
        self.unless(false, spec, "evictionResponders", "EvictionRequestAPI");
        if let Some(context) = self.object.get(spec, "securityContext") {
            let gate = "SupplementalGroupsPolicy";
            let key = "supplementalGroupsPolicy";
            self.unless(gates.supplemental_groups_policy, context, key, gate);
            let gate = "SELinuxChangePolicy";
            self.unless(
                gates.selinux_change_policy,
                context,
                "seLinuxChangePolicy",
                gate,
            );
        }
    }

    /// `dropDisabledMatchLabelKeysFieldInPodAffinity`.
    fn match_label_keys(&mut self, spec: Id) {
        if self.gates.match_label_keys_in_pod_affinity {
            return;
        }
        for kind in ["podAffinity", "podAntiAffinity"] {
            let Some(affinity) = self.object.at(spec, &["affinity", kind]) else {
                continue;
            };
            let required = "requiredDuringSchedulingIgnoredDuringExecution";
            let preferred = "preferredDuringSchedulingIgnoredDuringExecution";
            let mut terms = self.object.items(affinity, required);
            for weighted in self.object.items(affinity, preferred) {
                terms.extend(self.object.get(weighted, "podAffinityTerm"));
            }
            for term in terms {
                let gate = Some("MatchLabelKeysInPodAffinity");
                self.object.drop_field(term, "matchLabelKeys", gate);
                self.object.drop_field(term, "mismatchLabelKeys", gate);
            }
        }
    }

    /// `dropImageVolumes`: the volumes, and the mounts of their names.
    fn image_volumes(&mut self, spec: Id) {
        if self.gates.image_volumes {
            return;
        }
        let Some(volumes) = self.object.get(spec, "volumes") else {
            return;
        };
        let gate = Some("ImageVolume");
        let mut images = self.object.items(spec, "volumes");
        images.retain(|volume| self.object.get(*volume, "image").is_some());
        let names = images
            .iter()
            .map(|volume| self.object.text(*volume, "name"));
        let names: BTreeSet<&str> = names.collect();
        self.object.drop_items(volumes, &images, gate);
        let lists = CONTAINERS.into_iter();
        let containers = lists.flat_map(|list| self.object.children_of(spec, list));
        for container in containers.collect::<Vec<_>>() {
            let mut mounts = self.object.items(container, "volumeMounts");
            mounts.retain(|mount| names.contains(self.object.text(*mount, "name")));
            if let Some(list) = self.object.get(container, "volumeMounts") {
                self.object.drop_items(list, &mounts, gate);
            }
        }
    }

    fn of_volume(&mut self, volume: Id) {
        let gates = self.gates;
        if let Some(empty_dir) = self.object.get(volume, "emptyDir") {
            self.unless(false, empty_dir, "mode", "EmptyDirVolumeMode");
        }
        for source in projected_sources(self.object, volume) {
            let gate = "ClusterTrustBundleProjection";
            self.unless(
                gates.cluster_trust_bundles,
                source,
                "clusterTrustBundle",
                gate,
            );
            let gate = "PodCertificateRequest";
            self.unless(gates.pod_certificates, source, "podCertificate", gate);
        }
        self.users_of_volume(volume);
    }

    /// `dropDisabledAtomicWriteVolumeUserFields`, which looks at the first source that a volume or
    /// a projection has, and leaves the others as they are.
    fn users_of_volume(&mut self, volume: Id) {
        let keys = ["secret", "configMap", "downwardAPI", "projected"];
        let Some((kind, source)) = self.first_of(volume, &keys) else {
            return;
        };
        self.unless(false, source, "defaultUser", USERS);
        if kind != "projected" {
            self.users_of_items(source);
            return;
        }
        for source in projected_sources(self.object, volume) {
            let keys = [
                "secret",
                "downwardAPI",
                "configMap",
                "serviceAccountToken",
                "clusterTrustBundle",
                "podCertificate",
            ];
            if let Some((_, part)) = self.first_of(source, &keys) {
                self.users_of_items(part);
                self.unless(false, part, "user", USERS);
            }
        }
    }

    fn first_of(&self, holder: Id, keys: &[&'static str]) -> Option<(&'static str, Id)> {
        let found = |key: &&'static str| Some((*key, self.object.get(holder, key)?));
        keys.iter().find_map(found)
    }

    fn users_of_items(&mut self, source: Id) {
        for item in self.object.items(source, "items") {
            self.unless(false, item, "user", USERS);
        }
    }

    fn of_container(&mut self, container: Id, init: bool) {
        let gates = self.gates;
        self.proc_mount(container);
        let resize = "InPlacePodVerticalScaling";
        self.unless(gates.in_place_resize, container, "resizePolicy", resize);
        let rules = "ContainerRestartRules";
        let kept = !gates.drops_restart_rules;
        if !(init && self.object.text(container, "restartPolicy") == "Always") {
            self.unless(kept, container, "restartPolicy", rules);
        }
        self.unless(kept, container, "restartPolicyRules", rules);
        if let Some(resources) = self.object.get(container, "resources") {
            let dra = "DynamicResourceAllocation";
            self.unless(gates.dynamic_resource_allocation, resources, "claims", dra);
        }
        for mount in self.object.items(container, "volumeMounts") {
            let gate = "RecursiveReadOnlyMounts";
            self.unless(
                gates.recursive_read_only_mounts,
                mount,
                "recursiveReadOnly",
                gate,
            );
            self.unless(false, mount, "bindMountOptions", "VolumeBindMountOptions");
        }
        for variable in self.object.items(container, "env") {
            if let Some(from) = self.object.get(variable, "valueFrom") {
                self.unless(gates.env_files, from, "fileKeyRef", "EnvFiles");
            }
        }
        for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
            if let Some(probe) = self.object.get(container, key) {
                self.of_handler(probe);
            }
        }
        self.of_lifecycle(container);
    }

    fn of_handler(&mut self, handler: Id) {
        if let Some(get) = self.object.get(handler, "httpGet") {
            self.unless(false, get, "protocol", "H2CContainerProbe");
        }
        if let Some(grpc) = self.object.get(handler, "grpc") {
            self.unless(false, grpc, "mode", "GRPCContainerProbeTLS");
        }
    }

    /// `dropPodLifecycleSleepAction` and `dropContainerStopSignals`.
    fn of_lifecycle(&mut self, container: Id) {
        let Some(lifecycle) = self.object.get(container, "lifecycle") else {
            return;
        };
        for key in ["preStop", "postStart"] {
            if let Some(handler) = self.object.get(lifecycle, key) {
                let on = self.gates.sleep_action;
                self.unless(on, handler, "sleep", "PodLifecycleSleepAction");
                self.of_handler(handler);
            }
        }
        if self.object.get(lifecycle, "stopSignal").is_some() {
            self.unless(false, lifecycle, "stopSignal", "ContainerStopSignals");
            let mut left = self.object.children(lifecycle).into_iter();
            if left.all(|id| self.object.value(id).kind() == Kind::Null) {
                self.object.remove(container, "lifecycle");
            }
        }
    }

    /// `dropDisabledProcMountField`, which says `Default` instead.
    fn proc_mount(&mut self, container: Id) {
        let Some(context) = self.object.get(container, "securityContext") else {
            return;
        };
        let written = self.object.get(context, "procMount").is_some();
        let written = written && self.object.text(context, "procMount") != "Default";
        if !self.gates.proc_mount && written {
            self.unless(false, context, "procMount", "ProcMountType");
            self.object
                .set(context, "procMount", Kind::String, "Default");
        }
    }
}
