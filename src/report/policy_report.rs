//! PolicyReports and a ClusterPolicyReport of `wgpolicyk8s.io/v1alpha2`, as one `List` in JSON, for
//! `kubectl apply --server-side --filename=-`.
//! (Upstream: `policyreport_types.go` in <https://github.com/kubernetes-sigs/wg-policy-prototypes>.)
//!
//! One report for each namespace that was audited, one without findings, too: it replaces the one
//! before it. Times are left out, since nothing here asks the clock.

use std::collections::BTreeMap;

use serde::Serialize;

use super::json::to_json;
use super::{Report, fingerprints, help};
use crate::finding::{Finding, ObjectName, Severity};

/// What the reports are called, and who keeps them.
const NAME: &str = "kubevet";
/// How many results a report holds; others follow in `kubevet-2`. The API server takes objects of
/// 1.5 MB, and a result is seldom longer than 1 KB.
const RESULTS_MAX: usize = 1000;

/// The reports as JSON, indented.
pub(super) fn render(report: &Report<'_>) -> String {
    let audited = report.summary.audited.iter();
    let mut by_namespace: BTreeMap<Option<&str>, Vec<Outcome<'_>>> = audited
        .map(|namespace| (namespace.as_deref(), Vec::new()))
        .collect();
    for (finding, print) in report.findings.iter().zip(fingerprints(report.findings)) {
        let object = finding.place.object.as_ref();
        let namespace = object.and_then(|object| object.namespace.as_deref());
        let outcomes = by_namespace.entry(namespace).or_default();
        outcomes.push(outcome(finding, object, print));
    }
    let reports = by_namespace
        .iter()
        .flat_map(|(namespace, outcomes)| reports_of(*namespace, outcomes));
    to_json(&List {
        api_version: "v1",
        kind: "List",
        items: reports.collect(),
    })
}

fn reports_of<'a>(
    namespace: Option<&'a str>,
    outcomes: &'a [Outcome<'a>],
) -> Vec<PolicyReport<'a>> {
    let one = |number: usize, results: &'a [Outcome<'a>]| PolicyReport {
        api_version: "wgpolicyk8s.io/v1alpha2",
        kind: match namespace {
            Some(_) => "PolicyReport",
            None => "ClusterPolicyReport",
        },
        metadata: Metadata {
            name: match number {
                0 => NAME.to_owned(),
                number => format!("{NAME}-{}", number + 1),
            },
            namespace,
            labels: BTreeMap::from([("app.kubernetes.io/managed-by", NAME)]),
        },
        summary: Summary {
            fail: count(results, "fail"),
            warn: count(results, "warn"),
            ..Summary::default()
        },
        results,
    };
    match outcomes.is_empty() {
        true => vec![one(0, outcomes)],
        false => {
            let parts = outcomes.chunks(RESULTS_MAX).enumerate();
            parts.map(|(number, part)| one(number, part)).collect()
        }
    }
}

fn count(results: &[Outcome<'_>], wanted: &str) -> usize {
    let results = results.iter();
    results.filter(|outcome| outcome.result == wanted).count()
}

fn outcome<'a>(
    finding: &'a Finding,
    object: Option<&'a ObjectName>,
    fingerprint: String,
) -> Outcome<'a> {
    let (result, severity) = match finding.severity {
        Severity::Error => ("fail", "high"),
        Severity::Warning => ("warn", "medium"),
        Severity::Info => ("warn", "info"),
    };
    let resource = object.map(|object| Resource {
        api_version: &object.api_version,
        kind: &object.kind,
        namespace: object.namespace.as_deref(),
        name: &object.name,
        field_path: &finding.place.path,
    });
    Outcome {
        source: NAME,
        policy: finding.rule.id,
        category: finding.rule.family.name(),
        severity,
        result,
        scored: result == "fail",
        message: &finding.message,
        resources: resource.into_iter().collect(),
        properties: BTreeMap::from([("fingerprint", fingerprint), ("help", help(finding))]),
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    api_version: &'a str,
    kind: &'a str,
    items: Vec<PolicyReport<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PolicyReport<'a> {
    api_version: &'a str,
    kind: &'a str,
    metadata: Metadata<'a>,
    results: &'a [Outcome<'a>],
    summary: Summary,
}

#[derive(Serialize)]
struct Metadata<'a> {
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    labels: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
struct Outcome<'a> {
    source: &'a str,
    policy: &'a str,
    category: &'a str,
    severity: &'a str,
    /// What is only warned of isn't scored.
    result: &'a str,
    scored: bool,
    message: &'a str,
    resources: Vec<Resource<'a>>,
    properties: BTreeMap<&'a str, String>,
}

/// `core/v1` ObjectReference.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Resource<'a> {
    api_version: &'a str,
    kind: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    name: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    field_path: &'a str,
}

#[derive(Default, Serialize)]
struct Summary {
    pass: usize,
    fail: usize,
    warn: usize,
    error: usize,
    skip: usize,
}
