//! SARIF 2.1.0, as code scanning services read it: one run, real regions, stable fingerprints.
//! (Upstream: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>; sections are named as § below.)

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::json::{to_json, versions};
use super::{Options, Page, Report, escape, fingerprints, help, rule_url, subject};
use crate::finding::{Finding, Place, RuleMeta, Severity};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What relative paths are relative to; services know this name (§3.14.14).
const ROOT: &str = "%SRCROOT%";
/// The name of our fingerprint; the number changes if keys do (§3.27.17).
const FINGERPRINT: &str = "kubevetKey/v1";

/// The report as SARIF, indented.
pub(super) fn render(report: &Report<'_>, options: &Options<'_>) -> String {
    let rules = rules(report);
    let index: BTreeMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.id, index))
        .collect();
    let prints = fingerprints(report.findings);
    let results = report.findings.iter().zip(&prints);
    let results: Vec<Value> = results
        .map(|(finding, print)| result(report, finding, index.get(finding.rule.id), print))
        .collect();
    to_json(&json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "kubevet",
                "semanticVersion": options.version,
                "rules": rules.iter().map(|rule| descriptor(rule, options)).collect::<Vec<_>>(),
            }},
            "invocations": [invocation(report)],
            "originalUriBaseIds": {ROOT: {
                "description": {"text": "The folder in which kubevet ran."},
            }},
            // Columns are counted in characters (§3.14.17).
            "columnKind": "unicodeCodePoints",
            "results": results,
            "properties": {"kubernetesVersions": versions(report.summary.minors)},
        }],
    }))
}

/// The rules that ran, then any other that a finding names.
fn rules(report: &Report<'_>) -> Vec<&'static RuleMeta> {
    let mut rules = report.rules.to_vec();
    for finding in report.findings {
        if !rules.iter().any(|rule| rule.id == finding.rule.id) {
            rules.push(finding.rule);
        }
    }
    rules
}

fn descriptor(rule: &RuleMeta, options: &Options<'_>) -> Value {
    let page = Page::of(rule);
    let what = or(page.what(), rule.id);
    let todo = or(page.first_of("What to do"), &what);
    json!({
        "id": rule.id,
        "shortDescription": {"text": what},
        "fullDescription": {"text": or(page.first_of("Why"), &what)},
        "help": {"text": todo, "markdown": or(page.markdown().to_owned(), rule.id)},
        "helpUri": rule_url(rule, options),
        "defaultConfiguration": {"level": level(rule.severity)},
        "properties": {"tags": [rule.family.name()], "proof": rule.proof.name()},
    })
}

/// The run as a process; what was skipped is a notification (§3.20.21).
fn invocation(report: &Report<'_>) -> Value {
    let skipped = report.summary.skipped.iter().map(|skipped| {
        let document = skipped
            .document
            .map_or(String::new(), |d| format!("document {d}: "));
        json!({
            "level": "warning",
            "message": {"text": format!("not judged: {document}{}", skipped.why)},
            "locations": [{"physicalLocation": {"artifactLocation": artifact(&skipped.file)}}],
        })
    });
    json!({
        "executionSuccessful": true,
        "toolExecutionNotifications": skipped.collect::<Vec<_>>(),
    })
}

fn result(report: &Report<'_>, finding: &Finding, rule: Option<&usize>, print: &str) -> Value {
    let related = finding.related.iter().enumerate().map(|(id, related)| {
        let mut location = location(report, &related.place);
        insert(&mut location, "id", json!(id));
        insert(
            &mut location,
            "message",
            json!({"text": or(related.message.clone(), "related")}),
        );
        location
    });
    let mut properties = json!({"help": help(finding)});
    if let Some(minors) = report.told_minors(finding) {
        insert(
            &mut properties,
            "kubernetesVersions",
            json!(versions(minors)),
        );
    }
    if let Some(hidden_by) = &finding.hidden_by {
        insert(&mut properties, "hiddenBy", json!(hidden_by));
    }
    if let Some(server) = &finding.server {
        let value = json!({
            "code": server.code,
            "reason": server.reason,
            "field": server.field,
            "detail": server.detail,
        });
        insert(&mut properties, "server", value);
    }
    json!({
        "ruleId": finding.rule.id,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": {"text": or(finding.message.clone(), finding.rule.id)},
        "locations": [location(report, &finding.place)],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": {FINGERPRINT: print},
        "properties": properties,
    })
}

/// The file and region, and the object and field as a logical location (§3.28).
fn location(report: &Report<'_>, place: &Place) -> Value {
    let spot = report.spot(place);
    let mut region = json!({
        "startLine": spot.start.line,
        "startColumn": spot.start.column,
        "endLine": spot.end.line,
        "endColumn": spot.end.column,
    });
    // Bytes are those of the file; in a text that was converted they aren't known.
    if report
        .source(place.source)
        .is_some_and(|source| !source.lossy && !source.marked)
    {
        insert(&mut region, "byteOffset", json!(spot.start.byte));
        insert(
            &mut region,
            "byteLength",
            json!(spot.end.byte - spot.start.byte),
        );
    }
    let mut location = json!({
        "physicalLocation": {"artifactLocation": artifact(spot.file), "region": region},
    });
    let name = subject(place);
    if !name.is_empty() {
        let logical = json!([{"fullyQualifiedName": name, "kind": "object"}]);
        insert(&mut location, "logicalLocations", logical);
    }
    location
}

/// A path as a URI; absolute ones stand for themselves (§3.4).
fn artifact(file: &str) -> Value {
    let uri = escape::uri(file, "/");
    match file.starts_with('/') {
        true => json!({"uri": format!("file://{uri}")}),
        false => json!({"uri": uri, "uriBaseId": ROOT}),
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// SARIF wants no empty texts.
fn or(text: String, otherwise: &str) -> String {
    if text.is_empty() {
        otherwise.to_owned()
    } else {
        text
    }
}

fn insert(object: &mut Value, key: &str, value: Value) {
    if let Some(map) = object.as_object_mut() {
        map.insert(key.to_owned(), value);
    }
}
