//! What scalars look like to the server's decoder: numbers, quantities, times, base64.
//!
//! Each function mirrors the Go function that it names. Not here: the words of a fault beyond
//! those of these functions (`words`).

use super::words::quote;
use crate::apiserver::schema::Scalar;
use crate::tree::{Kind, Node};

/// Why a value doesn't fit its type.
#[derive(Debug)]
pub(super) enum Misfit {
    /// It is of another type.
    Type,
    /// It is a number, but has a fraction or is too large.
    Number,
    /// It is no quantity; the server's words.
    Quantity(&'static str),
    /// It is no time; the server's words.
    Time(String),
    /// It is no base64; the offset of the first bad byte.
    Base64(usize),
}

/// Whether a value that isn't null fits a scalar type. For custom resources whole numbers have
/// no limits.
pub(super) fn check(scalar: Scalar, node: Node<'_>, custom: bool) -> Result<(), Misfit> {
    let is = |fits: bool| if fits { Ok(()) } else { Err(Misfit::Type) };
    let kind = node.kind();
    let number = matches!(kind, Kind::Int | Kind::Float);
    match scalar {
        Scalar::Any | Scalar::Never | Scalar::Meta | Scalar::Literal => Ok(()),
        Scalar::String => is(kind == Kind::String),
        Scalar::Bool => is(kind == Kind::Bool),
        Scalar::Float => is(number),
        Scalar::NumberOrString => is(number || kind == Kind::String),
        Scalar::Int32 if number => whole(node, i32::MIN.into(), i32::MAX.into()),
        Scalar::Int64 if number && custom => any_whole(node),
        Scalar::Int64 if number => whole(node, i64::MIN, i64::MAX),
        Scalar::Int32 | Scalar::Int64 => Err(Misfit::Type),
        Scalar::IntOrString if kind == Kind::String => Ok(()),
        Scalar::IntOrString if number && custom => any_whole(node),
        Scalar::IntOrString if number => whole(node, i32::MIN.into(), i32::MAX.into()),
        Scalar::IntOrString => Err(Misfit::Type),
        Scalar::Quantity => match kind {
            Kind::Mapping | Kind::Sequence => Err(Misfit::Type),
            Kind::Int | Kind::Float => quantity(&number_text(node)),
            _ => quantity(node.text().trim_matches(is_go_space)),
        },
        Scalar::Time | Scalar::MicroTime if kind == Kind::String => {
            time(node.text(), scalar == Scalar::MicroTime).map_err(Misfit::Time)
        }
        Scalar::Time | Scalar::MicroTime => Err(Misfit::Type),
        Scalar::Bytes => match kind {
            Kind::String => base64(node.text().as_bytes()).map_err(Misfit::Base64),
            // Go reads a list of small numbers into bytes, too.
            Kind::Sequence if node.items().all(is_byte) => Ok(()),
            _ => Err(Misfit::Type),
        },
    }
}

/// Whether a value is the one that a schema writes as `text`; numbers compare as numbers.
pub(super) fn equals(node: Node<'_>, text: &str) -> bool {
    match node.kind() {
        Kind::Int | Kind::Float => node.as_f64().is_some() && node.as_f64() == text.parse().ok(),
        Kind::Bool => node.as_bool() == text.parse().ok(),
        Kind::Mapping | Kind::Sequence => false,
        Kind::Null | Kind::String => node.text() == text,
    }
}

/// A number as kubectl's JSON writes it.
pub(super) fn number_text(node: Node<'_>) -> String {
    if let Some(value) = node.as_i64() {
        return value.to_string();
    }
    let value = match node.kind() {
        Kind::Float => node.as_f64(),
        _ => None,
    };
    // Go writes an exponent for the very small and the very large (`encoding/json`).
    match value {
        None => node.text().to_owned(),
        Some(value) if value != 0.0 && !(1e-6..1e21).contains(&value.abs()) => {
            let text = format!("{value:e}");
            match text.split_once('e') {
                Some((digits, power)) if !power.starts_with('-') => format!("{digits}e+{power}"),
                _ => text,
            }
        }
        Some(value) => value.to_string(),
    }
}

fn whole(node: Node<'_>, min: i64, max: i64) -> Result<(), Misfit> {
    let fits = node.as_i64().is_some_and(|v| (min..=max).contains(&v));
    if fits { Ok(()) } else { Err(Misfit::Number) }
}

fn any_whole(node: Node<'_>) -> Result<(), Misfit> {
    let is_whole = node.kind() == Kind::Int || node.as_f64().is_some_and(|v| v.fract() == 0.0);
    if is_whole {
        Ok(())
    } else {
        Err(Misfit::Number)
    }
}

/// Whether Go reads a value into a byte.
pub(super) fn is_byte(node: Node<'_>) -> bool {
    node.is_null() || node.as_i64().is_some_and(|v| (0..256).contains(&v))
}

fn is_go_space(c: char) -> bool {
    c.is_whitespace()
}

/// `apimachinery/pkg/api/resource/quantity.go`: `ParseQuantity`, as far as it can fail.
fn quantity(text: &str) -> Result<(), Misfit> {
    const FORMAT: Misfit = Misfit::Quantity(FORMAT_WRONG);
    const SUFFIXES: [&str; 16] = [
        "", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei",
    ];
    if text.is_empty() {
        return Err(FORMAT);
    }
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let mut rest = skip(text, usize::from(text.starts_with(['-', '+'])));
    rest = skip(rest, digits(rest));
    if rest.starts_with('.') {
        rest = skip(rest, 1 + digits(skip(rest, 1)));
    }
    let suffix = rest;
    let letters = rest
        .bytes()
        .take_while(|b| b"eEinumkKMGTP".contains(b))
        .count();
    rest = skip(rest, letters);
    rest = skip(rest, usize::from(rest.starts_with(['-', '+'])));
    if digits(rest) < rest.len() {
        return Err(FORMAT);
    }
    let exponent = suffix
        .strip_prefix(['e', 'E'])
        .is_some_and(|n| n.parse::<i64>().is_ok());
    if exponent || SUFFIXES.contains(&suffix) {
        Ok(())
    } else {
        Err(Misfit::Quantity("unable to parse quantity's suffix"))
    }
}

fn skip(text: &str, bytes: usize) -> &str {
    text.get(bytes..).unwrap_or_default()
}

/// The words for text that isn't a quantity at all (`ErrFormatWrong`).
pub(super) const FORMAT_WRONG: &str = "quantities must match the regular expression \
     '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";

/// Go's `encoding/base64`, `StdEncoding.Decode`: padded, line breaks are skipped. The error is
/// the offset in `CorruptInputError`.
fn base64(text: &[u8]) -> Result<(), usize> {
    let is_break = |b: &u8| matches!(b, b'\r' | b'\n');
    let mut bytes = text
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, b)| !is_break(b));
    loop {
        for j in 0..4 {
            match bytes.next() {
                None if j == 0 => return Ok(()),
                None => return Err(text.len() - j),
                Some((_, b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/')) => {}
                Some((at, b'=')) if j >= 2 => {
                    if j == 2 {
                        match bytes.next() {
                            None => return Err(text.len()),
                            Some((_, b'=')) => {}
                            Some((next, _)) => return Err(next.saturating_sub(1).max(at)),
                        }
                    }
                    return bytes.next().map_or(Ok(()), |(next, _)| Err(next));
                }
                Some((at, _)) => return Err(at),
            }
        }
    }
}

/// Go's `time.Parse` with `time.RFC3339` or `metav1.RFC3339Micro`; the error is its text.
fn time(text: &str, micro: bool) -> Result<(), String> {
    let fault = |fault: TimeFault<'_>| fault.words(text, micro);
    let (date, rest) = clock(text).map_err(fault)?;
    let fraction = rest.strip_prefix(['.', ',']).unwrap_or_default();
    let fraction = fraction.bytes().take_while(u8::is_ascii_digit).count();
    if micro && (fraction != 6 || !rest.starts_with('.')) {
        return Err(fault(TimeFault::Cannot(rest, ".000000")));
    }
    let rest = match fraction {
        0 => rest,
        digits => rest.get(digits + 1..).unwrap_or_default(),
    };
    let extra = zone(rest).map_err(fault)?;
    if !extra.is_empty() {
        return Err(fault(TimeFault::Extra(extra)));
    }
    let [year, month, day] = date;
    let exists = day >= 1 && day <= days(year, month);
    if exists {
        Ok(())
    } else {
        Err(fault(TimeFault::Range("day")))
    }
}

/// What `time.Parse` complains of.
enum TimeFault<'a> {
    /// The rest can't be read as this element of the layout.
    Cannot(&'a str, &'static str),
    /// This number is out of range.
    Range(&'static str),
    /// Something follows.
    Extra(&'a str),
}

impl TimeFault<'_> {
    fn words(&self, text: &str, micro: bool) -> String {
        let layout = if micro {
            "2006-01-02T15:04:05.000000Z07:00"
        } else {
            "2006-01-02T15:04:05Z07:00"
        };
        let text = quote(text);
        match self {
            Self::Cannot(rest, element) => {
                let (rest, element) = (quote(rest), quote(element));
                format!(
                    "parsing time {text} as {}: cannot parse {rest} as {element}",
                    quote(layout)
                )
            }
            Self::Range(what) => format!("parsing time {text}: {what} out of range"),
            Self::Extra(rest) => format!("parsing time {text}: extra text: {}", quote(rest)),
        }
    }
}

/// Reads `2006-01-02T15:04:05`: year, month and day, and what follows.
fn clock(text: &str) -> Result<([u32; 3], &str), TimeFault<'_>> {
    // Element, what follows it, its digits, its name and its range.
    let elements = [
        ("2006", "-", 4, "year", 0..=9999),
        ("01", "-", 2, "month", 1..=12),
        ("02", "T", 2, "day", 0..=99),
        ("15", ":", 2, "hour", 0..=23),
        ("04", ":", 2, "minute", 0..=59),
        ("05", "", 2, "second", 0..=59),
    ];
    let mut numbers = [0; 6];
    let mut rest = text;
    for ((element, then, width, name, range), number) in elements.into_iter().zip(&mut numbers) {
        let digits = rest
            .bytes()
            .take(width)
            .take_while(u8::is_ascii_digit)
            .count();
        // Go takes hours of one digit.
        if digits < width && !(name == "hour" && digits == 1) {
            return Err(TimeFault::Cannot(rest, element));
        }
        *number = rest.get(..digits).and_then(|n| n.parse().ok()).unwrap_or(0);
        if !range.contains(number) {
            return Err(TimeFault::Range(name));
        }
        rest = rest.get(digits..).unwrap_or_default();
        rest = rest
            .strip_prefix(then)
            .ok_or(TimeFault::Cannot(rest, then))?;
    }
    let [year, month, day, ..] = numbers;
    Ok(([year, month, day], rest))
}

