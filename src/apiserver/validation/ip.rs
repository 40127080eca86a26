//! IP addresses and CIDR values: Go's two readings of them, and what the server demands.
//!
//! Mirrors apimachinery `pkg/util/validation/ip.go`, `ValidateEndpointIP` of
//! `pkg/apis/core/validation/validation.go`, and what both lean on: `ParseIPSloppy` and
//! `ParseCIDRSloppy` (`k8s.io/utils/net`), which let leading zeros pass, and Go's `net/netip`,
//! which doesn't. What only one of the two accepts is remembered while reading.

use core::net::{Ipv4Addr, Ipv6Addr};

use super::format::Messages;
use crate::apiserver::gates::Gates;

/// An address, as `ParseIPSloppy` reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ip {
    /// All 16 bytes; of an IPv4 address its IPv4-mapped form, as Go holds it.
    address: Ipv6Addr,
    /// Whether it is written with colons.
    colons: bool,
    /// Whether `netip.ParseAddr` rejects it: leading zeros in an octet, or groups of more than
    /// four digits.
    leading_zeros: bool,
}

/// An address with the length of a prefix, as `ParseCIDRSloppy` reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    /// The address in front of the slash.
    ip: Ip,
    /// The number behind it.
    bits: u32,
    /// Whether `netip.ParsePrefix` rejects it.
    leading_zeros: bool,
}

const BAD_IP: &str = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)";
const BAD_CIDR: &str = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)";

/// `IsValidIPForLegacyField`: what stands among the old object's values passes unchecked.
pub fn is_valid_ip_for_legacy_field(value: &str, gates: &Gates, valid_old: &[&str]) -> Messages {
    if valid_old.contains(&value) {
        return Messages::new();
    }
    let Some(ip) = parse_ip_sloppy(value) else {
        return vec![BAD_IP.into()];
    };
    if !gates.strict_ip_cidr_validation {
        return Messages::new();
    }
    if ip.leading_zeros {
        return vec!["must not have leading 0s".into()];
    }
    if ip.is_mapped() {
        return vec!["must not be an IPv4-mapped IPv6 address".into()];
    }
    Messages::new()
}

/// `IsValidCIDRForLegacyField`: what stands among the old object's values passes unchecked.
pub fn is_valid_cidr_for_legacy_field(value: &str, gates: &Gates, valid_old: &[&str]) -> Messages {
    if valid_old.contains(&value) {
        return Messages::new();
    }
    let Some(cidr) = parse_cidr_sloppy(value) else {
        return vec![BAD_CIDR.into()];
    };
    if !gates.strict_ip_cidr_validation {
        return Messages::new();
    }
    let detail = if cidr.leading_zeros {
        "must not have leading 0s in IP or prefix length"
    } else if cidr.ip.is_mapped() {
        "must not have an IPv4-mapped IPv6 address"
    } else if cidr.network() != cidr.ip.address {
        "must not have bits set beyond the prefix length"
    } else {
        return Messages::new();
    };
    vec![detail.into()]
}

/// `ValidateEndpointIP`, before 1.33 `ValidateNonSpecialIP`.
pub fn validate_endpoint_ip(value: &str) -> Messages {
    let Some(ip) = parse_ip_sloppy(value) else {
        return vec!["must be a valid IP address".into()];
    };
    let mut messages = Messages::new();
    if ip.is_unspecified() {
        messages.push(format!("may not be unspecified ({value})").into());
    }
    if ip.is_loopback() {
        messages.push("may not be in the loopback range (127.0.0.0/8, ::1/128)".into());
    }
    if ip.is_link_local_unicast() {
        messages.push("may not be in the link-local range (169.254.0.0/16, fe80::/10)".into());
    }
    if ip.is_link_local_multicast() {
        let detail = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)";
        messages.push(detail.into());
    }
    messages
}

/// `GetWarningsForIP`: the text behind the path and `: `.
pub fn warning_for_ip(value: &str, gates: &Gates) -> Option<String> {
    let ip = parse_ip_sloppy(value)?;
    let canonical = ip.text();
    if ip.leading_zeros || ip.is_mapped() {
        return Some(format!(
            "non-standard IP address {value:?} {}: use {canonical:?}",
            is_invalid(gates)
        ));
    }
    (ip.colons && canonical != value).then(|| {
        format!("IPv6 address {value:?} should be in RFC 5952 canonical format ({canonical:?})")
    })
}

