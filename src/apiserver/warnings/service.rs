//! Warnings about Services.
//!
//! Mirrors `GetWarningsForService` in `pkg/api/service/warnings.go`.

use crate::apiserver::errors::{Validation, path};
use crate::apiserver::field::Field;
use crate::apiserver::validation::ip::{parse_ip_sloppy, warning_for_ip, warnings_for_cidr};
use crate::apiserver::validation::service::TOPOLOGY_HINTS;

/// `GetWarningsForService`.
pub fn warnings_for_service(v: &mut Validation, service: &Field<'_, '_>) {
    let metadata = service.key("metadata");
    let annotations = metadata.key("annotations");
    let hints = annotations.entry(TOPOLOGY_HINTS);
    if hints.value().is_some() {
        let text = format!(
            "annotation {TOPOLOGY_HINTS} is deprecated, please use \
             service.kubernetes.io/topology-mode instead"
        );
        v.warn("WRN-36", &hints, text);
    }
    let spec = service.key("spec");
    let kind = spec.key("type").text();
    let address = spec.key("clusterIP").text();
    let headless = kind == "ClusterIP" && address == "None";
    if !matches!(address, "" | "None") {
        warn_of_addresses(v, &spec.key("clusterIPs"));
    }
    if headless && v.gates.warns_of_what_headless_ignores {
        warn_of_what_headless_ignores(v, &spec);
    }
    let external = spec.key("externalIPs");
    warn_of_addresses(v, &external);
    if v.gates.warns_of_external_ips && !external.is_empty() && !headless && kind != "ExternalName"
    {
        let text = "spec.externalIPs is deprecated and may no longer be implemented in some \
                    clusters";
        v.warn("WRN-38", &external, text.to_owned());
    }
    let balancer = spec.key("loadBalancerIP");
    if !balancer.text().is_empty() {
        warn_of_address(v, &balancer);
    }
    for range in spec.key("loadBalancerSourceRanges").items() {
        warn_of_range(v, &range);
    }
    warn_by_type(v, &spec, kind);
    let distribution = spec.key("trafficDistribution");
    if v.gates.warns_of_prefer_close && distribution.text() == "PreferClose" {
        let text = "spec.trafficDistribution: \"PreferClose\" is deprecated; use \
                    \"PreferSameZone\"";
        v.warn("WRN-40", &distribution, text.to_owned());
    }
}

fn warn_of_what_headless_ignores(v: &mut Validation, spec: &Field<'_, '_>) {
    let ignored = [
        ("loadBalancerIP", "spec.loadBalancerIP"),
        ("externalIPs", "spec.externalIPs"),
        ("sessionAffinity", "spec.SessionAffinity"),
    ];
    for (key, name) in ignored {
        let field = spec.key(key);
        let used = match key {
            "externalIPs" => !field.is_empty(),
            "sessionAffinity" => field.text() != "None",
            _ => !field.text().is_empty(),
        };
        if used {
            let text = format!("{name} is ignored for headless services");
            v.warn("WRN-37", &field, text);
        }
    }
}

fn warn_by_type(v: &mut Validation, spec: &Field<'_, '_>, kind: &str) {
    let external = spec.key("externalIPs");
    let name = spec.key("externalName");
    if kind == "ExternalName" && !external.is_empty() {
        let text = "spec.externalIPs is ignored when spec.type is \"ExternalName\"";
        v.warn("WRN-39", &external, text.to_owned());
    }
    if kind != "ExternalName" && !name.text().is_empty() {
        let text = "spec.externalName is ignored when spec.type is not \"ExternalName\"";
        v.warn("WRN-39", &name, text.to_owned());
    }
}

fn warn_of_addresses(v: &mut Validation, addresses: &Field<'_, '_>) {
    for address in addresses.items() {
        warn_of_address(v, &address);
    }
}

/// `GetWarningsForIP`, before 1.33 `getWarningsForIP`.
fn warn_of_address(v: &mut Validation, address: &Field<'_, '_>) {
    let warning = if v.gates.warns_of_standard_addresses {
        warning_for_ip(address.text(), &v.gates)
    } else {
        old_warning_for_ip(address.text())
    };
    if let Some(warning) = warning {
        v.warn("WRN-32", address, format!("{}: {warning}", path(address)));
    }
}

