//! Asks a running API server what the judges of `e2e/linked` say: lines of cases in, lines of
//! verdicts out, in order, so that server and judge can take each other's place.
//!
//! A case is `{"id": …, "object": {…}, "old": {…}?, "stored": true?, "namespace": "…"?}`. Without
//! `old` the object is created, with it `old` is created and the object replaces it, all as a dry
//! run but for `old`, which is really there until its case is over. The cluster is that of
//! `KUBECONFIG`, and may have no use but this one.
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a tool of the tests stops where it can't go on"
)]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, Write as _};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{self, Stream, StreamExt};
use http::{HeaderMap, Method, Request, header};
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::{Mutex, RwLock, mpsc};

/// How many cases are under way at once.
const CONNECTIONS: usize = 16;

/// The UID that judges give to every object: a case that names it means the old object's.
const JUDGES_UID: &str = "00000000-0000-4000-8000-000000000000";

/// How often an object is deleted until it's clear that it stays.
const DELETIONS_MAX: u32 = 500;

#[derive(Deserialize)]
struct Case {
    id: Value,
    object: Box<RawValue>,
    old: Option<Box<RawValue>>,
    #[serde(default)]
    stored: bool,
    namespace: Option<String>,
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = { runtime }.enable_all().build().unwrap();
    runtime.block_on(async {
        let server = Server::new(Client::try_default().await.expect("a cluster"));
        let answers = cases().map(|case| server.verdict(case));
        let mut answers = pin!(answers.buffered(CONNECTIONS));
        let mut out = std::io::stdout().lock();
        while let Some(answer) = answers.next().await {
            writeln!(out, "{answer}").unwrap();
        }
    });
}

/// The cases of standard input. A thread of its own waits for them, so that one who waits for an
/// answer before he asks again gets it.
fn cases() -> impl Stream<Item = Case> {
    let (sender, receiver) = mpsc::channel(CONNECTIONS);
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let case = serde_json::from_str(&line.unwrap()).expect("a case");
            if sender.blocking_send(case).is_err() {
                break;
            }
        }
    });
    stream::unfold(receiver, |mut receiver| async {
        Some((receiver.recv().await?, receiver))
    })
}

// --- Cases --------------------------------------------------------------------------------------

struct Server {
    client: Client,
    /// The kinds of each version that was asked for.
    kinds: Mutex<HashMap<String, Arc<Vec<Resource>>>>,
    /// Cases that could meet in the cluster share one of these: what is there for the sake of an
    /// update isn't seen by another case.
    places: Vec<RwLock<()>>,
}

#[derive(Clone)]
struct Resource {
    kind: String,
    plural: String,
    namespaced: bool,
}

/// Where the objects of a kind are, and how this one is called.
struct Target {
    collection: String,
    name: String,
}

impl Target {
    /// Where an object is that is there.
    fn uri(&self, object: &Value) -> String {
        let name = escaped(text(&object["metadata"], "name"));
        format!("{}/{name}", self.collection)
    }
}

/// What the server answered.
struct Answer {
    code: u16,
    headers: HeaderMap,
    body: Value,
}

impl Server {
    fn new(client: Client) -> Self {
        Self {
            client,
            kinds: Mutex::default(),
            places: (0..1024).map(|_| RwLock::default()).collect(),
        }
    }

    async fn verdict(&self, case: Case) -> Value {
        let first = case.old.as_ref().unwrap_or(&case.object);
        let Some(target) = self.target(first, case.namespace.as_deref()).await else {
            return json!({"id": case.id, "code": 0, "causes": [], "warnings": []});
        };
        let place = self.place(&target);
        let Some(old) = &case.old else {
            let _shared = place.read().await;
            let answer = self.create(&target, case.object.get(), true).await;
            return answer.verdict(case.id, case.stored);
        };
        let _alone = place.write().await;
        let before = self.create(&target, old.get(), false).await;
        if before.code != 201 {
            let message = format!("old: {}", before.text("message"));
            return json!({
                "id": case.id, "code": 0, "message": message, "causes": [], "warnings": [],
            });
        }
        let uid = text(&before.body["metadata"], "uid");
        let object = case.object.get().replace(JUDGES_UID, uid);
        let after = self.replace(&target, &before.body, &object).await;
        self.delete(&target, &before.body).await;
        after.verdict(case.id, case.stored)
    }

