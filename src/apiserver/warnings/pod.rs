//! Warnings about pods and pod templates.
//!
//! Mirrors `pkg/api/pod/warnings.go` and `GetWarningsForNodeSelectorTerm` of
//! `pkg/api/node/util.go`. Not here: volumes (`volumes`), ports (`ports`).

use super::ports::warnings_for_ports;
use super::volumes::{warnings_for_overlapping_virtual_paths, warnings_for_plugins};
use super::{warn, warn_of_fraction};
use crate::apiserver::effective::Value;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_valid_label_value;
use crate::apiserver::validation::ip::warning_for_ip;
use crate::apiserver::validation::pod::visit_containers_with_path;
use crate::apiserver::validation::seen::Seen;

const NO_POD: &str = "a null labelSelector results in matching no pod";
const SECCOMP: &str = r#"non-functional in v1.27+; use the "seccompProfile" field instead"#;
const APP_ARMOR: &str = r#"deprecated since v1.30; use the "appArmorProfile" field instead"#;

/// `deprecatedAnnotations`.
const ANNOTATIONS: [(&str, &str, &str); 3] = [
    (
        "scheduler.alpha.kubernetes.io/critical-pod",
        "WRN-09",
        r#"non-functional in v1.16+; use the "priorityClassName" field instead"#,
    ),
    (
        "security.alpha.kubernetes.io/sysctls",
        "WRN-10",
        r#"non-functional in v1.11+; use the "sysctls" field instead"#,
    ),
    (
        "security.alpha.kubernetes.io/unsafe-sysctls",
        "WRN-10",
        r#"non-functional in v1.11+; use the "sysctls" field instead"#,
    ),
];

/// What `applyAppArmorVersionSkew` warns of (`pkg/registry/core/pod/strategy.go`): before
/// validation, so that rejected Pods are warned of, too.
pub fn warnings_for_app_armor(v: &mut Validation, pod: &Field<'_, '_>) {
    let spec = pod.key("spec");
    if spec.key("os").key("name").text() != "windows" {
        visit_containers_with_path(&spec, |container| {
            warn_of_app_armor(v, pod, container, true);
        });
    }
}

/// `GetWarningsForPod`.
pub fn warnings_for_pod(v: &mut Validation, pod: &Field<'_, '_>) {
    warnings_for_pod_spec_and_meta(v, pod, false);
}

/// `GetWarningsForPodTemplate`.
pub fn warnings_for_pod_template(v: &mut Validation, template: &Field<'_, '_>) {
    if template.is_set() {
        warnings_for_pod_spec_and_meta(v, template, true);
    }
}

/// `warningsForPodSpecAndMeta`.
fn warnings_for_pod_spec_and_meta(v: &mut Validation, pod: &Field<'_, '_>, is_template: bool) {
    let spec = pod.key("spec");
    let metadata = pod.key("metadata");
    let annotations = metadata.key("annotations");
    warn_of_node_labels(v, &spec);
    warn_of_spread_constraints(v, &spec);
    for (key, row, words) in ANNOTATIONS {
        let annotation = annotations.entry(key);
        if annotation.value().is_some() {
            warn(v, row, &annotation, words);
        }
    }
    let volumes = spec.key("volumes");
    warnings_for_plugins(v, &volumes);
    if v.gates.warns_of_overlapping_paths {
        warnings_for_overlapping_virtual_paths(v, &volumes);
    }
    warn_of_host_aliases(v, &spec);
    warn_of_image_pull_secrets(v, &spec);
    let overhead = spec.key("overhead");
    for resource in ["memory", "ephemeral-storage"] {
        warn_of_fraction(v, "WRN-22", &overhead.entry(resource));
    }
    let context = spec.key("securityContext");
    let annotation = annotations.entry("seccomp.security.alpha.kubernetes.io/pod");
    if !context.key("seccompProfile").is_set() && annotation.value().is_some() {
        warn(v, "WRN-23", &annotation, SECCOMP);
    }
    visit_containers_with_path(&spec, |container| {
        warn_of_seccomp(v, &annotations, container);
        if is_template {
            warn_of_app_armor(v, pod, container, false);
        }
        warn_of_container(v, container);
    });
    warnings_for_ports(v, &spec);
    let grace_period = spec.key("terminationGracePeriodSeconds");
    if grace_period.int() < 0 {
        let words = "must be >= 0; negative values are invalid and will be treated as 1";
        warn(v, "WRN-31", &grace_period, words);
    }
    warn_of_pod_affinity(v, &spec);
    if v.gates.warns_of_addresses_of_pods {
        warn_of_addresses(v, &spec);
    }
}