/// `GetWarningsForCIDR`, before 1.33 `getWarningsForCIDR`.
fn warn_of_range(v: &mut Validation, range: &Field<'_, '_>) {
    let warnings = if v.gates.warns_of_standard_addresses {
        warnings_for_cidr(range.text(), &v.gates)
    } else {
        old_warning_for_cidr(range.text()).into_iter().collect()
    };
    for warning in warnings {
        v.warn("WRN-33", range, format!("{}: {warning}", path(range)));
    }
}

fn old_warning_for_ip(address: &str) -> Option<String> {
    if let Err(why) = parse_addr(address) {
        return Some(format!(
            "IP address was accepted, but will be invalid in a future Kubernetes release: {why}"
        ));
    }
    let canonical = canonical_ipv6(address)?;
    (canonical != address).then(|| {
        format!(
            "IPv6 address {address:?} is not in RFC 5952 canonical format ({canonical:?}), which \
             may cause controller apply-loops"
        )
    })
}

fn old_warning_for_cidr(range: &str) -> Option<String> {
    if let Err(why) = parse_prefix(range) {
        return Some(format!(
            "IP prefix was accepted, but will be invalid in a future Kubernetes release: \
             netip.ParsePrefix({range:?}): {why}"
        ));
    }
    let (address, bits) = range.split_once('/')?;
    let canonical = format!("{}/{bits}", canonical_ipv6(address)?);
    (canonical != range).then(|| {
        format!(
            "IPv6 prefix {range:?} is not in RFC 5952 canonical format ({canonical:?}), which may \
             cause controller apply-loops"
        )
    })
}

/// An IPv6 address as Go's `netip` writes it; `None` for others.
fn canonical_ipv6(address: &str) -> Option<String> {
    let ip = parse_ip_sloppy(address).filter(|_| address.contains(':'))?;
    let mapped = if ip.is_ipv4() { "::ffff:" } else { "" };
    Some(format!("{mapped}{}", ip.text()))
}

/// What Go's `netip.ParsePrefix` finds wrong with a range of addresses.
fn parse_prefix(range: &str) -> Result<(), String> {
    let Some((address, bits)) = range.rsplit_once('/') else {
        return Err("no '/'".to_owned());
    };
    parse_addr(address)?;
    let padded = bits.len() > 1 && !bits.starts_with(|c: char| ('1'..='9').contains(&c));
    if padded || !bits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(format!("bad bits after slash: {bits:?}"));
    }
    Ok(())
}

/// What Go's `netip.ParseAddr` finds wrong with an IPv4 address or with what is no address.
fn parse_addr(address: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("ParseAddr({address:?}): {why}"));
    match address
        .find(['.', ':', '%'])
        .and_then(|at| address.get(at..))
    {
        None => return wrong("unable to parse IP"),
        Some(rest) if rest.starts_with('%') => return wrong("missing IPv6 address"),
        Some(rest) if rest.starts_with(':') => return Ok(()),
        Some(_) => {}
    }
    let (mut octets, mut value, mut digits) = (1, 0, 0);
    for (i, c) in address.char_indices() {
        let rest = address.get(i..).unwrap_or_default();
        match c {
            '0'..='9' if digits == 1 && value == 0 => {
                return wrong("IPv4 field has octet with leading zero");
            }
            '0'..='9' => {
                value = value * 10 + c.to_digit(10).unwrap_or(0);
                digits += 1;
                if value > 255 {
                    return wrong("IPv4 field has value >255");
                }
            }
            '.' if digits == 0 || rest.len() == 1 => {
                let why = format!("IPv4 field must have at least one digit (at {rest:?})");
                return wrong(&why);
            }
            '.' if octets == 4 => return wrong("IPv4 address too long"),
            '.' => (octets, value, digits) = (octets + 1, 0, 0),
            _ => return wrong(&format!("unexpected character (at {rest:?})")),
        }
    }
    if octets < 4 {
        return wrong("IPv4 address too short");
    }
    Ok(())
}
