//! Security contexts of pods and containers.
//!
//! Mirrors `validatePodSpecSecurityContext`, `ValidateSecurityContext` and what they call in
//! `pkg/apis/core/validation/validation.go`. Not here: what is said for Windows only (`windows`).

use super::paths::validate_local_descending_path;
use super::windows::validate_windows_security_context_options;
use super::{PodOptions, visit_containers_with_path};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_valid_id;
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;

/// `SysctlMaxLength`.
const SYSCTL_MAX: usize = 253;
/// The longest `localhostProfile` of AppArmor: `PATH_MAX` without its end.
const APP_ARMOR_PROFILE_MAX: usize = 4095;
const PROFILE_TYPES: [&str; 3] = ["Localhost", "RuntimeDefault", "Unconfined"];

/// `validatePodSpecSecurityContext`.
pub fn validate_pod_spec_security_context(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    options: &PodOptions,
) {
    let context = spec.key("securityContext");
    for key in ["fsGroup", "runAsUser", "runAsGroup"] {
        validate_id(v, &context.key(key));
    }
    for group in context.key("supplementalGroups").items() {
        validate_id(v, &group);
    }
    validate_sysctls(v, &context.key("sysctls"), spec, options);
    let policies = ["Always", "OnRootMismatch"];
    validate_choice(v, "SC-05", &context.key("fsGroupChangePolicy"), &policies);
    validate_seccomp_profile_field(v, &context.key("seccompProfile"));
    validate_windows_security_context_options(v, &context.key("windowsOptions"));
    validate_app_armor_profile_field(v, &context.key("appArmorProfile"));
    let policies = ["Merge", "Strict"];
    let policy = context.key("supplementalGroupsPolicy");
    validate_choice(v, "SC-06", &policy, &policies);
    let policy = context.key("seLinuxChangePolicy");
    if options.allow_only_recursive_selinux_change_policy {
        validate_choice(v, "SC-07", &policy, &["Recursive"]);
    } else {
        validate_choice(v, "SC-07", &policy, &["MountOption", "Recursive"]);
    }
}

/// `validateShareProcessNamespace`, before 1.37 a part of the security context.
pub fn validate_share_process_namespace(v: &mut Validation, spec: &Field<'_, '_>) {
    let share = spec.key("shareProcessNamespace");
    let host_pid = spec.key("hostPID");
    if share.bool() && host_pid.bool() {
        let context = spec.key("securityContext");
        let inside = context.child(Step::Key("shareProcessNamespace"), share.value());
        let told = if v.gates.host_fields_in_pod_spec {
            &share
        } else {
            &inside
        };
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        v.invalid("SC-02", told, detail).with(&host_pid, "hostPID");
    }
}

/// `validateHostUsers`.
pub fn validate_host_users(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    let host_users = spec.key("hostUsers");
    if host_users.bool_pointer() != Some(false) {
        return;
    }
    let detail = if v.gates.host_users_by_its_name {
        "when `hostUsers` is false"
    } else {
        "when `pod.Spec.HostUsers` is false"
    };
    let mut forbid = |row, field: &Field<'_, '_>| {
        v.forbidden(row, field, detail)
            .with(&host_users, "hostUsers");
    };
    let host_network = spec.key("hostNetwork");
    if !options.allow_user_namespaces_host_network_support && host_network.bool() {
        forbid("POD-26", &host_network);
    }
    for (key, name) in [("hostPID", "HostPID"), ("hostIPC", "HostIPC")] {
        if spec.key(key).bool() {
            let field = spec.child(Step::Key(name), spec.key(key).value());
            forbid("POD-27", &field);
        }
    }
    if v.gates.user_namespaces_without_devices && !options.allow_user_namespaces_with_volume_devices
    {
        visit_containers_with_path(spec, |container| {
            let devices = container.key("volumeDevices");
            if !devices.is_empty() {
                v.forbidden("POD-28", &devices, detail)
                    .with(&host_users, "hostUsers");
            }
        });
    }
}

