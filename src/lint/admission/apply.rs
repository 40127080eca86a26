//! Where applying an update comes to something else than putting it: `apply-differs`.
//!
//! Lives here: comparing what the server says to a PUT with what it says to both ways of `kubectl
//! apply`. Not here: how they merge (`apiserver::effective::kept`). What is said is what was seen:
//! `e2e/apply` records it, and `tests/apply.rs` holds this to the record.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::rules::APPLY_DIFFERS;
use super::{Decoded, Reporter, Within};
use crate::apiserver::effective::Value;
use crate::apiserver::effective::kept::{Merge, Way};
use crate::apiserver::registry::{Admission, Cluster, Strategy};
use crate::apiserver::schema::{ObjectKind, Shape, Table, Type};
use crate::finding::{Finding, Severity};
use crate::object::Object;
use crate::rule::{Context, Sink};
use crate::tree::Kind;

/// A difference, with what a way does as its message, and the ways that do it.
type Found = (Finding, Vec<Way>);

/// Reports how applying the object over the old one differs from a PUT, which is accepted.
pub fn report<'t>(
    context: &Context<'_, 't>,
    strategy: &Strategy,
    updated: &Admission<'t>,
    old: &Object<'t>,
    decoded: &Decoded,
    sink: &mut Sink,
) {
    let (root, minor) = (context.object().root, context.minor);
    let (group, version, name) = (strategy.group, strategy.version, strategy.kind);
    let Some(kind) = Table::builtin().kind(minor, group, version, name) else {
        return;
    };
    let unknown = Reporter::new(context, &updated.effective, decoded).is_unknown(root, Within::All);
    if unknown || !updated.validation.errors.is_empty() {
        return;
    }
    let before = strategy.create(old.root, minor, Cluster::Unknown);
    let mut all: Vec<Found> = Vec::new();
    let mut known: HashMap<_, usize> = HashMap::new();
    for way in [Way::ClientSide, Way::ServerSide] {
        let merge = Merge { way, minor };
        let applied = strategy.apply(root, old.root, merge, Cluster::Unknown);
        let comparison = Comparison {
            context,
            decoded,
            kind,
            merge,
            updated,
            before: &before,
            applied: &applied,
        };
        for finding in comparison.differences() {
            let said = (finding.key.clone(), finding.message.clone());
            match known.entry(said) {
                Entry::Occupied(at) => {
                    if let Some((_, ways)) = all.get_mut(*at.get()) {
                        ways.push(way);
                    }
                }
                Entry::Vacant(at) => {
                    at.insert(all.len());
                    all.push((finding, vec![way]));
                }
            }
        }
    }
    sink.findings.extend(all.into_iter().map(told));
}

fn told((mut finding, ways): Found) -> Finding {
    let who = match ways.as_slice() {
        [Way::ClientSide] => "`kubectl apply`",
        [Way::ServerSide] => "`kubectl apply --server-side`",
        _ => "`kubectl apply`, with `--server-side` and without,",
    };
    finding.message = format!("{who} {}", finding.message);
    finding
}

/// What is compared.
struct Comparison<'a, 't> {
    context: &'a Context<'a, 't>,
    decoded: &'a Decoded,
    kind: ObjectKind<'static>,
    merge: Merge,
    updated: &'a Admission<'t>,
    before: &'a Admission<'t>,
    applied: &'a Admission<'t>,
}

