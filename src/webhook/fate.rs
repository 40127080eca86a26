//! What becomes of each finding of a review.
//!
//! Lives here: what the evidence allows, whatever the config says: the server's own business never
//! denies, absence neither, and an update isn't denied for what it doesn't bring. Not here: which
//! findings there are (`judge`) and how they are told (`answer`).

use super::sight::Around;
use crate::finding::{Finding, Server};
use crate::lint::admitted::Admitted;
use crate::lint::config::{Action, Config, Day, Exemption};
use crate::rule::Rule;

/// What becomes of a finding.
#[derive(Clone, Copy, Debug)]
pub enum Fate<'c> {
    /// The request is refused because of it.
    Deny,
    /// Who asked is warned.
    Warn,
    /// It goes to the audit log.
    Audit,
    /// It goes to the audit log, because of this.
    Exempt(&'c Exemption),
    /// The server has judged otherwise: counted and logged.
    Disagrees,
    /// The server says it by itself.
    Repeats,
    /// It says that something isn't there, which may only not be there yet.
    Absent,
    /// It isn't about the object as this cluster takes it.
    Beside,
}

/// A finding and what becomes of it.
#[derive(Debug)]
pub struct Told<'c> {
    /// The finding.
    pub finding: Finding,
    /// What becomes of it.
    pub fate: Fate<'c>,
    /// It is about what may be otherwise by now.
    pub doubted: bool,
}

impl Fate<'_> {
    /// The lower-case name, for metrics.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
            Self::Audit => "audit",
            Self::Exempt(_) => "exempt",
            Self::Disagrees => "disagrees",
            Self::Repeats => "repeats",
            Self::Absent => "absent",
            Self::Beside => "beside",
        }
    }
}

/// The request that findings are about.
#[derive(Clone, Copy)]
pub struct Case<'a, 'c> {
    /// What the user wants.
    pub config: &'c Config,
    /// The rules that ran.
    pub rules: &'a [&'static Rule],
    /// The day of the request.
    pub today: Day,
    /// The namespace; empty: none.
    pub namespace: &'a str,
    /// The name, or what it is made of.
    pub name: &'a str,
    /// It replaces an object.
    pub update: bool,
    /// What else is in sight.
    pub around: &'a Around,
}

impl<'c> Case<'_, 'c> {
    /// What becomes of a finding. `brought`: the request brings it; asked only of what would deny.
    pub fn fate(&self, finding: &Finding, brought: impl FnOnce(&Finding) -> bool) -> Fate<'c> {
        let mut most = match Admitted::of_finding(finding, self.rules) {
            Admitted::Never => return Fate::Beside,
            Admitted::Counted => {
                return match finding.server.as_ref().is_some_and(Server::warns) {
                    true => Fate::Repeats,
                    false => Fate::Disagrees,
                };
            }
            Admitted::Absence if self.update && self.around.decided.contains(&finding.rule.id) => {
                Action::Warn
            }
            Admitted::Absence | Admitted::Unseen => return Fate::Absent,
            Admitted::Told => Action::Deny,
        };
        if self.around.doubted.contains(&finding.rule.id) {
            most = Action::Warn;
        }
        let config = self.config;
        let exemption = config.exemption(finding.rule, self.namespace, self.name, self.today);
        if let Some(exemption) = exemption {
            return Fate::Exempt(exemption);
        }
        let action = config.action(finding.rule, finding.severity, self.namespace);
        match action.min(most) {
            Action::Deny if brought(finding) => Fate::Deny,
            Action::Deny | Action::Warn => Fate::Warn,
            Action::Audit => Fate::Audit,
        }
    }
}
