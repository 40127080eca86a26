//! Which of the schema's demands the server's validation really makes.
//!
//! OpenAPI calls fields required that have defaults, and lists values that nobody checks. What the
//! server does about a missing required field or a value outside an enum is recorded, for every
//! minor, in `schemas/enforced.tsv`, which `e2e/enforced/record` writes. Lives here: reading that
//! recording. Not here: finding the faults (`decode`).
//!
//! A line of the recording is a comment (`#`), a set of kinds (`kinds`, a name, the kinds) or a
//! row, its columns separated by tabs: the pattern of the field, `required` or `enum`, kinds or
//! the name of a set, minors (`29-33,36`), and `accepted`, or the reason, the pattern of the field
//! that the server names, and its detail. Rows are sorted by pattern. `@` in front of a pattern is
//! the path of the pod template, so that the kinds that make pods share their rows.

use std::collections::BTreeSet;
use std::sync::OnceLock;

use super::schema::ObjectKind;
use super::{Stage, Verdict};
use crate::finding::{Step, render_path};
use crate::minor::{Minor, Minors};
use crate::tree::Node;

static RECORDING: &str = include_str!("../../schemas/enforced.tsv");

/// Settles what only the schema says of an object of a built-in kind: what the server is recorded
/// rejecting becomes its validation's verdict, what it is recorded accepting is dropped, and what
/// isn't recorded stays. So does what it accepts in a pod template and rejects in the pods that are
/// made of it.
pub fn settle<'t>(
    verdicts: &mut Vec<Verdict<'t>>,
    object: Node<'t>,
    kind: &ObjectKind<'_>,
    minor: Minor,
) {
    verdicts.retain_mut(|verdict| {
        if verdict.stage != Stage::Schema {
            return true;
        }
        match recorded(verdict, kind, minor) {
            None => !depends(verdict, kind),
            // It can't make pods of such a template, though.
            Some(Answer::Accepted) => of_pods(verdict, kind, minor),
            Some(Answer::Rejected {
                reason,
                field,
                detail,
            }) => {
                verdict.stage = Stage::Validate;
                verdict.reason = reason;
                verdict.detail = detail.to_owned();
                let steps = as_validated(&verdict.steps, object, kind);
                verdict.field = Some(field_at(field, &steps, prefix(kind)));
                true
            }
        }
    });
}

/// Whether the server's answer hangs on the rest of the object, so that the demand alone says
/// nothing. An Event needs no `involvedObject` in the default namespace (`ValidateEventCreate` in
/// `pkg/apis/core/validation/events.go`).
fn depends(verdict: &Verdict<'_>, kind: &ObjectKind<'_>) -> bool {
    let event = kind.group().is_empty() && kind.name() == "Event";
    event && pattern(&verdict.steps, kind) == "involvedObject"
}

/// The path without the indexes and keys that are data, and with `@` for the pod template of the
/// kind: the name of a field in the recording.
pub fn pattern(steps: &[Step<'_>], kind: &ObjectKind<'_>) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => {
                text.push('.');
                text.push_str(key);
            }
            Step::MapKey(_) | Step::Index(_) => text.push_str("[]"),
        }
    }
    match prefix(kind).and_then(|prefix| text.strip_prefix(prefix)) {
        Some(inside) => format!("@{inside}"),
        None => text,
    }
}

/// What the path of everything in the pod template of a kind begins with.
pub fn prefix(kind: &ObjectKind<'_>) -> Option<&'static str> {
    match (kind.group(), kind.name()) {
        ("", "Pod") => Some(""),
        ("", "PodTemplate") => Some("template."),
        ("", "ReplicationController")
        | ("apps", "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet")
        | ("batch", "Job") => Some("spec.template."),
        ("batch", "CronJob") => Some("spec.jobTemplate.spec.template."),
        _ => None,
    }
}

/// What the server says where a demand of the schema isn't met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Accepted,
    Rejected {
        reason: &'static str,
        field: &'static str,
        detail: &'static str,
    },
}

/// A line of the recording.
#[derive(Debug)]
struct Row {
    pattern: &'static str,
    demand: &'static str,
    kinds: &'static str,
    minors: Minors,
    answer: Answer,
}

fn recorded(verdict: &Verdict<'_>, kind: &ObjectKind<'_>, minor: Minor) -> Option<Answer> {
    let name = match kind.group() {
        "" => format!("{}/{}", kind.version(), kind.name()),
        group => format!("{group}/{}/{}", kind.version(), kind.name()),
    };
    find(verdict, &pattern(&verdict.steps, kind), &name, minor)
}

/// Whether the server rejects it in the pods of a template.
fn of_pods(verdict: &Verdict<'_>, kind: &ObjectKind<'_>, minor: Minor) -> bool {
    let pattern = pattern(&verdict.steps, kind);
    let of_pod = || find(verdict, &pattern, "v1/Pod", minor);
    pattern.starts_with('@') && matches!(of_pod(), Some(Answer::Rejected { .. }))
}

