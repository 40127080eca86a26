//! DNS settings and host aliases of a pod.
//!
//! Mirrors `validateDNSPolicy`, `validatePodDNSConfig` and `ValidateHostAliases` in
//! `pkg/apis/core/validation/validation.go`.

use super::PodOptions;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{
    is_dns1123_subdomain, is_dns1123_subdomain_with_underscore,
};
use crate::apiserver::validation::ip::{is_valid_ip_for_legacy_field, parse_ip_sloppy};
use crate::finding::Step;

/// `MaxDNSNameservers`.
const NAMESERVERS_MAX: usize = 3;
/// `MaxDNSSearchPaths`.
const SEARCHES_MAX: usize = 32;
/// `MaxDNSSearchListChars`.
const SEARCHES_BYTES_MAX: usize = 2048;

/// `validateDNSPolicy`.
pub fn validate_dns_policy(v: &mut Validation, policy: &Field<'_, '_>) {
    let policies = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
    if !policies.contains(&policy.text()) {
        v.not_supported("POD-03", policy, &policies);
    }
}

/// `validatePodDNSConfig`.
pub fn validate_pod_dns_config(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    let config = spec.key("dnsConfig");
    let nameservers = config.key("nameservers");
    let policy = spec.key("dnsPolicy");
    if policy.text() == "None" && !config.is_set() {
        let detail = "must provide `dnsConfig` when `dnsPolicy` is None";
        v.required("DNS-01", &config, detail)
            .with(&policy, "dnsPolicy");
        return;
    }
    if policy.text() == "None" && nameservers.is_empty() {
        let detail = "must provide at least one DNS nameserver when `dnsPolicy` is None";
        v.required("DNS-02", &nameservers, detail)
            .with(&policy, "dnsPolicy");
        return;
    }
    if nameservers.len() > NAMESERVERS_MAX {
        let detail = format!("must not have more than {NAMESERVERS_MAX} nameservers");
        v.invalid("DNS-03", &nameservers, detail);
    }
    for nameserver in nameservers.items() {
        validate_ip(v, "DNS-04", &nameserver, nameserver.text());
    }
    validate_searches(v, &config.key("searches"), options);
    for option in config.key("options").items() {
        if option.key("name").text().is_empty() {
            v.required("DNS-07", &option, "must not be empty");
        }
    }
}

fn validate_searches(v: &mut Validation, searches: &Field<'_, '_>, options: &PodOptions) {
    let count = searches.len();
    if count > SEARCHES_MAX {
        let detail = format!("must not have more than {SEARCHES_MAX} search paths");
        v.invalid("DNS-05", searches, detail);
    }
    let bytes: usize = searches.items().map(|search| search.text().len()).sum();
    // They are joined with spaces.
    if bytes.saturating_add(count.saturating_sub(1)) > SEARCHES_BYTES_MAX {
        let detail = format!(
            "must not have more than {SEARCHES_BYTES_MAX} characters (including spaces) in the \
             search list"
        );
        v.invalid("DNS-05", searches, detail);
    }
    for search in searches.items() {
        let text = search.text();
        let name = text.strip_suffix('.').unwrap_or(text);
        if !options.allow_relaxed_dns_search_validation {
            v.invalid_each("DNS-06", &search, is_dns1123_subdomain(name));
        } else if text != "." {
            let wrong = is_dns1123_subdomain_with_underscore(name, &v.gates);
            v.invalid_each("DNS-06", &search, wrong);
        }
    }
}

/// `ValidateHostAliases`, which in 1.29 leaves the indexes out.
pub fn validate_host_aliases(v: &mut Validation, aliases: &Field<'_, '_>) {
    let indexed = v.gates.host_aliases_by_index;
    for alias in aliases.items() {
        let at = if indexed { &alias } else { aliases };
        let ip = alias.key("ip");
        let field = at.child(Step::Key("ip"), ip.value());
        let told = if indexed { &ip } else { &field };
        validate_ip(v, "DNS-08", told, ip.text());
        for hostname in alias.key("hostnames").items() {
            let field = at.child(Step::Key("hostnames"), hostname.value());
            let told = if indexed { &hostname } else { &field };
            v.invalid_each("DNS-09", told, is_dns1123_subdomain(hostname.text()));
        }
    }
}

/// `IsValidIPForLegacyField`, for which 1.29 has words of its own.
fn validate_ip(v: &mut Validation, row: &'static str, field: &Field<'_, '_>, ip: &str) {
    if v.gates.host_aliases_by_index {
        let wrong = is_valid_ip_for_legacy_field(ip, &v.gates, &[]);
        v.invalid_each(row, field, wrong);
    } else if parse_ip_sloppy(ip).is_none() {
        v.invalid(row, field, "must be valid IP address");
    }
}
