//! From the server's model to findings: what validation says of an object, and its warnings.
//!
//! Lives here: asking the model, and the places of what it says. Not here: whose rule a fault is
//! (`rules`), our words for it (`words`), the model (`apiserver`).

mod apply;
pub mod rules;
mod words;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::apiserver::effective::{Dropped, Effective, Spot};
use crate::apiserver::errors::{Error, Reason, Warning};
use crate::apiserver::named::Named;
use crate::apiserver::registry::{Admission, Cluster, Strategy};
use crate::finding::{
    Finding, Related, RuleMeta, Server, Severity, Step, locate, render_path, shown_span,
};
use crate::lint::verdicts::new_finding;
use crate::object::{Object, value_hash};
use crate::rule::{Context, Sink, Undecided};
use crate::source::Span;
use crate::tree::{Kind, Node, NodeId};

/// The row of node ports that lie outside of the cluster's range.
const NODE_PORT_RANGE: &str = "SVA-08";

/// What came of decoding an object.
#[derive(Debug)]
pub struct Decoded {
    /// What the server says first; it doesn't come to validation then.
    pub hidden_by: Option<String>,
    /// Values that don't fit their type: nothing more can be said of them.
    pub misfits: BTreeSet<NodeId>,
}

/// Reports what the server's validation says of an object, or would say once it decodes; whether
/// it rejects it.
pub fn validate<'t>(
    context: &Context<'_, 't>,
    strategy: &Strategy,
    decoded: &Decoded,
    sink: &mut Sink,
) -> bool {
    let object = context.object();
    let created = strategy.create(object.root, context.minor, Cluster::Unknown);
    let old = context.member.old.as_ref().filter(|old| {
        let before = strategy.create(old.root, context.minor, Cluster::Unknown);
        before.validation.errors.is_empty()
    });
    let Some(old) = old else {
        let rejected = report(context, &created, None, decoded, sink);
        if !rejected && decoded.hidden_by.is_none() {
            // Its copy of the object is as large as the one that comes now.
            drop(created);
            report_pods(context, strategy, decoded, sink);
        }
        return rejected;
    };
    let updated = strategy.update(object.root, old.root, context.minor, Cluster::Unknown);
    let rejected = report(context, &updated, Some((&created, old)), decoded, sink);
    if !rejected && decoded.hidden_by.is_none() {
        apply::report(context, strategy, &updated, old, decoded, sink);
    }
    rejected
}

/// Reports what the server's validation says of the metadata of an object, where no more than that
/// is modelled; whether it rejects it.
pub fn validate_metadata(
    context: &Context<'_, '_>,
    named: &Named,
    decoded: &Decoded,
    sink: &mut Sink,
) -> bool {
    let object = context.object();
    let created = named.create(object.root, context.minor);
    let old = context.member.old.as_ref().filter(|old| {
        let before = named.create(old.root, context.minor);
        before.validation.errors.is_empty()
    });
    match old {
        None => report(context, &created, None, decoded, sink),
        Some(old) => {
            let updated = named.update(object.root, old.root, context.minor);
            report(context, &updated, Some((&created, old)), decoded, sink)
        }
    }
}

/// `update`: what the server says to the creation of the same object, and what is there now.
fn report<'t>(
    context: &Context<'_, 't>,
    admission: &Admission<'t>,
    update: Option<(&Admission<'t>, &Object<'t>)>,
    decoded: &Decoded,
    sink: &mut Sink,
) -> bool {
    let reporter = Reporter {
        old: update.map(|(_, old)| old),
        ..Reporter::new(context, &admission.effective, decoded)
    };
    let mut rejected = false;
    let mut seen = BTreeSet::new();
    let creation = update.filter(|(created, _)| created.validation.beyond().is_none());
    let before = creation.map(|(created, _)| {
        let errors = created.validation.errors.iter();
        errors.map(words_of).collect::<BTreeSet<_>>()
    });
    for error in &admission.validation.errors {
        // Some checks run twice, and say it twice.
        let said = !seen.insert(words_of(error));
        if said || reporter.is_about_misfit(error) {
            continue;
        }
        let by_update = before
            .as_ref()
            .is_some_and(|said| !said.contains(&words_of(error)));
        let rule = rules::owner(error, by_update);
        if reporter.is_undecided(error) {
            sink.undecided.push(Undecided {
                rule: rule.id,
                why: "a value that it depends on holds a placeholder".to_owned(),
            });
            continue;
        }
        rejected = true;
        let finding = reporter.rejection(rule, error, by_update);
        sink.findings.push(finding);
    }
    if let Some(error) = admission.validation.beyond() {
        sink.cut_off(rules::owner(error, false).id);
        if update.is_some() {
            sink.cut_off(rules::REJECTED_UPDATE.id);
        }
    }
    for error in &admission.of_cluster {
        reporter.of_cluster(error, sink);
    }
    if decoded.hidden_by.is_none() && !rejected {
        let warnings = admission.validation.warnings.iter();
        sink.findings.extend(warnings.map(|w| reporter.warning(w)));
        if admission.validation.warns_more() {
            sink.warns_more(rules::SERVER_WARNING.id);
        }
        let dropped = admission.effective.dropped().iter();
        sink.findings.extend(dropped.map(|d| reporter.dropped(d)));
    }
    rejected
}

