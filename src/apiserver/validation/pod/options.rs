//! What an update may keep although it would be rejected in a new object.
//!
//! Mirrors `PodValidationOptions` of `pkg/apis/core/validation/validation.go` and
//! `GetValidationOptionsFromPodSpecAndMeta` of `pkg/api/pod/util.go`. Options that follow from the
//! minor alone are gates (`apiserver::gates`).

use super::affinity::{
    has_invalid_label_value_in_affinity_selector, has_invalid_label_value_in_required_node_affinity,
};
use super::security::validate_host_sysctl;
use super::spread::{
    has_invalid_topology_spread_constrain_match_label_keys,
    has_invalid_topology_spread_constraint_label_selector,
};
use super::template::deletion_cost_is_valid;
use super::volumes::{has_empty_image_volume_reference, has_non_local_projected_token_path};
use super::{any_container, is_restartable_init_container};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{is_env_var_name, is_relaxed_env_var_name};
use crate::apiserver::validation::resource_names::{
    is_huge_page_resource_name, is_huge_page_resource_value_divisible,
};

/// `PodValidationOptions`.
#[derive(Clone, Copy, Debug, Default)]
pub struct PodOptions {
    /// It is a Pod, not a template in some other object.
    pub resource_is_pod: bool,
    /// A deletion cost that is no number.
    pub allow_invalid_pod_deletion_cost: bool,
    /// Bad label values in the selectors of pod affinity.
    pub allow_invalid_label_value_in_selector: bool,
    /// Bad label values in required node affinity.
    pub allow_invalid_label_value_in_required_node_affinity: bool,
    /// Huge pages that are no multiple of their size.
    pub allow_indivisible_huge_pages_values: bool,
    /// Bad selectors in topology spread constraints.
    pub allow_invalid_topology_spread_constraint_label_selector: bool,
    /// The old object breaks the rules of 1.34 about `matchLabelKeys` in spread constraints.
    pub old_pod_violates_match_label_keys_validation: bool,
    /// Projected tokens outside of their volume.
    pub allow_non_local_projected_token_path: bool,
    /// Namespaced sysctls beside the host's network or IPC.
    pub allow_namespaced_sysctls_for_host_net_and_host_ipc: bool,
    /// Names of environment variables may have all printable characters but `=`.
    pub allow_relaxed_environment_variable_validation: bool,
    /// Underscores and a lone dot in DNS searches.
    pub allow_relaxed_dns_search_validation: bool,
    /// `Recursive` is the only `seLinuxChangePolicy`.
    pub allow_only_recursive_selinux_change_policy: bool,
    /// A sleep of no seconds before a container stops.
    pub allow_pod_lifecycle_sleep_action_zero_value: bool,
    /// `RestartContainer` of init containers that are no sidecars.
    pub allow_existing_restart_container_for_non_sidecar_init_container: bool,
    /// Environment variables from files.
    pub allow_env_files_validation: bool,
    /// Restart policies and rules of containers.
    pub allow_container_restart_policy_rules: bool,
    /// The action `RestartAllContainers`, and rules of sidecars.
    pub allow_restart_all_containers: bool,
    /// `volumeDevices` beside `hostUsers: false`.
    pub allow_user_namespaces_with_volume_devices: bool,
    /// `hostNetwork` beside `hostUsers: false`.
    pub allow_user_namespaces_host_network_support: bool,
    /// `Lt` and `Gt` in tolerations.
    pub allow_taint_toleration_comparison_operators: bool,
    /// Image volumes without a reference.
    pub allow_empty_image_volume_reference: bool,
    /// `CAP_SYS_ADMIN` beside `allowPrivilegeEscalation: false`.
    pub allow_sys_admin_when_privilege_escalation_false: bool,
}

