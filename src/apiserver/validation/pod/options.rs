//! What an update may keep although it would be rejected in a new object.
//!
//! Mirrors `PodValidationOptions` of `pkg/apis/core/validation/validation.go` and
//! `GetValidationOptionsFromPodSpecAndMeta` of `pkg/api/pod/util.go`. Options that follow from the
//! minor alone are gates (`apiserver::gates`).

use super::affinity::{
    has_invalid_label_value_in_affinity_selector, has_invalid_label_value_in_required_node_affinity,
};
use super::any_container;
use super::security::validate_host_sysctl;
use super::spread::{
    has_invalid_topology_spread_constrain_match_label_keys,
    has_invalid_topology_spread_constraint_label_selector,
};
use super::template::deletion_cost_is_valid;
use super::volumes::{has_empty_image_volume_reference, has_non_local_projected_token_path};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
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
    /// Underscores and a lone dot in DNS searches.
    pub allow_relaxed_dns_search_validation: bool,
    /// `Recursive` is the only `seLinuxChangePolicy`.
    pub allow_only_recursive_selinux_change_policy: bool,
    /// `volumeDevices` beside `hostUsers: false`.
    pub allow_user_namespaces_with_volume_devices: bool,
    /// `hostNetwork` beside `hostUsers: false`.
    pub allow_user_namespaces_host_network_support: bool,
    /// `RestartContainer` of init containers that are no sidecars.
    pub allow_existing_restart_container_for_non_sidecar_init_container: bool,
    /// `Lt` and `Gt` in tolerations.
    pub allow_taint_toleration_comparison_operators: bool,
    /// Image volumes without a reference.
    pub allow_empty_image_volume_reference: bool,
    /// `CAP_SYS_ADMIN` beside `allowPrivilegeEscalation: false`.
    pub allow_sys_admin_when_privilege_escalation_false: bool,
}

impl PodOptions {
    /// `GetValidationOptionsFromPodTemplate`.
    pub fn of_template(
        v: &Validation,
        template: &Field<'_, '_>,
        old: Option<&Field<'_, '_>>,
    ) -> Self {
        // What may be new in the template plays no part, now that names of environment variables
        // are relaxed by default.
        let _ = template;
        let mut options = Self {
            allow_relaxed_dns_search_validation: v.gates.relaxed_dns_searches,
            allow_only_recursive_selinux_change_policy: !v.gates.selinux_mount,
            ..Self::default()
        };
        if let Some(old) = old {
            let metadata = old.key("metadata");
            let annotations = metadata.key("annotations");
            options.allow_invalid_pod_deletion_cost = !deletion_cost_is_valid(&annotations);
            options.keep(v, &old.key("spec"));
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

    /// What the old spec lets pass.
    fn keep(&mut self, v: &Validation, old: &Field<'_, '_>) {
        self.keep_of_scheduling(v, old);
        self.allow_indivisible_huge_pages_values = uses_indivisible_huge_pages_values(old);
        self.allow_non_local_projected_token_path = has_non_local_projected_token_path(v, old);
        self.allow_empty_image_volume_reference = has_empty_image_volume_reference(old);
        let context = old.key("securityContext");
        self.allow_namespaced_sysctls_for_host_net_and_host_ipc = (context.key("sysctls").items())
            .any(|sysctl| validate_host_sysctl(sysctl.key("name").text(), old).is_some());
        self.allow_only_recursive_selinux_change_policy &=
            !context.key("seLinuxChangePolicy").is_set();
        let is_relaxed =
            |search: Field<'_, '_>| search.text() == "." || search.text().contains('_');
        self.allow_relaxed_dns_search_validation |= v.gates.old_dns_searches_stay
            && (old.key("dnsConfig").key("searches").items()).any(is_relaxed);
        self.allow_existing_restart_container_for_non_sidecar_init_container =
            (old.key("initContainers").items()).any(|c| restarts_plain_init_container(&c));
        let user_namespaces = old.key("hostUsers").bool_pointer() == Some(false);
        self.allow_user_namespaces_host_network_support =
            v.gates.old_host_network_with_user_namespaces_stays
                && user_namespaces
                && old.key("hostNetwork").bool();
        self.allow_user_namespaces_with_volume_devices =
            user_namespaces && any_container(old, |c| !c.key("volumeDevices").is_empty());
        self.allow_sys_admin_when_privilege_escalation_false =
            v.gates.old_sys_admin_stays && any_container(old, is_sys_admin_without_escalation);
    }

    fn keep_of_scheduling(&mut self, v: &Validation, old: &Field<'_, '_>) {
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
        let compares = |t: Field<'_, '_>| matches!(t.key("operator").text(), "Lt" | "Gt");
        self.allow_taint_toleration_comparison_operators =
            old.key("tolerations").items().any(compares);
    }
}

/// `hasSysAdminAndPrivilegeEscalationFalse`.
fn is_sys_admin_without_escalation(container: &Field<'_, '_>) -> bool {
    let context = container.key("securityContext");
    let capabilities = context.key("capabilities");
    !context.key("allowPrivilegeEscalation").bool()
        && (capabilities.key("add").items()).any(|c| c.text() == "CAP_SYS_ADMIN")
}

/// One container of `hasRestartContainerForNonSidecarInitContainer`.
fn restarts_plain_init_container(container: &Field<'_, '_>) -> bool {
    let policy = container.key("resizePolicy");
    let restarts = |p: Field<'_, '_>| p.key("restartPolicy").text() == "RestartContainer";
    container.key("restartPolicy").text() != "Always" && policy.items().any(restarts)
}

/// `usesIndivisibleHugePagesValues`.
fn uses_indivisible_huge_pages_values(spec: &Field<'_, '_>) -> bool {
    let any = |list: &Field<'_, '_>| {
        list.entries().any(|(name, amount)| {
            let amount = amount.quantity().unwrap_or_default();
            is_huge_page_resource_name(name) && !is_huge_page_resource_value_divisible(name, amount)
        })
    };
    let in_containers = any_container(spec, |container| {
        let resources = container.key("resources");
        any(&resources.key("limits")) || any(&resources.key("requests"))
    });
    in_containers || any(&spec.key("overhead"))
}
