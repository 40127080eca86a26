//! kubevet's own answer to a case, in the words of the judges' protocol (`e2e/linked/README.md`).
//!
//! Lives here: the way from a line to an answer. Not here: what the server says
//! (`kubevet::apiserver`), and how answers are compared.

#![allow(
    clippy::result_large_err,
    reason = "an answer is made once a case, and most are one of these"
)]

use kubevet::apiserver::Stage;
use kubevet::apiserver::decode;
use kubevet::apiserver::effective::Value;
use kubevet::apiserver::registry::{Admission, Cluster, STRATEGIES, Strategy};
use kubevet::apiserver::schema::{ObjectKind, Table};
use kubevet::document::Reading;
use kubevet::json;
use kubevet::minor::Minor;
use kubevet::source::Span;
use kubevet::tree::{Builder, Kind, Node};
use kubevet::yaml::canonical;
use serde::{Deserialize, Serialize};

/// An answer: a line of the protocol, without its id.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Answer {
    /// HTTP's code; 0 where nothing can be said.
    pub code: u16,
    /// What the decoder says, or why nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// What validation finds.
    pub causes: Vec<Cause>,
    /// The warnings that come with an answer.
    pub warnings: Vec<String>,
    /// The row of each warning; judges don't tell it.
    #[serde(skip)]
    pub warned: Vec<&'static str>,
    /// The object as it would be stored, where that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored: Option<Box<serde_json::Value>>,
}

/// A fault that validation finds.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Cause {
    /// The row of what is checked; judges don't tell it.
    #[serde(skip_deserializing)]
    pub row: &'static str,
    /// The type of the fault.
    pub reason: String,
    /// The field.
    pub field: String,
    /// The words after the field and the value.
    #[serde(default)]
    pub detail: String,
}

impl Answer {
    /// Whether the object is taken.
    pub fn accepts(&self) -> bool {
        matches!(self.code, 200 | 201)
    }
}

impl Cause {
    /// The first line of the detail. Where more follow, they are a difference of two objects as
    /// Go's `cmp.Diff` prints it, which isn't meant to be stable.
    pub fn words(&self) -> &str {
        self.detail.split('\n').next().unwrap_or("")
    }
}

/// A case as it stands in a line.
struct Case<'t> {
    object: Node<'t>,
    old: Option<Node<'t>>,
    stored: bool,
}

/// Answers a line; the first part is its id as JSON.
pub fn answer_line(line: &str, minor: Minor) -> (String, Answer) {
    let mut reading = Reading::default();
    let mut builder = Builder::new(line.to_owned());
    let rest = json::read(&mut builder, &mut reading, line);
    reading.tree = builder.finish().into();
    let root = match reading.documents.first().map(|document| &document.root) {
        Some(Ok(Some(root))) if rest.is_none() => reading.tree.node(*root),
        Some(Err(fault)) => return ("null".to_owned(), rejected(&fault.message)),
        _ => return ("null".to_owned(), unjudged("not a case")),
    };
    let given = |key| root.get(key).filter(|value| !value.is_null());
    let id = given("id").map_or("null".to_owned(), canonical::json);
    let Some(object) = given("object") else {
        return (id, unjudged("no object"));
    };
    let case = Case {
        object,
        old: given("old"),
        stored: given("stored").and_then(Node::as_bool) == Some(true),
    };
    (id, answer(&case, &reading, minor))
}

fn answer(case: &Case<'_>, reading: &Reading, minor: Minor) -> Answer {
    let strategy = match strategy_of(case.object, minor) {
        Ok(found) => found,
        Err(answer) => return answer,
    };
    if let Some(old) = case.old {
        match strategy_of(old, minor) {
            Ok((_, kind)) if kind.name() == strategy.1.name() => {}
            _ => return unjudged("old: is of another kind"),
        }
        let created = create(strategy, old, reading, minor);
        if let Err(answer) | Ok((answer, _)) = &created
            && answer.code != 201
        {
            return unjudged(&format!("old: {}", told(answer)));
        }
    }
    let said = match case.old {
        None => create(strategy, case.object, reading, minor),
        Some(old) => update(strategy, case.object, old, reading, minor),
    };
    match said {
        Err(answer) => answer,
        Ok((mut answer, admission)) => {
            if case.stored && answer.code < 300 {
                answer.stored = Some(Box::new(stored_object(&admission)));
            }
            answer
        }
    }
}

type Modelled<'t> = (&'static Strategy, ObjectKind<'static>);

fn strategy_of(object: Node<'_>, minor: Minor) -> Result<Modelled<'_>, Answer> {
    let text = |key| object.get(key).and_then(Node::as_str).unwrap_or("");
    let (api_version, name) = (text("apiVersion"), text("kind"));
    let (group, version) = api_version.split_once('/').unwrap_or(("", api_version));
    let not_served = || Answer {
        code: 404,
        message: Some("the server could not find the requested resource".to_owned()),
        ..Answer::default()
    };
    let modelled = |s: &&Strategy| s.group == group && s.kind == name;
    let of_another_version = STRATEGIES.iter().find(modelled);
    let strategy = Strategy::of(group, version, name).ok_or_else(|| match of_another_version {
        Some(_) => not_served(),
        None => unjudged(&format!("{api_version} {name} isn't modelled")),
    })?;
    let kind = Table::builtin().kind(minor, group, version, name);
    let kind = kind.ok_or_else(not_served)?;
    Ok((strategy, kind))
}

fn create<'t>(
    (strategy, kind): Modelled<'_>,
    object: Node<'t>,
    reading: &Reading,
    minor: Minor,
) -> Result<(Answer, Admission<'t>), Answer> {
    check_decodes(&kind, object, reading, minor)?;
    let admission = strategy.create(object, minor, Cluster::Plain);
    Ok((admitted(&admission, 201), admission))
}