/// `GetWarningsForCIDR`: the texts behind the path and `: `.
pub fn warnings_for_cidr(value: &str, gates: &Gates) -> Vec<String> {
    let Some(cidr) = parse_cidr_sloppy(value) else {
        return Vec::new();
    };
    let mut warnings = Vec::new();
    if cidr.network() != cidr.ip.address {
        let single = format!("{}/{}", cidr.ip.text(), cidr.ip.width());
        let network = cidr.network_text();
        warnings.push(format!(
            "CIDR value {value:?} is ambiguous in this context (should be {network:?} or \
             {single:?}?)"
        ));
    }
    if cidr.leading_zeros || cidr.ip.is_mapped() {
        let network = cidr.network_text();
        warnings.push(format!(
            "non-standard CIDR value {value:?} {}: use {network:?}",
            is_invalid(gates)
        ));
    }
    if warnings.is_empty() && cidr.ip.colons {
        let canonical = format!("{}/{}", cidr.ip.text(), cidr.bits);
        if canonical != value {
            warnings.push(format!(
                "IPv6 CIDR value {value:?} should be in RFC 5952 canonical format ({canonical:?})"
            ));
        }
    }
    warnings
}

/// How a warning calls what once was accepted.
fn is_invalid(gates: &Gates) -> &'static str {
    if gates.strict_ip_cidr_validation {
        "is invalid"
    } else {
        "will be considered invalid in a future Kubernetes release"
    }
}

/// `ParseIPSloppy`.
pub fn parse_ip_sloppy(value: &str) -> Option<Ip> {
    match value.find(['.', ':']).map(|at| value.as_bytes().get(at)) {
        Some(Some(b'.')) => parse_ipv4(value),
        Some(_) => parse_ipv6(value),
        None => None,
    }
}

/// `ParseCIDRSloppy`.
pub fn parse_cidr_sloppy(value: &str) -> Option<Cidr> {
    let (address, bits) = value.split_once('/')?;
    let ip = parse_ip_sloppy(address)?;
    let zeros = bits.len() > 1 && bits.starts_with('0');
    let bits = decimal(bits).filter(|bits| *bits <= ip.width())?;
    Some(Cidr {
        ip,
        bits,
        leading_zeros: ip.leading_zeros || zeros,
    })
}

impl Ip {
    /// Whether `To4` isn't nil: an IPv4 address, IPv4-mapped IPv6 addresses included.
    pub fn is_ipv4(self) -> bool {
        self.ipv4().is_some()
    }

    /// As Go writes it (`net.IP.String`).
    pub fn text(self) -> String {
        match self.ipv4() {
            Some(ipv4) => ipv4.to_string(),
            None => self.address.to_string(),
        }
    }

    /// `IsUnspecified`.
    pub fn is_unspecified(self) -> bool {
        self.ipv4()
            .map_or(self.address.is_unspecified(), |ip| ip.is_unspecified())
    }

    /// `IsLoopback`.
    pub fn is_loopback(self) -> bool {
        self.ipv4()
            .map_or(self.address.is_loopback(), |ip| ip.is_loopback())
    }

    /// `IsLinkLocalUnicast`.
    pub fn is_link_local_unicast(self) -> bool {
        let ipv6 = self.address.segments()[0] & 0xffc0 == 0xfe80;
        self.ipv4().map_or(ipv6, |ip| ip.is_link_local())
    }

    /// `IsLinkLocalMulticast`.
    pub fn is_link_local_multicast(self) -> bool {
        let ipv6 = self.address.segments()[0] & 0xff0f == 0xff02;
        self.ipv4()
            .map_or(ipv6, |ip| ip.octets()[..3] == [224, 0, 0])
    }

    fn ipv4(self) -> Option<Ipv4Addr> {
        self.address.to_ipv4_mapped()
    }

    /// `Is4In6`.
    fn is_mapped(self) -> bool {
        self.colons && self.is_ipv4()
    }

    /// How many bits an address of its form has.
    fn width(self) -> u32 {
        if self.colons { 128 } else { 32 }
    }
}

impl Cidr {
    /// Whether its address is one of IPv4.
    pub fn is_ipv4(self) -> bool {
        self.ip.is_ipv4()
    }

    /// The address without the bits behind the prefix.
    fn network(self) -> Ipv6Addr {
        let host_bits = self.ip.width() - self.bits;
        let mask = u128::MAX.checked_shl(host_bits).unwrap_or(0);
        Ipv6Addr::from_bits(self.ip.address.to_bits() & mask)
    }

