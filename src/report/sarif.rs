//! SARIF 2.1.0, as code scanning services read it: one run, real regions, stable fingerprints.
//! (Upstream: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>; sections are named as § below.)

use std::collections::BTreeMap;

use serde::Serialize;

use super::json::{ServerJson, server_of, to_json, versions};
use super::{Options, Page, Report, escape, fingerprints, help, rule_url, subject};
use crate::finding::{Finding, Place, Related, RuleMeta, Severity};
use crate::source::Source;

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
/// What relative paths are relative to; services know this name (§3.14.14).
const ROOT: &str = "%SRCROOT%";

/// The report as SARIF, indented.
pub(super) fn render(report: &Report<'_>, options: &Options<'_>) -> String {
    let rules = rules(report);
    let index: BTreeMap<&str, usize> = rules
        .iter()
        .enumerate()
        .map(|(index, rule)| (rule.id, index))
        .collect();
    let prints = fingerprints(report.findings);
    let results = report.findings.iter().zip(prints);
    let run = Run {
        tool: Tool {
            driver: Driver {
                name: "kubevet",
                semantic_version: options.version,
                rules: rules.iter().map(|rule| descriptor(rule, options)).collect(),
            },
        },
        invocations: [invocation(report)],
        original_uri_base_ids: BTreeMap::from([(
            ROOT,
            Base {
                description: text("The folder in which kubevet ran."),
            },
        )]),
        column_kind: "unicodeCodePoints",
        results: results
            .map(|(finding, print)| result(report, finding, &index, print))
            .collect(),
        properties: RunProperties {
            kubernetes_versions: versions(report.summary.minors),
        },
    };
    to_json(&Log {
        schema: SCHEMA,
        version: "2.1.0",
        runs: [run],
    })
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

fn descriptor(rule: &'static RuleMeta, options: &Options<'_>) -> Descriptor {
    let page = Page::of(rule);
    let what = or(page.what(), rule.id);
    Descriptor {
        id: rule.id,
        full_description: text(&or(page.first_of("Why"), &what)),
        help: Help {
            text: or(page.first_of("What to do"), &what),
            markdown: page.markdown(),
        },
        short_description: text(&what),
        help_uri: rule_url(rule, options),
        default_configuration: Configuration {
            level: level(rule.severity),
        },
        properties: RuleProperties {
            tags: [rule.family.name()],
            proof: rule.proof.name(),
        },
    }
}

/// The run as a process; what was skipped is a notification (§3.20.21).
fn invocation(report: &Report<'_>) -> Invocation {
    let skipped = report.summary.skipped.iter().map(|skipped| {
        let document = skipped
            .document
            .map_or(String::new(), |d| format!("document {d}: "));
        Notification {
            level: "warning",
            message: text(&format!("not judged: {document}{}", skipped.why)),
            locations: [Location {
                physical_location: Physical {
                    artifact_location: artifact(&skipped.file),
                    region: None,
                },
                ..Location::default()
            }],
        }
    });
    Invocation {
        execution_successful: true,
        tool_execution_notifications: skipped.collect(),
    }
}

fn result<'a>(
    report: &Report<'a>,
    finding: &'a Finding,
    rules: &BTreeMap<&str, usize>,
    print: String,
) -> Outcome<'a> {
    let related = |(id, related): (usize, &Related)| Location {
        id: Some(id),
        message: Some(text(&or(related.message.clone(), "related"))),
        ..location(report, &related.place)
    };
    Outcome {
        rule_id: finding.rule.id,
        rule_index: rules.get(finding.rule.id).copied(),
        level: level(finding.severity),
        message: text(&or(finding.message.clone(), finding.rule.id)),
        locations: [location(report, &finding.place)],
        related_locations: finding.related.iter().enumerate().map(related).collect(),
        partial_fingerprints: Fingerprints { key: print },
        properties: Properties {
            help: help(finding),
            kubernetes_versions: report.told_minors(finding).map(versions),
            hidden_by: finding.hidden_by.as_deref(),
            server: server_of(finding),
        },
    }
}

