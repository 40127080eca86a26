//! What the operating system of a pod allows, and the options of Windows.
//!
//! Mirrors `validateOS`, `validateLinux`, `validateWindows`, `validateWindowsHostProcessPod` and
//! `validateWindowsSecurityContextOptions` in `pkg/apis/core/validation/validation.go`.

use super::visit_containers_with_path;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_dns1123_subdomain;

/// `maxGMSACredentialSpecLength`.
const CREDENTIAL_SPEC_MAX: usize = 64 << 10;
/// `maxRunAsUserNameDomainLength`.
const DOMAIN_MAX: usize = 256;
/// `maxRunAsUserNameUserLength`.
const USER_MAX: usize = 104;

/// The fields of a pod's security context that Linux alone has, in upstream's order.
const LINUX_POD: [&str; 11] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "fsGroup",
    "fsGroupChangePolicy",
    "sysctls",
    "runAsUser",
    "runAsGroup",
    "supplementalGroups",
    "supplementalGroupsPolicy",
    "seLinuxChangePolicy",
];
/// Those of a container.
const LINUX_CONTAINER: [&str; 10] = [
    "appArmorProfile",
    "seLinuxOptions",
    "seccompProfile",
    "capabilities",
    "readOnlyRootFilesystem",
    "privileged",
    "allowPrivilegeEscalation",
    "procMount",
    "runAsUser",
    "runAsGroup",
];

/// `validateOS`, and what follows for the one that it is.
pub fn validate_os(v: &mut Validation, spec: &Field<'_, '_>) {
    let os = spec.key("os");
    if !os.is_set() {
        return;
    }
    let name = os.key("name");
    match name.text() {
        "linux" => validate_linux(v, spec, &name),
        "windows" => validate_windows(v, spec, &name),
        "" => {
            let detail = if v.gates.os_name_without_words {
                ""
            } else {
                "cannot be empty"
            };
            v.required("POD-21", &name, detail);
        }
        _ => {
            v.not_supported("POD-22", &os, &["linux", "windows"]);
        }
    }
}

/// `validateLinux`.
fn validate_linux(v: &mut Validation, spec: &Field<'_, '_>, os: &Field<'_, '_>) {
    let mut forbid = |holder: &Field<'_, '_>| {
        let context = holder.key("securityContext");
        let options = context.key("windowsOptions");
        if options.is_set() {
            let detail = "windows options cannot be set for a linux pod";
            v.forbidden("POD-23", &options, detail).with(os, "os");
        }
    };
    forbid(spec);
    visit_containers_with_path(spec, forbid);
}

/// `validateWindows`.
fn validate_windows(v: &mut Validation, spec: &Field<'_, '_>, os: &Field<'_, '_>) {
    let mut forbid = |row, field: &Field<'_, '_>| {
        let detail = "cannot be set for a windows pod";
        v.forbidden(row, field, detail).with(os, "os");
    };
    let context = spec.key("securityContext");
    for key in LINUX_POD {
        let field = context.key(key);
        // Of the fields that are no pointers, an empty list is as good as none.
        if field.is_set() && (key != "sysctls" || !field.is_empty()) {
            forbid("POD-24", &field);
        }
    }
    for key in ["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"] {
        let field = spec.key(key);
        let pointer = matches!(key, "hostUsers" | "shareProcessNamespace");
        if field.is_set() && (pointer || field.bool()) {
            forbid("POD-24", &field);
        }
    }
    visit_containers_with_path(spec, |container| {
        let context = container.key("securityContext");
        for key in LINUX_CONTAINER {
            let field = context.key(key);
            if field.is_set() {
                forbid("POD-25", &field);
            }
        }
    });
}

