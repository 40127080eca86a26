//! How two answers to a case differ, in classes that can be counted.

use std::borrow::Cow;
use std::collections::BTreeSet;

use kubevet::apiserver::schema::Type;
use kubevet::minor::Minor;
use serde_json::Value;

use super::cases::Case;
use super::model::{Answer, Cause};
use super::normal::{self, Given};

/// What differs. In this order, since the first matters most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The stage at which the object fails, or whether it fails.
    Code,
    /// A cause of the judge's that kubevet hasn't.
    Missed,
    /// A cause of kubevet's that the judge hasn't.
    Invented,
    /// Both have a cause of this reason at this field, in other words.
    Detail,
    /// A warning of the judge's that kubevet hasn't.
    WarningMissed,
    /// A warning of kubevet's that the judge hasn't.
    WarningInvented,
    /// The object as it is stored.
    Stored,
}

/// A class of differences: those with equal patterns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Class {
    /// The kind.
    pub kind: String,
    /// The codes of the judge and of kubevet; 200 for whatever is accepted.
    pub codes: (u16, u16),
    /// What differs.
    pub what: What,
    /// The field, with `i` for indexes and `k` for keys.
    pub field: String,
    /// The reason of a cause.
    pub reason: String,
    /// The detail, with what varies left out.
    pub detail: String,
}

impl Class {
    /// One line, by which it is known.
    pub fn name(&self) -> String {
        let (judge, ours) = self.codes;
        let what = match self.what {
            What::Code => "code",
            What::Missed => "missed",
            What::Invented => "invented",
            What::Detail => "detail",
            What::WarningMissed => "warning missed",
            What::WarningInvented => "warning invented",
            What::Stored => "stored",
        };
        let parts = [&*self.field, &*self.reason, &*self.detail];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        format!("{} {judge}/{ours} {what}: {}", self.kind, parts.join(" | "))
    }
}

/// A difference: its class, and the row that it belongs to, where kubevet names one.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The class.
    pub class: Class,
    /// The row; empty where only the judge has the cause.
    pub row: &'static str,
}

/// How many classes one case may have at most; more say nothing new.
const CLASSES_MAX: usize = 12;

/// Compares what a judge says with what kubevet says.
pub fn compare(
    kind: &str,
    root: Type<'static>,
    minor: Minor,
    case: &Case,
    (judge, ours): (&Answer, &Answer),
) -> Vec<Difference> {
    let (judge, ours) = (
        with_settled_name(case, judge),
        with_settled_name(case, ours),
    );
    let (judge, ours) = (&*judge, &*ours);
    let mut found = Vec::new();
    let codes = (verdict(judge), verdict(ours));
    let mut add = |what, row, field: &str, reason: &str, detail: &str| {
        let class = Class {
            kind: kind.to_owned(),
            codes,
            what,
            field: field_pattern(field),
            reason: reason.to_owned(),
            detail: pattern(detail),
        };
        if found.len() < CLASSES_MAX && !found.iter().any(|d: &Difference| d.class == class) {
            found.push(Difference { class, row });
        }
    };
    if judge.code != ours.code {
        let say = |answer: &Answer| answer.message.clone().unwrap_or_default();
        let told = if judge.code == 422 {
            String::new()
        } else {
            say(judge)
        };
        let told = if told.is_empty() { say(ours) } else { told };
        let has_causes = !judge.causes.is_empty() || !ours.causes.is_empty();
        let compares = |code| matches!(code, 200 | 201 | 422);
        if !(has_causes && compares(judge.code) && compares(ours.code)) {
            add(What::Code, "", "", "", &told);
            return found;
        }
    }
    causes(kind, judge, ours, &mut add);
    if judge.code == ours.code && judge.code < 300 {
        let (theirs, own): (BTreeSet<_>, BTreeSet<_>) = (
            judge.warnings.iter().collect(),
            ours.warnings.iter().collect(),
        );
        for text in theirs.difference(&own) {
            add(What::WarningMissed, "", "", "", text);
        }
        for text in own.difference(&theirs) {
            add(What::WarningInvented, "", "", "", text);
        }
        if let (Some(theirs), Some(own)) = (&judge.stored, &ours.stored) {
            let given = Given::of(
                [Some(&case.object), case.old.as_ref()]
                    .into_iter()
                    .flatten(),
            );
            let form = |object: &Value| normal::normal(object, root, minor, &given);
            let (theirs, own) = (form(theirs), form(own));
            for (path, a, b) in normal::differences(&theirs, &own) {
                add(What::Stored, "", &path, "", &values(a, b));
            }
        }
    }
    found
}

