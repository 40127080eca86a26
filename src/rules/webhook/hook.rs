//! What the rules on webhooks share: the webhooks of a configuration, which requests they are
//! called for, and what becomes of those that they don't answer.
//!
//! Mirrors `ShouldCallHook` in apiserver `pkg/admission/plugin/webhook/generic/webhook.go`.

use crate::object::WEBHOOK_CONFIGURATIONS;
use crate::object::selector::{Labels, Tri};
use crate::project::{Nearness, Role};
use crate::rule::{Context, Rule, Sink};
use crate::rules::read;
use crate::tree::Node;

/// The label that the server itself keeps on every namespace: its name.
pub const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A webhook of a ValidatingWebhookConfiguration or a MutatingWebhookConfiguration.
#[derive(Clone, Copy)]
pub struct Hook<'t> {
    /// Its entry in the list.
    pub node: Node<'t>,
    /// It changes nothing.
    pub validates: bool,
}

/// A request to the API server.
pub struct Request<'a> {
    /// Group, version, resource (with subresource, if any) and operation.
    pub what: (&'a str, &'a str, &'a str, &'a str),
    /// `None`: the resource is cluster-scoped.
    pub namespace: Option<&'a str>,
    /// What doesn't happen without it.
    pub without: &'a str,
}

/// A request that a webhook is called for, and where the webhook asks for that.
pub struct Covered<'t, 'r> {
    /// The request.
    pub request: &'r Request<'r>,
    /// The resources of the rule that matches.
    pub resources: Node<'t>,
}

/// What has to go on in a namespace so that pods that are gone come back there.
pub fn to_come_back(namespace: &str) -> [Request<'_>; 5] {
    let request = |what, without| Request {
        what,
        namespace: Some(namespace),
        without,
    };
    [
        request(("", "v1", "pods", "CREATE"), "no pod can be made"),
        request(("", "v1", "pods/binding", "CREATE"), "no pod gets a node"),
        request(("", "v1", "pods/status", "UPDATE"), "no pod becomes ready"),
        request(
            ("discovery.k8s.io", "v1", "endpointslices", "UPDATE"),
            "no Service learns of a new pod",
        ),
        request(
            ("apps", "v1", "deployments", "UPDATE"),
            "no Deployment can be repaired",
        ),
    ]
}

/// The webhooks that the object configures.
pub fn hooks<'t>(context: &Context<'_, 't>) -> impl Iterator<Item = Hook<'t>> {
    let object = context.object();
    let [validating, _] = WEBHOOK_CONFIGURATIONS;
    let validates = object.kind == validating;
    let is_ours = WEBHOOK_CONFIGURATIONS.contains(&object.kind)
        && object.group == "admissionregistration.k8s.io"
        && object.version == "v1";
    let list = is_ours.then(|| object.root.get("webhooks")).flatten();
    let nodes = list.into_iter().flat_map(Node::items);
    nodes.map(move |node| Hook { node, validates })
}

impl<'t> Hook<'t> {
    /// Whether a request that it doesn't answer is refused.
    pub fn fails(self, context: &Context<'_, 't>) -> bool {
        read::text(context, self.node, &["failurePolicy"], "Fail") == Some("Fail")
    }

    /// For how many seconds it is waited for. `None`: it can't be known.
    pub fn timeout(self) -> Option<i64> {
        read::integer(self.node, &["timeoutSeconds"], 10)
    }

    /// Its rules.
    pub fn rules(self) -> impl Iterator<Item = Node<'t>> {
        self.node.get("rules").into_iter().flat_map(Node::items)
    }

    /// The first of these requests that it is called for. What may as well be left out by labels or
    /// conditions that aren't in sight is counted as undecided.
    pub fn first_covered<'r>(
        self,
        context: &Context<'_, 't>,
        requests: &'r [Request<'r>],
        (rule, sink): (&'static Rule, &mut Sink),
    ) -> Option<Covered<'t, 'r>> {
        let mut unknown = false;
        for request in requests {
            let Some(matching) = self.rules().find(|rule| matches(context, *rule, request)) else {
                continue;
            };
            match self.selects(context, request.namespace) {
                Tri::Yes => {
                    let resources = matching.get("resources")?;
                    return Some(Covered { request, resources });
                }
                Tri::Unknown => unknown = true,
                Tri::No => {}
            }
        }
        if unknown {
            sink.undecided(rule, "labels or conditions may leave it out");
        }
        None
    }

    /// Whether its selectors and conditions take every request in a namespace.
    fn selects(self, context: &Context<'_, 't>, namespace: Option<&str>) -> Tri {
        let selector = |key| {
            let node = self.node.get(key)?;
            Some(context.project.label_selector(node)).filter(|selector| !selector.is_empty())
        };
        let conditions = self.node.get("matchConditions");
        let depends = selector("objectSelector").is_some()
            || conditions.is_some_and(|conditions| !conditions.is_empty());
        let rest = if depends { Tri::Unknown } else { Tri::Yes };
        // A cluster-scoped object is in no namespace that could be left out.
        let by_namespace = match (selector("namespaceSelector"), namespace) {
            (Some(selector), Some(name)) => selector.matches(&labels(context, name)),
            _ => Tri::Yes,
        };
        by_namespace.and(rest)
    }
}

/// The labels of a namespace: those of its object, if that is in sight and close by.
fn labels<'a>(context: &Context<'a, '_>, name: &'a str) -> Labels<'a> {
    let mut namespaces = context.project.of_kind("Namespace");
    let found = namespaces.find(|member| {
        let nearness = context.project.nearness(context.member, member);
        member.object.name == name && member.role == Role::Whole && nearness < Nearness::Elsewhere
    });
    let is_placeholder = |text: &str| context.project.is_placeholder(text);
    let written = found.and_then(|member| member.object.root.at(&["metadata", "labels"]));
    let mut labels = Labels::of_map(written, &is_placeholder);
    labels.open |= found.is_none();
    labels.pairs.insert(NAME_LABEL, name);
    labels
}

/// Whether a rule matches a request: `Matcher.Matches` in apiserver
/// `pkg/admission/plugin/webhook/predicates/rules/rules.go`.
pub fn matches(context: &Context<'_, '_>, rule: Node<'_>, request: &Request<'_>) -> bool {
    let (group, version, resource, operation) = request.what;
    let in_scope = match read::text(context, rule, &["scope"], "*") {
        Some("*") => true,
        Some("Namespaced") => request.namespace.is_some(),
        Some("Cluster") => request.namespace.is_none(),
        _ => false,
    };
    in_scope
        && has(rule, "operations", operation)
        && has(rule, "apiGroups", group)
        && has(rule, "apiVersions", version)
        && texts(rule, "resources").any(|written| is_resource(written, resource))
}

/// Whether a list of a rule holds a text, or everything.
pub fn has(rule: Node<'_>, list: &str, wanted: &str) -> bool {
    texts(rule, list).any(|text| text == "*" || text == wanted)
}

/// The texts of a list of a rule.
pub fn texts<'t>(rule: Node<'t>, list: &str) -> impl Iterator<Item = &'t str> {
    let items = rule.get(list).into_iter().flat_map(Node::items);
    items.filter_map(Node::as_str)
}

/// Whether a written resource is that one: `pods`, `pods/status`, `pods/*`, `*/status`, `*`, `*/*`.
fn is_resource(written: &str, wanted: &str) -> bool {
    let (resource, sub) = written.split_once('/').unwrap_or((written, ""));
    let (wanted, wanted_sub) = wanted.split_once('/').unwrap_or((wanted, ""));
    (resource == "*" || resource == wanted) && (sub == "*" || sub == wanted_sub)
}
