//! Kubernetes minors: which ones are supported, and sets of them.

use std::fmt;
use std::str::FromStr;

/// A supported minor of Kubernetes 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor(u8);

impl Minor {
    /// The oldest supported minor, 1.29.
    pub const OLDEST: Minor = Minor(29);
    /// The newest supported minor, 1.37.
    pub const NEWEST: Minor = Minor(37);
    /// The minor that is judged when none is asked for; fixed for a release of kubevet.
    pub const DEFAULT: Minor = Minor(36);

    /// 1.`number`, where it is supported.
    pub fn new(number: u8) -> Option<Self> {
        (Self::OLDEST.0..=Self::NEWEST.0)
            .contains(&number)
            .then_some(Self(number))
    }

    /// The supported minor that is nearest to a version such as `1.38`.
    pub fn nearest(version: &str) -> Option<Self> {
        let number: u8 = version.strip_prefix("1.")?.parse().ok()?;
        Some(Self(number.clamp(Self::OLDEST.0, Self::NEWEST.0)))
    }

    /// The number after the `1.`.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Its place among the supported minors, from 0.
    pub fn index(self) -> usize {
        usize::from(self.0 - Self::OLDEST.0)
    }

    /// All supported minors, oldest first.
    pub fn all() -> impl Iterator<Item = Minor> {
        (Self::OLDEST.0..=Self::NEWEST.0).map(Minor)
    }
}

impl fmt::Display for Minor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.0)
    }
}

impl FromStr for Minor {
    type Err = String;

    /// Reads `1.36`, `v1.36` and `1.36.4`.
    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.trim().trim_start_matches('v').split('.');
        let minor = match (parts.next(), parts.next()) {
            (Some("1"), Some(minor)) => minor.parse().ok().and_then(Minor::new),
            _ => None,
        };
        let rest_is_patch = parts.all(|p| !p.is_empty() && p.bytes().all(|b| b.is_ascii_digit()));
        minor.filter(|_| rest_is_patch).ok_or_else(|| {
            format!(
                "`{text}` is not a supported Kubernetes version: {} to {}",
                Self::OLDEST,
                Self::NEWEST
            )
        })
    }
}

/// A set of minors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minors(u16);

impl Minors {
    /// The set with this one minor.
    pub fn one(minor: Minor) -> Self {
        Self(1 << minor.index())
    }

    /// The minors in both sets or either.
    #[must_use]
    pub fn with(self, other: Minors) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether a minor is in the set.
    pub fn contains(self, minor: Minor) -> bool {
        self.0 & (1 << minor.index()) != 0
    }

    /// The minors in the set, oldest first.
    pub fn iter(self) -> impl Iterator<Item = Minor> {
        Minor::all().filter(move |minor| self.contains(*minor))
    }

    /// How many there are.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Minor> for Minors {
    fn from_iter<I: IntoIterator<Item = Minor>>(minors: I) -> Self {
        minors
            .into_iter()
            .fold(Self::default(), |set, minor| set.with(Self::one(minor)))
    }
}

impl fmt::Display for Minors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, minor) in self.iter().enumerate() {
            let comma = if i > 0 { ", " } else { "" };
            write!(f, "{comma}{minor}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_versions() {
        assert_eq!("v1.33.2".parse(), Ok(Minor(33)));
        assert_eq!("1.29".parse(), Ok(Minor::OLDEST));
        for bad in ["1.28", "1.38", "2.30", "1", "1.30.x", "", "1.30."] {
            assert!(bad.parse::<Minor>().is_err(), "{bad}");
        }
    }

    #[test]
    fn finds_the_nearest() {
        assert_eq!(Minor::nearest("1.38"), Some(Minor::NEWEST));
        assert_eq!(Minor::nearest("1.33"), Some(Minor(33)));
        assert_eq!(Minor::nearest("1.28"), Some(Minor::OLDEST));
        assert_eq!(Minor::nearest("2.0"), None);
    }
}
