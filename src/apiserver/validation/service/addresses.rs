//! Cluster IPs of a Service, their families and the policy for these.
//!
//! Mirrors `ValidateServiceClusterIPsRelatedFields` in
//! `pkg/apis/core/validation/validation.go`.

use super::is_headless_service;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::ip::{is_valid_ip_for_legacy_field, parse_ip_sloppy};

const POLICIES: [&str; 3] = ["PreferDualStack", "RequireDualStack", "SingleStack"];

/// `ValidateServiceClusterIPsRelatedFields` of a Service's spec, and the old Service.
pub fn validate_service_cluster_ips_related_fields(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    old: Option<&Field<'_, '_>>,
) {
    if spec.key("type").text() == "ExternalName" {
        return;
    }
    let addresses = spec.key("clusterIPs");
    validate_first_address(v, spec, &addresses);
    let mut families: Vec<&str> = Vec::new();
    for family in spec.key("ipFamilies").items() {
        if !matches!(family.text(), "IPv4" | "IPv6") {
            v.not_supported("SVC-27", &family, &["IPv4", "IPv6"]);
        }
        if families.contains(&family.text()) {
            v.duplicate("SVC-27", &family);
        }
        families.push(family.text());
    }
    let policy = spec.key("ipFamilyPolicy");
    if policy.is_set() && !POLICIES.contains(&policy.text()) {
        v.not_supported("SVC-28", &policy, &POLICIES);
    }
    let fine = validate_each_address(v, &addresses, old);
    if addresses.len() > 2 {
        v.invalid("SVC-31", &addresses, "may only hold up to 2 values");
    }
    if fine {
        validate_families(v, spec, &addresses, &families);
    }
}

/// `clusterIP` is the first of `clusterIPs`.
fn validate_first_address(v: &mut Validation, spec: &Field<'_, '_>, addresses: &Field<'_, '_>) {
    let address = spec.key("clusterIP");
    let first = addresses.items().next().map(|first| first.text());
    let detail = match first {
        None if address.text().is_empty() => return,
        None => {
            v.required("SVC-24", addresses, "");
            return;
        }
        Some(_) if address.text().is_empty() => "must be empty when `clusterIP` is not specified",
        Some(first) if first != address.text() => "first value must match `clusterIP`",
        Some(_) => return,
    };
    let row = if address.text().is_empty() {
        "SVC-26"
    } else {
        "SVC-25"
    };
    v.invalid(row, addresses, detail)
        .with(&address, "clusterIP");
}

/// Whether all are addresses.
fn validate_each_address(
    v: &mut Validation,
    addresses: &Field<'_, '_>,
    old: Option<&Field<'_, '_>>,
) -> bool {
    let old_value = old.and_then(|old| old.value()?.at(&["spec", "clusterIPs"]));
    let old_texts: Vec<&str> = old_value
        .filter(|_| v.gates.legacy_addresses_may_stay)
        .map_or(Vec::new(), |list| {
            list.values().map(|item| item.text()).collect()
        });
    let mut fine = true;
    for (i, address) in addresses.items().enumerate() {
        if i == 0 && address.text() == "None" {
            if addresses.len() > 1 {
                fine = false;
                v.invalid(
                    "SVC-29",
                    addresses,
                    "'None' must be the first and only value",
                );
            }
            continue;
        }
        let wrong = is_valid_ip_for_legacy_field(address.text(), &v.gates, &old_texts);
        fine &= wrong.is_empty();
        v.invalid_each("SVC-30", &address, wrong);
    }
    fine
}

fn validate_families(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    addresses: &Field<'_, '_>,
    families: &[&str],
) {
    if addresses.len() > 1 {
        let fourth = addresses.items().any(|address| is_ipv4(address.text()));
        let sixth = addresses.items().any(|address| !is_ipv4(address.text()));
        if !(fourth && sixth) {
            let detail = "may specify no more than one IP for each IP family";
            v.invalid("SVC-31", addresses, detail);
        }
    }
    if is_headless_service(spec) {
        return;
    }
    for (i, (address, family)) in addresses.items().zip(families).enumerate() {
        let expected = match (*family, is_ipv4(address.text())) {
            ("IPv4", false) => "IPv4",
            ("IPv6", true) => "IPv6",
            _ => continue,
        };
        let detail = format!("expected an {expected} value as indicated by `ipFamilies[{i}]`");
        v.invalid("SVC-32", &address, detail)
            .with(&spec.key("ipFamilies"), "ipFamilies");
    }
}

/// Whether an address isn't one of IPv6 (`IsIPv6String`).
pub fn is_ipv4(address: &str) -> bool {
    parse_ip_sloppy(address).is_none_or(|ip| ip.is_ipv4())
}
