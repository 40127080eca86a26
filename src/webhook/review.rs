//! A review: from what the API server asks to what it is answered, as one pure function.

use std::cell::OnceCell;
use std::collections::HashSet;

use super::answer::{Answer, Outcome, Pass};
use super::fate::{Case, Told};
use super::judge::{self, Laws};
use super::request::Request;
use super::sight::{Around, Sight};
use super::status::{Fault, FaultKind};
use crate::finding::Finding;
use crate::lint::config::Day;
use crate::lint::load::Loaded;
use crate::tree::Node;

/// Answers a request, on a day.
///
/// # Errors
/// The object can't be read.
pub fn review<'a>(
    request: &'a Request<'a>,
    laws: Laws<'a>,
    sight: &dyn Sight,
    today: Day,
) -> Result<Answer<'a>, Fault> {
    let passed = |why| {
        Ok(Answer {
            request,
            name: String::new(),
            outcome: Outcome::Passed(why),
            age: None,
        })
    };
    let update = match request.operation {
        _ if !request.sub_resource.is_empty() => return passed(Pass::SubResource),
        "CREATE" => false,
        "UPDATE" => true,
        _ => return passed(Pass::Operation),
    };
    let Some(object) = request.object else {
        return passed(Pass::NoObject);
    };
    let new = judge::part(request.body, object);
    let Some(object) = judge::object(&new) else {
        let why = "the object has no apiVersion and kind";
        return Err(Fault::new(FaultKind::BadRequest, why));
    };
    let deleted = object.root.at(&["metadata", "deletionTimestamp"]);
    if deleted.is_some_and(|time| !Node::is_null(time)) {
        return passed(Pass::Deleting);
    }
    let old = request.old_object.filter(|_| update);
    let old = old.map(|old| judge::part(request.body, old));
    let around = sight.around(&object);
    let findings = judge::findings(&new, old.as_ref(), &around, laws);
    let name = object.identity().name;
    let case = Case {
        config: laws.config,
        rules: laws.rules,
        today,
        namespace: request.namespace,
        name: &name,
        update,
        around: &around,
    };
    // Judged only once something would deny: most updates bring nothing.
    let before: OnceCell<HashSet<String>> = OnceCell::new();
    let brought = |finding: &Finding| {
        let keys = before.get_or_init(|| keys(old.as_ref(), &around, laws));
        !keys.contains(&finding.key)
    };
    let told = findings.into_iter().map(|finding| Told {
        fate: case.fate(&finding, brought),
        doubted: around.doubted.contains(&finding.rule.id),
        finding,
    });
    let outcome = Outcome::Judged(told.collect());
    Ok(Answer {
        request,
        name,
        outcome,
        age: around.age,
    })
}

/// What is found in an object as it is now.
fn keys(old: Option<&Loaded>, around: &Around, laws: Laws<'_>) -> HashSet<String> {
    let found = old.map_or_else(Vec::new, |old| judge::findings(old, None, around, laws));
    found.into_iter().map(|finding| finding.key).collect()
}
