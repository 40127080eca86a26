//! What a plain scalar means: the resolver of go-yaml v2, which kubectl reads with.
//!
//! Mirrors `resolve.go` of go.yaml.in/yaml/v2 (YAML 1.1 with its own deviations: base 60 is
//! not read, `0o17` is, dates stay text).

use std::borrow::Cow;

use crate::tree::Kind;

/// The type of a plain scalar without a tag.
pub fn plain(text: &str) -> Kind {
    let Some(&first) = text.as_bytes().first() else {
        return Kind::Null;
    };
    match first {
        b'y' | b'Y' | b'n' | b'N' | b't' | b'T' | b'f' | b'F' | b'o' | b'O' | b'~' => word(text),
        b'.' => dotted(text),
        b'+' | b'-' | b'0'..=b'9' => number(text),
        _ => Kind::String,
    }
}

/// The value of text that `plain` calls a boolean.
pub fn bool_value(text: &str) -> bool {
    matches!(
        text.as_bytes(),
        [b'y' | b'Y' | b't' | b'T', ..] | [b'o' | b'O', b'n' | b'N']
    )
}

/// The value of text that `plain` calls an integer; in the range of `i64` and `u64` together.
pub fn int(text: &str) -> Option<i128> {
    // Nearly all are a few digits, and these hold no octal number and no more than fits.
    if let [b'1'..=b'9', ..] | [b'0'] = text.as_bytes()
        && text.len() < 19
        && text.bytes().all(|byte| byte.is_ascii_digit())
    {
        let digits = text.bytes().map(|byte| i64::from(byte - b'0'));
        return Some(digits.fold(0, |number, digit| number * 10 + digit).into());
    }
    let plain = without_underscores(text);
    // go-yaml tries what follows a lower-case `0b` once more, sign and all.
    if let Some(signed @ [b'+' | b'-', ..]) = plain.as_bytes().strip_prefix(b"0b") {
        let digits = std::str::from_utf8(signed).ok()?;
        return i64::from_str_radix(digits, 2).ok().map(i128::from);
    }
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, plain.get(1..)?),
        b'+' => (false, plain.get(1..)?),
        _ => (false, &*plain),
    };
    let (radix, digits) = radix(digits);
    // `i128` takes a second sign that Go doesn't.
    if !digits.as_bytes().first()?.is_ascii_alphanumeric() {
        return None;
    }
    let value = i128::from_str_radix(digits, radix).ok()?;
    let value = if negative { -value } else { value };
    let signed_twice = plain.starts_with('+') && value > i128::from(i64::MAX);
    let fits = value >= i128::from(i64::MIN) && value <= i128::from(u64::MAX);
    (fits && !signed_twice).then_some(value)
}

/// The value of text that `plain` calls a float; infinite and NaN for `.inf` and `.nan`.
pub fn float(text: &str) -> Option<f64> {
    match text.trim_start_matches(['+', '-']) {
        ".inf" | ".Inf" | ".INF" if text.starts_with('-') => return Some(f64::NEG_INFINITY),
        ".inf" | ".Inf" | ".INF" => return Some(f64::INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    let value: f64 = without_underscores(text).parse().ok()?;
    value.is_finite().then_some(value)
}

/// The type and text of a scalar with a `!!name` tag, plain or not; other tags leave text.
/// The error is go-yaml's message.
pub fn tagged<'t>(name: &str, text: Cow<'t, str>) -> Result<(Kind, Cow<'t, str>), String> {
    let natural = plain(&text);
    let wanted = match name {
        "str" => return Ok((Kind::String, text)),
        "binary" => return decode_binary(&text).map(|text| (Kind::String, text.into())),
        "timestamp" if is_date(&text) => return Ok((Kind::String, text)),
        "bool" => Kind::Bool,
        "int" => Kind::Int,
        "float" => Kind::Float,
        "null" => Kind::Null,
        "timestamp" => Kind::Sequence, // no scalar is one: always a mismatch
        _ => return Ok((Kind::String, text)),
    };
    match (natural, wanted) {
        _ if natural == wanted => Ok((wanted, text)),
        (Kind::Int, Kind::Float) if int(&text).is_some_and(|i| i64::try_from(i).is_ok()) => {
            let value = int(&text).unwrap_or_default();
            Ok((Kind::Float, value.to_string().into()))
        }
        _ => Err(format!(
            "cannot decode !!{} `{text}` as a !!{name}",
            tag_of(natural)
        )),
    }
}

/// A float as a key: its 32-bit value in Go's shortest `%g` (an exponent from 1e6 on), as
/// sigs.k8s.io/yaml writes it.
pub fn float_key(text: &str) -> String {
    let value = float(text).unwrap_or_default();
    if value.is_nan() {
        return ".nan".to_owned();
    }
    if value.is_infinite() || (value as f32).is_infinite() {
        return if value < 0.0 { "-.inf" } else { ".inf" }.to_owned();
    }
    let value = value as f32;
    let scientific = format!("{value:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

fn tag_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Null => "null",
        Kind::Bool => "bool",
        Kind::Int => "int",
        Kind::Float => "float",
        _ => "str",
    }
}

/// Whether text starts as a date does: `2006-1-2`.
fn is_date(text: &str) -> bool {
    let mut parts = text.splitn(3, '-');
    let digits = |part: Option<&str>, most: usize| {
        part.is_some_and(|p| (1..=most).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_digit()))
    };
    let year = text.find('-') == Some(4) && digits(parts.next(), 4);
    let month = digits(parts.next(), 2);
    let day = parts.next().and_then(|p| p.split(['T', 't', ' ']).next());
    year && month && digits(day, 2)
}