impl<'t> Comparison<'_, 't> {
    fn differences(&self) -> Vec<Finding> {
        let (new, old) = (root(self.updated), root(self.before));
        let shared = match self.merge.way {
            Way::ClientSide => {
                let mut found = Vec::new();
                self.mixed_up(new, old, self.kind.root, &mut found);
                let what = "mixes up items that share the key by which it merges them";
                self.lists(&found, what)
            }
            Way::ServerSide => {
                // What it rejects was never applied in this way.
                if self.holds_doubles(old, self.kind.root, &mut Vec::new()) {
                    return Vec::new();
                }
                let mut found = Vec::new();
                self.holds_doubles(new, self.kind.root, &mut found);
                self.lists(
                    &found,
                    "is rejected, unlike a PUT: two items have the same key",
                )
            }
        };
        // What the storage of Services does with what is kept was never seen to differ.
        if !shared.is_empty() || self.kind.name() == "Service" {
            return shared;
        }
        let errors = &self.applied.validation.errors;
        if !errors.is_empty() {
            let reporter = self.reporter(self.applied);
            let rejection = errors.iter().map(|error| {
                let what = format!(
                    "is rejected, unlike a PUT: {}: {}",
                    error.field, error.detail
                );
                let rule = &APPLY_DIFFERS;
                reporter.finding(rule, error.spot, &error.missing, &error.field, what)
            });
            return rejection.collect();
        }
        let mut found = Vec::new();
        kept(new.get("spec"), root(self.applied).get("spec"), &mut found);
        found
            .into_iter()
            .map(|(put, there)| self.leftover(put, there))
            .collect()
    }

    fn reporter<'b>(&'b self, of: &'b Admission<'t>) -> Reporter<'b, 't> {
        Reporter::new(self.context, &of.effective, self.decoded)
    }

    fn lists(&self, lists: &[Value<'_>], what: &str) -> Vec<Finding> {
        let reporter = self.reporter(self.updated);
        let finding = |list: &Value<'_>| {
            reporter.finding(&APPLY_DIFFERS, Some(list.spot()), &[], "", what.to_owned())
        };
        lists.iter().map(finding).collect()
    }

    /// A value that is there after the apply; after a PUT there is another, or none.
    fn leftover(&self, put: Option<Value<'_>>, there: Value<'_>) -> Finding {
        let (name, text) = (there.name(), there.text());
        let what = match put {
            Some(put) => format!(
                "leaves `{name}` at `{text}`, which was filled in before; a new object would get \
                 `{}`",
                put.text()
            ),
            None => format!("leaves `{name}` at `{text}`, though it is no longer written"),
        };
        let reporter = self.reporter(self.applied);
        let mut finding = reporter.finding(&APPLY_DIFFERS, Some(there.spot()), &[], "", what);
        finding.help = Some(format!("write the `{name}` that it shall have"));
        if put.is_some() {
            finding.severity = Severity::Info;
        }
        finding
    }

    // --- Lists that are merged by a key ---------------------------------------------------------

    /// Lists in which an item that shares its key with one before it comes, goes or changes: a
    /// client merges it into the first one.
    fn mixed_up<'v>(
        &self,
        new: Value<'v>,
        old: Value<'v>,
        of: Type<'static>,
        found: &mut Vec<Value<'v>>,
    ) {
        match of.shape() {
            Shape::Struct(fields) => {
                for value in new.values() {
                    let field = fields.field(self.merge.minor, value.name());
                    let of = field.map_or(fields.rest(), |field| field.of());
                    if let Some(before) = old.get(value.name()) {
                        self.mixed_up(value, before, of, found);
                    }
                }
            }
            Shape::List(list) if list.keys().next().is_some() => {
                let by_keys = |of| self.merge.by_keys(of, list);
                let (all_now, all_then) = (by_keys(new), by_keys(old));
                for item in new.values() {
                    let key = self.merge.keys(item, list);
                    let (Some(now), Some(then)) = (all_now.get(&key), all_then.get(&key)) else {
                        continue;
                    };
                    let (Some(first), Some(before)) = (now.first(), then.first()) else {
                        continue;
                    };
                    if first.id() != item.id() {
                        continue;
                    }
                    let mut later = now.iter().zip(then).skip(1);
                    if now.len() != then.len() || later.any(|(a, b)| !is_written_alike(*a, *b)) {
                        found.push(new);
                        return;
                    }
                    self.mixed_up(item, *before, list.item(), found);
                }
            }
            _ => {}
        }
    }

    /// Whether two items of a list have the same key anywhere, and where.
    fn holds_doubles<'v>(
        &self,
        value: Value<'v>,
        of: Type<'static>,
        found: &mut Vec<Value<'v>>,
    ) -> bool {
        match of.shape() {
            Shape::Struct(fields) => {
                for value in value.values() {
                    let field = fields.field(self.merge.minor, value.name());
                    let of = field.map_or(fields.rest(), |field| field.of());
                    self.holds_doubles(value, of, found);
                }
            }
            Shape::List(list) if list.keys().next().is_some() => {
                let by_keys = self.merge.by_keys(value, list);
                for item in value.values() {
                    let same = by_keys.get(&self.merge.keys(item, list));
                    if same.is_some_and(|items| items.len() > 1) {
                        found.push(value);
                        break;
                    }
                    self.holds_doubles(item, list.item(), found);
                }
            }
            _ => {}
        }
        !found.is_empty()
    }
}

fn root<'v>(admission: &'v Admission<'_>) -> Value<'v> {
    admission.effective.value(admission.effective.root())
}

/// Scalars that an apply leaves there, each with what a PUT puts there. What only the apply leaves
/// is a default that has lost its meaning, but for the account of pods.
fn kept<'v>(
    put: Option<Value<'v>>,
    applied: Option<Value<'v>>,
    found: &mut Vec<(Option<Value<'v>>, Value<'v>)>,
) {
    let Some(applied) = applied else {
        return;
    };
    match (put, applied.kind()) {
        (Some(put), Kind::Mapping) => {
            for value in applied.values() {
                kept(put.get(value.name()), Some(value), found);
            }
        }
        (Some(put), Kind::Sequence) if put.len() == applied.len() => {
            for (put, applied) in put.values().zip(applied.values()) {
                kept(Some(put), Some(applied), found);
            }
        }
        (_, Kind::Mapping | Kind::Sequence | Kind::Null) => {}
        (Some(put), _) if put.text() == applied.text() => {}
        // The name that it had before, `serviceAccount`, says the same.
        (put, _) if put.is_some() || applied.name() == "serviceAccountName" => {
            found.push((put, applied));
        }
        _ => {}
    }
}

/// Whether two values are the same but for what is filled in.
fn is_written_alike(a: Value<'_>, b: Value<'_>) -> bool {
    let written = |of: Value<'_>| of.values().filter(|value| value.is_written()).count();
    match a.kind() {
        Kind::Mapping => {
            let mut values = a.values().filter(|value| value.is_written());
            written(a) == written(b)
                && values.all(|value| {
                    let other = b.get(value.name());
                    other.is_some_and(|other| is_written_alike(value, other))
                })
        }
        Kind::Sequence => {
            let mut pairs = a.values().zip(b.values());
            a.len() == b.len() && pairs.all(|(a, b)| is_written_alike(a, b))
        }
        _ => a.kind() == b.kind() && a.text() == b.text(),
    }
}
