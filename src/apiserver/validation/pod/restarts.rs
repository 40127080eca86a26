//! Restart policies of single containers and their rules, and what a resize restarts.
//!
//! Mirrors `validateContainerRestartPolicy`, `validateInitContainerRestartPolicy` and
//! `validateResizePolicy` in `pkg/apis/core/validation/validation.go`.

use super::PodOptions;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::seen::Seen;

/// The most rules of a container, and the most exit codes of a rule.
const RULES_MAX: usize = 20;
const EXIT_CODES_MAX: usize = 255;

/// `validateInitContainerRestartPolicy`.
pub fn validate_init_container_restart_policy(
    v: &mut Validation,
    container: &Field<'_, '_>,
    options: &PodOptions,
) {
    let policy = container.key("restartPolicy");
    let rules = container.key("restartPolicyRules");
    let Some(text) = policy.text_pointer() else {
        if !rules.is_empty() {
            require_policy(v, &policy, &rules);
        }
        return;
    };
    if !options.allow_container_restart_policy_rules {
        if text != "Always" {
            v.not_supported("INI-02", &policy, &["Always"]);
        }
    } else if text != "Always" || options.allow_restart_all_containers {
        validate_container_restart_policy(v, container, options);
    } else if !rules.is_empty() {
        let detail = "restartPolicyRules are not allowed for init containers with restart policy \
                      Always";
        v.forbidden("INI-10", &rules, detail)
            .with(&policy, "restartPolicy");
    }
}

/// `validateContainerRestartPolicy`.
pub fn validate_container_restart_policy(
    v: &mut Validation,
    container: &Field<'_, '_>,
    options: &PodOptions,
) {
    let policy = container.key("restartPolicy");
    let rules = container.key("restartPolicyRules");
    match policy.text_pointer() {
        None if rules.is_empty() => return,
        None => require_policy(v, &policy, &rules),
        Some("Always" | "Never" | "OnFailure") => {}
        Some(_) => {
            v.not_supported("INI-03", &policy, &["Always", "Never", "OnFailure"]);
        }
    }
    too_many(v, "INI-06", &rules, RULES_MAX);
    for rule in rules.items() {
        validate_rule(v, &rule, options);
    }
}

fn validate_rule(v: &mut Validation, rule: &Field<'_, '_>, options: &PodOptions) {
    let action = rule.key("action");
    let actions: &[&str] = if options.allow_restart_all_containers {
        &["Restart", "RestartAllContainers"]
    } else {
        &["Restart"]
    };
    if !actions.contains(&action.text()) {
        v.not_supported("INI-07", &action, actions);
    }
    let exit_codes = rule.key("exitCodes");
    if !exit_codes.is_set() {
        v.required("INI-08", &exit_codes, "must be specified");
        return;
    }
    let operator = exit_codes.key("operator");
    if !matches!(operator.text(), "In" | "NotIn") {
        v.not_supported("INI-09", &operator, &["In", "NotIn"]);
    }
    too_many(v, "INI-09", &exit_codes.key("values"), EXIT_CODES_MAX);
}

/// Too many items, which older minors call too long.
fn too_many(v: &mut Validation, row: &'static str, list: &Field<'_, '_>, items_max: usize) {
    if list.len() <= items_max {
        return;
    }
    if v.gates.too_many_restart_rules {
        v.too_many(row, list, items_max);
    } else {
        v.too_long(row, list, items_max);
    }
}

fn require_policy(v: &mut Validation, policy: &Field<'_, '_>, rules: &Field<'_, '_>) {
    let detail = "must specify restartPolicy when restart rules are used";
    v.required("INI-05", policy, detail)
        .with(rules, "restartPolicyRules");
}

/// `validateResizePolicy`; `pod_policy` is the `restartPolicy` of the pod. Most of upstream's paths
/// are those of the list.
pub fn validate_resize_policy(
    v: &mut Validation,
    policies: &Field<'_, '_>,
    pod_policy: &Field<'_, '_>,
) {
    let mut resources = Seen::new();
    for policy in policies.items() {
        let (resource, restart) = (policy.key("resourceName"), policy.key("restartPolicy"));
        if !resources.insert(resource.text()) {
            v.duplicate("RES-22", &policy);
        }
        one_of(v, policies, resource.text(), &["cpu", "memory"]);
        let restart = restart.text();
        one_of(v, policies, restart, &["NotRequired", "RestartContainer"]);
        if pod_policy.text() == "Never" && restart != "NotRequired" {
            let detail = if v.gates.resize_policy_says_pod {
                "must be 'NotRequired' when pod `restartPolicy` is 'Never'"
            } else {
                "must be 'NotRequired' when `restartPolicy` is 'Never'"
            };
            v.invalid("RES-22", policies, detail)
                .with(pod_policy, "restartPolicy")
                .of(restart);
        }
    }
}

fn one_of(v: &mut Validation, field: &Field<'_, '_>, text: &str, supported: &[&str]) {
    if text.is_empty() {
        v.required("RES-22", field, "");
    } else if !supported.contains(&text) {
        v.not_supported("RES-22", field, supported).of(text);
    }
}

/// The part of `validateInitContainers` about `resizePolicy`: the last two checks of a container.
pub fn validate_init_container_resize_policy(
    v: &mut Validation,
    container: &Field<'_, '_>,
    options: &PodOptions,
) {
    let always = container.key("restartPolicy").text() == "Always";
    if always
        || options.allow_existing_restart_container_for_non_sidecar_init_container
        || !v.gates.plain_init_containers_resize_without_restart
    {
        return;
    }
    for policy in container.key("resizePolicy").items() {
        let restart = policy.key("restartPolicy");
        if restart.text() == "RestartContainer" {
            let detail = "must not be set to 'RestartContainer' for non-sidecar initContainers";
            v.invalid("RES-23", &restart, detail);
        }
    }
}
