//! Resource quantities: `500m`, `1.5Gi`, `1e3`.
//!
//! Mirrors apimachinery `pkg/api/resource/quantity.go`. Values are exact down to a billionth; where
//! Go has numbers of any size, what is larger than about 10²⁹ stays at that. Not here: the words
//! for text that is no quantity (`apiserver::decode`).

use std::cmp::Ordering;

use crate::tree::Kind;
use crate::yaml::canonical;

/// An amount with the format that it is written in.
#[derive(Clone, Copy, Debug, Default)]
pub struct Quantity {
    nanos: i128,
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Format {
    #[default]
    DecimalSi,
    BinarySi,
    DecimalExponent,
}

const UNIT: i128 = 1_000_000_000;
/// The largest amount with a binary suffix (`maxAllowed`).
const BINARY_MAX: i128 = i64::MAX as i128 * UNIT;
const DECIMAL: [(&str, i32); 10] = [
    ("n", -9),
    ("u", -6),
    ("m", -3),
    ("", 0),
    ("k", 3),
    ("M", 6),
    ("G", 9),
    ("T", 12),
    ("P", 15),
    ("E", 18),
];
const BINARY: [(&str, u32); 6] = [
    ("Ki", 10),
    ("Mi", 20),
    ("Gi", 30),
    ("Ti", 40),
    ("Pi", 50),
    ("Ei", 60),
];

impl Quantity {
    /// The quantity that a scalar means: a text, or a number as kubectl's JSON writes it.
    pub fn of_scalar(kind: Kind, text: &str) -> Option<Self> {
        match kind {
            Kind::Int | Kind::Float => Self::parse(&canonical::number(kind, text)),
            Kind::String => Self::parse(text.trim()),
            _ => None,
        }
    }

    /// `ParseQuantity`.
    pub fn parse(text: &str) -> Option<Self> {
        let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
        let number_end = unsigned
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(unsigned.len());
        let (number, suffix) = unsigned.split_at_checked(number_end)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if fraction.contains('.') || text.is_empty() {
            return None;
        }
        let (format, power, factor) = interpret(suffix)?;
        let digits = || whole.bytes().chain(fraction.bytes());
        let mut size = digits().try_fold(0i128, |sum, digit| {
            sum.checked_mul(10)?.checked_add(i128::from(digit - b'0'))
        });
        size = size.and_then(|size| size.checked_mul(factor));
        let power = power
            .saturating_add(9)
            .saturating_sub(fraction.len() as i32);
        let mut nanos = size.map_or(i128::MAX, |size| scaled_up(size, power));
        let mut format = format;
        if format == Format::BinarySi {
            nanos = nanos.min(BINARY_MAX);
            if nanos > 0 && nanos < UNIT {
                format = Format::DecimalSi;
            }
        }
        if text.starts_with('-') {
            nanos = -nanos;
        }
        Some(Self { nanos, format })
    }

    /// -1, 0 or 1.
    pub fn sign(self) -> i32 {
        self.nanos.signum() as i32
    }

    /// Thousandths, rounded away from zero (`MilliValue`).
    pub fn milli(self) -> i128 {
        round_away(self.nanos, UNIT / 1000)
    }

    /// Whole units, rounded away from zero (`Value`).
    pub fn units(self) -> i128 {
        round_away(self.nanos, UNIT)
    }

    /// With what is below a thousandth rounded away from zero (`RoundUp(-3)`).
    pub fn rounded_to_milli(self) -> Self {
        let nanos = round_away(self.nanos, UNIT / 1000).saturating_mul(UNIT / 1000);
        Self { nanos, ..self }
    }

    /// The sum; its format is that of the first one that isn't zero (`Add`).
    pub fn plus(self, other: Self) -> Self {
        let format = if self.nanos == 0 {
            other.format
        } else {
            self.format
        };
        let nanos = self.nanos.saturating_add(other.nanos);
        Self { nanos, format }
    }

    /// Whether thousandths are exact (`MilliValue() % 1000`-like checks ask `is_whole`).
    pub fn is_whole(self) -> bool {
        self.nanos % UNIT == 0
    }

