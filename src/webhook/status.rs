//! Faults: why there is no decision, as a `metav1.Status`.
//!
//! A fault is never a decision. It is answered with its own code, so that the failure policy of the
//! webhook's configuration applies (`apiserver/pkg/util/webhook`). Not here: decisions (`answer`).

use serde::Serialize;

/// Why a request has no decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What it is, for clients and metrics.
    pub kind: FaultKind,
    /// What people read.
    pub message: String,
    /// After how many seconds to ask again, which the API server does by itself.
    pub retry_after: Option<u32>,
    /// The call that it is about, for the log, where that much could be read.
    pub uid: Option<String>,
}

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FaultKind {
    /// The body is no `AdmissionReview` of `admission.k8s.io/v1`, or can't be read.
    BadRequest,
    /// The client showed no certificate, and has to.
    Unauthorized,
    /// There is nothing at this path.
    NotFound,
    /// The path takes another method.
    MethodNotAllowed,
    /// The body is larger than it may be.
    TooLarge,
    /// The body isn't JSON by its media type.
    UnsupportedMediaType,
    /// There is no room for the request now.
    Overloaded,
    /// The time that the request gave is over.
    TooLate,
    /// A fault of kubevet.
    Internal,
}

impl FaultKind {
    /// All of them, for metrics.
    pub const ALL: [FaultKind; 9] = [
        Self::BadRequest,
        Self::Unauthorized,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::UnsupportedMediaType,
        Self::Overloaded,
        Self::TooLate,
        Self::Internal,
    ];

    /// The HTTP status.
    pub fn code(self) -> u16 {
        match self {
            Self::BadRequest => 400,
            Self::Unauthorized => 401,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::TooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::Overloaded => 429,
            Self::TooLate => 503,
            Self::Internal => 500,
        }
    }

    /// The reason of the `Status` (`apimachinery/pkg/apis/meta/v1/types.go`, `StatusReason`).
    pub fn reason(self) -> &'static str {
        match self {
            Self::BadRequest => "BadRequest",
            Self::Unauthorized => "Unauthorized",
            Self::NotFound => "NotFound",
            Self::MethodNotAllowed => "MethodNotAllowed",
            Self::TooLarge => "RequestEntityTooLarge",
            Self::UnsupportedMediaType => "UnsupportedMediaType",
            Self::Overloaded => "TooManyRequests",
            Self::TooLate => "ServiceUnavailable",
            Self::Internal => "InternalError",
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Status<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: Empty,
    status: &'a str,
    message: &'a str,
    reason: &'a str,
    code: u16,
}

#[derive(Serialize)]
struct Empty {}

impl Fault {
    /// A fault that isn't cured by asking again.
    pub fn new(kind: FaultKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            retry_after: None,
            uid: None,
        }
    }

    /// Says which call it is about.
    #[must_use]
    pub fn about(mut self, uid: &str) -> Self {
        self.uid = Some(uid.to_owned());
        self
    }

    /// Says after how many seconds to ask again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    /// The `Status` that says so.
    pub fn to_json(&self) -> Vec<u8> {
        let status = Status {
            api_version: "v1",
            kind: "Status",
            metadata: Empty {},
            status: "Failure",
            message: &self.message,
            reason: self.kind.reason(),
            code: self.kind.code(),
        };
        // Only maps with keys that aren't strings can fail, and there are none.
        serde_json::to_vec(&status).unwrap_or_default()
    }
}
