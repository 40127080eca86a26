//! The answer to a review: one pure rendering of what becomes of each finding.
//!
//! Lives here: the response of an `AdmissionReview`, and the limits that the API server sets to its
//! parts (`apiserver/pkg/endpoints/filters/warning.go`). Not here: which finding does what
//! (`fate`), and faults (`status`).

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::fate::{Fate, Told};
use super::request::{API_VERSION, KIND, Request};
use super::sight::AGE_MAX;
use crate::finding::Finding;
use crate::minor::Minor;
use crate::source::SourceId;

/// The object that is asked about, among what is judged together.
const ASKED: SourceId = SourceId(0);

/// How many findings an answer warns of; a closing line counts the others.
pub const WARNINGS_MAX: usize = 3;
/// How long a warning is, in characters: what is longer may be cut by the server.
pub const WARNING_CHARS_MAX: usize = 256;
/// How many findings a denial names.
const CAUSES_MAX: usize = 20;
/// How long the message of a finding is in a denial, in characters.
const MESSAGE_CHARS_MAX: usize = 512;
/// How many findings of a rule an annotation names.
const ANNOTATED_MAX: usize = 5;

/// What a request is answered.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The request.
    pub request: &'a Request<'a>,
    /// The name of the object, or what the server will make it of; empty where it wasn't looked at.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome<'a>,
    /// How many seconds ago what else there is was surely so, where that was looked at.
    pub age: Option<u64>,
}

/// What came of a request.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// It is let through without a look.
    Passed(Pass),
    /// It was judged; all findings, in the order of the linter.
    Judged(Vec<Told<'a>>),
}

/// Why a request is let through without a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pass {
    /// It neither creates nor updates.
    Operation,
    /// It is about a part of an object, such as its scale.
    SubResource,
    /// There is no object in it.
    NoObject,
    /// The object is being deleted, which nothing may hold up.
    Deleting,
}

impl Pass {
    /// The lower-case name, for metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operation => "operation",
            Self::SubResource => "subresource",
            Self::NoObject => "no-object",
            Self::Deleting => "deleting",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: &'a str,
    kind: &'a str,
    response: Response<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<Status<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    audit_annotations: BTreeMap<&'a str, String>,
}

#[derive(Serialize)]
struct Status<'a> {
    status: &'a str,
    code: u16,
    reason: &'a str,
    message: String,
    details: Details<'a>,
}

#[derive(Serialize)]
struct Details<'a> {
    name: &'a str,
    group: &'a str,
    kind: &'a str,
    causes: Vec<Cause<'a>>,
}

/// `metav1.StatusCause`.
#[derive(Serialize)]
struct Cause<'a> {
    reason: &'a str,
    message: String,
    field: String,
}

