//! The three lists of containers of a pod.
//!
//! Mirrors `validateContainers`, `validateInitContainers` and `validateEphemeralContainers` in
//! `pkg/apis/core/validation/validation.go`. The parts of a container have files of their own.

use super::PodOptions;
use super::env::{validate_env, validate_env_from};
use super::mounts::{validate_volume_devices, validate_volume_mounts};
use super::ports::{accumulate_unique_host_ports, validate_container_ports};
use super::probes::{validate_lifecycle, validate_liveness_probe, validate_readiness_probe};
use super::resources::validate_container_resource_requirements;
use super::restarts::{
    validate_container_restart_policy, validate_init_container_resize_policy,
    validate_init_container_restart_policy, validate_resize_policy,
};
use super::security::validate_container_security_context;
use super::volumes::Volumes;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_dns1123_label;
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;

/// The pod around a container.
#[derive(Clone, Copy)]
struct Pod<'a, 'p, 'v> {
    spec: &'a Field<'p, 'v>,
    volumes: &'a Volumes<'v>,
    options: &'a PodOptions,
}

/// `validateContainers`, `validateInitContainers` and `validateEphemeralContainers` of a pod's
/// spec, in upstream's order.
pub fn validate_all_containers(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    volumes: &Volumes<'_>,
    options: &PodOptions,
) {
    let pod = Pod {
        spec,
        volumes,
        options,
    };
    validate_containers(v, pod);
    validate_init_containers(v, pod);
    validate_ephemeral_containers(v, pod);
}

/// `validateContainers`.
fn validate_containers(v: &mut Validation, pod: Pod<'_, '_, '_>) {
    let options = pod.options;
    let containers = pod.spec.key("containers");
    if containers.is_empty() {
        v.required("CON-01", &containers, "");
        return;
    }
    let mut all_names = Seen::new();
    for container in containers.items() {
        validate_container_common(v, &container, pod);
        let name = container.key("name");
        if !all_names.insert(name.text()) {
            v.duplicate("CON-04", &name);
        }
        validate_lifecycle_and_probes(v, &container, pod);
        let policy = container.key("restartPolicy");
        if options.allow_container_restart_policy_rules {
            validate_container_restart_policy(v, &container, options);
        } else if policy.is_set() {
            let detail = "may not be set for non-init containers";
            v.forbidden("INI-04", &policy, detail);
        }
    }
    let mut host_ports = Seen::new();
    for container in containers.items() {
        accumulate_unique_host_ports(v, &container, &mut host_ports);
    }
}

/// `validateInitContainers`.
fn validate_init_containers(v: &mut Validation, pod: Pod<'_, '_, '_>) {
    let options = pod.options;
    let mut all_names = Seen::new();
    for container in pod.spec.key("containers").items() {
        all_names.insert(container.key("name").text());
    }
    let containers = pod.spec.key("initContainers");
    for container in containers.items() {
        validate_container_common(v, &container, pod);
        validate_init_container_restart_policy(v, &container, options);
        let name = container.key("name");
        if all_names.has(name.text()) {
            v.duplicate("CON-04", &name);
        } else if !name.text().is_empty() {
            all_names.insert(name.text());
        }
        // Upstream gives each container in a list of its own, so the index in its path is 0.
        let alone = containers.child(Step::Index(0), container.value());
        accumulate_unique_host_ports(v, &alone, &mut Seen::new());
        if container.key("restartPolicy").text() == "Always" {
            validate_lifecycle_and_probes(v, &container, pod);
        } else {
            for key in [
                "lifecycle",
                "livenessProbe",
                "readinessProbe",
                "startupProbe",
            ] {
                let field = container.key(key);
                if field.is_set() {
                    let detail = "may not be set for init containers without restartPolicy=Always";
                    v.forbidden("INI-01", &field, detail);
                }
            }
        }
        validate_init_container_resize_policy(v, &container, options);
    }
}

/// `validateEphemeralContainers`.
fn validate_ephemeral_containers(v: &mut Validation, pod: Pod<'_, '_, '_>) {
    let containers = pod.spec.key("ephemeralContainers");
    if containers.is_empty() {
        return;
    }
    let (mut other_names, mut all_names) = (Seen::new(), Seen::new());
    for list in ["containers", "initContainers"] {
        for container in pod.spec.key(list).items() {
            other_names.insert(container.key("name").text());
            all_names.insert(container.key("name").text());
        }
    }
    for container in containers.items() {
        validate_container_common(v, &container, pod);
        validate_container_only_for_pod(v, &container);
        let name = container.key("name");
        if !all_names.insert(name.text()) {
            v.duplicate("CON-04", &name);
        }
        let target = container.key("targetContainerName");
        if !target.text().is_empty() && !other_names.has(target.text()) {
            v.not_found("INI-13", &target);
        }
        validate_ephemeral_fields(v, &container);
        for mount in container.key("volumeMounts").items() {
            for key in ["subPath", "subPathExpr"] {
                let path = mount.key(key);
                if !path.text().is_empty() {
                    v.forbidden("INI-14", &path, NOT_EPHEMERAL);
                }
            }
        }
    }
}

