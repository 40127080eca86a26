//! From the server's verdicts to findings: which of them the server would really say.

use crate::apiserver::schema::{Gvk, Table};
use crate::apiserver::{Stage, Verdict};
use crate::finding::{Finding, Place, RuleMeta, Server, Severity, Step, locate, shown_span};
use crate::lint::generic;
use crate::minor::Minors;
use crate::object::Object;
use crate::rule::{Context, Sink};
use crate::tree::Node;

/// The verdict with which the server rejects the object: of faults that end decoding the first
/// one, in the order of the sorted keys that kubectl sends; else the first unknown field. What
/// decodes is validated: then the first fault that validation finds.
pub fn first_rejection<'v, 't>(
    verdicts: &'v [Verdict<'t>],
    custom: bool,
) -> Option<&'v Verdict<'t>> {
    let decoding = verdicts.iter().filter(|v| v.stage == Stage::Decode);
    let fatal = decoding.clone().filter(|v| v.is_fatal());
    let first = fatal.min_by(|a, b| a.fatal_order(b));
    let strict = || decoding.clone().next();
    let validated = || verdicts.iter().find(|v| is_validated(v, custom));
    first.or_else(strict).or_else(validated)
}

/// Makes a finding of a verdict. `first` is what the server says first: with unknown fields it
/// lists them all, of other faults it tells one.
pub fn report<'t>(
    context: &Context<'_, 't>,
    verdict: &Verdict<'t>,
    first: Option<&Verdict<'t>>,
    custom: bool,
    sink: &mut Sink,
) {
    let Some(meta) = generic::meta(verdict.rule) else {
        return;
    };
    let object = context.object();
    let node = object.root.tree().node(verdict.node);
    let key = object.key(meta.id, &verdict.steps, Some(node));
    let place = object.place(&verdict.steps, span_of(context, verdict));
    let mut finding = new_finding(context, meta, place, key, verdict.message.clone());
    finding.help.clone_from(&verdict.help);
    let enforced = verdict.stage == Stage::Decode || is_validated(verdict, custom);
    if enforced {
        finding.severity = Severity::Error;
        match first {
            Some(first) if is_said_with(verdict, first) => {
                finding.server = Some(server(verdict, &finding.place))
            }
            Some(first) => finding.hidden_by = Some(first.in_short()),
            None => {}
        }
    }
    sink.findings.push(finding);
}

/// Reports a deprecated version, in the words of the server's warning.
pub fn deprecation(context: &Context<'_, '_>, sink: &mut Sink) {
    let object = context.object();
    let table = Table::builtin();
    let gvk = gvk(object);
    let Some(warning) = table.deprecation_warning(context.minor, gvk) else {
        return;
    };
    let successor = table.successor(context.minor, gvk);
    let finding = version_finding(
        context,
        &generic::DEPRECATED_API_VERSION,
        warning.clone(),
        sink,
    );
    finding.help = successor.map(|s| format!("use {}", shown(s)));
    finding.server = Some(Server {
        code: Server::WARNING,
        reason: "",
        field: String::new(),
        detail: warning,
    });
}

/// Reports a kind of the server's own groups that it doesn't serve.
pub fn not_served(context: &Context<'_, '_>, sink: &mut Sink) {
    let object = context.object();
    let table = Table::builtin();
    let gvk = gvk(object);
    let detail = format!(
        "no matches for kind \"{}\" in version \"{}\"",
        object.kind,
        object.api_version()
    );
    let served = table.minors(object.group, object.version, object.kind);
    let later = served.iter().find(|minor| *minor > context.minor);
    let removed = table.removed_in(gvk);
    let what = format!("{} of {}", object.kind, object.api_version());
    let (meta, message) = match (removed, later) {
        (Some(minor), _) => (
            &generic::REMOVED_API_VERSION,
            format!("{what} was removed in Kubernetes 1.{minor}"),
        ),
        (None, Some(minor)) => (
            &generic::UNKNOWN_KIND,
            format!(
                "{what} exists since Kubernetes {minor}, not yet in {}",
                context.minor
            ),
        ),
        (None, None) => (
            &generic::UNKNOWN_KIND,
            format!("Kubernetes {} has no {what}", context.minor),
        ),
    };
    let successor = table.successor(context.minor, gvk);
    let finding = version_finding(context, meta, message, sink);
    finding.help = successor.map(|s| format!("use {}", shown(s)));
    finding.server = Some(Server {
        code: 404,
        reason: "NotFound",
        field: String::new(),
        detail,
    });
}

/// A new finding without anything beside its place.
pub fn new_finding(
    context: &Context<'_, '_>,
    rule: &'static RuleMeta,
    place: Place,
    key: String,
    message: String,
) -> Finding {
    Finding {
        rule,
        severity: rule.severity,
        message,
        help: None,
        place,
        related: Vec::new(),
        server: None,
        minors: Minors::one(context.minor),
        hidden_by: None,
        key,
    }
}

fn version_finding<'s>(
    context: &Context<'_, '_>,
    rule: &'static RuleMeta,
    message: String,
    sink: &'s mut Sink,
) -> &'s mut Finding {
    let object = context.object();
    let steps = [Step::Key("apiVersion")];
    let value = object.root.get("apiVersion");
    let span = value.map_or_else(|| object.anchor(), Node::place);
    let key = object.key(rule.id, &steps, value);
    let place = object.place(&steps, span);
    sink.findings
        .push_mut(new_finding(context, rule, place, key, message))
}

fn span_of(context: &Context<'_, '_>, verdict: &Verdict<'_>) -> crate::source::Span {
    let root = context.object().root;
    let node = root.tree().node(verdict.node);
    let Some((_, key)) = locate(root, verdict.node) else {
        return node.place();
    };
    shown_span(node, key.filter(|key| key.id() != verdict.node))
}

fn server(verdict: &Verdict<'_>, place: &Place) -> Server {
    let code = if verdict.stage == Stage::Decode {
        400
    } else {
        422
    };
    Server {
        code,
        reason: verdict.reason,
        field: verdict.field.clone().unwrap_or_else(|| place.path.clone()),
        detail: verdict.detail.clone(),
    }
}

/// Whether validation says it: of custom resources it enforces the schema.
fn is_validated(verdict: &Verdict<'_>, custom: bool) -> bool {
    verdict.stage == Stage::Validate || custom && verdict.stage == Stage::Schema
}

/// Whether the server says a verdict in the answer that begins with `first`.
fn is_said_with(verdict: &Verdict<'_>, first: &Verdict<'_>) -> bool {
    verdict.stage == first.stage
        && match (verdict.is_fatal(), first.is_fatal()) {
            (true, true) => verdict.node == first.node && verdict.steps == first.steps,
            (fatal, first_fatal) => fatal == first_fatal,
        }
}

fn gvk<'t>(object: &Object<'t>) -> Gvk<'t> {
    Gvk {
        group: object.group,
        version: object.version,
        kind: object.kind,
    }
}

fn shown(gvk: Gvk<'_>) -> String {
    if gvk.group.is_empty() {
        format!("{} {}", gvk.version, gvk.kind)
    } else {
        format!("{}/{} {}", gvk.group, gvk.version, gvk.kind)
    }
}
