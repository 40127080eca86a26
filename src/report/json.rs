//! kubevet's own JSON, described by `schemas/report.schema.json`.
//!
//! Lives here: the shape, as structs that borrow from the report. Not here: the schema, whose
//! descriptions are the documentation; a test holds the two together.

use serde::{Serialize, Serializer};

use super::{FORMAT_VERSION, Options, Report, Summary, escape, help};
use crate::finding::{Finding, ObjectName, Place, Related, Severity};
use crate::minor::Minors;
use crate::source::Position;

/// The report as JSON, indented.
pub(super) fn render(report: &Report<'_>, options: &Options<'_>) -> String {
    let document = Document {
        version: FORMAT_VERSION,
        tool: Tool {
            name: "kubevet",
            version: options.version,
        },
        kubernetes_versions: versions(report.summary.minors),
        findings: report
            .findings
            .iter()
            .map(|f| finding_of(report, f))
            .collect(),
        summary: summary_of(report),
    };
    to_json(&document)
}

/// Indented JSON that does nothing when printed.
pub(super) fn to_json(value: &impl Serialize) -> String {
    // Only maps with keys that aren't strings can fail, and there are none.
    escape::json(serde_json::to_string_pretty(value).unwrap_or_default())
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Document<'a> {
    version: &'a str,
    tool: Tool<'a>,
    kubernetes_versions: Vec<String>,
    findings: Vec<FindingJson<'a>>,
    summary: SummaryJson<'a>,
}

#[derive(Serialize)]
struct Tool<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FindingJson<'a> {
    rule: &'a str,
    family: &'a str,
    severity: &'a str,
    message: &'a str,
    help: String,
    #[serde(flatten)]
    place: PlaceJson<'a>,
    related: Vec<RelatedJson<'a>>,
    key: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kubernetes_versions: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    hidden_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server: Option<ServerJson<'a>>,
}

#[derive(Serialize)]
struct RelatedJson<'a> {
    message: &'a str,
    #[serde(flatten)]
    place: PlaceJson<'a>,
}

#[derive(Serialize)]
struct PlaceJson<'a> {
    file: &'a str,
    document: u32,
    object: Option<ObjectJson<'a>>,
    path: &'a str,
    start: PositionJson,
    end: PositionJson,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ObjectJson<'a> {
    api_version: &'a str,
    kind: &'a str,
    namespace: Option<&'a str>,
    name: &'a str,
}

#[derive(Serialize)]
struct PositionJson {
    line: u32,
    column: u32,
    byte: u32,
}

/// The server's verdict, the same in every JSON format.
#[derive(Serialize)]
pub(super) struct ServerJson<'a> {
    code: u16,
    reason: &'a str,
    field: &'a str,
    detail: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SummaryJson<'a> {
    files: usize,
    #[serde(serialize_with = "counts")]
    file_kinds: &'a [(&'static str, usize)],
    documents: usize,
    objects: usize,
    depth: DepthJson,
    unchecked_kinds: Vec<KindJson<'a>>,
    undecided: usize,
    undecided_by: Vec<UndecidedJson<'a>>,
    skipped: Vec<SkippedJson<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    disagreements: Vec<DisagreementJson<'a>>,
    suppressed: usize,
    baselined: usize,
    default_kubernetes_version: bool,
    errors: usize,
    warnings: usize,
    infos: usize,
}

#[derive(Serialize)]
struct DepthJson {
    server: usize,
    schema: usize,
    structure: usize,
    unchecked: usize,
}

#[derive(Serialize)]
struct KindJson<'a> {
    kind: &'a str,
    count: usize,
}

#[derive(Serialize)]
struct UndecidedJson<'a> {
    rule: &'a str,
    why: &'a str,
    count: usize,
}

#[derive(Serialize)]
struct DisagreementJson<'a> {
    rule: &'a str,
    count: usize,
}

#[derive(Serialize)]
struct SkippedJson<'a> {
    file: &'a str,
    document: Option<u32>,
    why: &'a str,
}

fn finding_of<'a>(report: &Report<'a>, finding: &'a Finding) -> FindingJson<'a> {
    let related = |related: &'a Related| RelatedJson {
        message: &related.message,
        place: place_of(report, &related.place),
    };
    FindingJson {
        rule: finding.rule.id,
        family: finding.rule.family.name(),
        severity: finding.severity.name(),
        message: &finding.message,
        help: help(finding),
        place: place_of(report, &finding.place),
        related: finding.related.iter().map(related).collect(),
        key: &finding.key,
        kubernetes_versions: report.told_minors(finding).map(versions),
        hidden_by: finding.hidden_by.as_deref(),
        server: server_of(finding),
    }
}

fn place_of<'a>(report: &Report<'a>, place: &'a Place) -> PlaceJson<'a> {
    let spot = report.spot(place);
    PlaceJson {
        file: spot.file,
        document: place.document,
        object: place.object.as_ref().map(object_of),
        path: &place.path,
        start: position_of(spot.start),
        end: position_of(spot.end),
    }
}

fn object_of(object: &ObjectName) -> ObjectJson<'_> {
    ObjectJson {
        api_version: &object.api_version,
        kind: &object.kind,
        namespace: object.namespace.as_deref(),
        name: &object.name,
    }
}

fn position_of(position: Position) -> PositionJson {
    PositionJson {
        line: position.line,
        column: position.column,
        byte: position.byte,
    }
}

fn summary_of<'a>(report: &Report<'a>) -> SummaryJson<'a> {
    let summary: &Summary = report.summary;
    let depth = summary.depth;
    SummaryJson {
        files: summary.files(),
        file_kinds: &summary.file_kinds,
        documents: summary.documents,
        objects: summary.objects,
        depth: DepthJson {
            server: depth.server,
            schema: depth.schema,
            structure: depth.structure,
            unchecked: depth.unchecked,
        },
        unchecked_kinds: list(&summary.unchecked_kinds, |(kind, count)| KindJson {
            kind,
            count: *count,
        }),
        undecided: summary.undecided_count(),
        undecided_by: list(&summary.undecided, |undecided| UndecidedJson {
            rule: &undecided.rule,
            why: &undecided.why,
            count: undecided.count,
        }),
        skipped: list(&summary.skipped, |skipped| SkippedJson {
            file: &skipped.file,
            document: skipped.document,
            why: &skipped.why,
        }),
        disagreements: list(&summary.disagreements, |(rule, count)| DisagreementJson {
            rule,
            count: *count,
        }),
        suppressed: summary.suppressed,
        baselined: summary.baselined,
        default_kubernetes_version: summary.default_minors,
        errors: report.count(Severity::Error),
        warnings: report.count(Severity::Warning),
        infos: report.count(Severity::Info),
    }
}

pub(super) fn server_of(finding: &Finding) -> Option<ServerJson<'_>> {
    finding.server.as_ref().map(|server| ServerJson {
        code: server.code,
        reason: server.reason,
        field: &server.field,
        detail: &server.detail,
    })
}

fn list<'a, T, U>(items: &'a [T], of: impl Fn(&'a T) -> U) -> Vec<U> {
    items.iter().map(of).collect()
}

/// The minors as `1.36`, oldest first.
pub(super) fn versions(minors: Minors) -> Vec<String> {
    minors.iter().map(|minor| minor.to_string()).collect()
}

/// Pairs as an object that keeps their order.
fn counts<S: Serializer>(pairs: &&[(&'static str, usize)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(pairs.iter().map(|(name, count)| (name, count)))
}