    fn place(&self, target: &Target) -> &RwLock<()> {
        // The versions of a group share their objects, two groups share Events, and Services share
        // addresses and ports of nodes.
        let mut steps = target.collection.split('/').skip(2).collect::<Vec<_>>();
        match steps.last() {
            Some(&kind) if ["services", "events"].contains(&kind) => steps = vec![kind],
            _ if target.collection.starts_with("/apis/") => _ = steps.remove(1),
            _ => {}
        }
        let mut hasher = DefaultHasher::new();
        steps.hash(&mut hasher);
        if steps.len() > 1 {
            target.name.hash(&mut hasher);
        }
        let number = hasher.finish() as usize % self.places.len();
        self.places.get(number).expect("a place")
    }

    /// Where an object goes; nowhere if the server doesn't know its kind.
    async fn target(&self, object: &RawValue, namespace: Option<&str>) -> Option<Target> {
        let object: Value = serde_json::from_str(object.get()).unwrap();
        let text = |path: &str| object.pointer(path).and_then(Value::as_str);
        let version = text("/apiVersion")?;
        if version.split('/').count() > 2 || !version.split('/').all(is_segment) {
            return None;
        }
        let root = match version.split_once('/') {
            Some((group, version)) => format!("/apis/{}/{}", escaped(group), escaped(version)),
            None => format!("/api/{}", escaped(version)),
        };
        let kinds = self.kinds(&root).await;
        let resource = kinds
            .iter()
            .find(|r| Some(r.kind.as_str()) == text("/kind"))?;
        let own = namespace.or_else(|| text("/metadata/namespace"));
        let namespace = escaped(own.filter(|name| is_segment(name)).unwrap_or("default"));
        let collection = match resource.namespaced {
            true => format!("{root}/namespaces/{namespace}/{}", resource.plural),
            false => format!("{root}/{}", resource.plural),
        };
        let name = text("/metadata/name").unwrap_or_default().to_owned();
        Some(Target { collection, name })
    }

    /// The kinds of a version, by discovery.
    async fn kinds(&self, root: &str) -> Arc<Vec<Resource>> {
        let mut known = self.kinds.lock().await;
        if let Some(kinds) = known.get(root) {
            return Arc::clone(kinds);
        }
        let list = self.send(Method::GET, root, "").await.body;
        let kinds = list["resources"].as_array().into_iter().flatten();
        let kinds = kinds.filter(|resource| !text(resource, "name").contains('/'));
        let kinds = kinds.map(|resource| Resource {
            kind: text(resource, "kind").to_owned(),
            plural: text(resource, "name").to_owned(),
            namespaced: resource["namespaced"] == true,
        });
        let kinds = Arc::new(kinds.collect::<Vec<_>>());
        known.insert(root.to_owned(), Arc::clone(&kinds));
        kinds
    }

    // --- Requests -------------------------------------------------------------------------------

    async fn create(&self, target: &Target, body: &str, dry: bool) -> Answer {
        let dry = if dry { "&dryRun=All" } else { "" };
        let uri = format!("{}?fieldValidation=Strict{dry}", target.collection);
        self.send(Method::POST, &uri, body).await
    }

    /// Replaces what is there, by somebody who has just read it.
    async fn replace(&self, target: &Target, before: &Value, body: &str) -> Answer {
        let uri = target.uri(before);
        let dry = format!("{uri}?fieldValidation=Strict&dryRun=All");
        let kept = with_generated(body, before);
        let body = kept.as_deref().unwrap_or(body);
        let mut version = text(&before["metadata"], "resourceVersion").to_owned();
        loop {
            let body = with_version(body, &version);
            let answer = self.send(Method::PUT, &dry, &body).await;
            if answer.text("reason") != "Conflict" {
                return answer;
            }
            // The server itself works on some kinds, such as definitions of resources.
            let now = self.send(Method::GET, &uri, "").await.body;
            let newest = text(&now["metadata"], "resourceVersion");
            if newest == version {
                return answer;
            }
            version = newest.to_owned();
        }
    }