const NOT_EPHEMERAL: &str = "cannot be set for an Ephemeral Container";

/// `validateFieldAllowList`, asked about all fields that aren't allowed. Go tells an empty list
/// from none.
fn validate_ephemeral_fields(v: &mut Validation, container: &Field<'_, '_>) {
    for key in [
        "ports",
        "resources",
        "resizePolicy",
        "restartPolicy",
        "restartPolicyRules",
        "livenessProbe",
        "readinessProbe",
        "startupProbe",
        "lifecycle",
    ] {
        let field = container.key(key);
        let set = match key {
            "resources" => ["limits", "requests", "claims"]
                .iter()
                .any(|list| field.key(list).is_set()),
            _ => field.is_set(),
        };
        if set {
            v.forbidden("INI-12", &field, NOT_EPHEMERAL);
        }
    }
}

/// `validateContainerCommon`.
fn validate_container_common(v: &mut Validation, container: &Field<'_, '_>, pod: Pod<'_, '_, '_>) {
    let name = container.key("name");
    if name.text().is_empty() {
        v.required("CON-02", &name, "");
    } else {
        v.invalid_each("CON-03", &name, is_dns1123_label(name.text()));
    }
    let image = container.key("image");
    if image.text().is_empty() {
        v.required("CON-05", &image, "");
    }
    let policy = container.key("terminationMessagePolicy");
    let policies = ["File", "FallbackToLogsOnError"];
    if !policies.contains(&policy.text()) {
        v.not_supported("CON-07", &policy, &policies);
    }
    validate_container_ports(v, &container.key("ports"));
    validate_env(v, &container.key("env"), pod.options);
    validate_env_from(v, &container.key("envFrom"), pod.options);
    validate_volume_mounts(v, container, pod.volumes);
    validate_volume_devices(v, container, pod.volumes);
    validate_pull_policy(v, &container.key("imagePullPolicy"));
    let resources = container.key("resources");
    let claims = pod.spec.key("resourceClaims");
    validate_container_resource_requirements(v, &resources, &claims, pod.options);
    let restart_policy = pod.spec.key("restartPolicy");
    validate_resize_policy(v, &container.key("resizePolicy"), &restart_policy);
    let host_users = pod.spec.key("hostUsers").bool_pointer().unwrap_or(true);
    let context = container.key("securityContext");
    validate_container_security_context(v, &context, host_users, pod.options);
}

/// `validatePullPolicy`.
fn validate_pull_policy(v: &mut Validation, policy: &Field<'_, '_>) {
    let policies = ["Always", "IfNotPresent", "Never"];
    if !policies.contains(&policy.text()) {
        v.not_supported("CON-06", policy, &policies);
    }
}

/// What regular containers and sidecars may have, and plain init containers may not.
fn validate_lifecycle_and_probes(
    v: &mut Validation,
    container: &Field<'_, '_>,
    pod: Pod<'_, '_, '_>,
) {
    let grace_period = pod.spec.key("terminationGracePeriodSeconds");
    let lifecycle = container.key("lifecycle");
    validate_lifecycle(v, &lifecycle, &grace_period, pod.options);
    validate_liveness_probe(v, &container.key("livenessProbe"));
    validate_readiness_probe(v, &container.key("readinessProbe"));
    validate_liveness_probe(v, &container.key("startupProbe"));
}

/// `validateContainersOnlyForPod`: what pods are asked, and templates aren't.
pub fn validate_containers_only_for_pod(v: &mut Validation, containers: &Field<'_, '_>) {
    for container in containers.items() {
        validate_container_only_for_pod(v, &container);
    }
}

/// `validateContainerOnlyForPod`.
fn validate_container_only_for_pod(v: &mut Validation, container: &Field<'_, '_>) {
    let image = container.key("image");
    if image.text().trim() != image.text() {
        let detail = "must not have leading or trailing whitespace";
        v.invalid("POD-31", &image, detail);
    }
}
