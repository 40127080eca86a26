//! `webhook-covers-heartbeats`: see `rules/webhook/webhook-covers-heartbeats.md`.

use crate::finding::{Family, Proof, RuleMeta, Severity};
use crate::rule::{Context, Rule, Scope, Sink};
use crate::rules::webhook::hook::{self, Covered, Request};

/// The rule.
pub static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "webhook-covers-heartbeats",
        family: Family::Webhook,
        severity: Severity::Warning,
        proof: Proof::Cited,
        page: include_str!("../../../rules/webhook/webhook-covers-heartbeats.md"),
    },
    scope: Scope::Project,
    check,
};

fn check(context: &Context<'_, '_>, sink: &mut Sink) {
    for hook in hook::hooks(context) {
        let fails = hook.fails(context);
        let waits = hook
            .timeout()
            .is_some_and(|timeout| timeout >= ATTEMPT_SECONDS);
        let requests = match (fails, waits) {
            (true, _) => HEARTBEATS,
            (false, true) => LEADERS,
            (false, false) => continue,
        };
        let covered = hook.first_covered(context, requests, (&RULE, sink));
        if let Some(Covered { request, resources }) = covered {
            let when = if fails { "doesn't answer" } else { "hangs" };
            let message = format!("while it {when}, {}", request.without);
            sink.at(&RULE, context, resources, message);
        }
    }
}

/// How long the scheduler and the controller manager wait for one attempt to renew their lease:
/// half of their renew deadline of 10 s (`NewFromKubeconfig` in client-go
/// `tools/leaderelection/resourcelock/interface.go`).
const ATTEMPT_SECONDS: i64 = 5;

const LEADERS: &[Request<'_>] = &[Request {
    what: ("coordination.k8s.io", "v1", "leases", "UPDATE"),
    namespace: Some("kube-system"),
    without: "the scheduler and the controller manager can't renew their leases, and stop",
}];

const HEARTBEATS: &[Request<'_>] = &[
    Request {
        what: ("coordination.k8s.io", "v1", "leases", "UPDATE"),
        namespace: Some("kube-node-lease"),
        without: "no node can renew its lease, and none stays ready",
    },
    Request {
        what: ("coordination.k8s.io", "v1", "leases", "UPDATE"),
        namespace: Some("kube-system"),
        without: "the scheduler and the controller manager can't renew their leases, and stop",
    },
    Request {
        what: ("", "v1", "nodes/status", "UPDATE"),
        namespace: None,
        without: "no node can report its state",
    },
    Request {
        what: ("", "v1", "nodes", "CREATE"),
        namespace: None,
        without: "no node can join",
    },
    Request {
        what: (
            "certificates.k8s.io",
            "v1",
            "certificatesigningrequests",
            "CREATE",
        ),
        namespace: None,
        without: "no kubelet gets a certificate",
    },
];
