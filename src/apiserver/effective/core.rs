//! Defaults of pods and pod templates.
//!
//! Mirrors `pkg/apis/core/v1/defaults.go`, and `SetObjectDefaults_Pod` in
//! `zz_generated.defaults.go` for their order. Not here: what is dropped (`drop`), volumes
//! (`volumes`).

use std::collections::HashSet;

use super::pod::default_pod_level_resources;
use super::resources::{set_defaults_resource_list, set_defaults_resources};
use super::volumes::{self, pull_policy};
use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

pub use super::drop::{drop_disabled_pod_fields, drop_disabled_template_fields};

/// The three lists of containers of a pod.
pub(super) const CONTAINERS: [&str; 3] = ["initContainers", "containers", "ephemeralContainers"];

/// `SetObjectDefaults_Pod`.
pub fn pod(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    set_defaults_pod(object, spec, gates);
    pod_spec(object, spec, gates);
}

/// The defaults of the pod template under `template` of a workload's `spec`.
pub fn pod_template(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    let template = object.default_mapping(spec, "template");
    let pod = object.default_mapping(template, "spec");
    pod_spec(object, pod, gates);
}

/// `SetDefaults_Pod`.
fn set_defaults_pod(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    let period = object.value(spec).get("terminationGracePeriodSeconds");
    if period.is_some_and(|period| period.int() < 0) {
        object.set(spec, "terminationGracePeriodSeconds", Kind::Int, "1");
    }
    let host_network = object.value(spec).get("hostNetwork");
    let host_network = host_network.is_some_and(|value| value.bool());
    for list in ["containers", "initContainers"] {
        for container in object.items(spec, list) {
            default_requests(object, container);
            if host_network {
                default_host_network_ports(object, container);
            }
        }
    }
    if gates.pod_level_resources && !gates.pod_level_resources_fixed {
        default_pod_level_resources(object, spec, gates);
    }
    object.default_pointer(spec, "enableServiceLinks", Kind::Bool, "true");
}

/// Requests that aren't written are the limits.
fn default_requests(object: &mut Effective<'_>, container: Id) {
    let Some(limits) = object.at(container, &["resources", "limits"]) else {
        return;
    };
    let Some(resources) = object.get(container, "resources") else {
        return;
    };
    let requests = object.default_mapping(resources, "requests");
    let asked = object.children(requests).into_iter();
    let asked: HashSet<_> = asked.map(|request| object.key_of(request)).collect();
    for limit in object.children(limits) {
        let key = object.key_of(limit);
        if !asked.contains(key) {
            object.set_copy(requests, key, limit);
        }
    }
}

/// `defaultHostNetworkPorts`.
fn default_host_network_ports(object: &mut Effective<'_>, container: Id) {
    for port in object.items(container, "ports") {
        let host_port = object.value(port).get("hostPort");
        if host_port.is_none_or(|value| value.int() == 0)
            && let Some(container_port) = object.get(port, "containerPort")
        {
            object.set_copy(port, "hostPort", container_port);
        }
    }
}

/// What pods and templates share.
fn pod_spec(object: &mut Effective<'_>, spec: Id, gates: &Gates) {
    set_defaults_pod_spec(object, spec);
    for volume in object.items(spec, "volumes") {
        volumes::volume(object, volume, gates);
    }
    for list in CONTAINERS {
        for item in object.items(spec, list) {
            container(object, item, gates);
        }
    }
    set_defaults_resource_list(object, spec, "overhead");
    set_defaults_resources(object, spec);
}

/// `SetDefaults_PodSpec`. The deprecated `serviceAccount` is an alias in both directions.
fn set_defaults_pod_spec(object: &mut Effective<'_>, spec: Id) {
    if object.text(spec, "serviceAccountName").is_empty()
        && let Some(deprecated) = object.get(spec, "serviceAccount")
    {
        object.set_copy(spec, "serviceAccountName", deprecated);
    }
    if let Some(name) = object.get(spec, "serviceAccountName")
        && object.value_text(name) != object.text(spec, "serviceAccount")
    {
        object.set_copy(spec, "serviceAccount", name);
    }
    object.default_text(spec, "dnsPolicy", "ClusterFirst");
    object.default_text(spec, "restartPolicy", "Always");
    object.default_mapping(spec, "securityContext");
    object.default_pointer(spec, "terminationGracePeriodSeconds", Kind::Int, "30");
    object.default_text(spec, "schedulerName", "default-scheduler");
}

/// The defaults of one container.
fn container(object: &mut Effective<'_>, container: Id, gates: &Gates) {
    set_defaults_container(object, container, gates);
    for port in object.items(container, "ports") {
        object.default_text(port, "protocol", "TCP");
    }
    for variable in object.items(container, "env") {
        if let Some(field) = object.at(variable, &["valueFrom", "fieldRef"]) {
            object.default_text(field, "apiVersion", "v1");
        }
        if let Some(file) = object.at(variable, &["valueFrom", "fileKeyRef"]) {
            object.default_pointer(file, "optional", Kind::Bool, "false");
        }
    }
    set_defaults_resources(object, container);
    for key in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = object.get(container, key) {
            set_defaults_probe(object, probe);
            set_defaults_http_get_action(object, probe);
            if let Some(grpc) = object.get(probe, "grpc") {
                object.default_pointer(grpc, "service", Kind::String, "");
            }
        }
    }
    for key in ["postStart", "preStop"] {
        if let Some(handler) = object.at(container, &["lifecycle", key]) {
            set_defaults_http_get_action(object, handler);
        }
    }
}

/// `SetDefaults_Container`.
fn set_defaults_container(object: &mut Effective<'_>, container: Id, gates: &Gates) {
    let policy = pull_policy(object.text(container, "image"), gates);
    object.default_text(container, "imagePullPolicy", policy);
    let path = "/dev/termination-log";
    object.default_text(container, "terminationMessagePath", path);
    object.default_text(container, "terminationMessagePolicy", "File");
}

/// `SetDefaults_Probe`.
fn set_defaults_probe(object: &mut Effective<'_>, probe: Id) {
    object.default_number(probe, "timeoutSeconds", "1");
    object.default_number(probe, "periodSeconds", "10");
    object.default_number(probe, "successThreshold", "1");
    object.default_number(probe, "failureThreshold", "3");
}

/// `SetDefaults_HTTPGetAction`.
fn set_defaults_http_get_action(object: &mut Effective<'_>, handler: Id) {
    if let Some(get) = object.get(handler, "httpGet") {
        object.default_text(get, "path", "/");
        object.default_text(get, "scheme", "HTTP");
    }
}
