//! Pods and pod templates.
//!
//! Mirrors `ValidatePodSpec` in `pkg/apis/core/validation/validation.go`; what it calls lies in
//! the files below, by subject. Not here: templates as a whole (`template`), Pods as a whole
//! (`whole`).

pub mod affinity;
pub mod annotated;
pub mod claims;
pub mod containers;
pub mod dns;
pub mod downward;
pub mod env;
pub mod mounts;
pub mod options;
pub mod paths;
pub mod ports;
pub mod probes;
pub mod resources;
pub mod restarts;
pub mod scheduling;
pub mod security;
pub mod spread;
pub mod template;
pub mod update;
pub mod volumes;
pub mod whole;
pub mod windows;

use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{
    is_dns1123_label, is_dns1123_subdomain, is_in_range, is_qualified_name,
};
use crate::apiserver::validation::labels::validate_labels;

pub use options::PodOptions;
pub use template::{
    app_armor_annotations_from_fields, validate_pod_specific_annotations,
    validate_pod_template_spec,
};

/// `ValidatePodSpec`; `metadata` is that of a Pod, and a template has none here.
pub fn validate_pod_spec(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    metadata: Option<&Field<'_, '_>>,
    options: &PodOptions,
) {
    let volumes = spec.key("volumes");
    let valid_volumes = volumes::validate_volumes(v, &volumes, metadata, options);
    claims::validate_pod_resource_claims(v, &spec.key("resourceClaims"), metadata);
    containers::validate_all_containers(v, spec, &valid_volumes, options);
    resources::validate_pod_resources(v, spec, options);
    validate_pod_host_network_deps(v, spec, options);
    validate_restart_policy(v, &spec.key("restartPolicy"));
    dns::validate_dns_policy(v, &spec.key("dnsPolicy"));
    validate_labels(v, &spec.key("nodeSelector"));
    security::validate_pod_spec_security_context(v, spec, options);
    security::validate_share_process_namespace(v, spec);
    affinity::validate_affinity(v, &spec.key("affinity"), options);
    dns::validate_pod_dns_config(v, spec, options);
    scheduling::validate_readiness_gates(v, &spec.key("readinessGates"));
    scheduling::validate_scheduling_gates(v, &spec.key("schedulingGates"));
    let constraints = spec.key("topologySpreadConstraints");
    spread::validate_topology_spread_constraints(v, &constraints, options);
    windows::validate_windows_host_process_pod(v, spec);
    security::validate_host_users(v, spec, options);
    validate_pod_host_name(v, spec);
    validate_names(v, spec);
    scheduling::validate_tolerations(v, &spec.key("tolerations"), options);
    dns::validate_host_aliases(v, &spec.key("hostAliases"));
    validate_classes(v, spec);
    resources::validate_overhead(v, &spec.key("overhead"), options);
    windows::validate_os(v, spec);
    env::validate_file_key_ref_volumes(v, spec);
}

/// `VisitContainersWithPath` of `pkg/apis/core/pods/helpers.go`.
pub fn visit_containers_with_path<'v>(spec: &Field<'_, 'v>, mut visit: impl FnMut(&Field<'_, 'v>)) {
    for list in ["initContainers", "containers", "ephemeralContainers"] {
        for container in spec.key(list).items() {
            visit(&container);
        }
    }
}

/// Whether a pod has a container, of any of its lists, that is such.
fn any_container<'v>(
    spec: &Field<'_, 'v>,
    mut is_such: impl FnMut(&Field<'_, 'v>) -> bool,
) -> bool {
    let mut any = false;
    visit_containers_with_path(spec, |container| any = any || is_such(container));
    any
}

/// `IsRestartableInitContainer` of `pkg/api/pod/util.go`: whether it is a sidecar.
fn is_restartable_init_container(container: &Field<'_, '_>) -> bool {
    container.key("restartPolicy").text() == "Always"
}

/// `ValidateLabelName` and `ValidateQualifiedName`.
fn validate_label_name(v: &mut Validation, row: &'static str, name: &Field<'_, '_>) {
    let wrong = is_qualified_name(name.text(), &v.gates);
    v.invalid_each(row, name, wrong);
}

/// `validatePodHostNetworkDeps`.
fn validate_pod_host_network_deps(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    let host_network = spec.key("hostNetwork");
    if !host_network.bool() {
        return;
    }
    for container in spec.key("containers").items() {
        for port in container.key("ports").items() {
            let host_port = port.key("hostPort");
            let (of_host, own) = (host_port.int(), port.key("containerPort").int());
            if (options.resource_is_pod || of_host != 0) && of_host != own {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                v.invalid("POD-29", &host_port, detail)
                    .with(&host_network, "hostNetwork");
            }
        }
    }
}

/// `validateRestartPolicy`.
fn validate_restart_policy(v: &mut Validation, policy: &Field<'_, '_>) {
    let policies = ["Always", "OnFailure", "Never"];
    if !policies.contains(&policy.text()) {
        v.not_supported("POD-02", policy, &policies);
    }
}

/// `validatePodHostName`.
fn validate_pod_host_name(v: &mut Validation, spec: &Field<'_, '_>) {
    let name = spec.key("hostnameOverride");
    if !name.is_set() {
        return;
    }
    for (key, detail) in [
        (
            "setHostnameAsFQDN",
            "may not be specified when setHostnameAsFQDN is true",
        ),
        (
            "hostNetwork",
            "may not be specified when hostNetwork is true",
        ),
    ] {
        let other = spec.key(key);
        if other.bool() {
            v.forbidden("POD-14", &name, detail)
                .with(&other, "the other field");
        }
    }
    if name.text().len() > 64 {
        v.too_long("POD-15", &name, 64);
    }
    v.invalid_each("POD-15", &name, is_dns1123_subdomain(name.text()));
}

/// Names of other things, and the deadline that upstream checks among them.
fn validate_names(v: &mut Validation, spec: &Field<'_, '_>) {
    for (row, key) in [("POD-05", "serviceAccountName"), ("POD-06", "nodeName")] {
        let name = spec.key(key);
        if !name.text().is_empty() {
            v.invalid_each(row, &name, is_dns1123_subdomain(name.text()));
        }
    }
    let deadline = spec.key("activeDeadlineSeconds");
    if let Some(seconds) = deadline.int_pointer() {
        let wrong = is_in_range(seconds, 1, i64::from(i32::MAX));
        v.invalid_each("POD-07", &deadline, wrong);
    }
    for (row, key) in [("POD-08", "hostname"), ("POD-09", "subdomain")] {
        let name = spec.key(key);
        if !name.text().is_empty() {
            v.invalid_each(row, &name, is_dns1123_label(name.text()));
        }
    }
}

/// The classes of a pod.
fn validate_classes(v: &mut Validation, spec: &Field<'_, '_>) {
    let class = spec.key("priorityClassName");
    if !class.text().is_empty() {
        v.invalid_each("POD-10", &class, is_dns1123_subdomain(class.text()));
    }
    let class = spec.key("runtimeClassName");
    if class.is_set() {
        v.invalid_each("POD-11", &class, is_dns1123_subdomain(class.text()));
    }
    // `ValidatePreemptionPolicy`.
    let policy = spec.key("preemptionPolicy");
    let policies = ["PreemptLowerPriority", "Never"];
    if policy.is_set() && policy.text().is_empty() {
        v.required("POD-12", &policy, "");
    } else if policy.is_set() && !policies.contains(&policy.text()) {
        v.not_supported("POD-12", &policy, &policies);
    }
}