    /// As the server writes it (`CanonicalizeBytes`).
    pub fn canonical(self) -> String {
        if self.nanos == 0 {
            return "0".to_owned();
        }
        let small = self.nanos.abs() < 1024 * UNIT;
        match self.format {
            Format::BinarySi if !small && self.is_whole() => self.binary(),
            Format::DecimalExponent => self.decimal(|power| match power {
                0 => String::new(),
                _ => format!("e{power}"),
            }),
            _ => self.decimal(|power| {
                let suffix = DECIMAL.iter().find(|(_, p)| *p == power);
                suffix.map_or("", |(suffix, _)| suffix).to_owned()
            }),
        }
    }

    fn binary(self) -> String {
        let mut amount = self.nanos / UNIT;
        let mut times = 0;
        while amount % 1024 == 0 && times < BINARY.len() {
            amount /= 1024;
            times += 1;
        }
        let suffix = times.checked_sub(1).and_then(|i| BINARY.get(i));
        format!("{amount}{}", suffix.map_or("", |(suffix, _)| suffix))
    }

    fn decimal(self, suffix: impl Fn(i32) -> String) -> String {
        let mut amount = self.nanos;
        let mut power = -9;
        while amount % 1000 == 0 {
            amount /= 1000;
            power += 3;
        }
        format!("{amount}{}", suffix(power))
    }
}

impl PartialEq for Quantity {
    fn eq(&self, other: &Self) -> bool {
        self.nanos == other.nanos
    }
}

impl Eq for Quantity {}

impl PartialOrd for Quantity {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Quantity {
    fn cmp(&self, other: &Self) -> Ordering {
        self.nanos.cmp(&other.nanos)
    }
}

/// What a suffix means: its format, a power of ten and a factor (`suffixHandler.interpret`).
fn interpret(suffix: &str) -> Option<(Format, i32, i128)> {
    if let Some((_, power)) = DECIMAL.iter().find(|(text, _)| *text == suffix) {
        return Some((Format::DecimalSi, *power, 1));
    }
    if let Some((_, bits)) = BINARY.iter().find(|(text, _)| *text == suffix) {
        return Some((Format::BinarySi, 0, 1 << bits));
    }
    let power: i64 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    let power = power.clamp(-1000, 1000) as i32;
    Some((Format::DecimalExponent, power, 1))
}

/// `size` times a power of ten; what is lost is rounded up, what doesn't fit stays at the largest.
fn scaled_up(size: i128, power: i32) -> i128 {
    let factor = 10i128.checked_pow(power.unsigned_abs());
    match factor {
        Some(factor) if power < 0 => round_away(size, factor),
        Some(factor) => size.checked_mul(factor).unwrap_or(i128::MAX),
        None if power < 0 || size == 0 => size.signum(),
        None => i128::MAX,
    }
}

fn round_away(value: i128, by: i128) -> i128 {
    let rest = value % by;
    value / by + if rest == 0 { 0 } else { value.signum() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs as Go's own code answers them.
    #[test]
    fn writes_quantities_as_the_server_does() {
        let cases = [
            ("1.5", "1500m"),
            ("1.5Gi", "1536Mi"),
            ("1024Mi", "1Gi"),
            ("0.5Gi", "512Mi"),
            ("100m", "100m"),
            ("1000m", "1"),
            ("1e3", "1e3"),
            ("12e4", "120e3"),
            ("0.1Ki", "102400m"),
            ("-1.5", "-1500m"),
            ("0.1n", "1n"),
            ("1000Ki", "1000Ki"),
            ("1023", "1023"),
            ("+5M", "5M"),
            ("0", "0"),
        ];
        for (text, shown) in cases {
            let quantity = Quantity::parse(text).map(Quantity::canonical);
            assert_eq!(quantity.as_deref(), Some(shown), "{text}");
        }
    }

    #[test]
    fn compares_amounts_not_spellings() {
        let amount = |text| Quantity::parse(text).unwrap_or_default();
        assert_eq!(amount("1Gi"), amount("1024Mi"));
        assert!(amount("0.1") < amount("101m"));
        assert!(amount("-1").sign() < 0);
        assert!(amount("1e1000") > amount("9Ei"));
        assert_eq!(amount("1100m").units(), 2);
        assert!(Quantity::parse("1.2.3").is_none());
    }
}
