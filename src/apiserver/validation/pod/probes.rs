//! Probes and lifecycle hooks of containers, and the handlers of both.
//!
//! Mirrors `validateProbe`, `validateLifecycle` and `validateHandler` in
//! `pkg/apis/core/validation/validation.go`. Nothing asks about stop signals
//! (`ContainerStopSignals`), the protocol of an HTTP probe (`H2CContainerProbe`) and the mode of a
//! gRPC probe (`GRPCContainerProbeTLS`): they are always dropped.

use super::PodOptions;
use super::ports::validate_port_num_or_name;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::apps::validate_nonnegative_field;
use crate::apiserver::validation::format::{is_http_header_name, is_valid_port_num};

/// `validateLivenessProbe` and `validateStartupProbe`.
pub fn validate_liveness_probe(v: &mut Validation, probe: &Field<'_, '_>) {
    if !probe.is_set() {
        return;
    }
    validate_probe(v, probe);
    let threshold = probe.key("successThreshold");
    if threshold.int() != 1 {
        v.invalid("PRB-12", &threshold, "must be 1");
    }
}

/// `validateReadinessProbe`.
pub fn validate_readiness_probe(v: &mut Validation, probe: &Field<'_, '_>) {
    if !probe.is_set() {
        return;
    }
    validate_probe(v, probe);
    let period = probe.key("terminationGracePeriodSeconds");
    if period.is_set() {
        v.invalid("PRB-11", &period, "must not be set for readinessProbes");
    }
}

/// `validateProbe`.
fn validate_probe(v: &mut Validation, probe: &Field<'_, '_>) {
    validate_handler(v, probe, None);
    for key in [
        "initialDelaySeconds",
        "timeoutSeconds",
        "periodSeconds",
        "successThreshold",
        "failureThreshold",
    ] {
        validate_nonnegative_field(v, "PRB-09", &probe.key(key));
    }
    let period = probe.key("terminationGracePeriodSeconds");
    if period.int_pointer().is_some_and(|seconds| seconds <= 0) {
        v.invalid("PRB-10", &period, "must be greater than 0");
    }
}

/// What hooks are judged with, and probes aren't.
#[derive(Clone, Copy)]
struct Hook<'a, 'p, 'v> {
    grace_period: &'a Field<'p, 'v>,
    options: &'a PodOptions,
}

/// `validateLifecycle`; `grace_period` is `terminationGracePeriodSeconds` of the pod.
pub fn validate_lifecycle(
    v: &mut Validation,
    lifecycle: &Field<'_, '_>,
    grace_period: &Field<'_, '_>,
    options: &PodOptions,
) {
    let hook = Hook {
        grace_period,
        options,
    };
    for key in ["postStart", "preStop"] {
        let handler = lifecycle.key(key);
        if handler.is_set() {
            validate_handler(v, &handler, Some(hook));
        }
    }
}

/// `validateHandler`. Hooks have a grace period, and may sleep; probes may speak gRPC.
fn validate_handler(v: &mut Validation, handler: &Field<'_, '_>, hook: Option<Hook<'_, '_, '_>>) {
    let last = if hook.is_some() { "sleep" } else { "grpc" };
    let mut found = false;
    for key in ["exec", "httpGet", "tcpSocket", last] {
        let action = handler.key(key);
        if !action.is_set() {
            continue;
        }
        if found {
            let detail = "may not specify more than 1 handler type";
            v.forbidden("PRB-02", &action, detail);
            continue;
        }
        found = true;
        match (key, hook) {
            ("exec", _) => validate_exec_action(v, &action),
            ("httpGet", _) => validate_http_get_action(v, &action),
            ("tcpSocket", _) => validate_port_num_or_name(v, "PRB-05", &action.key("port")),
            (_, Some(hook)) => validate_sleep_action(v, &action, hook),
            (_, None) => {
                let port = action.key("port");
                v.invalid_each("PRB-08", &port, is_valid_port_num(port.int()));
            }
        }
    }
    if !found {
        v.required("PRB-01", handler, "must specify a handler type");
    }
}

/// `validateExecAction`.
fn validate_exec_action(v: &mut Validation, exec: &Field<'_, '_>) {
    let command = exec.key("command");
    if command.is_empty() {
        v.required("PRB-03", &command, "");
    }
}

/// `validateHTTPGetAction`.
fn validate_http_get_action(v: &mut Validation, get: &Field<'_, '_>) {
    validate_port_num_or_name(v, "PRB-05", &get.key("port"));
    let scheme = get.key("scheme");
    if !matches!(scheme.text(), "HTTP" | "HTTPS") {
        v.not_supported("PRB-06", &scheme, &["HTTP", "HTTPS"]);
    }
    // Upstream's path is that of the list.
    let headers = get.key("httpHeaders");
    for header in headers.items() {
        let name = header.key("name").text();
        v.invalid_value("PRB-07", &headers, name, is_http_header_name(name));
    }
}

/// `validateSleepAction`.
fn validate_sleep_action(v: &mut Validation, sleep: &Field<'_, '_>, hook: Hook<'_, '_, '_>) {
    let grace_period = hook.grace_period;
    let Some(period) = grace_period.int_pointer() else {
        return;
    };
    let seconds = sleep.key("seconds").int();
    let (least, words) = if hook.options.allow_pod_lifecycle_sleep_action_zero_value {
        (0, "must be non-negative")
    } else {
        (1, "must be greater than 0")
    };
    if (least..=period).contains(&seconds) {
        return;
    }
    let hint = if v.gates.sleep_action_names_gate {
        ". Enable AllowPodLifecycleSleepActionZeroValue feature gate for zero sleep."
    } else {
        ""
    };
    let detail = format!("{words} and less than terminationGracePeriodSeconds ({period}){hint}");
    v.invalid("PRB-13", sleep, detail)
        .with(grace_period, "terminationGracePeriodSeconds");
}