impl PodOptions {
    /// `GetValidationOptionsFromPodTemplate`; it does for Pods, too, which are built alike.
    pub fn of_template(
        v: &Validation,
        template: &Field<'_, '_>,
        old: Option<&Field<'_, '_>>,
    ) -> Self {
        let gates = &v.gates;
        let mut options = Self {
            allow_relaxed_environment_variable_validation: gates.relaxed_env_names,
            allow_relaxed_dns_search_validation: gates.relaxed_dns_searches,
            allow_only_recursive_selinux_change_policy: !gates.selinux_mount,
            allow_pod_lifecycle_sleep_action_zero_value: gates.sleep_action_may_be_zero,
            allow_env_files_validation: gates.env_files,
            allow_container_restart_policy_rules: gates.container_restart_rules,
            allow_restart_all_containers: gates.restart_all_containers,
            ..Self::default()
        };
        if let Some(old) = old {
            options.keep(v, &template.key("spec"), old);
        }
        options
    }

    /// `GetValidationOptionsFromPodSpecAndMeta` of a Pod.
    pub fn of_pod(v: &Validation, pod: &Field<'_, '_>, old: Option<&Field<'_, '_>>) -> Self {
        Self {
            resource_is_pod: true,
            ..Self::of_template(v, pod, old)
        }
    }

    /// What the old template or pod lets pass.
    fn keep(&mut self, v: &Validation, spec: &Field<'_, '_>, old: &Field<'_, '_>) {
        let metadata = old.key("metadata");
        let annotations = metadata.key("annotations");
        self.allow_invalid_pod_deletion_cost = !deletion_cost_is_valid(&annotations);
        let old = &old.key("spec");
        self.keep_fields(v, old);
        self.keep_of_containers(v, old);
        self.allow_relaxed_environment_variable_validation |=
            use_relaxed_environment_variable_validation(spec, old);
        self.allow_non_local_projected_token_path = has_non_local_projected_token_path(v, old);
        self.allow_empty_image_volume_reference = has_empty_image_volume_reference(old);
    }

    fn keep_fields(&mut self, v: &Validation, old: &Field<'_, '_>) {
        let affinity = old.key("affinity");
        self.allow_invalid_label_value_in_selector =
            has_invalid_label_value_in_affinity_selector(v, &affinity);
        self.allow_invalid_label_value_in_required_node_affinity =
            has_invalid_label_value_in_required_node_affinity(v, &affinity);
        let constraints = old.key("topologySpreadConstraints");
        self.allow_invalid_topology_spread_constraint_label_selector =
            has_invalid_topology_spread_constraint_label_selector(v, &constraints);
        self.old_pod_violates_match_label_keys_validation =
            has_invalid_topology_spread_constrain_match_label_keys(v, &constraints);
        let context = old.key("securityContext");
        self.allow_namespaced_sysctls_for_host_net_and_host_ipc = context
            .key("sysctls")
            .items()
            .any(|sysctl| validate_host_sysctl(sysctl.key("name").text(), old).is_some());
        self.allow_only_recursive_selinux_change_policy &=
            !context.key("seLinuxChangePolicy").is_set();
        let searches = |search: Field<'_, '_>| search.text() == "." || search.text().contains('_');
        self.allow_relaxed_dns_search_validation |= v.gates.old_dns_searches_stay
            && (old.key("dnsConfig").key("searches").items()).any(searches);
        let operators = |t: Field<'_, '_>| matches!(t.key("operator").text(), "Lt" | "Gt");
        self.allow_taint_toleration_comparison_operators |=
            old.key("tolerations").items().any(operators);
        let user_namespaces = old.key("hostUsers").bool_pointer() == Some(false);
        self.allow_user_namespaces_host_network_support =
            v.gates.old_host_network_with_user_namespaces_stays
                && user_namespaces
                && old.key("hostNetwork").bool();
        self.allow_user_namespaces_with_volume_devices =
            user_namespaces && any_container(old, |c| !c.key("volumeDevices").is_empty());
    }