/// The file and region, and the object and field as a logical location (§3.28).
fn location(report: &Report<'_>, place: &Place) -> Location {
    let spot = report.spot(place);
    // Bytes are those of the file (§3.30.11); in a text that was converted they aren't known.
    let as_in_file = |source: &Source| !source.lossy && !source.marked;
    let bytes = report.source(place.source).is_some_and(as_in_file);
    let region = Region {
        start_line: spot.start.line,
        start_column: spot.start.column,
        end_line: spot.end.line,
        end_column: spot.end.column,
        byte_offset: bytes.then_some(spot.start.byte),
        byte_length: bytes.then_some(spot.end.byte - spot.start.byte),
    };
    let name = subject(place);
    let logical = (!name.is_empty()).then_some(Logical {
        fully_qualified_name: name,
        kind: "object",
    });
    Location {
        physical_location: Physical {
            artifact_location: artifact(spot.file),
            region: Some(region),
        },
        logical_locations: logical.into_iter().collect(),
        ..Location::default()
    }
}

/// A path as a URI; absolute ones stand for themselves (§3.4).
fn artifact(file: &str) -> Artifact {
    let uri = escape::uri(file, "/");
    match file.starts_with('/') {
        true => Artifact {
            uri: format!("file://{uri}"),
            uri_base_id: None,
        },
        false => Artifact {
            uri,
            uri_base_id: Some(ROOT),
        },
    }
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn text(text: &str) -> Text {
    Text {
        text: text.to_owned(),
    }
}

/// SARIF wants no empty texts.
fn or(text: String, otherwise: &str) -> String {
    match text.is_empty() {
        true => otherwise.to_owned(),
        false => text,
    }
}

#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'a> {
    tool: Tool<'a>,
    invocations: [Invocation; 1],
    original_uri_base_ids: BTreeMap<&'static str, Base>,
    /// Columns are counted in characters (§3.14.17).
    column_kind: &'static str,
    results: Vec<Outcome<'a>>,
    properties: RunProperties,
}

#[derive(Serialize)]
struct Tool<'a> {
    driver: Driver<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver<'a> {
    name: &'static str,
    semantic_version: &'a str,
    rules: Vec<Descriptor>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Text,
    full_description: Text,
    help: Help,
    help_uri: String,
    default_configuration: Configuration,
    properties: RuleProperties,
}

#[derive(Serialize)]
struct Help {
    text: String,
    markdown: &'static str,
}

#[derive(Serialize)]
struct Configuration {
    level: &'static str,
}

#[derive(Serialize)]
struct RuleProperties {
    tags: [&'static str; 1],
    proof: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Invocation {
    execution_successful: bool,
    tool_execution_notifications: Vec<Notification>,
}

#[derive(Serialize)]
struct Notification {
    level: &'static str,
    message: Text,
    locations: [Location; 1],
}

#[derive(Serialize)]
struct Base {
    description: Text,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RunProperties {
    kubernetes_versions: Vec<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'a> {
    rule_id: &'static str,
    rule_index: Option<usize>,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
    related_locations: Vec<Location>,
    partial_fingerprints: Fingerprints,
    properties: Properties<'a>,
}

/// The number in the name changes if keys do (§3.27.17).
#[derive(Serialize)]
struct Fingerprints {
    #[serde(rename = "kubevetKey/v1")]
    key: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Properties<'a> {
    help: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes_versions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerJson<'a>>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<Text>,
    physical_location: Physical,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    logical_locations: Vec<Logical>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Physical {
    artifact_location: Artifact,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Artifact {
    uri: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    uri_base_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: u32,
    start_column: u32,
    end_line: u32,
    end_column: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_offset: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    byte_length: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Logical {
    fully_qualified_name: String,
    kind: &'static str,
}

#[derive(Serialize)]
struct Text {
    text: String,
}