/// Reports what the server will say to the pods of an object whose template it doesn't look at.
fn report_pods(context: &Context<'_, '_>, strategy: &Strategy, decoded: &Decoded, sink: &mut Sink) {
    let object = context.object();
    let Some(admission) = strategy.create_pods(object.root, context.minor) else {
        return;
    };
    if admission.validation.errors.is_empty() {
        return;
    }
    let before = sink.findings.len();
    report(context, &admission, None, decoded, sink);
    for finding in sink.findings.iter_mut().skip(before) {
        finding.server = None;
        finding.severity = Severity::Warning;
        let kind = object.kind;
        let help = format!("repair it: the API server accepts the {kind}, but none of its pods");
        finding.help = Some(help);
    }
}

/// What the server says: errors that say the same are one to people.
fn words_of(error: &Error) -> (&str, Reason, &str) {
    (&error.field, error.reason, &error.detail)
}

/// What findings of one object are made with.
struct Reporter<'a, 't> {
    context: &'a Context<'a, 't>,
    effective: &'a Effective<'t>,
    old: Option<&'a Object<'t>>,
    decoded: &'a Decoded,
    /// Whether anything in a value is unknown, and whether anything right in it is: asked once,
    /// since many faults may be found in one list.
    unknown: RefCell<BTreeMap<(NodeId, Within), bool>>,
    hashes: RefCell<BTreeMap<NodeId, u32>>,
}

impl<'a, 't> Reporter<'a, 't> {
    fn new(
        context: &'a Context<'a, 't>,
        effective: &'a Effective<'t>,
        decoded: &'a Decoded,
    ) -> Self {
        Self {
            context,
            effective,
            old: None,
            decoded,
            unknown: RefCell::default(),
            hashes: RefCell::default(),
        }
    }

    fn rejection(&self, rule: &'static RuleMeta, error: &Error, by_update: bool) -> Finding {
        let object = self.context.object();
        let message = words::message(rule, error, self.effective, object);
        let mut finding = self.finding(rule, error.spot, &error.missing, &error.field, message);
        if by_update && let (Some(old), Some(spot)) = (self.old, error.spot) {
            let related = self.related(old, spot, "as it is now");
            finding.related.push(related);
        }
        let related = error.related.iter().filter(|(spot, _)| !spot.old);
        let written = related.filter(|(spot, _)| self.effective.value(spot.id).is_written());
        let related = written.map(|(spot, what)| self.related(object, *spot, what));
        finding.related.extend(related);
        // Some rules also speak of what the server accepts.
        finding.severity = Severity::Error;
        match &self.decoded.hidden_by {
            Some(first) => finding.hidden_by = Some(first.clone()),
            None => {
                finding.server = Some(Server {
                    code: 422,
                    reason: error.reason.name(),
                    field: error.field.clone(),
                    detail: error.detail.to_string(),
                });
            }
        }
        finding
    }

    /// What hangs on the cluster can't be known, but most have the node ports that they come with.
    fn of_cluster(&self, error: &Error, sink: &mut Sink) {
        let rule = rules::owner(error, false);
        if error.row == NODE_PORT_RANGE && !self.is_undecided(error) {
            let mut finding = self.rejection(rule, error, false);
            finding.server = None;
            finding.severity = Severity::Warning;
            finding.help = Some(
                "use a port from 30000 to 32767, unless the cluster has another range".to_owned(),
            );
            sink.findings.push(finding);
        } else {
            sink.undecided.push(Undecided {
                rule: rule.id,
                why: "it hangs on the cluster".to_owned(),
            });
        }
    }

    fn related(&self, object: &Object<'_>, spot: Spot, what: &str) -> Related {
        let steps = self.effective.steps(spot.id);
        let (_, span, _) = walk(object.root, &steps, object.anchor());
        Related {
            place: object.place(&steps, span),
            message: what.to_owned(),
        }
    }

    fn warning(&self, warning: &Warning) -> Finding {
        let rule = &rules::SERVER_WARNING;
        let mut finding = self.finding(rule, warning.spot, &[], "", warning.text.clone());
        finding.server = Some(Server {
            code: Server::WARNING,
            reason: "",
            field: String::new(),
            detail: warning.text.clone(),
        });
        finding
    }

    fn dropped(&self, dropped: &Dropped<'_>) -> Finding {
        let object = self.context.object();
        let rule = &rules::DROPPED_FIELD;
        let minor = self.context.minor;
        let name = dropped.name;
        let message = match dropped.gate {
            Some(gate) => {
                format!("Kubernetes {minor} drops `{name}`: its feature {gate} is off by default")
            }
            None => format!("Kubernetes {minor} drops `{name}`"),
        };
        let (steps, _) = locate(object.root, dropped.node).unwrap_or_default();
        let value = object.root.tree().node(dropped.node);
        let key = object.key(rule.id, &steps, Some(value));
        let place = object.place_of(dropped.node);
        new_finding(self.context, rule, place, key, message)
    }