/// Deprecated labels of nodes in the selector and in node affinity.
fn warn_of_node_labels(v: &mut Validation, spec: &Field<'_, '_>) {
    for (label, field) in spec.key("nodeSelector").entries() {
        if let Some(words) = deprecated_node_label(v, label) {
            warn(v, "WRN-02", &field, words);
        }
    }
    let affinity = spec.key("affinity");
    let affinity = affinity.key("nodeAffinity");
    let required = affinity.key("requiredDuringSchedulingIgnoredDuringExecution");
    for term in required.key("nodeSelectorTerms").items() {
        warnings_for_node_selector_term(v, &term, false);
    }
    let preferred = affinity.key("preferredDuringSchedulingIgnoredDuringExecution");
    let values = v.gates.warns_of_preferred_node_values;
    for term in preferred.items() {
        warnings_for_node_selector_term(v, &term.key("preference"), values);
    }
}

/// `GetWarningsForNodeSelectorTerm`.
fn warnings_for_node_selector_term(
    v: &mut Validation,
    term: &Field<'_, '_>,
    check_label_value: bool,
) {
    for expression in term.key("matchExpressions").items() {
        let key = expression.key("key");
        if let Some(words) = deprecated_node_label(v, key.text()) {
            warn(v, "WRN-03", &key, &format!("{} is {words}", key.text()));
        }
        let values = expression.key("values");
        for value in values.items().filter(|_| check_label_value) {
            for wrong in is_valid_label_value(value.text(), &v.gates) {
                let text = format!("{} is invalid, {wrong}", value.text());
                warn(v, "WRN-06", &value, &text);
            }
        }
    }
}

/// `GetNodeLabelDeprecatedMessage`.
fn deprecated_node_label(v: &Validation, label: &str) -> Option<&'static str> {
    Some(match label {
        "beta.kubernetes.io/arch" => r#"deprecated since v1.14; use "kubernetes.io/arch" instead"#,
        "beta.kubernetes.io/os" => r#"deprecated since v1.14; use "kubernetes.io/os" instead"#,
        "failure-domain.beta.kubernetes.io/region" => {
            r#"deprecated since v1.17; use "topology.kubernetes.io/region" instead"#
        }
        "failure-domain.beta.kubernetes.io/zone" => {
            r#"deprecated since v1.17; use "topology.kubernetes.io/zone" instead"#
        }
        "beta.kubernetes.io/instance-type" => {
            r#"deprecated since v1.17; use "node.kubernetes.io/instance-type" instead"#
        }
        _ if !v.gates.more_deprecated_node_labels => return None,
        "app.kubernetes.io/created-by" => "deprecated since v1.9",
        "scheduler.alpha.kubernetes.io/preferAvoidPods" => {
            "deprecated since v1.22; use Taints and Tolerations instead"
        }
        "node-role.kubernetes.io/master" => {
            r#"use "node-role.kubernetes.io/control-plane" instead"#
        }
        _ => return None,
    })
}

fn warn_of_spread_constraints(v: &mut Validation, spec: &Field<'_, '_>) {
    for constraint in spec.key("topologySpreadConstraints").items() {
        let key = constraint.key("topologyKey");
        if let Some(words) = deprecated_node_label(v, key.text()) {
            warn(v, "WRN-04", &key, &format!("{} is {words}", key.text()));
        }
        let selector = constraint.key("labelSelector");
        if !selector.is_set() {
            warn(v, "WRN-07", &selector, NO_POD);
        }
    }
}

fn warn_of_host_aliases(v: &mut Validation, spec: &Field<'_, '_>) {
    let mut addresses = Seen::new();
    for alias in spec.key("hostAliases").items() {
        let ip = alias.key("ip");
        if !addresses.insert(ip.text()) {
            warn(v, "WRN-20", &ip, &format!("duplicate ip \"{}\"", ip.text()));
        }
    }
}

fn warn_of_image_pull_secrets(v: &mut Validation, spec: &Field<'_, '_>) {
    let secrets = spec.key("imagePullSecrets");
    let mut names = Seen::new();
    for secret in secrets.items() {
        let name = secret.key("name");
        if !names.insert(name.text()) {
            let text = format!("duplicate name {}", super::quote(name.text()));
            warn(v, "WRN-21", &name, &text);
        }
    }
    for secret in secrets.items() {
        let name = secret.key("name");
        if name.text().is_empty() {
            warn(v, "WRN-21", &name, "invalid empty name \"\"");
        }
    }
}

fn warn_of_seccomp(v: &mut Validation, annotations: &Field<'_, '_>, container: &Field<'_, '_>) {
    if annotations.is_empty()
        || container
            .key("securityContext")
            .key("seccompProfile")
            .is_set()
    {
        return;
    }
    let prefix = "container.seccomp.security.alpha.kubernetes.io/";
    let key = format!("{prefix}{}", container.key("name").text());
    let annotation = annotations.entry(&key);
    if annotation.value().is_some() {
        warn(v, "WRN-23", &annotation, SECCOMP);
    }
}

