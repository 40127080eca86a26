//! What becomes of each finding of an audit.
//!
//! As at admission, the server has judged the object itself: where the linter's model says
//! otherwise, that is counted and not told. Other than there, what isn't there is told once the
//! object has been there for a while, and configurations of webhooks are judged like anything else.

use super::inventory::Listed;
use crate::finding::{Family, Finding, Server};
use crate::lint::admitted::Admitted;
use crate::lint::config::{Config, Day};
use crate::rule::{Rule, Scope};

/// What becomes of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is told.
    Told,
    /// The config exempts it for now.
    Exempt,
    /// The server has judged otherwise: counted.
    Disagrees,
    /// Something isn't there, which may still come.
    Young,
    /// It isn't about the object, or the server has said it already.
    Beside,
}

/// The object that a finding is about.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// What the user wants.
    pub config: &'a Config,
    /// The rules that ran.
    pub rules: &'a [&'static Rule],
    /// The day of the audit.
    pub today: Day,
    /// The object.
    pub object: &'a Listed,
    /// It is old enough for what it refers to, to be there.
    pub is_settled: bool,
}

impl Case<'_> {
    /// What becomes of a finding.
    pub fn fate(&self, finding: &Finding) -> Fate {
        match Admitted::of_finding(finding, self.rules) {
            Admitted::Never if finding.rule.family != Family::Webhook => return Fate::Beside,
            Admitted::Counted if finding.server.as_ref().is_some_and(Server::warns) => {
                return Fate::Beside;
            }
            Admitted::Counted => return Fate::Disagrees,
            Admitted::Never | Admitted::Absence | Admitted::Unseen | Admitted::Told => {}
        }
        let mut rules = self.rules.iter();
        let rule = rules.find(|rule| rule.meta.id == finding.rule.id);
        if rule.is_some_and(|rule| rule.scope == Scope::Absence) {
            // What others made is only looked at: they may know why something isn't there.
            if !self.object.judged {
                return Fate::Beside;
            }
            if !self.is_settled {
                return Fate::Young;
            }
        }
        let namespace = self.object.namespace.as_deref().unwrap_or_default();
        let name = &self.object.object;
        let exemption = self
            .config
            .exemption(finding.rule, namespace, name, self.today);
        match exemption {
            Some(_) => Fate::Exempt,
            None => Fate::Told,
        }
    }
}