fn update<'t>(
    (strategy, kind): Modelled<'_>,
    object: Node<'t>,
    old: Node<'t>,
    reading: &Reading,
    minor: Minor,
) -> Result<(Answer, Admission<'t>), Answer> {
    check_decodes(&kind, object, reading, minor)?;
    let meta = |of: Node<'_>, key: &str| {
        let text = of.at(&["metadata", key]).map_or("", Node::text);
        text.to_owned()
    };
    // Name and namespace of a PUT stand in its path, too, and are compared before anything else.
    if meta(object, "name").is_empty() || meta(object, "name") != meta(old, "name") {
        return Err(rejected(
            "the name of the object does not match the name on the URL",
        ));
    }
    let namespace = |of| Some(meta(of, "namespace")).filter(|name| !name.is_empty());
    let path = namespace(old).unwrap_or("default".to_owned());
    if namespace(object).is_some_and(|name| name != path) {
        return Err(rejected(
            "the namespace of the provided object does not match",
        ));
    }
    let admission = strategy.update(object, old, minor, Cluster::Plain);
    Ok((admitted(&admission, 200), admission))
}

/// What strict decoding rejects.
fn check_decodes(
    kind: &ObjectKind<'static>,
    object: Node<'_>,
    reading: &Reading,
    minor: Minor,
) -> Result<(), Answer> {
    let within = object.span();
    let doubles = reading.duplicates.iter().map(|double| {
        let key = reading.tree.node(double.keys.last);
        (key.span(), key.text())
    });
    // What an entry of managedFields has in `fieldsV1` is kept as it is sent, and read by nobody.
    let entries = object.at(&["metadata", "managedFields"]);
    let entries = entries.into_iter().flat_map(Node::items);
    let raw: Vec<_> = entries
        .filter_map(|entry| entry.get("fieldsV1"))
        .map(Node::span)
        .collect();
    let mut inside = doubles.filter(|(span, _)| {
        let lies_in = |of: &Span| of.start <= span.start && span.end <= of.end;
        lies_in(&within) && !raw.iter().any(lies_in)
    });
    if let Some((_, key)) = inside.next() {
        return Err(rejected(&format!("duplicate field \"{key}\"")));
    }
    let (found, _) = decode::check(object, kind, minor, &|_| false);
    match found.iter().find(|verdict| verdict.stage == Stage::Decode) {
        Some(verdict) => Err(rejected(&verdict.detail)),
        None => Ok(()),
    }
}

fn admitted(admission: &Admission<'_>, accepted: u16) -> Answer {
    let validation = &admission.validation;
    let causes = validation.errors.iter().map(|error| Cause {
        row: error.row,
        reason: error.reason.name().to_owned(),
        field: error.field.clone(),
        detail: error.detail.to_string(),
    });
    let causes: Vec<Cause> = causes.collect();
    // What the server can't do by a fault of its own comes alone, and without causes.
    if let Some(cause) = causes.iter().find(|cause| cause.reason == "InternalError") {
        return Answer {
            code: 500,
            message: Some(cause.detail.clone()),
            ..Answer::default()
        };
    }
    let warnings = validation.warnings.iter();
    Answer {
        code: if causes.is_empty() { accepted } else { 422 },
        causes,
        warned: warnings.clone().map(|warning| warning.row).collect(),
        warnings: warnings.map(|warning| warning.text.clone()).collect(),
        ..Answer::default()
    }
}

fn rejected(message: &str) -> Answer {
    Answer {
        code: 400,
        message: Some(message.to_owned()),
        ..Answer::default()
    }
}

fn unjudged(message: &str) -> Answer {
    Answer {
        message: Some(message.to_owned()),
        ..Answer::default()
    }
}

fn told(answer: &Answer) -> String {
    match &answer.message {
        Some(message) => message.clone(),
        None => format!("{:?}", answer.causes),
    }
}

/// What is stored, as JSON.
fn stored_object(admission: &Admission<'_>) -> serde_json::Value {
    let effective = &admission.effective;
    let mut object = stored(effective.value(effective.root()));
    if let Some(metadata) = object.get_mut("metadata").and_then(|m| m.as_object_mut())
        && !admission.annotations.is_empty()
    {
        let none = || serde_json::Map::new().into();
        let annotations = metadata.entry("annotations").or_insert_with(none);
        if annotations.is_null() {
            *annotations = none();
        }
        if let Some(annotations) = annotations.as_object_mut() {
            let added = admission.annotations.iter().cloned();
            annotations.extend(added.map(|(key, value)| (key, value.into())));
        }
    }
    object
}

/// An effective object as JSON.
fn stored(value: Value<'_>) -> serde_json::Value {
    use serde_json::Value as Json;
    match value.kind() {
        _ if value.is_amount() => Json::String(value.quantity().canonical()),
        Kind::Null => Json::Null,
        Kind::Bool => Json::Bool(value.bool()),
        Kind::String => Json::String(value.text().to_owned()),
        Kind::Int | Kind::Float => {
            let number = canonical::number(value.kind(), value.text());
            number.parse().map_or(Json::Null, Json::Number)
        }
        Kind::Sequence => value.values().map(stored).collect(),
        Kind::Mapping => {
            let entries = value.values().map(|v| (v.name().to_owned(), stored(v)));
            Json::Object(entries.collect())
        }
    }
}