    async fn delete(&self, target: &Target, before: &Value) {
        let metadata = &before["metadata"];
        let uri = target.uri(before);
        if target.collection == "/api/v1/namespaces" {
            let body = json!({"metadata": metadata, "spec": {"finalizers": []}}).to_string();
            let uri = format!("{uri}/finalize");
            self.send(Method::PUT, &uri, &body).await;
        } else if metadata.get("finalizers").is_some() {
            let body = r#"{"metadata": {"finalizers": null}}"#;
            self.send(Method::PATCH, &uri, body).await;
        }
        let options = r#"{"gracePeriodSeconds": 0, "propagationPolicy": "Background"}"#;
        // Some kinds go only when the server has cleared up after them: it answers with the object.
        for _ in 0..DELETIONS_MAX {
            let gone = self.send(Method::DELETE, &uri, options).await;
            if gone.code == 404 || gone.code == 200 && gone.text("kind") == "Status" {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{uri} stays");
    }

    /// The answer to a request. A server that panics hangs up, which counts as its answer 500.
    async fn send(&self, method: Method, uri: &str, body: &str) -> Answer {
        let format = match method {
            Method::PATCH => "application/merge-patch+json",
            _ => "application/json",
        };
        let request = || {
            let request = Request::builder().method(method.clone()).uri(uri);
            let request = request.header(header::CONTENT_TYPE, format);
            request.body(Body::from(body.as_bytes().to_vec())).unwrap()
        };
        // The first time may have met a connection that was idle for too long.
        let mut answer = self.client.send(request()).await;
        if answer.is_err() {
            answer = self.client.send(request()).await;
        }
        let (head, body) = match answer {
            Ok(answer) => answer.into_parts(),
            Err(error) => return Answer::hung_up(&error),
        };
        let body = body.collect_bytes().await.expect(uri);
        Answer {
            code: head.status.as_u16(),
            headers: head.headers,
            body: serde_json::from_slice(&body).unwrap_or_default(),
        }
    }
}

// --- Answers ------------------------------------------------------------------------------------

impl Answer {
    fn hung_up(error: &kube::Error) -> Self {
        Self {
            code: 500,
            headers: HeaderMap::new(),
            body: json!({"reason": "InternalError", "message": error.to_string()}),
        }
    }

    fn text(&self, key: &str) -> &str {
        text(&self.body, key)
    }

    fn verdict(self, id: Value, stored: bool) -> Value {
        let warnings = self.headers.get_all(header::WARNING);
        let warnings = warnings.iter().map(|value| unquoted(value.as_bytes()));
        let warnings: Vec<String> = warnings.collect();
        let mut verdict = json!({
            "id": id, "code": self.code, "reason": "", "causes": [], "warnings": warnings,
        });
        if self.code < 300 {
            if stored {
                verdict["stored"] = self.body;
            }
            return verdict;
        }
        verdict["reason"] = json!(self.text("reason"));
        verdict["message"] = json!(self.text("message"));
        // What fails inside the server repeats its message as a cause; validation didn't find it.
        let causes = self.body.pointer("/details/causes");
        let causes = causes
            .filter(|_| self.code != 500)
            .and_then(Value::as_array);
        let causes = causes.into_iter().flatten().map(|cause| {
            let (field, message) = (text(cause, "field"), text(cause, "message"));
            json!({"reason": text(cause, "reason"), "field": field, "message": message})
        });
        verdict["causes"] = causes.collect();
        verdict
    }
}

fn text<'a>(object: &'a Value, key: &str) -> &'a str {
    object.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// The text of a header `299 - "text"`.
fn unquoted(header: &[u8]) -> String {
    let header = String::from_utf8_lossy(header);
    let (_, quoted) = header.split_once('"').unwrap_or_default();
    let mut text = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => break,
            '\\' => text.extend(chars.next()),
            c => text.push(c),
        }
    }
    text
}

