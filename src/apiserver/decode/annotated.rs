//! Annotations that hold the number of a field which the version of a kind no longer has: where
//! that can't be read, the object can't be converted.
//!
//! Mirrors `Convert_v1_Deployment_To_apps_Deployment` and `Convert_v1_DaemonSet_To_apps_DaemonSet`
//! in `pkg/apis/apps/v1/conversion.go`. Not here: what becomes of the number (`effective::apps`).

use super::words::quote;
use crate::apiserver::effective::apps::{ROLLBACK_TO, TEMPLATE_GENERATION};
use crate::apiserver::schema::ObjectKind;
use crate::apiserver::{Stage, Verdict};
use crate::finding::Step;
use crate::tree::{Kind, Node};

/// What is wrong with such an annotation.
pub(super) fn check<'t>(
    object: Node<'t>,
    kind: &ObjectKind<'_>,
    is_unknown: &dyn Fn(Node<'t>) -> bool,
) -> Option<Verdict<'t>> {
    let key = match (kind.group(), kind.name()) {
        ("apps", "Deployment") => ROLLBACK_TO,
        ("apps", "DaemonSet") => TEMPLATE_GENERATION,
        _ => return None,
    };
    let (_, value) = object.at(&["metadata", "annotations"])?.entry(key)?;
    let text = match value.kind() {
        Kind::Null => "",
        Kind::String => value.text(),
        _ => return None,
    };
    let fault = fault_of_int64(text)?;
    if text.is_empty() && key == ROLLBACK_TO || is_unknown(value) {
        return None;
    }
    let mut detail = format!("strconv.ParseInt: parsing {}: {fault}", quote(text));
    if key == ROLLBACK_TO {
        detail = format!("failed to parse annotation[{key}]={text} as int64: {detail}");
    }
    Some(Verdict {
        rule: "wrong-type",
        stage: Stage::Decode,
        reason: "BadRequest",
        steps: vec![
            Step::Key("metadata"),
            Step::Key("annotations"),
            Step::MapKey(key),
        ],
        field: None,
        node: value.id(),
        detail,
        message: format!("annotation `{key}` has to be a whole number"),
        help: None,
    })
}

/// What `strconv.ParseInt` says.
fn fault_of_int64(text: &str) -> Option<&'static str> {
    if text.parse::<i64>().is_ok() {
        return None;
    }
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let whole = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    Some(if whole {
        "value out of range"
    } else {
        "invalid syntax"
    })
}
