//! What the config says about admission: which findings deny, warn or are only written down, and
//! what is exempt from that.
//!
//! Lives here: the values, and the questions that an admission asks. Not here: which findings
//! mean anything at admission (`lint::admitted`), reading the values (`read`).

use std::fmt;

use super::{Config, Pattern, Selector};
use crate::finding::{RuleMeta, Severity};

/// What becomes of a request because of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// It is written into the audit log, where only who keeps the cluster sees it.
    Audit,
    /// Who asked is warned.
    Warn,
    /// It is refused.
    Deny,
}

impl Action {
    /// All of them, mildest first.
    pub const ALL: [Action; 3] = [Self::Audit, Self::Warn, Self::Deny];

    /// `audit`, `warn` or `deny`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }

    /// What a finding of a severity does where the config says nothing.
    pub fn of(severity: Severity) -> Self {
        match severity {
            Severity::Info => Self::Audit,
            Severity::Warning => Self::Warn,
            Severity::Error => Self::Deny,
        }
    }
}

/// A day of the calendar, in UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day {
    year: u16,
    month: u8,
    day: u8,
}

impl Day {
    /// Reads `2026-12-31`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = |digits: usize| {
            let part = parts.next()?;
            let whole = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
            whole.then(|| part.parse::<u16>().ok())?
        };
        let (year, month, day) = (part(4)?, part(2)?, part(2)?);
        let leap =
            year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => return None,
        };
        let fits = parts.next().is_none() && (1..=days).contains(&day);
        fits.then_some(Self {
            year,
            month: month as u8,
            day: day as u8,
        })
    }

    /// The day of a time in seconds since 1970, by the Gregorian calendar.
    /// (Howard Hinnant, `civil_from_days`: years start in March, so that leap days come last.)
    pub fn at(seconds: u64) -> Self {
        const DAYS_TO_1970: u64 = 719_468;
        let days = seconds / 86_400 + DAYS_TO_1970;
        let (era, of_era) = (days / 146_097, days % 146_097);
        let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year + year / 4 - year / 100);
        let from_march = (5 * of_year + 2) / 153;
        let day = of_year - (153 * from_march + 2) / 5 + 1;
        let month = if from_march < 10 {
            from_march + 3
        } else {
            from_march - 9
        };
        let year = era * 400 + year + u64::from(month <= 2);
        Self {
            year: u16::try_from(year).unwrap_or(u16::MAX),
            month: month as u8,
            day: day as u8,
        }
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

/// What the config says about admission.
#[derive(Debug, Default)]
pub struct Enforcement {
    /// Later entries win.
    pub(super) actions: Vec<ActionSetting>,
    pub(super) exemptions: Vec<Exemption>,
}

/// What some findings do.
#[derive(Debug)]
pub(super) struct ActionSetting {
    pub action: Action,
    pub scope: Scope,
    /// Of these severities; `None`: of any.
    pub severities: Option<Vec<Severity>>,
}

/// Findings by rule and namespace.
#[derive(Debug)]
pub(super) struct Scope {
    /// `None`: all.
    pub rules: Option<Vec<Selector>>,
    /// `None`: any, and objects that are in none.
    pub namespaces: Option<Vec<Pattern>>,
}

/// Findings that neither deny nor warn for a while, and why.
#[derive(Debug)]
pub struct Exemption {
    pub(super) scope: Scope,
    /// `None`: any.
    pub(super) names: Option<Vec<Pattern>>,
    /// Why, for the reader.
    pub reason: String,
    /// The last day on which it holds.
    pub until: Option<Day>,
}

impl Scope {
    fn covers(&self, rule: &RuleMeta, namespace: &str) -> bool {
        let rules = self.rules.as_ref();
        rules.is_none_or(|rules| rules.iter().any(|selector| selector.matches(rule)))
            && any_name(self.namespaces.as_deref(), namespace)
    }
}

impl Config {
    /// What a finding of a rule does to a request in a namespace; empty: in none.
    pub fn action(&self, rule: &RuleMeta, severity: Severity, namespace: &str) -> Action {
        let mut said = self.values.enforcement.actions.iter().rev();
        let said = said.find(|entry| {
            let severities = entry.severities.as_ref();
            severities.is_none_or(|severities| severities.contains(&severity))
                && entry.scope.covers(rule, namespace)
        });
        said.map_or(Action::of(severity), |entry| entry.action)
    }

    /// What exempts the findings of a rule on an object, on a day.
    pub fn exemption(
        &self,
        rule: &RuleMeta,
        namespace: &str,
        name: &str,
        today: Day,
    ) -> Option<&Exemption> {
        self.values.enforcement.exemptions.iter().find(|exemption| {
            exemption.holds(today)
                && exemption.scope.covers(rule, namespace)
                && any_name(exemption.names.as_deref(), name)
        })
    }

    /// The exemptions that hold no longer.
    pub fn expired(&self, today: Day) -> impl Iterator<Item = &Exemption> {
        let exemptions = self.values.enforcement.exemptions.iter();
        exemptions.filter(move |exemption| !exemption.holds(today))
    }
}

impl Exemption {
    fn holds(&self, today: Day) -> bool {
        self.until.is_none_or(|until| today <= until)
    }
}

fn any_name(patterns: Option<&[Pattern]>, name: &str) -> bool {
    patterns.is_none_or(|patterns| patterns.iter().any(|p| p.matches_name(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_399, "2000-02-28"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_798_675_200, "2026-12-31"),
            (4_107_542_400, "2100-03-01"),
        ] {
            assert_eq!(Day::at(seconds).to_string(), day);
            assert_eq!(Day::parse(day), Some(Day::at(seconds)));
        }
        for bad in ["2026-13-01", "2026-02-29", "2026-1-1", "2026-01-01-", "x"] {
            assert_eq!(Day::parse(bad), None, "{bad}");
        }
    }
}
