//! What the API server asks: the request of an `AdmissionReview` of `admission.k8s.io/v1`.
//!
//! A body is read once, as files are, by the linter: its objects are parts of one tree. Not here:
//! what they hold (`judge`).

use std::sync::Arc;

use super::status::{Fault, FaultKind};
use crate::document::DuplicateKey;
use crate::json;
use crate::source::Source;
use crate::tree::{Kind, Node, NodeId, Tree};

/// The only version that is spoken: an answer in another one than the question's is a fault.
pub const API_VERSION: &str = "admission.k8s.io/v1";
/// The kind of questions and answers.
pub const KIND: &str = "AdmissionReview";

/// The name by which what a body holds is a file: that of one that `kubectl get -o json` pipes
/// into `kubevet lint -`.
pub const LOCATION: &str = "<stdin>";

/// In how many collections an object of a body stands.
const LEVELS: usize = 2;

/// The body of a review as it was read.
#[derive(Debug)]
pub struct Body {
    /// Its text.
    pub source: Source,
    /// All values in it.
    pub tree: Arc<Tree>,
    /// The keys that stand twice in one of its mappings.
    pub duplicates: Vec<DuplicateKey>,
    root: NodeId,
}

impl Body {
    /// Reads a body.
    ///
    /// # Errors
    /// It isn't JSON, or nests deeper or holds larger numbers than can be judged.
    pub fn read(bytes: Vec<u8>) -> Result<Self, Fault> {
        let text = String::from_utf8(bytes)
            .map_err(|error| bad(format!("the body isn't text: {error}")))?;
        let source = Source::new(LOCATION, text);
        let read = json::read_one(Arc::clone(&source.text), LEVELS).map_err(|fault| {
            let (message, at) = (fault.message, fault.span.start);
            bad(format!("the body can't be read: {message} (byte {at})"))
        })?;
        Ok(Self {
            source,
            tree: read.tree.into(),
            duplicates: read.duplicates,
            root: read.root,
        })
    }
}

/// What is asked (`api/admission/v1/types.go`, `AdmissionRequest`), as far as anything reads it.
#[derive(Debug)]
pub struct Request<'a> {
    /// Where it stands.
    pub body: &'a Body,
    /// The call, new for every webhook; the answer repeats it.
    pub uid: &'a str,
    /// The kind of the object in the review, which may be another version than what was sent.
    pub kind: GroupKind<'a>,
    /// `scale`, `status`; empty for the object itself.
    pub sub_resource: &'a str,
    /// The name of the object; empty where the server makes it up.
    pub name: &'a str,
    /// The namespace of the object; empty for those that are in none.
    pub namespace: &'a str,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    pub operation: &'a str,
    /// The name that authentication gave to who asks.
    pub user: &'a str,
    /// The object as it would be stored.
    pub object: Option<Node<'a>>,
    /// The object as it is stored now.
    pub old_object: Option<Node<'a>>,
    /// Nothing will be stored.
    pub dry_run: bool,
}

/// A kind with its group.
#[derive(Debug)]
pub struct GroupKind<'a> {
    /// The group; empty for the core group.
    pub group: &'a str,
    /// The kind.
    pub kind: &'a str,
}

impl<'a> Request<'a> {
    /// Finds the request in a body.
    ///
    /// # Errors
    /// The body is of another version or kind, or asks nothing.
    pub fn of(body: &'a Body) -> Result<Self, Fault> {
        let review = body.tree.node(body.root);
        let (version, kind) = (text(review, &["apiVersion"])?, text(review, &["kind"])?);
        if (version, kind) != (API_VERSION, KIND) {
            return Err(bad(format!(
                "the body should be {KIND} of {API_VERSION}, and is `{kind}` of `{version}`"
            )));
        }
        let request = review
            .at(&["request"])
            .ok_or_else(|| bad(format!("the {KIND} has no request")))?;
        let text = |path| text(request, path);
        let asked = Self {
            body,
            uid: text(&["uid"])?,
            kind: GroupKind {
                group: text(&["kind", "group"])?,
                kind: text(&["kind", "kind"])?,
            },
            sub_resource: text(&["subResource"])?,
            name: text(&["name"])?,
            namespace: text(&["namespace"])?,
            operation: text(&["operation"])?,
            user: text(&["userInfo", "username"])?,
            object: request.at(&["object"]),
            old_object: request.at(&["oldObject"]),
            dry_run: boolean(request, "dryRun")?,
        };
        for (name, value) in [("uid", asked.uid), ("operation", asked.operation)] {
            if value.is_empty() {
                return Err(bad(format!("the request has no {name}")));
            }
        }
        Ok(asked)
    }
}

/// The text at a path; empty where there is none.
fn text<'a>(node: Node<'a>, path: &[&str]) -> Result<&'a str, Fault> {
    match node.at(path) {
        None => Ok(""),
        Some(value) if value.kind() == Kind::String => Ok(value.text()),
        Some(_) => Err(bad(format!("`{}` should be text", path.join(".")))),
    }
}

fn boolean(node: Node<'_>, key: &str) -> Result<bool, Fault> {
    match node.at(&[key]) {
        None => Ok(false),
        Some(value) => value
            .as_bool()
            .ok_or_else(|| bad(format!("`{key}` should be true or false"))),
    }
}

fn bad(message: String) -> Fault {
    Fault::new(FaultKind::BadRequest, message)
}
