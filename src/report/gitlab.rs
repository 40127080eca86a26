//! GitLab's code quality report: an array of findings, `[]` when clean.
//! (Upstream: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.)

use serde::Serialize;

use super::json::to_json;
use super::{Report, fingerprints};
use crate::finding::{Finding, Severity};

/// The report as an array, indented.
pub(super) fn render(report: &Report<'_>) -> String {
    let prints = fingerprints(report.findings);
    let issues = report.findings.iter().zip(prints);
    let issues: Vec<Issue<'_>> = issues.map(|(f, print)| issue(report, f, print)).collect();
    to_json(&issues)
}

#[derive(Serialize)]
struct Issue<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'static str,
    description: String,
    categories: [&'static str; 1],
    fingerprint: String,
    severity: &'static str,
    location: Location<'a>,
}

#[derive(Serialize)]
struct Location<'a> {
    path: &'a str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

fn issue<'a>(report: &Report<'a>, finding: &Finding, fingerprint: String) -> Issue<'a> {
    let spot = report.spot(&finding.place);
    Issue {
        kind: "issue",
        check_name: finding.rule.id,
        description: report.described(finding),
        categories: ["Bug Risk"],
        fingerprint,
        severity: severity(finding),
        location: Location {
            path: spot.file,
            lines: Lines {
                begin: spot.start.line,
                end: spot.last_line(),
            },
        },
    }
}

/// What the server rejects blocks a deployment for certain; other errors need the workload to run.
fn severity(finding: &Finding) -> &'static str {
    let rejected = finding
        .server
        .as_ref()
        .is_some_and(|server| server.code >= 400);
    match finding.severity {
        Severity::Error if rejected => "critical",
        Severity::Error => "major",
        Severity::Warning => "minor",
        Severity::Info => "info",
    }
}
