//! What findings mean at admission, where the object has passed the server's own validation.
//!
//! Lives here: which rules speak there, and which findings are more than a difference between the
//! server and our model of it. Not here: what a finding does to a request (`config`), and the
//! webhook that asks (`webhook`).

use super::admission::rules::{APPLY_DIFFERS, DROPPED_FIELD};
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
    /// It is about what nothing is known of there (`UNSEEN`).
    Unseen,
    /// The server has judged that itself: a finding is a mistake of ours or a skew of versions,
    /// which is counted and not shown.
    Counted,
    /// It is about what there isn't: files, doubles in them, the way to apply an object, other
    /// settings of a cluster, and the configurations of webhooks, which no webhook is asked about.
    Never,
}

/// The rules about what isn't there that are never believed, whatever is known: they look for kinds
/// that the webhook doesn't keep, Secrets, ConfigMaps and whatever makes pods.
pub const UNSEEN: [&str; 3] = [
    "missing-config-map",
    "missing-secret",
    "service-selects-nothing",
];

/// The rule about objects that stand in several manifests.
const DUPLICATE_OBJECT: &str = "duplicate-object";

/// The rules about the server's own validation that have nothing to say of pods.
const OF_NO_POD: [&str; 5] = [
    "dropped-field",
    "progress-deadline-too-short",
    "rejected-update",
    "server-warning",
    "zero-surge-zero-unavailable",
];

/// The section `At admission` of a rule's page.
pub fn sentence(meta: &RuleMeta, rules: &[&'static Rule]) -> &'static str {
    match (Admitted::of_rule(meta, rules), meta.family) {
        (Admitted::Told, _) => "It speaks; the config says what that does to a request.",
        (Admitted::Absence, _) => concat!(
            "It never denies, and warns of updates only, where it can ask the cluster: when ",
            "something is created, what isn't there may come next."
        ),
        (Admitted::Unseen, _) => "It is silent: nothing is known there of what it looks for.",
        (Admitted::Counted, Family::Server) if !OF_NO_POD.contains(&meta.id) => concat!(
            "The API server has judged the object itself: what is found in it is counted, not ",
            "shown. Before Kubernetes 1.34 it doesn't look at the pods of a StatefulSet: what is ",
            "found in those is shown when the StatefulSet is created."
        ),
        (Admitted::Counted, _) => concat!(
            "The API server has judged the object itself: what is found in it is counted, not ",
            "shown."
        ),
        (Admitted::Never, Family::Bundle) => {
            "It is silent: what several manifests make of one name is one object by then."
        }
        (Admitted::Never, Family::Server) => "It is silent: the object has been applied by then.",
        (Admitted::Never, Family::Webhook) => {
            "It is silent: no webhook is asked about the configurations of webhooks."
        }
        (Admitted::Never, _) => "It is silent: it is about files.",
    }
}

impl Admitted {
    /// `told`, `absence`, `unseen`, `counted` or `never`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Told => "told",
            Self::Absence => "absence",
            Self::Unseen => "unseen",
            Self::Counted => "counted",
            Self::Never => "never",
        }
    }

    /// Whether a rule speaks at admission, where `rules` are those that run.
    pub fn of_rule(meta: &RuleMeta, rules: &[&'static Rule]) -> Self {
        match meta.family {
            Family::Reading | Family::Webhook => Self::Never,
            Family::Usage if meta.id != BAD_SUPPRESSION.id => Self::Never,
            Family::Server if meta.id == APPLY_DIFFERS.id => Self::Never,
            Family::Schema | Family::Server => Self::Counted,
            Family::Bundle if meta.id == DUPLICATE_OBJECT => Self::Never,
            _ if UNSEEN.contains(&meta.id) => Self::Unseen,
            _ => match rules.iter().find(|rule| rule.meta.id == meta.id) {
                Some(rule) if rule.scope == Scope::Absence => Self::Absence,
                _ => Self::Told,
            },
        }
    }

    /// What a finding is at admission. The pods that a template makes come later, so what the
    /// server will say to them is news. Of a Service nothing comes later: its node ports are in the
    /// range of the cluster, whichever that is.
    pub fn of_finding(finding: &Finding, rules: &[&'static Rule]) -> Self {
        let of_rule = Self::of_rule(finding.rule, rules);
        let is_validation =
            finding.rule.family == Family::Server && finding.rule.id != DROPPED_FIELD.id;
        let is_said = finding.server.is_some() || finding.hidden_by.is_some();
        if of_rule != Self::Counted || !is_validation || is_said {
            return of_rule;
        }
        let object = finding.place.object.as_ref();
        match object.is_some_and(|object| object.kind == "Service") {
            true => Self::Never,
            false => Self::Told,
        }
    }
}