/// Standard base64 with padding; line breaks are skipped, bytes that aren't UTF-8 replaced.
///
/// # Errors
/// It is no base64; the text is go-yaml's.
pub fn decode_binary(text: &str) -> Result<String, String> {
    let bad = || "!!binary value contains invalid base64 data".to_owned();
    let value = |b: u8| match b {
        b'A'..=b'Z' => Some(b - b'A'),
        b'a'..=b'z' => Some(b - b'a' + 26),
        b'0'..=b'9' => Some(b - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let clean: Vec<u8> = text
        .bytes()
        .filter(|b| !matches!(b, b'\n' | b'\r'))
        .collect();
    let padding = clean.iter().rev().take_while(|&&b| b == b'=').count();
    if !clean.len().is_multiple_of(4) || padding > 2 {
        return Err(bad());
    }
    let mut bytes = Vec::with_capacity(clean.len());
    let (mut bits, mut held) = (0u32, 0);
    for &b in clean.get(..clean.len() - padding).unwrap_or(&[]) {
        bits = (bits << 6) | u32::from(value(b).ok_or_else(bad)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held) as u8);
        }
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn word(text: &str) -> Kind {
    match text {
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" | "n"
        | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            Kind::Bool
        }
        "~" | "null" | "Null" | "NULL" => Kind::Null,
        _ => Kind::String,
    }
}

fn dotted(text: &str) -> Kind {
    let special = matches!(text, ".inf" | ".Inf" | ".INF" | ".nan" | ".NaN" | ".NAN");
    let number = underscores_separate_digits(text)
        && is_float(&without_underscores(text))
        && float(text).is_some();
    if special || number {
        Kind::Float
    } else {
        Kind::String
    }
}

fn number(text: &str) -> Kind {
    if text.len() > 1
        && text.bytes().all(|b| b.is_ascii_digit())
        && !text.starts_with('0')
        && text.len() < 19
    {
        return Kind::Int;
    }
    let signed = text.trim_start_matches(['+', '-']);
    if matches!(signed, ".inf" | ".Inf" | ".INF") && text.len() == 5 {
        return Kind::Float;
    }
    // Most texts that start with a digit are versions, addresses and sizes: leave early.
    let numeric = |b: u8| b.is_ascii_hexdigit() || b"xXoOpP_.+-".contains(&b);
    if !text.bytes().all(numeric) {
        Kind::String
    } else if int(text).is_some() {
        Kind::Int
    } else if is_float(&without_underscores(text)) && float(text).is_some() {
        Kind::Float
    } else {
        Kind::String
    }
}

/// Go's base 0: `0x`, `0o`, `0b` or a leading zero.
fn radix(digits: &str) -> (u32, &str) {
    match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, digits.get(2..).unwrap_or("")),
        [b'0', b'o' | b'O', ..] => (8, digits.get(2..).unwrap_or("")),
        [b'0', b'b' | b'B', ..] => (2, digits.get(2..).unwrap_or("")),
        [b'0', _, ..] => (8, digits.get(1..).unwrap_or("")),
        _ => (10, digits),
    }
}

/// `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`
fn is_float(text: &str) -> bool {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = digits(rest);
    rest = rest.get(whole..).unwrap_or("");
    if let Some(fraction) = rest.strip_prefix('.') {
        let count = digits(fraction);
        if whole == 0 && count == 0 {
            return false;
        }
        rest = fraction.get(count..).unwrap_or("");
    } else if whole == 0 {
        return false;
    }
    let Some(exponent) = rest.strip_prefix(['e', 'E']) else {
        return rest.is_empty();
    };
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    !exponent.is_empty() && digits(exponent) == exponent.len()
}

/// Go's own rule for `_` in numbers, which go-yaml keeps for those that start with a dot.
fn underscores_separate_digits(text: &str) -> bool {
    text.split('_')
        .skip(1)
        .all(|part| part.starts_with(|c: char| c.is_ascii_digit()))
        && text
            .rsplit('_')
            .skip(1)
            .all(|part| part.ends_with(|c: char| c.is_ascii_digit()))
}

fn without_underscores(text: &str) -> Cow<'_, str> {
    if text.contains('_') {
        text.replace('_', "").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolves_as_go_yaml_v2_does() {
        for (text, kind) in [
            ("", Kind::Null),
            ("~", Kind::Null),
            ("y", Kind::Bool),
            ("Off", Kind::Bool),
            ("yES", Kind::String),
            ("0644", Kind::Int),
            ("0o17", Kind::Int),
            ("0x1F", Kind::Int),
            ("-0b1", Kind::Int),
            ("1_000", Kind::Int),
            ("+5", Kind::Int),
            ("7", Kind::Int),
            ("0", Kind::Int),
            ("18446744073709551615", Kind::Int),
            ("18446744073709551616", Kind::Float),
            ("08", Kind::Float),
            ("1.", Kind::Float),
            (".5", Kind::Float),
            ("1e3", Kind::Float),
            ("-.inf", Kind::Float),
            ("1e400", Kind::String),
            ("1.2.3", Kind::String),
            ("12:30", Kind::String),
            ("2006-1-2", Kind::String),
            ("-", Kind::String),
            ("+-5", Kind::String),
            ("0x", Kind::String),
            ("100m", Kind::String),
        ] {
            assert_eq!(plain(text), kind, "{text}");
        }
        assert_eq!(int("0644"), Some(420));
        assert_eq!(int("-0x10"), Some(-16));
        assert_eq!(float("08"), Some(8.0));
        assert!(bool_value("on") && !bool_value("off"));
    }
}