    fn keep_of_containers(&mut self, v: &Validation, old: &Field<'_, '_>) {
        self.allow_indivisible_huge_pages_values = uses_indivisible_huge_pages_values(old);
        self.allow_pod_lifecycle_sleep_action_zero_value |= any_container(old, |container| {
            let lifecycle = container.key("lifecycle");
            ["preStop", "postStart"].iter().any(|hook| {
                let hook = lifecycle.key(hook);
                let sleep = hook.key("sleep");
                sleep.is_set() && sleep.key("seconds").int() == 0
            })
        });
        self.allow_env_files_validation |= any_container(old, |container| {
            let env = container.key("env");
            env.items()
                .any(|variable| variable.key("valueFrom").key("fileKeyRef").is_set())
        });
        self.allow_sys_admin_when_privilege_escalation_false = v.gates.old_sys_admin_stays
            && any_container(old, |container| {
                let context = container.key("securityContext");
                let capabilities = context.key("capabilities");
                !context.key("allowPrivilegeEscalation").bool()
                    && (capabilities.key("add").items()).any(|c| c.text() == "CAP_SYS_ADMIN")
            });
        let containers = old.key("containers");
        let init_containers = old.key("initContainers");
        self.allow_existing_restart_container_for_non_sidecar_init_container =
            init_containers.items().any(|c| {
                let policy = c.key("resizePolicy");
                let restarts =
                    |p: Field<'_, '_>| p.key("restartPolicy").text() == "RestartContainer";
                !is_restartable_init_container(&c) && policy.items().any(restarts)
            });
        self.allow_container_restart_policy_rules |=
            init_containers.items().any(|c| {
                let policy = c.key("restartPolicy");
                policy.text_pointer().is_some_and(|text| text != "Always")
                    || !c.key("restartPolicyRules").is_empty()
            }) || containers.items().any(|c| c.key("restartPolicy").is_set());
        let restarts_all = |c: &Field<'_, '_>| {
            let rules = c.key("restartPolicyRules");
            rules
                .items()
                .any(|rule| rule.key("action").text() == "RestartAllContainers")
        };
        self.allow_restart_all_containers |= containers.items().any(|c| restarts_all(&c))
            || init_containers.items().any(|c| {
                let rules = c.key("restartPolicyRules");
                restarts_all(&c) || is_restartable_init_container(&c) && !rules.is_empty()
            });
    }
}

/// `useRelaxedEnvironmentVariableValidation`, without its gate.
fn use_relaxed_environment_variable_validation(spec: &Field<'_, '_>, old: &Field<'_, '_>) -> bool {
    any_env_name(spec, &mut |name| {
        !is_env_var_name(name).is_empty()
            && is_relaxed_env_var_name(name).is_empty()
            && any_env_name(old, &mut |other| other == name)
    })
}

/// Whether there is such a name of a variable, or such a prefix of names.
fn any_env_name(spec: &Field<'_, '_>, is_such: &mut dyn FnMut(&str) -> bool) -> bool {
    any_container(spec, |container| {
        let (env, from) = (container.key("env"), container.key("envFrom"));
        let mut names = env.items();
        names.any(|variable| is_such(variable.key("name").text()))
            || from
                .items()
                .any(|source| is_such(source.key("prefix").text()))
    })
}

/// `usesIndivisibleHugePagesValues`.
fn uses_indivisible_huge_pages_values(spec: &Field<'_, '_>) -> bool {
    let any = |list: &Field<'_, '_>| {
        list.entries().any(|(name, amount)| {
            is_huge_page_resource_name(name)
                && !is_huge_page_resource_value_divisible(
                    name,
                    amount.quantity().unwrap_or_default(),
                )
        })
    };
    let in_containers = any_container(spec, |container| {
        let resources = container.key("resources");
        any(&resources.key("limits")) || any(&resources.key("requests"))
    });
    in_containers || any(&spec.key("overhead"))
}