/// `ValidateSecurityContext` of a container; `host_users` is whether the pod runs in the user
/// namespace of its host.
pub fn validate_container_security_context(
    v: &mut Validation,
    context: &Field<'_, '_>,
    host_users: bool,
    options: &PodOptions,
) {
    for key in ["runAsUser", "runAsGroup"] {
        validate_id(v, &context.key(key));
    }
    let proc_mount = context.key("procMount");
    validate_choice(v, "SC-13", &proc_mount, &["Default", "Unmasked"]);
    if v.gates.unmasked_needs_user_namespace && host_users && proc_mount.text() == "Unmasked" {
        let detail = "`hostUsers` must be false to use `Unmasked`";
        v.invalid("SC-14", &proc_mount, detail);
    }
    validate_seccomp_profile_field(v, &context.key("seccompProfile"));
    validate_privilege_escalation(v, context, options);
    validate_windows_security_context_options(v, &context.key("windowsOptions"));
    validate_app_armor_profile_field(v, &context.key("appArmorProfile"));
}

fn validate_privilege_escalation(
    v: &mut Validation,
    context: &Field<'_, '_>,
    options: &PodOptions,
) {
    let escalation = context.key("allowPrivilegeEscalation");
    if escalation.bool_pointer() != Some(false) {
        return;
    }
    if context.key("privileged").bool() {
        let detail = "cannot set `allowPrivilegeEscalation` to false and `privileged` to true";
        v.invalid("SC-15", context, detail);
    }
    if options.allow_sys_admin_when_privilege_escalation_false {
        return;
    }
    for capability in context.key("capabilities").key("add").items() {
        if capability.text() == "CAP_SYS_ADMIN" {
            let detail = "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` \
                CAP_SYS_ADMIN";
            v.invalid("SC-16", context, detail)
                .with(&capability, "capability");
        }
    }
}

/// `validateSysctls`.
fn validate_sysctls(
    v: &mut Validation,
    sysctls: &Field<'_, '_>,
    spec: &Field<'_, '_>,
    options: &PodOptions,
) {
    let mut seen = Seen::new();
    for sysctl in sysctls.items() {
        let name = sysctl.key("name");
        if name.text().is_empty() {
            v.required("SC-03", &name, "");
        } else if !is_valid_sysctl_name(name.text()) {
            let detail = "must have at most 253 characters and match regex \
                ^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
            v.invalid("SC-03", &name, detail);
        } else if seen.has(name.text()) {
            v.duplicate("SC-03", &name);
        }
        seen.insert(name.text());
        if options.allow_namespaced_sysctls_for_host_net_and_host_ipc {
            continue;
        }
        if let Some(host) = validate_host_sysctl(name.text(), spec) {
            let detail = format!("may not be specified when '{host}' is true");
            v.invalid("SC-04", &name, detail)
                .with(&spec.key(host), "what the host shares");
        }
    }
}

/// `ValidateHostSysctl`: the field that such a sysctl can't stand beside.
pub fn validate_host_sysctl(sysctl: &str, spec: &Field<'_, '_>) -> Option<&'static str> {
    let field = match sysctl_namespace(sysctl) {
        SysctlNamespace::Net => "hostNetwork",
        SysctlNamespace::Ipc => "hostIPC",
        SysctlNamespace::Other => return None,
    };
    spec.key(field).bool().then_some(field)
}

enum SysctlNamespace {
    Net,
    Ipc,
    Other,
}

