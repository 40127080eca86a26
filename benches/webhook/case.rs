//! What is asked: reviews of which all but the `uid` is made in advance, and what has to be
//! answered.

use std::fmt::Write;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::kit::{NAME, bad_deployment, deployment, review};

/// What stands for the `uid` while a body is made; as long as one.
const PLACE: &str = "00000000-0000-4000-8000-000000000000";
/// What a `uid` begins with, before its number.
const BEGIN: &str = "00000000-0000-4000-8000-";

/// A review, and what is right.
#[derive(Clone, Debug)]
pub struct Case {
    before: Vec<u8>,
    after: Vec<u8>,
    /// Whether the object may be stored.
    pub allowed: bool,
}

impl Case {
    /// The review of an object that is created.
    pub fn new(object: &Value, allowed: bool) -> Self {
        let body = review(json!({"uid": PLACE, "object": object}));
        let text = String::from_utf8(body).unwrap();
        let (before, after) = text.split_once(PLACE).unwrap();
        Self {
            before: before.into(),
            after: after.into(),
            allowed,
        }
    }

    /// How long the body is, in bytes.
    pub fn len(&self) -> usize {
        self.before.len() + PLACE.len() + self.after.len()
    }

    /// Writes the whole request, as Go and client-go do.
    pub fn write(&self, path: &str, uid: u64, timeout: Duration, into: &mut Vec<u8>) {
        let mut head = String::with_capacity(320);
        let (length, timeout) = (self.len(), timeout.as_secs());
        let written = write!(
            head,
            "POST {path}?timeout={timeout}s HTTP/1.1\r\nHost: {NAME}:443\r\n\
             User-Agent: kube-apiserver-admission\r\nContent-Length: {length}\r\n\
             Accept: application/json, */*\r\nContent-Type: application/json\r\n\
             Accept-Encoding: gzip\r\n\r\n"
        );
        written.unwrap();
        into.extend_from_slice(head.as_bytes());
        into.extend_from_slice(&self.before);
        into.extend_from_slice(self::uid(uid).as_bytes());
        into.extend_from_slice(&self.after);
    }
}

fn uid(number: u64) -> String {
    format!("{BEGIN}{number:012x}")
}

/// A Deployment of 8 KiB as the API server sends it: defaults filled in, with managed fields.
pub fn deployment_8k() -> Value {
    let object: Value = serde_json::from_str(include_str!("deployment.json")).unwrap();
    assert_eq!(object.to_string().len(), 8192);
    object
}

/// Small objects, of which every other is denied where `undeclared-probe-port` denies.
pub fn both() -> Vec<Case> {
    vec![
        Case::new(&deployment(), true),
        Case::new(&bad_deployment(), false),
    ]
}

/// A small object whose review takes this long where the server has the slow rule.
pub fn slow(microseconds: u32) -> Case {
    let mut object = deployment();
    let said = microseconds.to_string();
    object["metadata"]["annotations"] = json!({"slow.kubevet.dev/microseconds": said});
    Case::new(&object, true)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    api_version: &'a str,
    kind: &'a str,
    response: Response<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Response<'a> {
    uid: &'a str,
    allowed: bool,
    patch: Option<Value>,
    patch_type: Option<Value>,
}

/// Whether an answer allows, held to what the API server demands of every one
/// (`apiserver/pkg/admission/plugin/webhook/request/admissionreview.go`).
///
/// # Errors
/// What is wrong with it.
pub fn verdict(body: &[u8], number: u64) -> Result<bool, String> {
    let review: Review = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if (review.api_version, review.kind) != ("admission.k8s.io/v1", "AdmissionReview") {
        return Err(format!("{} of {}", review.kind, review.api_version));
    }
    if review.response.uid != uid(number) {
        return Err("another uid".to_owned());
    }
    match (review.response.patch, review.response.patch_type) {
        (None, None) => Ok(review.response.allowed),
        _ => Err("a patch".to_owned()),
    }
}