/// `validateWindowsHostProcessPod`.
pub fn validate_windows_host_process_pod(v: &mut Validation, spec: &Field<'_, '_>) {
    let context = spec.key("securityContext");
    let options = context.key("windowsOptions");
    let of_pod = options.key("hostProcess");
    let (mut containers, mut host_processes) = (0, 0);
    visit_containers_with_path(spec, |container| {
        containers += 1;
        let context = container.key("securityContext");
        let options = context.key("windowsOptions");
        let own = options.key("hostProcess");
        let inherited = own.bool_pointer().or(of_pod.bool_pointer());
        if let (Some(pod), Some(own_value)) = (of_pod.bool_pointer(), own.bool_pointer())
            && pod != own_value
        {
            let detail =
                format!("pod hostProcess value must be identical if both are specified, was {pod}");
            v.invalid("SC-20", &own, detail)
                .with(&of_pod, "hostProcess of the pod");
        }
        if inherited == Some(true) {
            host_processes += 1;
        }
    });
    if host_processes == 0 {
        return;
    }
    if host_processes != containers {
        let detail = "If pod contains any hostProcess containers then all containers must be \
            HostProcess containers";
        v.invalid("SC-20", spec, detail);
    }
    let host_network = spec.key("hostNetwork");
    if !host_network.bool() {
        let detail = "hostNetwork must be true if pod contains any hostProcess containers";
        v.invalid("SC-20", &host_network, detail);
    }
}

/// `validateWindowsSecurityContextOptions`.
pub fn validate_windows_security_context_options(v: &mut Validation, options: &Field<'_, '_>) {
    if !options.is_set() {
        return;
    }
    let name = options.key("gmsaCredentialSpecName");
    if name.is_set() {
        v.invalid_each("SC-17", &name, is_dns1123_subdomain(name.text()));
    }
    let spec = options.key("gmsaCredentialSpec");
    if spec.is_set() && spec.text().is_empty() {
        v.invalid(
            "SC-18",
            &spec,
            "gmsaCredentialSpec cannot be an empty string",
        );
    } else if spec.text().len() > CREDENTIAL_SPEC_MAX {
        v.invalid(
            "SC-18",
            &spec,
            "gmsaCredentialSpec size must be under 64 KiB",
        );
    }
    let user = options.key("runAsUserName");
    if user.is_set() {
        v.invalid_each("SC-19", &user, run_as_user_name_faults(user.text()));
    }
}

/// What is wrong with a `runAsUserName`: a user, perhaps after a domain and a backslash.
fn run_as_user_name_faults(name: &str) -> Vec<&'static str> {
    if name.is_empty() {
        return vec!["runAsUserName cannot be an empty string"];
    }
    if name.bytes().any(|b| b.is_ascii_control()) {
        return vec!["runAsUserName cannot contain control characters"];
    }
    let (domain, user) = match name.split_once('\\') {
        None => (None, name),
        Some((_, user)) if user.contains('\\') => {
            return vec!["runAsUserName cannot contain more than one backslash"];
        }
        Some((domain, user)) => (Some(domain), user),
    };
    let mut faults = Vec::new();
    if let Some(domain) = domain {
        if domain.len() >= DOMAIN_MAX {
            faults.push("runAsUserName's Domain length must be under 256 characters");
        }
        if !(is_netbios_name(domain) || is_windows_dns_name(domain)) {
            faults.push("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
        }
    }
    if user.is_empty() {
        faults.push("runAsUserName's User cannot be empty");
    } else if user.len() > USER_MAX {
        faults.push("runAsUserName's User length must not be longer than 104 characters");
    }
    if !user.is_empty() && user.chars().all(|c| matches!(c, '.' | ' ')) {
        faults.push("runAsUserName's User cannot contain only periods or spaces");
    }
    if user.contains(|c| "\"/\\:;|=,+*?<>@[]".contains(c)) {
        faults.push(
            "runAsUserName's User cannot contain the following characters: \"/\\:;|=,+*?<>@[]",
        );
    }
    faults
}

/// `validNetBiosRegex`.
fn is_netbios_name(domain: &str) -> bool {
    let is_bad = |c| "\\/:*?\"<>|".contains(c);
    let length = domain.chars().count();
    (1..=15).contains(&length) && !domain.starts_with('.') && !domain.contains(is_bad)
}

/// `validWindowsUserDomainDNSRegex`.
fn is_windows_dns_name(domain: &str) -> bool {
    domain.split('.').all(|label| {
        let bytes = label.as_bytes();
        let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
        bytes.len() <= 63
            && ends(bytes.first())
            && ends(bytes.last())
            && bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    })
}
