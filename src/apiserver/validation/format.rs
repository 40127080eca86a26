//! Formats of single texts and numbers: names, labels, ports, percentages.
//!
//! Mirrors apimachinery `pkg/util/validation/validation.go` and, since 1.35,
//! `pkg/api/validate/content`: one function for each there, under its name. Each returns the
//! messages of what is wrong; none: the value is fine. Not here: IP addresses (`ip`).

use std::borrow::Cow;

use crate::apiserver::gates::Gates;

/// What is wrong with a value, in the server's words.
pub type Messages = Vec<Cow<'static, str>>;

/// `DNS1123LabelMaxLength`.
pub const LABEL_MAX: usize = 63;
/// `DNS1123SubdomainMaxLength`.
pub const SUBDOMAIN_MAX: usize = 253;

/// `IsDNS1123Label`.
pub fn is_dns1123_label(value: &str) -> Messages {
    let mut messages = longer_than(value, LABEL_MAX);
    if !is_label(value.as_bytes()) {
        messages.push(if is_subdomain(value, is_label) {
            "must not contain dots".into()
        } else {
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', \
             and must start and end with an alphanumeric character (e.g. 'my-name',  or \
             '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .into()
        });
    }
    messages
}

/// `IsDNS1123Subdomain`.
pub fn is_dns1123_subdomain(value: &str) -> Messages {
    let mut messages = longer_than(value, SUBDOMAIN_MAX);
    if !is_subdomain(value, is_label) {
        messages.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '-' or '.', and must start and end with an alphanumeric character (e.g. \
             'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .into(),
        );
    }
    messages
}

/// `IsDNS1035Label`.
pub fn is_dns1035_label(value: &str) -> Messages {
    let mut messages = longer_than(value, LABEL_MAX);
    if !(is_label(value.as_bytes()) && value.starts_with(|c: char| c.is_ascii_lowercase())) {
        messages.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start \
             with an alphabetic character, and end with an alphanumeric character (e.g. \
             'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .into(),
        );
    }
    messages
}

/// `IsQualifiedName`, since 1.35 `content.IsLabelKey`.
pub fn is_qualified_name(value: &str, gates: &Gates) -> Messages {
    const NAME: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start \
        and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', \
        regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let mut messages = Messages::new();
    let name = match value.split_once('/') {
        Some((_, name)) if name.contains('/') => {
            let what = if gates.labels_say_bytes {
                "label key"
            } else {
                "qualified name"
            };
            let with = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![if gates.labels_say_bytes {
                format!("a valid {what} {NAME} {with}").into()
            } else {
                format!("a {what} {NAME} {with}").into()
            }];
        }
        Some(("", name)) => {
            messages.push("prefix part must be non-empty".into());
            name
        }
        Some((prefix, name)) => {
            let wrong = is_dns1123_subdomain(prefix);
            messages.extend(wrong.into_iter().map(|message| {
                let message = in_bytes(message, gates);
                Cow::from(format!("prefix part {message}"))
            }));
            name
        }
        None => value,
    };
    if name.is_empty() {
        messages.push("name part must be non-empty".into());
    } else if name.len() > LABEL_MAX {
        let unit = unit(gates);
        messages.push(format!("name part must be no more than {LABEL_MAX} {unit}").into());
    }
    if !is_label_text(name) {
        messages.push(format!("name part {NAME}").into());
    }
    messages
}

/// `IsValidLabelValue`.
pub fn is_valid_label_value(value: &str, gates: &Gates) -> Messages {
    let mut messages = Messages::new();
    if value.len() > LABEL_MAX {
        let unit = unit(gates);
        messages.push(format!("must be no more than {LABEL_MAX} {unit}").into());
    }
    if !(value.is_empty() || is_label_text(value)) {
        messages.push(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', \
             '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  \
             or 'my_value',  or '12345', regex used for validation is \
             '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
                .into(),
        );
    }
    messages
}

/// `IsValidPortNum`.
pub fn is_valid_port_num(port: i64) -> Messages {
    is_in_range(port, 1, 65535)
}