/// Reads `Z` or `+07:00`; gives what follows.
fn zone(rest: &str) -> Result<&str, TimeFault<'_>> {
    if let Some(after) = rest.strip_prefix('Z') {
        return Ok(after);
    }
    let (zone, after) = rest
        .split_at_checked(6)
        .ok_or(TimeFault::Cannot(rest, "Z07:00"))?;
    let numbers = match zone.as_bytes() {
        [b'+' | b'-', hours @ .., b':', _, _] if hours.len() == 2 => {
            let parse = |range: std::ops::Range<usize>| {
                let digits = zone.get(range)?;
                let all = digits.bytes().all(|b| b.is_ascii_digit());
                all.then(|| digits.parse::<u8>().ok()).flatten()
            };
            parse(1..3).zip(parse(4..6))
        }
        _ => None,
    };
    match numbers {
        None => Err(TimeFault::Cannot(rest, "Z07:00")),
        Some((25.., _)) => Err(TimeFault::Range("time zone offset hour")),
        Some((_, 60..)) => Err(TimeFault::Range("time zone offset minute")),
        Some(_) => Ok(after),
    }
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quantities_as_go_does() {
        for good in [
            "1", "0.5", ".5", "5.", "1e3", "1E3", "1E", "100m", "1Gi", "-1", "+1k", "1e-3",
        ] {
            assert!(quantity(good).is_ok(), "{good}");
        }
        let words = |text: &str| match quantity(text) {
            Err(Misfit::Quantity(words)) => words,
            other => panic!("{text}: {other:?}"),
        };
        for bad in ["", "abc", "1.2.3", "500 m", "1,5", "64Mb", "1GB", "1g"] {
            assert_eq!(words(bad), FORMAT_WRONG, "{bad}");
        }
        for bad in ["1K", "1mi", "1ki", "1kk", "1e", "1e+", "1M5"] {
            assert!(words(bad).starts_with("unable"), "{bad}");
        }
    }

    #[test]
    fn reads_base64_as_go_does() {
        for good in ["", "aGk=", "aGkK\naGk=\n", "AA==", "A\r\nA==", "AA=\n="] {
            assert_eq!(base64(good.as_bytes()), Ok(()), "{good:?}");
        }
        // What `base64.StdEncoding.DecodeString` of Go says.
        let bad = [
            ("abc", 0),
            ("hello world", 5),
            ("a=", 1),
            ("aGk=x", 4),
            ("AA=", 3),
            ("ab=c", 2),
            ("ab", 0),
            ("AA=\nx", 3),
            ("AAA=\n\nA", 6),
            ("A=AA", 1),
            ("AA==A", 4),
            ("====", 0),
            ("aGk=aGk=", 4),
            ("ab\ncd!", 5),
            ("AA= =", 2),
        ];
        for (bad, at) in bad {
            assert_eq!(base64(bad.as_bytes()), Err(at), "{bad:?}");
        }
    }

    #[test]
    fn reads_times_as_go_does() {
        for good in [
            "2024-02-29T12:00:00Z",
            "2024-01-31T12:00:00.5+02:00",
            "2024-01-31T3:00:00,25Z",
        ] {
            assert_eq!(time(good, false), Ok(()), "{good}");
        }
        assert_eq!(time("2024-01-31T12:00:00.123456Z", true), Ok(()));
        // What `time.Parse` of Go says.
        let bad = [
            (
                "2024-01-31",
                "as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"T\"",
            ),
            (
                "2024-1-31T12:00:00Z",
                "as \"2006-01-02T15:04:05Z07:00\": cannot parse \"1-31T12:00:00Z\" as \"01\"",
            ),
            (
                "2024-01-31T12:00:00",
                "as \"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\"",
            ),
            ("2024-02-30T25:00:00Z", ": hour out of range"),
            ("2024-02-30T05:00:00Z", ": day out of range"),
            ("2024-01-31T12:00:00Z ", ": extra text: \" \""),
            (
                "2024-01-31T12:00:00+25:00",
                ": time zone offset hour out of range",
            ),
        ];
        for (text, words) in bad {
            let gap = if words.starts_with(':') { "" } else { " " };
            let expected = format!("parsing time {text:?}{gap}{words}");
            assert_eq!(time(text, false), Err(expected));
        }
        assert!(time("2024-01-31T12:00:00Z", true).is_err());
        assert!(
            time("yesterday", false)
                .unwrap_err()
                .contains("as \"2006\"")
        );
    }
}
