//! Schedules of CronJobs.
//!
//! Mirrors `ParseStandard` of `github.com/robfig/cron/v3` (`parser.go`), and `time.ParseDuration`
//! of Go for `@every`. Only whether a schedule can be read matters here, and what is said where it
//! can't.

use super::time_zones::load_location;
use crate::apiserver::decode::quote;

/// What a field may hold.
struct Bounds {
    min: u64,
    max: u64,
    /// Three letters for each value, from `min` up.
    names: &'static str,
}

/// Minute, hour, day of the month, month, day of the week.
const FIELDS: [Bounds; 5] = [
    Bounds {
        min: 0,
        max: 59,
        names: "",
    },
    Bounds {
        min: 0,
        max: 23,
        names: "",
    },
    Bounds {
        min: 1,
        max: 31,
        names: "",
    },
    Bounds {
        min: 1,
        max: 12,
        names: "janfebmaraprmayjunjulaugsepoctnovdec",
    },
    Bounds {
        min: 0,
        max: 6,
        names: "sunmontuewedthufrisat",
    },
];

const DESCRIPTORS: [&str; 7] = [
    "@yearly",
    "@annually",
    "@monthly",
    "@weekly",
    "@daily",
    "@midnight",
    "@hourly",
];

/// `ParseStandard` of what isn't empty. Where the parser panics, it says so in the words of
/// `ParseCronScheduleWithPanicRecovery` (`pkg/util/parsers/parsers.go`).
pub fn parse_standard(schedule: &str) -> Result<(), String> {
    let mut spec = schedule;
    if schedule.starts_with("TZ=") || schedule.starts_with("CRON_TZ=") {
        let Some((zone, rest)) = schedule.split_once(' ') else {
            let panic = "runtime error: slice bounds out of range [:-1]";
            return Err(format!("invalid schedule format: {panic}"));
        };
        let (_, zone) = zone.split_once('=').unwrap_or_default();
        load_location(zone).map_err(|err| format!("provided bad location {zone}: {err}"))?;
        spec = rest.trim();
    }
    if spec.starts_with('@') {
        return parse_descriptor(spec);
    }
    let fields: Vec<&str> = spec.split_whitespace().collect();
    if fields.len() != FIELDS.len() {
        return Err(format!(
            "expected exactly 5 fields, found {}: [{}]",
            fields.len(),
            fields.join(" ")
        ));
    }
    for (field, bounds) in fields.into_iter().zip(&FIELDS) {
        for range in field.split(',').filter(|range| !range.is_empty()) {
            get_range(range, bounds)?;
        }
    }
    Ok(())
}

/// `parseDescriptor`.
fn parse_descriptor(descriptor: &str) -> Result<(), String> {
    if DESCRIPTORS.contains(&descriptor) {
        return Ok(());
    }
    match descriptor.strip_prefix("@every ") {
        Some(duration) => parse_duration(duration)
            .map_err(|err| format!("failed to parse duration {descriptor}: {err}")),
        None => Err(format!("unrecognized descriptor: {descriptor}")),
    }
}

/// `getRange`.
fn get_range(expr: &str, bounds: &Bounds) -> Result<(), String> {
    let (range, steps) = expr
        .split_once('/')
        .map_or((expr, None), |(r, s)| (r, Some(s)));
    let (low, high) = range
        .split_once('-')
        .map_or((range, None), |(l, h)| (l, Some(h)));
    let (mut start, mut end) = (bounds.min, bounds.max);
    if !matches!(low, "*" | "?") {
        start = parse_int_or_name(low, bounds)?;
        end = match high {
            None => start,
            Some(high) if high.contains('-') => return Err(format!("too many hyphens: {expr}")),
            Some(high) => parse_int_or_name(high, bounds)?,
        };
    }
    let mut step = 1;
    if let Some(text) = steps {
        if text.contains('/') {
            return Err(format!("too many slashes: {expr}"));
        }
        step = must_parse_int(text)?;
        if high.is_none() {
            end = bounds.max;
        }
    }
    let Bounds { min, max, .. } = bounds;
    if start < *min {
        return Err(format!(
            "beginning of range ({start}) below minimum ({min}): {expr}"
        ));
    }
    if end > *max {
        return Err(format!(
            "end of range ({end}) above maximum ({max}): {expr}"
        ));
    }
    if start > end {
        return Err(format!(
            "beginning of range ({start}) beyond end of range ({end}): {expr}"
        ));
    }
    if step == 0 {
        return Err(format!("step of range should be a positive number: {expr}"));
    }
    Ok(())
}

/// `parseIntOrName`.
fn parse_int_or_name(expr: &str, bounds: &Bounds) -> Result<u64, String> {
    let names = bounds.names.as_bytes().chunks(3);
    let named = names
        .zip(bounds.min..)
        .find(|(name, _)| name.eq_ignore_ascii_case(expr.as_bytes()));
    match named {
        Some((_, number)) => Ok(number),
        None => must_parse_int(expr),
    }
}

/// `mustParseInt`.
fn must_parse_int(expr: &str) -> Result<u64, String> {
    let digits = expr.strip_prefix(['+', '-']).unwrap_or(expr);
    let numeric = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    match expr.parse::<i64>() {
        Ok(number) => u64::try_from(number)
            .map_err(|_| format!("negative number ({number}) not allowed: {expr}")),
        Err(_) => {
            let what = if numeric {
                "value out of range"
            } else {
                "invalid syntax"
            };
            let quoted = quote(expr);
            Err(format!(
                "failed to parse int from {expr}: strconv.Atoi: parsing {quoted}: {what}"
            ))
        }
    }
}

/// `time.ParseDuration`.
fn parse_duration(text: &str) -> Result<(), String> {
    let invalid = || Err(format!("time: invalid duration {}", quote(text)));
    let mut rest = text.strip_prefix(['+', '-']).unwrap_or(text);
    let limit: f64 = if text.starts_with('-') {
        (1_u64 << 63) as f64
    } else {
        i64::MAX as f64
    };
    if rest == "0" {
        return Ok(());
    }
    if rest.is_empty() {
        return invalid();
    }
    let mut sum = 0.0;
    while !rest.is_empty() {
        let whole = digits(rest);
        let tail = rest.get(whole.len()..).unwrap_or_default();
        let (fraction, tail) = match tail.strip_prefix('.') {
            Some(tail) => {
                let fraction = digits(tail);
                (fraction, tail.get(fraction.len()..).unwrap_or_default())
            }
            None => ("", tail),
        };
        if whole.is_empty() && fraction.is_empty() {
            return invalid();
        }
        let end = tail
            .find(|c: char| c == '.' || c.is_ascii_digit())
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        if unit.is_empty() {
            return Err(format!("time: missing unit in duration {}", quote(text)));
        }
        let Some(nanoseconds) = nanoseconds_of(unit) else {
            let unit = quote(unit);
            return Err(format!(
                "time: unknown unit {unit} in duration {}",
                quote(text)
            ));
        };
        sum += format!("0{whole}.{fraction}0").parse().unwrap_or(f64::MAX) * nanoseconds;
        if sum > limit {
            return invalid();
        }
        rest = tail;
    }
    Ok(())
}

/// The digits that a text begins with.
fn digits(text: &str) -> &str {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default()
}

/// How many nanoseconds a unit of `time.ParseDuration` has.
fn nanoseconds_of(unit: &str) -> Option<f64> {
    Some(match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    })
}