impl Answer<'_> {
    /// Whether the request is allowed.
    pub fn allowed(&self) -> bool {
        self.with(|fate| matches!(fate, Fate::Deny))
            .next()
            .is_none()
    }

    /// All findings with what becomes of them.
    pub fn told(&self) -> &[Told<'_>] {
        match &self.outcome {
            Outcome::Passed(_) => &[],
            Outcome::Judged(told) => told,
        }
    }

    /// The `AdmissionReview` that says so. `minor`: the one that was judged for, by which the
    /// command in a denial repeats the findings.
    pub fn to_json(&self, minor: Minor) -> Vec<u8> {
        let allowed = self.allowed();
        let review = Review {
            api_version: API_VERSION,
            kind: KIND,
            response: Response {
                uid: self.request.uid,
                allowed,
                status: (!allowed).then(|| self.denial(minor)),
                warnings: self.warnings(),
                audit_annotations: self.annotations(),
            },
        };
        // Only maps with keys that aren't strings can fail, and there are none.
        serde_json::to_vec(&review).unwrap_or_default()
    }

    /// `Forbidden` and not `Invalid`: of the latter kubectl shows the causes alone, without the
    /// webhook that they are from (`kubectl/pkg/cmd/util/helpers.go`, `checkErr`).
    fn denial(&self, minor: Minor) -> Status<'_> {
        let denying: Vec<&Finding> = self.with(|fate| matches!(fate, Fate::Deny)).collect();
        let kind = &self.request.kind;
        let causes = denying.iter().take(CAUSES_MAX).map(|finding| {
            // A field is one of the object that is asked about.
            let (message, field) = match elsewhere(finding) {
                None => (finding.message.clone(), finding.place.path.as_str()),
                Some(_) => (placed(finding), ""),
            };
            Cause {
                reason: finding.rule.id,
                message: clean(&message, MESSAGE_CHARS_MAX),
                field: clean(field, MESSAGE_CHARS_MAX),
            }
        });
        Status {
            status: "Failure",
            code: 403,
            reason: "Forbidden",
            message: self.message(&denying, minor),
            details: Details {
                name: self.request.name,
                group: kind.group,
                kind: kind.kind,
                causes: causes.collect(),
            },
        }
    }

    fn message(&self, denying: &[&Finding], minor: Minor) -> String {
        let (kind, namespace) = (self.request.kind.kind, self.request.namespace);
        let place = match namespace.is_empty() {
            true => String::new(),
            false => format!(" in {namespace}"),
        };
        let mut lines = vec![format!("kubevet denies {kind}/{}{place}:", self.name)];
        lines.extend(denying.iter().take(CAUSES_MAX).map(|finding| {
            let said = clean(&placed(finding), MESSAGE_CHARS_MAX);
            format!("- {said} ({})", finding.rule.id)
        }));
        let more = denying.len().saturating_sub(CAUSES_MAX);
        if more > 0 {
            lines.push(format!("- and {more} more"));
        }
        let rules: BTreeSet<&str> = denying.iter().map(|finding| finding.rule.id).collect();
        let rules: Vec<&str> = rules.into_iter().collect();
        let relates = denying.iter().any(|finding| {
            let related = finding.related.iter().map(|related| &related.place);
            let mut places = related.chain([&finding.place]);
            places.any(|place| place.source != ASKED)
        });
        let with = match relates {
            true => ", with the other object in the file",
            false => "",
        };
        let rules = rules.join(",");
        lines.push(format!(
            "to see the same offline{with}: \
             kubevet lint --kubernetes-version {minor} --select {rules} FILE"
        ));
        lines.join("\n")
    }

    fn warnings(&self) -> Vec<String> {
        let told = self.told().iter();
        let warning = told.filter(|told| matches!(told.fate, Fate::Warn));
        let warning: Vec<&Told<'_>> = warning.collect();
        let shown = warning.iter().take(WARNINGS_MAX).map(|told| {
            let text = format!("kubevet {}: {}", told.finding.rule.id, self.said(told));
            clean(&text, WARNING_CHARS_MAX)
        });
        let more = warning.len().saturating_sub(WARNINGS_MAX);
        let more = (more > 0).then(|| format!("kubevet: and {more} more"));
        shown.chain(more).collect()
    }

    /// By rule, since keys have to be names.
    fn annotations(&self) -> BTreeMap<&'static str, String> {
        let mut by_rule: BTreeMap<&'static str, Vec<String>> = BTreeMap::new();
        for told in self.told() {
            let said = || clean(&self.said(told), WARNING_CHARS_MAX);
            let said = match &told.fate {
                Fate::Audit => said(),
                Fate::Exempt(exemption) => {
                    let reason = clean(&exemption.reason, WARNING_CHARS_MAX);
                    let until = exemption
                        .until
                        .map_or(String::new(), |day| format!(" until {day}"));
                    format!("{} (exempt{until}: {reason})", said())
                }
                _ => continue,
            };
            by_rule.entry(told.finding.rule.id).or_default().push(said);
        }
        let joined = |said: Vec<String>| {
            let more = said.len().saturating_sub(ANNOTATED_MAX);
            let more = (more > 0).then(|| format!("and {more} more"));
            let shown: Vec<String> = said.into_iter().take(ANNOTATED_MAX).chain(more).collect();
            shown.join("; ")
        };
        let by_rule = by_rule.into_iter();
        by_rule.map(|(rule, said)| (rule, joined(said))).collect()
    }

    /// A finding with its field, and with the age of what it is known by where that is why it only
    /// warns.
    fn said(&self, told: &Told<'_>) -> String {
        let said = placed(&told.finding);
        match self.age.filter(|age| told.doubted && *age > AGE_MAX) {
            Some(age) => format!("as of {age} s ago, {said}"),
            None => said,
        }
    }

    fn with(&self, wanted: impl Fn(&Fate<'_>) -> bool) -> impl Iterator<Item = &Finding> {
        let told = self.told().iter().filter(move |told| wanted(&told.fate));
        told.map(|told| &told.finding)
    }
}

/// A finding with its field, and with its object where that is another one.
fn placed(finding: &Finding) -> String {
    let path = Some(&finding.place.path).filter(|path| !path.is_empty());
    let parts: Vec<String> = elsewhere(finding)
        .into_iter()
        .chain(path.cloned())
        .collect();
    match parts.is_empty() {
        true => finding.message.clone(),
        false => format!("{}: {}", parts.join(" "), finding.message),
    }
}

/// The object that a finding is on, where it isn't the one that is asked about.
fn elsewhere(finding: &Finding) -> Option<String> {
    let object = finding.place.object.as_ref();
    let object = object.filter(|_| finding.place.source != ASKED)?;
    Some(format!("{}/{}", object.kind, object.name))
}

/// Text without control characters, which the API server would drop the whole of, and no longer
/// than `most` characters, of which there are two at least.
fn clean(text: &str, most: usize) -> String {
    let is_longer = text.len() > most && text.chars().nth(most).is_some();
    let mut rest = text.chars();
    let shown = match is_longer && rest.nth(most - 2).is_some() {
        true => text.get(..text.len() - rest.as_str().len()).unwrap_or(text),
        false => text,
    };
    // Those above ASCII begin with 0xC2.
    let may_control = |byte: u8| matches!(byte, ..b' ' | 0x7F | 0xC2);
    let mut clean = match shown.bytes().any(may_control) {
        true => shown.replace(char::is_control, " "),
        false => shown.to_owned(),
    };
    if is_longer {
        clean.push('…');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleans_texts_of_every_length() {
        let visible = |c: char| if c.is_control() { ' ' } else { c };
        for unit in ["a", "é", "…", "\n", "\u{85}", "a\t", "é\u{7f}x"] {
            for count in 0..12 {
                let text = unit.repeat(count);
                let chars: Vec<char> = text.chars().map(visible).collect();
                let wanted = match chars.get(..7) {
                    Some(begin) if chars.len() > 8 => begin.iter().chain(&['…']).collect(),
                    _ => chars.iter().collect::<String>(),
                };
                assert_eq!(clean(&text, 8), wanted, "{text:?}");
            }
        }
    }
}