/// Whether a name can be a part of a path.
fn is_segment(name: &str) -> bool {
    !["", ".", ".."].contains(&name) && !name.contains('/')
}

/// A part of a path as it stands in a URI.
fn escaped(name: &str) -> String {
    let mut text = String::new();
    for byte in name.bytes() {
        match byte {
            b'-' | b'.' | b'_' => text.push(byte.into()),
            _ if byte.is_ascii_alphanumeric() => text.push(byte.into()),
            _ => write!(text, "%{byte:02X}").unwrap(),
        }
    }
    text
}

// --- Bodies -------------------------------------------------------------------------------------

/// The new version of a Job with the labels and the selector that the old one was given, as judges
/// keep them (e2e/linked/job.go). `None`: nothing is to be kept, or a key stands twice, which has
/// to stay as it is.
fn with_generated(body: &str, before: &Value) -> Option<String> {
    let mut job: Value = serde_json::from_str(body).ok()?;
    let manual = job.pointer("/spec/manualSelector") == Some(&Value::Bool(true));
    if before["kind"] != "Job" || manual || job.to_string().len() != body.len() {
        return None;
    }
    let (name, uid) = (&before["metadata"]["name"], &before["metadata"]["uid"]);
    let labels = ["spec", "template", "metadata", "labels"];
    for (key, value) in [
        ("job-name", name),
        ("batch.kubernetes.io/job-name", name),
        ("controller-uid", uid),
        ("batch.kubernetes.io/controller-uid", uid),
    ] {
        keep(&mut job, &labels, key, value)?;
    }
    let selector = ["spec", "selector", "matchLabels"];
    keep(
        &mut job,
        &selector,
        "batch.kubernetes.io/controller-uid",
        uid,
    )?;
    Some(job.to_string())
}

/// Puts a value into a map unless it has the key; what isn't there on the way becomes a map.
fn keep(object: &mut Value, path: &[&str], key: &str, value: &Value) -> Option<()> {
    let mut at = object;
    for step in path {
        at = at.as_object_mut()?.entry(*step).or_insert(Value::Null);
        if at.is_null() {
            *at = json!({});
        }
    }
    at.as_object_mut()?
        .entry(key)
        .or_insert_with(|| value.clone());
    Some(())
}

/// The object with the version of what it replaces, and without another UID; all else stays as it
/// is spelled.
fn with_version(object: &str, version: &str) -> String {
    let Ok(Fields(mut fields)) = serde_json::from_str(object) else {
        return object.to_owned();
    };
    let metadata = fields.iter_mut().rfind(|(key, _)| key == "metadata");
    if let Some((_, value)) = metadata
        && let Ok(Fields(mut inner)) = serde_json::from_str(value.get())
    {
        // A value of another type stays: the server has something to say about it.
        let identity = ["resourceVersion", "uid"];
        let is_text = |value: &RawValue| value.get().starts_with('"');
        inner.retain(|(key, value)| !(identity.contains(&key.as_str()) && is_text(value)));
        if inner.iter().all(|(key, _)| key != "resourceVersion") {
            let version = RawValue::from_string(json!(version).to_string()).unwrap();
            inner.push(("resourceVersion".to_owned(), version));
        }
        *value = RawValue::from_string(spelled(&inner)).unwrap();
    }
    spelled(&fields)
}

fn spelled(fields: &[(String, Box<RawValue>)]) -> String {
    let fields = fields.iter();
    let fields = fields.map(|(key, value)| format!("{}:{}", json!(key), value.get()));
    format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
}

/// The fields of an object in their order, equal ones included.
struct Fields(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Fields;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Fields, A::Error> {
                let mut fields = Vec::new();
                while let Some(field) = map.next_entry()? {
                    fields.push(field);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Visitor)
    }
}