fn find(verdict: &Verdict<'_>, pattern: &str, kind: &str, minor: Minor) -> Option<Answer> {
    let demand = match verdict.rule {
        "missing-field" => "required",
        "unknown-value" => "enum",
        _ => return None,
    };
    let rows = rows();
    let first = rows.partition_point(|row| row.pattern < pattern);
    rows.iter()
        .skip(first)
        .take_while(|row| row.pattern == pattern)
        .find(|row| {
            row.demand == demand
                && row.minors.contains(minor)
                && row.kinds.split(' ').any(|other| other == kind)
        })
        .map(|row| row.answer)
}

fn rows() -> &'static [Row] {
    static ROWS: OnceLock<Vec<Row>> = OnceLock::new();
    ROWS.get_or_init(|| {
        let sets: Vec<(&str, &str)> = RECORDING
            .lines()
            .filter_map(|line| line.strip_prefix("kinds\t")?.split_once('\t'))
            .collect();
        RECORDING
            .lines()
            .filter_map(|line| row(line, &sets))
            .collect()
    })
}

fn row(line: &'static str, sets: &[(&'static str, &'static str)]) -> Option<Row> {
    let mut columns = line.split('\t');
    let mut next = || columns.next();
    let (pattern, demand, kinds, minors, answer) = (next()?, next()?, next()?, next()?, next()?);
    let set = sets.iter().find(|(name, _)| *name == kinds);
    let answer = match answer {
        "accepted" => Answer::Accepted,
        reason => Answer::Rejected {
            reason,
            field: next()?,
            detail: next()?,
        },
    };
    Some(Row {
        pattern,
        demand,
        kinds: set.map_or(kinds, |(_, kinds)| kinds),
        minors: minors_of(minors),
        answer,
    })
}

/// The minors of `29-33,36`.
fn minors_of(text: &str) -> Minors {
    let number = |text: &str| text.parse::<u8>().unwrap_or_default();
    let ranges = text.split(',').map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        number(first)..=number(last)
    });
    let listed: Vec<_> = ranges.collect();
    Minor::all()
        .filter(|minor| listed.iter().any(|range| range.contains(&minor.number())))
        .collect()
}

/// The steps as validation sees them: in front of the volumes of a StatefulSet's template it puts
/// one for each claim template, instead of those of the same name (`ValidateStatefulSetSpec` in
/// pkg/apis/apps/validation/validation.go, since 1.34; before it doesn't look at them).
fn as_validated<'t>(steps: &[Step<'t>], object: Node<'t>, kind: &ObjectKind<'_>) -> Vec<Step<'t>> {
    use Step::{Index, Key};
    let mut seen = steps.to_vec();
    let [
        Key("spec"),
        Key("template"),
        Key("spec"),
        Key("volumes"),
        Index(i),
        ..,
    ] = &mut *seen
    else {
        return seen;
    };
    if (kind.group(), kind.name()) != ("apps", "StatefulSet") {
        return seen;
    }
    let claims = object.at(&["spec", "volumeClaimTemplates"]);
    let claims = claims.iter().flat_map(|claims| claims.items());
    let claims: BTreeSet<&str> = claims
        .filter_map(|claim| claim.at(&["metadata", "name"])?.as_str())
        .collect();
    let volumes = object.at(&["spec", "template", "spec", "volumes"]);
    let before = volumes.iter().flat_map(|volumes| volumes.items()).take(*i);
    let names = before.filter_map(|volume| volume.get("name")?.as_str());
    *i += claims.len()
        - names
            .filter(|name| claims.contains(name))
            .count()
            .min(claims.len());
    seen
}

/// The field that a pattern means, with the indexes that a fault at `steps` has in lists of the
/// same name: the server leaves some parts of a path out and adds others.
fn field_at(pattern: &str, steps: &[Step<'_>], prefix: Option<&str>) -> String {
    let field = match (pattern.strip_prefix('@'), prefix) {
        (Some(inside), Some(prefix)) => format!("{prefix}{inside}"),
        _ => pattern.to_owned(),
    };
    let mut pairs = steps.windows(2).filter_map(|pair| match pair {
        [Step::Key(name), data @ (Step::Index(_) | Step::MapKey(_))] => Some((*name, data)),
        _ => None,
    });
    let mut text = String::new();
    for segment in field.split('.') {
        if !text.is_empty() {
            text.push('.');
        }
        let Some(name) = segment.strip_suffix("[]") else {
            text.push_str(segment);
            continue;
        };
        text.push_str(name);
        if let Some((_, data)) = pairs.find(|(list, _)| *list == name) {
            text.push_str(&render_path(std::slice::from_ref(data)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_every_row_in_order() {
        let lines = RECORDING.lines();
        let written = lines.filter(|line| !line.starts_with('#') && !line.starts_with("kinds\t"));
        assert_eq!(rows().len(), written.count());
        assert!(rows().is_sorted_by_key(|row| row.pattern));
        assert!(rows().iter().all(|row| !row.minors.is_empty()));
    }

    #[test]
    fn names_fields_as_the_server_does() {
        use Step::{Index, Key};
        let steps = [
            Key("spec"),
            Key("versions"),
            Index(2),
            Key("columns"),
            Index(5),
            Key("name"),
        ];
        let field = |pattern| field_at(pattern, &steps, Some("spec."));
        assert_eq!(field("spec.columns[].name"), "spec.columns[5].name");
        assert_eq!(field("@versions[].name"), "spec.versions[2].name");
        assert_eq!(field("spec.columns.name"), "spec.columns.name");
    }
}