/// Warns of an annotation without its field. Templates of older minors were fine with any profile
/// of the pod; Pods and newer minors want one that says the same.
fn warn_of_app_armor(
    v: &mut Validation,
    pod: &Field<'_, '_>,
    container: &Field<'_, '_>,
    is_pod: bool,
) {
    let metadata = pod.key("metadata");
    let annotations = metadata.key("annotations");
    let own = container.key("securityContext");
    if !v.gates.app_armor_fields
        || annotations.is_empty()
        || own
            .key("appArmorProfile")
            .value()
            .is_some_and(Value::is_written)
    {
        return;
    }
    let prefix = "container.apparmor.security.beta.kubernetes.io/";
    let key = format!("{prefix}{}", container.key("name").text());
    let annotation = annotations.entry(&key);
    let spec = pod.key("spec");
    let context = spec.key("securityContext");
    let profile = context.key("appArmorProfile");
    let fine = if is_pod || v.gates.app_armor_annotations_are_compared {
        profile.is_set() && is_profile(&profile, annotation.text())
    } else {
        profile.is_set()
    };
    if annotation.value().is_some() && !fine {
        warn(v, "WRN-24", &annotation, APP_ARMOR);
    }
}

/// Whether an annotation says what a profile does (`ApparmorFieldForAnnotation`).
fn is_profile(profile: &Field<'_, '_>, annotation: &str) -> bool {
    let localhost = profile.key("localhostProfile");
    match profile.key("type").text() {
        "Unconfined" => annotation == "unconfined" && !localhost.is_set(),
        "RuntimeDefault" => annotation == "runtime/default" && !localhost.is_set(),
        "Localhost" => {
            let name = annotation.strip_prefix("localhost/");
            name.is_some_and(|name| !name.is_empty() && name == localhost.text())
        }
        _ => false,
    }
}

/// Fractions of bytes, and variables that hide others.
fn warn_of_container(v: &mut Validation, container: &Field<'_, '_>) {
    let resources = container.key("resources");
    for resource in ["memory", "ephemeral-storage"] {
        for list in ["limits", "requests"] {
            warn_of_fraction(v, "WRN-22", &resources.key(list).entry(resource));
        }
    }
    let mut names = Seen::new();
    for variable in container.key("env").items() {
        let name = variable.key("name").text();
        if !names.insert(name) && hides(&variable, name) {
            let name = super::quote(name);
            let consequence = if v.gates.hidden_variables_may_be_dropped {
                ", which may be dropped when using apply"
            } else {
                ""
            };
            let text = format!("hides previous definition of {name}{consequence}");
            warn(v, "WRN-25", &variable, &text);
        }
    }
}

/// Whether a variable with the name of an earlier one doesn't build on its value.
fn hides(variable: &Field<'_, '_>, name: &str) -> bool {
    let reference = format!("$({name})");
    let value = variable.key("value").text();
    variable.key("valueFrom").is_set() || value == reference || !value.contains(&reference)
}

/// `warningsForPodAffinityTerms` and `warningsForWeightedPodAffinityTerms`.
fn warn_of_pod_affinity(v: &mut Validation, spec: &Field<'_, '_>) {
    let affinity = spec.key("affinity");
    for kind in ["podAffinity", "podAntiAffinity"] {
        let affinity = affinity.key(kind);
        let required = affinity.key("requiredDuringSchedulingIgnoredDuringExecution");
        for term in required.items() {
            warn_of_null_selector(v, &term);
        }
        let preferred = affinity.key("preferredDuringSchedulingIgnoredDuringExecution");
        for weighted in preferred.items() {
            warn_of_null_selector(v, &weighted.key("podAffinityTerm"));
        }
    }
}

fn warn_of_null_selector(v: &mut Validation, term: &Field<'_, '_>) {
    let selector = term.key("labelSelector");
    if !selector.is_set() {
        warn(v, "WRN-08", &selector, NO_POD);
    }
}

fn warn_of_addresses(v: &mut Validation, spec: &Field<'_, '_>) {
    let config = spec.key("dnsConfig");
    for server in config.key("nameservers").items() {
        warn_of_address(v, &server);
    }
    for alias in spec.key("hostAliases").items() {
        warn_of_address(v, &alias.key("ip"));
    }
}

fn warn_of_address(v: &mut Validation, address: &Field<'_, '_>) {
    if let Some(text) = warning_for_ip(address.text(), &v.gates) {
        warn(v, "WRN-32", address, &text);
    }
}
