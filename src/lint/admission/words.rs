//! What people are told of a fault that validation finds: our words, not the server's.

use super::rules;
use crate::apiserver::effective::Effective;
use crate::apiserver::errors::{Error, Reason};
use crate::finding::RuleMeta;
use crate::object::Object;

/// One sentence that states the fact.
pub fn message(
    rule: &'static RuleMeta,
    error: &Error,
    effective: &Effective<'_>,
    object: &Object<'_>,
) -> String {
    let value = value(error, effective);
    match rule.id {
        id if id == rules::SELECTOR_MISMATCH.id => {
            return "the selector doesn't match the labels of the pod template".to_owned();
        }
        id if id == rules::RESTART_POLICY_NOT_ALWAYS.id => {
            let kind = object.kind;
            return format!("restartPolicy is `{value}`, but the pods of a {kind} always restart");
        }
        id if id == rules::VOLUME_MOUNT_WITHOUT_VOLUME.id => {
            let what = match object.kind {
                "StatefulSet" => "volume or claim template",
                _ => "volume",
            };
            return format!("there is no {what} `{value}` to mount");
        }
        id if id == rules::ZERO_SURGE_ZERO_UNAVAILABLE.id => {
            return "maxUnavailable and maxSurge are both 0, so no pod could ever be replaced"
                .to_owned();
        }
        id if id == rules::PROGRESS_DEADLINE_TOO_SHORT.id => return deadline(error, effective),
        _ => {}
    }
    by_reason(rule, error, effective)
}

/// What is said of a fault that has no sentence of its own.
fn by_reason(rule: &'static RuleMeta, error: &Error, effective: &Effective<'_>) -> String {
    let field = last_key(&error.field);
    let value = value(error, effective);
    let said = said(&error.detail);
    if said == "field is immutable" {
        return format!("`{field}` can't be changed");
    }
    match error.reason {
        Reason::Required if !value.is_empty() && is_written(error, effective) => {
            format!("`{field}` can't be `{value}` here: {said}")
        }
        Reason::Required if said.is_empty() => format!("`{field}` is missing"),
        Reason::Required => format!("`{field}` is missing: {said}"),
        Reason::NotSupported if value.is_empty() => format!("`{field}` is not set: {said}"),
        Reason::NotSupported => format!("`{value}` is no value of `{field}`: {said}"),
        Reason::Duplicate if value.is_empty() => format!("`{field}` is there twice"),
        Reason::Duplicate => format!("`{field}` is there twice: `{value}`"),
        Reason::NotFound => format!("there is no `{value}` for `{field}`"),
        Reason::Forbidden if rule.id == rules::REJECTED_UPDATE.id && !said.is_empty() => {
            format!("this change of `{field}` is not allowed: {said}")
        }
        Reason::Forbidden if said.is_empty() => format!("`{field}` is not allowed here"),
        Reason::Forbidden => format!("`{field}` is not allowed here: {said}"),
        Reason::TooLong => format!("`{field}` is too long: it {said}"),
        Reason::TooMany => format!("`{field}` has too many items: it {said}"),
        Reason::Invalid | Reason::TypeInvalid | Reason::Internal => match value {
            "" => format!("`{field}` is invalid: {said}"),
            value => format!("`{field}` is invalid: `{value}` {}", joined(said)),
        },
    }
}

fn deadline(error: &Error, effective: &Effective<'_>) -> String {
    let seconds = error.spot.map_or(0, |spot| effective.value(spot.id).int());
    let by_default = match is_written(error, effective) {
        true => "",
        false => " by default",
    };
    let ready = error.related.first().map(|(spot, _)| spot.id);
    let ready = ready.map_or(0, |id| effective.value(id).int());
    format!(
        "progressDeadlineSeconds is {seconds}{by_default}, not more than minReadySeconds, \
         which is {ready}"
    )
}

fn is_written(error: &Error, effective: &Effective<'_>) -> bool {
    let value = error.spot.map(|spot| effective.value(spot.id));
    value.is_some_and(|value| value.is_written())
}

/// The text of the value that a fault is about; empty for what isn't set or no scalar.
fn value<'e>(error: &'e Error, effective: &'e Effective<'_>) -> &'e str {
    let spot = error.spot.filter(|_| error.missing.is_empty());
    let text = match &*error.value {
        "" => spot.map_or("", |spot| effective.value(spot.id).text()),
        one_of_several => one_of_several,
    };
    if text.len() > 80 || text.contains('\n') {
        return "";
    }
    text
}

/// The server's words without the regular expressions in them, which help nobody.
fn said(detail: &str) -> &str {
    let end = detail
        .find(", regex used for validation is")
        .or_else(|| detail.find(" (regex used for validation is"));
    let Some((end, cut)) = end.and_then(|end| Some((end, detail.get(..end)?))) else {
        return detail;
    };
    let open = cut.rfind(" (e.g.").unwrap_or(end);
    cut.get(..open).unwrap_or(cut)
}

/// As it follows a value: `must …` goes on with the sentence, anything else explains it.
fn joined(said: &str) -> String {
    let verbs = ["must ", "may ", "can ", "cannot ", "should "];
    if verbs.iter().any(|verb| said.starts_with(verb)) {
        return said.to_owned();
    }
    if said.is_empty() {
        return "is not accepted".to_owned();
    }
    format!("is not accepted: {said}")
}

/// The last name in a path: `name` of `spec.containers[0].name`, `limits[cpu]` of
/// `resources.limits[cpu]`.
fn last_key(path: &str) -> &str {
    let mut depth = 0;
    let dot = path.char_indices().rev().find(|(_, c)| {
        match c {
            ']' => depth += 1,
            '[' => depth -= 1,
            _ => {}
        }
        *c == '.' && depth == 0
    });
    dot.and_then(|(at, _)| path.get(at + 1..)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_regular_expressions_out() {
        let detail = "a valid name must be short (e.g. 'a',  or 'b', regex used for \
                      validation is '[a-z]')";
        assert_eq!(said(detail), "a valid name must be short");
        assert_eq!(said("must be positive"), "must be positive");
    }

    #[test]
    fn names_the_last_field_of_a_path() {
        assert_eq!(last_key("spec.resources.limits[a.b/c]"), "limits[a.b/c]");
        assert_eq!(last_key("spec.containers[0].name"), "name");
        assert_eq!(last_key("spec"), "spec");
    }
}