/// `IsInRange`.
pub fn is_in_range(value: i64, min: i64, max: i64) -> Messages {
    if (min..=max).contains(&value) {
        return Messages::new();
    }
    vec![format!("must be between {min} and {max}, inclusive").into()]
}

/// `IsValidPortName`.
pub fn is_valid_port_name(port: &str) -> Messages {
    let mut messages = longer_than(port, 15);
    let plain = |b: u8| b == b'-' || b.is_ascii_lowercase() || b.is_ascii_digit();
    if port.is_empty() || !port.bytes().all(plain) {
        messages
            .push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".into());
    }
    if !port.bytes().any(|b| b.is_ascii_lowercase()) {
        messages.push("must contain at least one letter (a-z)".into());
    }
    if port.contains("--") {
        messages.push("must not contain consecutive hyphens".into());
    }
    if port.starts_with('-') || port.ends_with('-') {
        messages.push("must not begin or end with a hyphen".into());
    }
    messages
}

/// `IsValidPercent`.
pub fn is_valid_percent(percent: &str) -> Messages {
    if percent_value(percent).is_some() {
        return Messages::new();
    }
    vec![
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  \
         or '93%', regex used for validation is '[0-9]+%')"
            .into(),
    ]
}

/// The number of a percent string; what doesn't fit stays at the largest.
pub fn percent_value(percent: &str) -> Option<i64> {
    let digits = percent.strip_suffix('%')?;
    let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    numeric.then(|| digits.parse().unwrap_or(i64::MAX))
}

/// `ValidateNonnegativeField` and `ValidateNonnegativeQuantity`: the words.
pub const NOT_NEGATIVE: &str = "must be greater than or equal to 0";

/// `maskTrailingDash`: how a `generateName` is checked, since something will follow.
pub fn mask_trailing_dash(name: &str) -> Cow<'_, str> {
    match name.strip_suffix('-') {
        Some(rest) if rest.ends_with(|c: char| c.is_ascii()) => {
            let mut masked = rest.to_owned();
            masked.pop();
            masked.push('a');
            masked.into()
        }
        _ => name.into(),
    }
}

/// `IsPathSegmentName`.
pub fn is_path_segment_name(name: &str) -> Messages {
    match name {
        "." => vec!["may not be '.'".into()],
        ".." => vec!["may not be '..'".into()],
        _ => is_path_segment_prefix(name),
    }
}

/// `IsPathSegmentPrefix`.
pub fn is_path_segment_prefix(name: &str) -> Messages {
    let mut messages = Messages::new();
    if name.contains('/') {
        messages.push("may not contain '/'".into());
    }
    if name.contains('%') {
        messages.push("may not contain '%'".into());
    }
    messages
}

/// `IsDomainPrefixedPath` of what isn't empty.
pub fn is_domain_prefixed_path(path: &str) -> Messages {
    let (host, path) = path.split_once('/').unwrap_or_default();
    if host.is_empty() || path.is_empty() {
        return vec!["must be a domain-prefixed path (such as \"acme.io/foo\")".into()];
    }
    let mut messages = is_dns1123_subdomain(host);
    let in_path = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    if !path.bytes().all(in_path) {
        messages.push(
            "Invalid path (regex used for validation is \
             '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')"
                .into(),
        );
    }
    messages
}

/// `IsDNS1123SubdomainWithUnderscore`.
pub fn is_dns1123_subdomain_with_underscore(value: &str, gates: &Gates) -> Messages {
    let mut messages = longer_than(value, SUBDOMAIN_MAX);
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let is_label = |label: &[u8]| {
        let label = label.strip_prefix(b"_").unwrap_or(label);
        has_ends(label, plain) && label.iter().all(|b| plain(*b) || matches!(b, b'-' | b'_'))
    };
    if !is_subdomain(value, is_label) {
        let pattern = if gates.underscores_in_the_pattern {
            "_?[a-z0-9]([-_a-z0-9]*[a-z0-9])?(\\._?[a-z0-9]([-_a-z0-9]*[a-z0-9])?)*"
        } else {
            "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
        };
        let message = format!(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, \
             '_', '-' or '.', and must start and end with an alphanumeric character (e.g. \
             'example.com', regex used for validation is '{pattern}')"
        );
        messages.push(message.into());
    }
    messages
}