    /// A finding about a value of the object; `field` is how the server names it.
    fn finding(
        &self,
        rule: &'static RuleMeta,
        spot: Option<Spot>,
        missing: &[String],
        field: &str,
        message: String,
    ) -> Finding {
        let object = self.context.object();
        let spot = spot.filter(|spot| !spot.old);
        let mut steps = spot.map_or_else(Vec::new, |spot| self.effective.steps(spot.id));
        let steps_of_missing = missing.iter().map(|key| Step::Key(key));
        steps.extend(steps_of_missing);
        let (value, span, whole) = walk(object.root, &steps, object.anchor());
        let key = match value.filter(|_| whole) {
            Some(value) => object.key_of_hash(rule.id, &steps, self.hash(value)),
            None => object.key(rule.id, &steps, None),
        };
        let mut place = object.place(&steps, span);
        // Keys that are data are written in brackets, which only the server's path knows.
        if plain(field) == plain(&render_path(&steps)) {
            field.clone_into(&mut place.path);
        }
        new_finding(self.context, rule, place, key, message)
    }

    /// The hash of a value, made once: many faults may be told of one list.
    fn hash(&self, value: Node<'_>) -> u32 {
        let mut hashes = self.hashes.borrow_mut();
        *hashes
            .entry(value.id())
            .or_insert_with(|| value_hash(value))
    }

    /// Whether a fault only comes of a value that isn't of its type.
    fn is_about_misfit(&self, error: &Error) -> bool {
        let misfits = &self.decoded.misfits;
        let spots = error.related.iter().map(|(spot, _)| *spot);
        let mut spots = spots.chain(error.spot).filter(|spot| !spot.old);
        !misfits.is_empty() && spots.any(|spot| misfits.contains(&spot.node))
    }

    /// Whether what a fault says hangs on a value that can't be known.
    fn is_undecided(&self, error: &Error) -> bool {
        let root = self.context.object().root;
        if !self.is_unknown(root, Within::All) {
            return false;
        }
        let spots = error
            .related
            .iter()
            .map(|(spot, _)| *spot)
            .chain(error.spot);
        let nodes = spots.filter(|spot| !spot.old);
        let mut nodes = nodes.map(|spot| root.tree().node(spot.node));
        // Names are looked up all over the object.
        error.reason == Reason::NotFound
            || nodes.any(|node| node.id() != root.id() && self.is_unknown(node, Within::All))
            || self.siblings_hold_unknown(error)
    }

    /// What a value is compared with mostly stands beside it or beside its parent.
    fn siblings_hold_unknown(&self, error: &Error) -> bool {
        let Some(spot) = error.spot.filter(|spot| !spot.old) else {
            return false;
        };
        let steps = self.effective.steps(spot.id);
        let root = self.context.object().root;
        let ancestor = |up: usize| {
            let end = steps.len().checked_sub(up)?;
            let (value, _, whole) = walk(root, steps.get(..end)?, Span::default());
            value.filter(|_| whole)
        };
        ancestor(1).is_some_and(|node| self.is_unknown(node, Within::Values))
            || ancestor(2).is_some_and(|node| self.is_unknown(node, Within::ValuesOfValues))
    }

    /// Whether anything in a value can't be known, so far as it is asked for.
    fn is_unknown(&self, node: Node<'_>, within: Within) -> bool {
        let key = (node.id(), within);
        if let Some(known) = self.unknown.borrow().get(&key) {
            return *known;
        }
        let depth = match within {
            Within::Values => 1..=1,
            Within::ValuesOfValues => 2..=2,
            Within::All => 0..=usize::MAX,
        };
        let is_scalar = |node: Node<'_>| !matches!(node.kind(), Kind::Mapping | Kind::Sequence);
        let mut asked = node.visits().filter(|visit| {
            depth.contains(&visit.depth) && (within == Within::All || !visit.is_key)
        });
        let any = asked.any(|visit| is_scalar(visit.node) && self.context.is_unknown(visit.node));
        self.unknown.borrow_mut().insert(key, any);
        any
    }
}

/// Which parts of a value are asked for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Within {
    /// All keys and values, however deep.
    All,
    /// The values right in it.
    Values,
    /// Those in the values right in it.
    ValuesOfValues,
}

/// The value at these steps or the last one on the way, what to show of it, and whether it is the
/// value itself.
fn walk<'t>(root: Node<'t>, steps: &[Step<'_>], anchor: Span) -> (Option<Node<'t>>, Span, bool) {
    let mut value = root;
    let mut span = anchor;
    for step in steps {
        let entry = match step {
            Step::Key(name) | Step::MapKey(name) => value.entry(name),
            Step::Index(index) => value.item(*index).map(|item| (item, item)),
        };
        let Some((key, inside)) = entry else {
            return (Some(value), span, false);
        };
        let key = Some(key).filter(|key| key.id() != inside.id());
        span = shown_span(inside, key);
        value = inside;
    }
    (Some(value), span, true)
}

/// A path with its brackets around names taken off.
fn plain(path: &str) -> String {
    path.replace('[', ".").replace(']', "")
}