/// `GetNamespace` of `k8s.io/component-helpers/node/util/sysctl`.
fn sysctl_namespace(sysctl: &str) -> SysctlNamespace {
    const IPC: [&str; 10] = [
        "kernel.sem",
        "kernel.shmall",
        "kernel.shmmax",
        "kernel.shmmni",
        "kernel.shm_rmid_forced",
        "kernel.shm",
        "kernel.msgmax",
        "kernel.msgmnb",
        "kernel.msgmni",
        "kernel.msg",
    ];
    // Dots and slashes change their roles where a slash comes first.
    let slashes = sysctl.find(['.', '/']).and_then(|at| sysctl.get(at..));
    let separator = match slashes {
        Some(rest) if rest.starts_with('/') => '/',
        _ => '.',
    };
    let name = sysctl.split('*').next().unwrap_or(sysctl);
    let mut parts = name.split(separator);
    let is = |other: &str| name.split(separator).eq(other.split('.'));
    match (parts.next(), parts.next(), parts.next()) {
        (Some("net"), Some(_), _) => SysctlNamespace::Net,
        (Some("fs"), Some("mqueue"), Some(_)) => SysctlNamespace::Ipc,
        _ if IPC.iter().any(|other| is(other)) => SysctlNamespace::Ipc,
        _ => SysctlNamespace::Other,
    }
}

/// `IsValidSysctlName`.
fn is_valid_sysctl_name(name: &str) -> bool {
    let plain = |b: &u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_segment = |segment: &str| {
        let bytes = segment.as_bytes();
        bytes.first().is_some_and(plain)
            && bytes.last().is_some_and(plain)
            && bytes.iter().all(|b| plain(b) || matches!(b, b'-' | b'_'))
    };
    name.len() <= SYSCTL_MAX && name.split(['.', '/']).all(is_segment)
}

/// `validateSeccompProfileField`.
fn validate_seccomp_profile_field(v: &mut Validation, profile: &Field<'_, '_>) {
    if !profile.is_set() {
        return;
    }
    let kind = profile.key("type");
    if kind.text().is_empty() {
        v.required(
            "SC-08",
            &kind,
            "type is required when seccompProfile is set",
        );
    } else if !PROFILE_TYPES.contains(&kind.text()) {
        v.not_supported("SC-08", &kind, &PROFILE_TYPES);
    }
    let path = profile.key("localhostProfile");
    if kind.text() != "Localhost" {
        if path.is_set() {
            let detail = "can only be set when seccomp type is Localhost";
            v.invalid("SC-09", &path, detail).with(&kind, "type");
        }
    } else if path.is_set() {
        validate_local_descending_path(v, "SC-09", &path, path.text());
    } else {
        let detail = "must be set when seccomp type is Localhost";
        v.required("SC-09", &path, detail);
    }
}

/// `ValidateAppArmorProfileField`.
fn validate_app_armor_profile_field(v: &mut Validation, profile: &Field<'_, '_>) {
    if !profile.is_set() || !v.gates.app_armor_fields {
        return;
    }
    let kind = profile.key("type");
    let path = profile.key("localhostProfile");
    match kind.text() {
        "Localhost" => {
            let text = path.text();
            if text.trim() != text {
                v.invalid("SC-11", &path, "must not be padded with whitespace");
            } else if text.is_empty() {
                let detail = "must be set when AppArmor type is Localhost";
                v.required("SC-11", &path, detail);
            }
            if text.len() > APP_ARMOR_PROFILE_MAX {
                v.too_long_max_length("SC-11", &path, APP_ARMOR_PROFILE_MAX);
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            if path.is_set() {
                let detail = "can only be set when AppArmor type is Localhost";
                v.invalid("SC-11", &path, detail).with(&kind, "type");
            }
        }
        "" => {
            let detail = "type is required when appArmorProfile is set";
            v.required("SC-10", &kind, detail);
        }
        _ => {
            v.not_supported("SC-10", &kind, &PROFILE_TYPES);
        }
    }
}

/// `IsValidUserID` and `IsValidGroupID`.
fn validate_id(v: &mut Validation, id: &Field<'_, '_>) {
    v.invalid_each("SC-01", id, is_valid_id(id.int()));
}

/// A pointer to one of some texts.
fn validate_choice(
    v: &mut Validation,
    row: &'static str,
    field: &Field<'_, '_>,
    supported: &[&str],
) {
    if field.is_set() && !supported.contains(&field.text()) {
        v.not_supported(row, field, supported);
    }
}