/// `IsValidUserID` and `IsValidGroupID`.
pub fn is_valid_id(id: i64) -> Messages {
    is_in_range(id, 0, i64::from(i32::MAX))
}

/// `IsHTTPHeaderName`.
pub fn is_http_header_name(name: &str) -> Messages {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if !name.is_empty() && name.bytes().all(plain) {
        return Messages::new();
    }
    vec![
        "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. \
         'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')"
            .into(),
    ]
}

/// `IsEnvVarName`.
pub fn is_env_var_name(name: &str) -> Messages {
    let mut messages = Messages::new();
    let starts = !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_digit());
    if !starts || !name.bytes().all(is_key_byte) {
        messages.push(
            "a valid environment variable name must consist of alphabetic characters, digits, \
             '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or \
             'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is \
             '[-._a-zA-Z][-._a-zA-Z0-9]*')"
                .into(),
        );
    }
    messages.extend(has_ch_dir_prefix(name));
    messages
}

/// `IsRelaxedEnvVarName`.
pub fn is_relaxed_env_var_name(name: &str) -> Messages {
    let mut messages = Messages::new();
    if name.is_empty() {
        messages.push("environment variable name must be non-empty".into());
    }
    if !name.bytes().all(|b| matches!(b, b' '..=b'~') && b != b'=') {
        messages.push(
            "a valid environment variable name must consist only of printable ASCII characters \
             other than '='"
                .into(),
        );
    }
    messages
}

/// `IsConfigMapKey`.
pub fn is_config_map_key(key: &str) -> Messages {
    let mut messages = longer_than(key, SUBDOMAIN_MAX);
    if key.is_empty() || !key.bytes().all(is_key_byte) {
        messages.push(
            "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
             'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is \
             '[-._a-zA-Z0-9]+')"
                .into(),
        );
    }
    messages.extend(has_ch_dir_prefix(key));
    messages
}

/// `hasChDirPrefix`.
fn has_ch_dir_prefix(value: &str) -> Option<Cow<'static, str>> {
    match value {
        "." => Some("must not be '.'".into()),
        ".." => Some("must not be '..'".into()),
        _ if value.starts_with("..") => Some("must not start with '..'".into()),
        _ => None,
    }
}

/// `[-._a-zA-Z0-9]`
fn is_key_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_')
}

/// `MaxLenError` for what is longer than `max` bytes.
pub fn longer_than(value: &str, max: usize) -> Messages {
    if value.len() > max {
        return vec![format!("must be no more than {max} characters").into()];
    }
    Messages::new()
}

/// `[a-z0-9]([-a-z0-9]*[a-z0-9])?`
fn is_label(value: &[u8]) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    has_ends(value, plain) && value.iter().all(|b| plain(*b) || *b == b'-')
}

fn is_subdomain(value: &str, is_label: impl Fn(&[u8]) -> bool) -> bool {
    value.as_bytes().split(|b| *b == b'.').all(is_label)
}

/// `([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]`
fn is_label_text(value: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let is_end = |b: u8| b.is_ascii_alphanumeric();
    has_ends(value.as_bytes(), is_end) && value.bytes().all(inner)
}

/// Whether a text isn't empty and begins and ends with such a byte.
fn has_ends(bytes: &[u8], is_end: impl Fn(u8) -> bool) -> bool {
    bytes.first().is_some_and(|b| is_end(*b)) && bytes.last().is_some_and(|b| is_end(*b))
}

fn unit(gates: &Gates) -> &'static str {
    if gates.labels_say_bytes {
        "bytes"
    } else {
        "characters"
    }
}

fn in_bytes(message: Cow<'static, str>, gates: &Gates) -> Cow<'static, str> {
    match message.strip_suffix(" characters") {
        Some(rest) if gates.labels_say_bytes => format!("{rest} bytes").into(),
        _ => message,
    }
}
