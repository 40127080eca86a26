//! What the API server asks: the request of an `AdmissionReview` of `admission.k8s.io/v1`.
//!
//! Objects stay as they were sent: they are read as files are, by the linter. Not here: what they
//! hold (`judge`).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::status::{Fault, FaultKind};

/// The only version that is spoken: an answer in another one than the question's is a fault.
pub const API_VERSION: &str = "admission.k8s.io/v1";
/// The kind of questions and answers.
pub const KIND: &str = "AdmissionReview";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Review<'a> {
    #[serde(borrow, default)]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    request: Option<Request<'a>>,
}

/// What is asked (`api/admission/v1/types.go`, `AdmissionRequest`), as far as anything reads it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request<'a> {
    /// The call, new for every webhook; the answer repeats it.
    #[serde(borrow)]
    pub uid: Cow<'a, str>,
    /// The kind of the object in the review, which may be another version than what was sent.
    #[serde(borrow, default)]
    pub kind: GroupVersionKind<'a>,
    /// `scale`, `status`; empty for the object itself.
    #[serde(borrow, default)]
    pub sub_resource: Cow<'a, str>,
    /// The name of the object; empty where the server makes it up.
    #[serde(borrow, default)]
    pub name: Cow<'a, str>,
    /// The namespace of the object; empty for those that are in none.
    #[serde(borrow, default)]
    pub namespace: Cow<'a, str>,
    /// `CREATE`, `UPDATE`, `DELETE` or `CONNECT`.
    #[serde(borrow)]
    pub operation: Cow<'a, str>,
    /// Who asks.
    #[serde(borrow, default)]
    pub user_info: UserInfo<'a>,
    /// The object as it would be stored.
    #[serde(borrow, default)]
    pub object: Option<&'a RawValue>,
    /// The object as it is stored now.
    #[serde(borrow, default)]
    pub old_object: Option<&'a RawValue>,
    /// Nothing will be stored.
    #[serde(default)]
    pub dry_run: Option<bool>,
}

/// A kind with its group and version.
#[derive(Debug, Default, Deserialize)]
pub struct GroupVersionKind<'a> {
    /// The group; empty for the core group.
    #[serde(borrow, default)]
    pub group: Cow<'a, str>,
    /// The version.
    #[serde(borrow, default)]
    pub version: Cow<'a, str>,
    /// The kind.
    #[serde(borrow, default)]
    pub kind: Cow<'a, str>,
}

/// Who asks.
#[derive(Debug, Default, Deserialize)]
pub struct UserInfo<'a> {
    /// The name that authentication gave.
    #[serde(borrow, default)]
    pub username: Cow<'a, str>,
}

impl<'a> Request<'a> {
    /// Reads the body of a review.
    ///
    /// # Errors
    /// It isn't JSON, of another version or kind, or asks nothing.
    pub fn read(body: &'a [u8]) -> Result<Self, Fault> {
        let bad = |message: String| Fault::new(FaultKind::BadRequest, message);
        let review: Review<'a> = serde_json::from_slice(body)
            .map_err(|error| bad(format!("the body is no {KIND}: {error}")))?;
        if (&*review.api_version, &*review.kind) != (API_VERSION, KIND) {
            return Err(bad(format!(
                "the body should be {KIND} of {API_VERSION}, and is `{}` of `{}`",
                review.kind, review.api_version
            )));
        }
        let request = review
            .request
            .ok_or_else(|| bad(format!("the {KIND} has no request")))?;
        match request.uid.is_empty() {
            true => Err(bad("the request has no uid".to_owned())),
            false => Ok(request),
        }
    }
}