/// Whether something is created or updated makes no class of its own.
fn verdict(answer: &Answer) -> u16 {
    if answer.code == 201 { 200 } else { answer.code }
}

/// An answer with a fixed text for the random end of a generated name, wherever the answer says it.
pub fn with_settled_name<'a>(case: &Case, answer: &'a Answer) -> Cow<'a, Answer> {
    let text = |key| {
        let metadata = case.object.get("metadata");
        metadata.and_then(|m| m.get(key)?.as_str()).unwrap_or("")
    };
    let base = text("generateName");
    if base.is_empty() || !text("name").is_empty() {
        return Cow::Borrowed(answer);
    }
    let mut answer = answer.clone();
    let details = answer.causes.iter_mut().map(|cause| &mut cause.detail);
    for text in details.chain(&mut answer.warnings) {
        *text = normal::settled_name(text, base);
    }
    Cow::Owned(answer)
}

/// The field of a cause. The server puts the claims of a StatefulSet before its volumes in the
/// random order of a Go map, so that their numbers say nothing.
pub fn place<'c>(kind: &str, cause: &'c Cause) -> Cow<'c, str> {
    let volumes = "spec.template.spec.volumes[";
    let rest = cause
        .field
        .strip_prefix(volumes)
        .filter(|_| kind == "StatefulSet");
    match rest.and_then(|rest| rest.split_once(']')) {
        Some((_, rest)) => Cow::Owned(format!("{volumes}]{rest}")),
        None => Cow::Borrowed(&cause.field),
    }
}

fn causes(
    kind: &str,
    judge: &Answer,
    ours: &Answer,
    add: &mut dyn FnMut(What, &'static str, &str, &str, &str),
) {
    let same = |a: &Cause, b: &Cause| place(kind, a) == place(kind, b) && a.reason == b.reason;
    for cause in &judge.causes {
        if ours
            .causes
            .iter()
            .any(|own| same(own, cause) && own.words() == cause.words())
        {
            continue;
        }
        let (what, row) = match ours.causes.iter().find(|own| same(own, cause)) {
            Some(own) => (What::Detail, own.row),
            None => (What::Missed, ""),
        };
        add(what, row, &cause.field, &cause.reason, cause.words());
    }
    for cause in &ours.causes {
        if !judge.causes.iter().any(|theirs| same(theirs, cause)) {
            add(
                What::Invented,
                cause.row,
                &cause.field,
                &cause.reason,
                &cause.detail,
            );
        }
    }
}

fn values(a: Option<&Value>, b: Option<&Value>) -> String {
    let shown = |value: Option<&Value>| match value {
        None => "nothing".to_owned(),
        Some(Value::Object(_)) => "a mapping".to_owned(),
        Some(Value::Array(_)) => "a list".to_owned(),
        Some(Value::String(text)) if text.len() > 20 => "a text".to_owned(),
        Some(other) => other.to_string(),
    };
    format!("the judge {}, kubevet {}", shown(a), shown(b))
}

/// A path with `i` for indexes and `k` for other keys in brackets.
pub fn field_pattern(field: &str) -> String {
    let mut out = String::new();
    let mut rest = field;
    while let Some((before, after)) = rest.split_once('[') {
        let (inside, after) = after.split_once(']').unwrap_or((after, ""));
        let is_index = !inside.is_empty() && inside.bytes().all(|b| b.is_ascii_digit());
        out.push_str(before);
        out.push_str(if is_index { "[i]" } else { "[k]" });
        rest = after;
    }
    out + rest
}

/// A text with `N` for numbers and `"…"` for what is quoted, cut off where it gets long.
pub fn pattern(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    // What is supported says which check speaks.
    let keeps_quotes = text.starts_with("supported values");
    while let Some(c) = chars.next() {
        match c {
            '"' if !keeps_quotes => {
                let mut before = ' ';
                for inside in chars.by_ref() {
                    if inside == '"' && before != '\\' {
                        break;
                    }
                    before = inside;
                }
                out.push_str("\"…\"");
            }
            '0'..='9' => {
                while chars.next_if(char::is_ascii_digit).is_some() {}
                out.push('N');
            }
            '\n' | '\t' => out.push(' '),
            c => out.push(c),
        }
        if out.len() > 140 {
            out.push('…');
            break;
        }
    }
    out
}
