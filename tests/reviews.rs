//! Reviews without a server: what requests are answered, and that the findings behind an answer
//! are the linter's.
//!
//! A case is a file in `testdata/webhook/answers`: the `request` of a review and, as a second
//! document, the config; the others are objects of the cluster, which was last seen 45 s ago where
//! a line `# old` stands among them. Beside it stands what comes of each finding, and the answer;
//! `UPDATE=1` writes that.
#![cfg(feature = "webhook")]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

mod support;

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use kubevet::finding::Finding;
use kubevet::lint::admitted::UNSEEN;
use kubevet::lint::config::{Config, Day};
use kubevet::lint::run::all_metas;
use kubevet::minor::Minor;
use kubevet::object::Object;
use kubevet::object::placeholder::Placeholders;
use kubevet::rule::Scope;
use kubevet::rules::RULES;
use kubevet::source::Source;
use kubevet::webhook::answer::{Answer, Outcome, WARNING_CHARS_MAX, WARNINGS_MAX};
use kubevet::webhook::cache::kinds::{KINDS, Kind, LOOKED_FOR};
use kubevet::webhook::cache::prune::{Pruned, prune};
use kubevet::webhook::cache::store::Store;
use kubevet::webhook::judge::{Laws, findings, object, part, read};
use kubevet::webhook::request::{Body, Request};
use kubevet::webhook::review::review;
use kubevet::webhook::sight::{Around, Nothing, Sight};
use kubevet::webhook::status::Fault;
use kubevet::yaml::{self, canonical};
use serde_json::{Value, json};

