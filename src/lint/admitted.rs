//! What findings mean at admission, where the object has passed the server's own validation.
//!
//! Lives here: which rules speak there, and which findings are more than a difference between the
//! server and our model of it. Not here: what a finding does to a request (`config`), and the
//! webhook that asks (`webhook`).

use super::admission::rules::DROPPED_FIELD;
use super::usage::BAD_SUPPRESSION;
use crate::finding::{Family, Finding, RuleMeta};
use crate::rule::{Rule, Scope};

/// Whether a rule speaks at admission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Admitted {
    /// As anywhere.
    Told,
    /// Only about updates, and never to deny them: what isn't there yet may come next.
    Absence,
    /// The server has judged that itself: a finding is a mistake of ours or a skew of versions,
    /// which is counted and not shown.
    Counted,
    /// It is about what there isn't: files, and the configurations of webhooks, which no webhook is
    /// asked about.
    Never,
}

impl Admitted {
    /// `told`, `absence`, `counted` or `never`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Absence => "absence",
            Self::Counted => "counted",
            Self::Never => "never",
        }
    }

    /// Whether a rule speaks at admission, where `rules` are those that run.
    pub fn of_rule(meta: &RuleMeta, rules: &[&'static Rule]) -> Self {
        match meta.family {
            Family::Reading | Family::Webhook => Self::Never,
            Family::Usage if meta.id != BAD_SUPPRESSION.id => Self::Never,
            Family::Schema | Family::Server => Self::Counted,
            _ => match rules.iter().find(|rule| rule.meta.id == meta.id) {
                Some(rule) if rule.scope == Scope::Absence => Self::Absence,
                _ => Self::Told,
            },
        }
    }

    /// What a finding is at admission. The pods that a template makes come later, so what the
    /// server will say to them is news.
    pub fn of_finding(finding: &Finding, rules: &[&'static Rule]) -> Self {
        let own = finding.server.is_none() && finding.hidden_by.is_none();
        let dropped = finding.rule.id == DROPPED_FIELD.id;
        match finding.rule.family {
            Family::Server if own && !dropped => Self::Told,
            _ => Self::of_rule(finding.rule, rules),
        }
    }
}