    /// As Go writes it (`net.IPNet.String`).
    fn network_text(self) -> String {
        match self.network().to_ipv4_mapped() {
            Some(ipv4) if self.ip.colons => format!("{ipv4}/{}", self.bits.saturating_sub(96)),
            Some(ipv4) => format!("{ipv4}/{}", self.bits),
            None => format!("{}/{}", self.network(), self.bits),
        }
    }
}

fn parse_ipv4(value: &str) -> Option<Ip> {
    let (ipv4, leading_zeros) = octets(value)?;
    Some(Ip {
        address: ipv4.to_ipv6_mapped(),
        colons: false,
        leading_zeros,
    })
}

/// Four octets, and whether one of them has leading zeros.
fn octets(value: &str) -> Option<(Ipv4Addr, bool)> {
    let mut parts = value.split('.');
    let mut octets = [0u8; 4];
    let mut leading_zeros = false;
    for octet in &mut octets {
        let part = parts.next()?;
        *octet = decimal(part)?.try_into().ok()?;
        leading_zeros |= part.len() > 1 && part.starts_with('0');
    }
    parts
        .next()
        .is_none()
        .then(|| (Ipv4Addr::from(octets), leading_zeros))
}

fn parse_ipv6(value: &str) -> Option<Ip> {
    let mut long = false;
    let address = match value.split_once("::") {
        None => {
            let (segments, count) = segments(value, &mut long)?;
            (count == 8).then(|| Ipv6Addr::from(segments))?
        }
        Some((before, after)) => {
            // An IPv4 address may only stand at the end.
            if before.contains('.') {
                return None;
            }
            let (head, head_count) = segments(before, &mut long)?;
            let (tail, tail_count) = segments(after, &mut long)?;
            // The ellipsis stands for at least one group.
            if head_count + tail_count > 7 {
                return None;
            }
            let gap = 16 * (8 - tail_count);
            let tail = Ipv6Addr::from(tail).to_bits().checked_shr(gap).unwrap_or(0);
            Ipv6Addr::from_bits(Ipv6Addr::from(head).to_bits() | tail)
        }
    };
    Some(Ip {
        address,
        colons: true,
        leading_zeros: long,
    })
}

/// Groups between colons, the last two perhaps as an IPv4 address: those that are there at the
/// start, and how many these are. Sets `long` where `net/netip` would stumble.
fn segments(value: &str, long: &mut bool) -> Option<([u16; 8], u32)> {
    let mut segments = [0u16; 8];
    let mut count = 0;
    if value.is_empty() {
        return Some((segments, count));
    }
    let mut parts = value.split(':').peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() && part.contains('.') {
            let (ipv4, leading_zeros) = octets(part)?;
            *long |= leading_zeros;
            let bits = ipv4.to_bits();
            *segments.get_mut(count as usize)? = (bits >> 16) as u16;
            *segments.get_mut(count as usize + 1)? = bits as u16;
            count += 2;
        } else {
            *segments.get_mut(count as usize)? = hexadecimal(part)?;
            *long |= part.len() > 4;
            count += 1;
        }
    }
    Some((segments, count))
}

/// Decimal digits, with leading zeros.
fn decimal(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// Hexadecimal digits, with leading zeros.
fn hexadecimal(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    digits.then(|| u16::from_str_radix(text, 16).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::minor::Minor;

    #[test]
    fn reads_addresses_as_the_server_does() {
        let lenient = Gates::of(Minor::OLDEST);
        let strict = Gates::of(Minor::NEWEST);
        let lines = include_str!("../../../testdata/apiserver/ip.tsv").lines();
        for line in lines.filter(|line| !line.starts_with('#')) {
            let value = line.split('\t').next().unwrap_or_default();
            let told = [
                value.to_owned(),
                is_valid_ip_for_legacy_field(value, &strict, &[]).join("; "),
                is_valid_ip_for_legacy_field(value, &lenient, &[]).join("; "),
                is_valid_cidr_for_legacy_field(value, &strict, &[]).join("; "),
                is_valid_cidr_for_legacy_field(value, &lenient, &[]).join("; "),
                warning_for_ip(value, &strict).unwrap_or_default(),
                warnings_for_cidr(value, &strict).join("; "),
            ];
            assert_eq!(told.join("\t"), line);
        }
    }

    #[test]
    fn accepts_what_the_old_object_has() {
        let strict = Gates::of(Minor::NEWEST);
        assert!(is_valid_ip_for_legacy_field("010.2.3.4", &strict, &["010.2.3.4"]).is_empty());
        assert!(!is_valid_ip_for_legacy_field("010.2.3.4", &strict, &["10.2.3.4"]).is_empty());
    }
}