fn root(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// The files below a folder with this extension, in order.
fn files(folder: &Path, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|e| e == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn documents(text: &str) -> Vec<Value> {
    let reading = yaml::read(&Source::new("case.yaml", text));
    let roots = reading.documents.iter();
    let roots = roots.filter_map(|document| document.root.clone().ok().flatten());
    roots
        .map(|root| serde_json::from_str(&canonical::json(reading.tree.node(root))).unwrap())
        .collect()
}

/// A cluster that holds what it was given.
struct Kept {
    store: Store,
    old: bool,
}

impl Kept {
    fn of(objects: &[Value], old: bool) -> Self {
        let mut store = Store::default();
        for (kind, pruned) in objects.iter().filter_map(pruned) {
            store.put(kind, 0, &pruned).unwrap();
        }
        Self { store, old }
    }
}

impl Sight for Kept {
    fn around(&self, object: &Object<'_>) -> Around {
        let around = self.store.around(object, |_| true);
        let rules = || LOOKED_FOR.iter().map(|(rule, _)| *rule);
        Around {
            objects: around.iter().map(|json| read(json).unwrap()).collect(),
            decided: rules().filter(|_| !self.old).collect(),
            doubted: rules().filter(|_| self.old).collect(),
            age: Some(if self.old { 45 } else { 0 }),
        }
    }
}

/// What is kept of an object, if its kind is, with the number of that.
fn pruned(object: &Value) -> Option<(usize, Pruned)> {
    let text = |path| object.pointer(path).and_then(Value::as_str).unwrap_or("");
    let (group, _) = text("/apiVersion").split_once('/').unwrap_or_default();
    let kind = Kind::number(group, text("/kind"))?;
    Some((kind, prune(&KINDS[kind], &object.to_string()).ok()?))
}

fn today() -> Day {
    Day::parse("2026-11-25").unwrap()
}

fn config(text: &str) -> Config {
    let source = Source::new(".kubevet.yaml", text);
    let (config, faults) = Config::parse(&source, &all_metas(RULES));
    assert!(faults.is_empty(), "{faults:?}");
    config
}

fn laws(config: &Config) -> Laws<'_> {
    Laws {
        config,
        rules: RULES,
    }
}

/// The body that the API server sends around a request.
fn body(mut request: Value) -> Vec<u8> {
    let object = [&request["object"], &request["oldObject"]];
    let object = object
        .into_iter()
        .find(|object| object.is_object())
        .cloned();
    if let (Some(object), None) = (object, request.get("kind")) {
        let version = object["apiVersion"].as_str().unwrap();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        request["kind"] = json!({"group": group, "version": version, "kind": object["kind"]});
        for key in ["name", "namespace"] {
            let value = object["metadata"][key].as_str().unwrap_or("");
            request[key] = value.into();
        }
    }
    request["uid"] = "705ab4f5-6393-11e8-b7cc-42010a800002".into();
    enveloped(&request.to_string()).into_bytes()
}

#[test]
fn answers_each_request_as_expected() {
    let mut wrong = Vec::new();
    for path in files(&root("testdata/webhook/answers"), "yaml") {
        let text = fs::read_to_string(&path).unwrap();
        let (request, rest) = text.split_once("\n---\n").unwrap_or((&text, ""));
        let (settings, objects) = rest.split_once("\n---\n").unwrap_or((rest, ""));
        let sight: Box<dyn Sight> = match objects.is_empty() {
            true => Box::new(Nothing),
            false => Box::new(Kept::of(&documents(objects), objects.contains("# old\n"))),
        };
        let config = config(settings);
        let request = documents(request).remove(0);
        let answered = |bytes| {
            let body = Body::read(bytes)?;
            let request = Request::of(&body)?;
            Ok(shown(&review(&request, laws(&config), &*sight, today())?))
        };
        let fault = |fault: Fault| String::from_utf8(fault.to_json()).unwrap();
        let said = answered(body(request)).unwrap_or_else(fault);
        let golden = path.with_extension("out");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &said).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if said != expected {
            let name = path.display();
            wrong.push(format!("{name}\n--- expected\n{expected}--- said\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn shown(answer: &Answer<'_>) -> String {
    let mut said = String::new();
    if let Outcome::Passed(why) = &answer.outcome {
        writeln!(said, "passed: {}", why.name()).unwrap();
    }
    for told in answer.told() {
        let finding = &told.finding;
        let (rule, path) = (finding.rule.id, &finding.place.path);
        writeln!(said, "{:9} {rule} {path}", told.fate.name()).unwrap();
    }
    let response = answer.to_json(Minor::DEFAULT);
    hold_to_the_contract(answer, &response);
    let response: Value = serde_json::from_slice(&response).unwrap();
    said + &serde_json::to_string_pretty(&response["response"]).unwrap() + "\n"
}

/// What the API server demands of every answer.
fn hold_to_the_contract(answer: &Answer<'_>, response: &[u8]) {
    let review: Value = serde_json::from_slice(response).unwrap();
    assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
    assert_eq!(review["kind"], "AdmissionReview");
    let response = &review["response"];
    assert_eq!(response["uid"], answer.request.uid);
    assert_eq!(
        response.get("status").is_some(),
        response["allowed"] == false
    );
    assert!(response.get("patch").is_none() && response.get("patchType").is_none());
    let warnings = response["warnings"].as_array().cloned().unwrap_or_default();
    assert!(warnings.len() <= WARNINGS_MAX + 1);
    for warning in warnings {
        let warning = warning.as_str().unwrap();
        assert!(!warning.is_empty() && warning.chars().count() <= WARNING_CHARS_MAX);
        assert!(!warning.contains(char::is_control), "{warning}");
    }
    let annotations = response["auditAnnotations"].as_object().cloned();
    for key in annotations.unwrap_or_default().keys() {
        let named = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(key.len() <= 63 && key.chars().all(named), "{key}");
    }
}

/// Rule, severity, path, message and related paths.
type Said<'f> = (&'f str, &'f str, &'f str, &'f str, Vec<&'f str>);

fn said(findings: &[Finding]) -> Vec<Said<'_>> {
    let said = findings.iter().map(|finding| {
        let related = finding.related.iter();
        (
            finding.rule.id,
            finding.severity.name(),
            finding.place.path.as_str(),
            finding.message.as_str(),
            related.map(|related| related.place.path.as_str()).collect(),
        )
    });
    said.collect()
}

/// The text of a review with this request.
fn enveloped(request: &str) -> String {
    let version = r#""apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview""#;
    format!(r#"{{{version}, "request": {request}}}"#)
}

/// A review in whose envelope stands what must not matter for the object.
fn asked(object: &str, old: &str) -> Body {
    let user = r##"{"username": "ENC[AES256_GCM,", "groups": ["#@ kubevet: allow", ":#@ x"]}"##;
    let before = format!(r#""uid": "1", "operation": "UPDATE", "userInfo": {user}"#);
    let after = r#""options": {"data": "ENC[AES256_GCM,", "data": "again"}"#;
    let request = format!(r#"{{{before}, "oldObject": {old}, "object": {object}, {after}}}"#);
    Body::read(enveloped(&request).into()).unwrap()
}

/// What is found in the object of a review.
fn reviewed(body: &Body, config: &Config) -> Vec<Finding> {
    let request = Request::of(body).unwrap();
    let new = part(body, request.object.unwrap());
    let old = request.old_object.map(|old| part(body, old));
    findings(&new, old.as_ref(), &Around::default(), laws(config))
}

/// All objects that stand in the cases and pages of rules and in the seeds, as their JSON.
fn objects() -> Vec<String> {
    let objects = bundles().into_iter().flatten();
    objects.map(|object| object.to_string()).collect()
}

/// The same objects, by what they stand in.
fn bundles() -> Vec<Vec<Value>> {
    let mut bundles = Vec::new();
    for folder in [
        "testdata/rules/cases",
        "testdata/seeds",
        "testdata/relations",
    ] {
        for path in files(&root(folder), "yaml") {
            let text = fs::read_to_string(path).unwrap();
            bundles.push(documents(&text));
        }
    }
    for path in files(&root("rules"), "md") {
        let page = fs::read_to_string(path).unwrap();
        let blocks = page.split("```yaml\n").skip(1);
        let blocks = blocks.filter_map(|block| block.split("```").next());
        bundles.extend(blocks.map(documents));
    }
    let is_object = |object: &Value| object["kind"].is_string() && object["metadata"].is_object();
    for bundle in &mut bundles {
        bundle.retain(is_object);
    }
    bundles
}

#[test]
fn the_findings_behind_an_answer_are_those_of_the_linter() {
    let config = Config::default();
    let mut compared = 0;
    for object in objects()
        .into_iter()
        .flat_map(|object| [noted(&object), object])
    {
        let linted = support::lint(&[("object.json".to_owned(), object.clone().into_bytes())]);
        let body = asked(&object, "null");
        let reviewed = reviewed(&body, &config);
        assert_eq!(said(&reviewed), said(&linted.findings), "{object}");
        compared += reviewed.len();
    }
    assert!(compared > 300, "{compared} findings are compared");
}

/// An object with what a server notes of who set its fields.
fn noted(object: &str) -> String {
    let note = r#"{"f:spec":{"k:{\"a\":\"}:#@ b\"}":{".":{}},"f:c":{},"f:c":{"f:d":{}}}}"#;
    let mut object: Value = serde_json::from_str(object).unwrap();
    object["metadata"]["managedFields"] = json!([{
        "manager": "kubectl", "operation": "Update", "apiVersion": "v1",
        "time": "2026-01-01T00:00:00Z", "fieldsType": "FieldsV1", "fieldsV1": "NOTE",
    }]);
    object.to_string().replace("\"NOTE\"", note)
}

#[test]
fn keys_that_stand_twice_are_those_of_the_object() {
    let double = r#"{"a": "1", "b": "2", "a": "3"}"#;
    let service = |labels| {
        let metadata = format!(r#"{{"name": "a", "labels": {labels}}}"#);
        let spec = r#"{"selector": {"app": "a"}, "ports": [{"port": 80}]}"#;
        format!(
            r#"{{"apiVersion": "v1", "kind": "Service", "metadata": {metadata}, "spec": {spec}}}"#
        )
    };
    let config = Config::default();
    let doubled = |new, old: &str| {
        let found = reviewed(&asked(&service(new), old), &config);
        let ids = found.iter().map(|finding| finding.rule.id);
        ids.filter(|id| *id == "duplicate-key").count()
    };
    assert_eq!(doubled(double, "null"), 1);
    assert_eq!(doubled("{}", &service(double)), 0);
    assert_eq!(doubled(double, &service(double)), 1);
}

#[test]
fn a_text_in_an_object_does_not_keep_it_from_being_judged() {
    let object = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {
            "name": "a",
            "annotations": {"x": "ENC[AES256_GCM,", "y": "#@ x", "z": ":#@ x"},
            "managedFields": [{"fieldsV1": {
                "f:#@ x": {}, ":#@ y": {}, "k:{\"mountPath\":\"/a-#@ b\"}": {},
                "v:\"ENC[AES256_GCM,\"": {},
            }}],
        },
        "spec": {"ports": [{"port": 80}], "selector": {}, "bogus": 1},
    });
    let config = Config::default();
    let found = reviewed(&asked(&object.to_string(), "null"), &config);
    let ids: Vec<_> = found.iter().map(|finding| finding.rule.id).collect();
    assert!(ids.contains(&"unknown-field"), "{ids:?}");
}

#[test]
fn says_what_is_wrong_with_a_body() {
    let said = |body: String| {
        let body = Body::read(body.into_bytes()).map_err(|fault| fault.message)?;
        let request = Request::of(&body).map_err(|fault| fault.message)?;
        Ok::<_, String>(request.uid.to_owned())
    };
    let deep = "[".repeat(9_999) + &"]".repeat(9_999);
    let whole = |object| {
        enveloped(&format!(
            r#"{{"uid": "1", "operation": "CREATE", "object": {object}}}"#
        ))
    };
    assert_eq!(said(whole(deep.clone())), Ok("1".to_owned()));
    assert_eq!(said(whole("null".to_owned())), Ok("1".to_owned()));
    for (body, wrong) in [
        (
            whole(format!("[[{deep}]]")),
            "nested deeper than 10000 levels",
        ),
        (
            whole("1e999".to_owned()),
            "larger than any number can be (byte ",
        ),
        (
            whole("{}".to_owned()) + "{}",
            "nothing should follow the value (byte ",
        ),
        (
            whole("[1,]".to_owned()),
            "a JSON value should stand here (byte ",
        ),
        (enveloped("null"), "has no request"),
        (enveloped(r#"{"operation": "CREATE"}"#), "has no uid"),
        (
            enveloped(r#"{"uid": null, "operation": "CREATE"}"#),
            "has no uid",
        ),
        (
            enveloped(r#"{"uid": 1, "operation": "CREATE"}"#),
            "`uid` should be text",
        ),
        (enveloped(r#"{"uid": "1"}"#), "has no operation"),
        (
            enveloped(r#"{"uid": "1", "operation": "CREATE", "dryRun": 1}"#),
            "`dryRun` should be",
        ),
        (
            "{}".to_owned(),
            "should be AdmissionReview of admission.k8s.io/v1",
        ),
    ] {
        let fault = said(body).unwrap_err();
        assert!(fault.contains(wrong), "{fault}");
    }
    let bytes = Body::read(vec![b'"', 0xff, b'"']).unwrap_err();
    assert!(bytes.message.contains("isn't text"), "{bytes:?}");
}

#[test]
fn the_findings_behind_the_answer_to_an_update_are_those_of_the_linter() {
    let config = Config::default();
    let objects = objects();
    for pair in objects.windows(2) {
        let named: Vec<Value> = pair
            .iter()
            .map(|text| {
                let mut object: Value = serde_json::from_str(text).unwrap();
                object["metadata"]["name"] = "same".into();
                object
            })
            .collect();
        let files = named.iter().map(|object| {
            let bytes = object.to_string().into_bytes();
            ("object.json".to_owned(), bytes)
        });
        let files: Vec<_> = files.collect();
        let linted = support::lint_update(&files[1..], &files[..1]);
        let [old, new] = named.as_slice() else {
            panic!("not a pair");
        };
        let body = asked(&new.to_string(), &old.to_string());
        let reviewed = reviewed(&body, &config);
        assert_eq!(said(&reviewed), said(&linted.findings), "{}", named[1]);
    }
}

#[test]
fn every_rule_that_looks_around_says_what_for() {
    let looks = |scope| matches!(scope, Scope::Project | Scope::Absence);
    let looking = RULES.iter().filter(|rule| looks(rule.scope));
    // No webhook is asked about webhooks.
    let looking = looking.filter(|rule| rule.meta.family.name() != "webhook");
    let looking: BTreeSet<&str> = looking.map(|rule| rule.meta.id).collect();
    let said = LOOKED_FOR.iter().map(|(rule, _)| *rule);
    let said: BTreeSet<&str> = said.chain(UNSEEN).collect();
    assert_eq!(said, looking);
    let mut kinds = LOOKED_FOR.iter().flat_map(|(_, kinds)| *kinds);
    assert!(kinds.all(|kind| KINDS.iter().any(|known| known.resource.kind == *kind)));
}

#[test]
fn what_is_kept_and_found_of_a_cluster_tells_all_that_the_whole_would() {
    let config = Config::default();
    let mut told = 0;
    for mut bundle in bundles() {
        // In a cluster nothing is a placeholder.
        let placeholders = Placeholders::default();
        let is_real = |object: &Value| !placeholders.in_text(&object.to_string());
        bundle.retain(|object| is_real(object) && pruned(object).is_some());
        for object in &mut bundle {
            let metadata = &mut object["metadata"];
            if metadata["namespace"].is_null() {
                metadata["namespace"] = "default".into();
            }
        }
        let kept = Kept::of(&bundle, false);
        for (number, target) in bundle.iter().enumerate() {
            let same = |other: &&Value| {
                let parts = ["/kind", "/metadata/namespace", "/metadata/name"];
                parts
                    .iter()
                    .all(|part| other.pointer(part) == target.pointer(part))
            };
            let asked = read(&target.to_string()).unwrap();
            let others = bundle.iter().filter(|other| !same(other));
            let whole = Around {
                objects: others
                    .map(|other| read(&other.to_string()).unwrap())
                    .collect(),
                ..Around::default()
            };
            let around = kept.around(&object(&asked).unwrap());
            let mut whole = findings(&asked, None, &whole, laws(&config));
            let mut kept = findings(&asked, None, &around, laws(&config));
            for found in [&mut whole, &mut kept] {
                found.retain(|finding| !UNSEEN.contains(&finding.rule.id));
            }
            let name = target["metadata"]["name"].as_str();
            assert_eq!(
                said(&kept),
                said(&whole),
                "{number}: {name:?} of {bundle:#?}"
            );
            let looks =
                |finding: &&Finding| LOOKED_FOR.iter().any(|(rule, _)| *rule == finding.rule.id);
            told += whole.iter().filter(looks).count();
        }
    }
    assert!(told > 60, "{told} findings about relations are compared");
}
