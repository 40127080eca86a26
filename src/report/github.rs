//! GitHub Actions: workflow commands that annotate a change, and a table for the step summary.
//!
//! GitHub shows at most 10 annotations of each level a step, so the rest goes into one notice.
//! (Upstream: `actions/toolkit`, `packages/core/src/command.ts` for the escaping; the limits are in
//! <https://docs.github.com/en/rest/checks/runs> and the runner's `ExecutionContext`.)

use std::fmt::Write;

use super::{Options, Report, escape, rule_url, text};
use crate::finding::{Finding, Severity};

/// Annotations that GitHub shows of each level.
const MAX_ANNOTATIONS: usize = 10;
/// Findings named in the notice about the rest; GitHub cuts messages at 64 KiB.
const MAX_NAMED: usize = 50;
/// A step summary may have 1 MiB; beyond this size rows are counted only.
const MAX_TABLE: usize = 900 * 1024;

/// A command for each finding up to the limit, one for the rest, and the closing lines as text.
pub(super) fn render(report: &Report<'_>, options: &Options<'_>) -> String {
    let annotated = annotated(report);
    let mut out = String::new();
    for (finding, annotated) in report.findings.iter().zip(&annotated) {
        if *annotated {
            out.push_str(&annotation(report, finding));
        }
    }
    let findings = report.findings.iter().zip(&annotated);
    let rest: Vec<&Finding> = findings
        .filter(|(_, shown)| !**shown)
        .map(|(f, _)| f)
        .collect();
    if !rest.is_empty() {
        out.push_str(&notice(report, &rest));
    }
    let plain = Options {
        color: false,
        ..*options
    };
    out.push_str(&escape::without_commands(&text::closing(report, &plain)));
    out
}

/// The report as a Markdown table, for `$GITHUB_STEP_SUMMARY`.
pub fn step_summary(report: &Report<'_>, options: &Options<'_>) -> String {
    let mut out = String::from("### kubevet\n\n");
    if !report.findings.is_empty() {
        out.push_str("| | Where | Rule | Finding |\n|---|---|---|---|\n");
    }
    let mut rows = 0;
    for finding in report.findings {
        let row = row(report, finding, options);
        if out.len() + row.len() > MAX_TABLE {
            break;
        }
        out.push_str(&row);
        rows += 1;
    }
    let hidden = report.findings.len() - rows;
    if hidden > 0 {
        let _ = write!(out, "\nand {hidden} more findings\n");
    }
    let plain = Options {
        color: false,
        ..*options
    };
    if !report.findings.is_empty() {
        out.push('\n');
    }
    for line in text::closing(report, &plain).lines() {
        let _ = writeln!(out, "{}  ", markdown(line.trim()));
    }
    out
}

/// Which findings get an annotation of their own. The notice about the rest is a notice itself.
fn annotated(report: &Report<'_>) -> Vec<bool> {
    let infos = report.count(Severity::Info);
    let over = Severity::ALL
        .iter()
        .any(|severity| report.count(*severity) > MAX_ANNOTATIONS);
    let notices = MAX_ANNOTATIONS - usize::from(over && infos >= MAX_ANNOTATIONS);
    let mut left = [notices, MAX_ANNOTATIONS, MAX_ANNOTATIONS];
    let mut take = |finding: &Finding| {
        let level = left.get_mut(finding.severity as usize);
        level.is_some_and(|left| {
            let some = *left > 0;
            *left = left.saturating_sub(1);
            some
        })
    };
    report.findings.iter().map(&mut take).collect()
}

fn annotation(report: &Report<'_>, finding: &Finding) -> String {
    let spot = report.spot(&finding.place);
    let (start, last_line) = (spot.start, spot.last_line());
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let mut properties = format!("file={},line={}", property(spot.file), start.line);
    let _ = write!(properties, ",endLine={last_line}");
    // Columns are understood on one line only.
    if last_line == start.line {
        let end = spot.end.column.max(start.column);
        let _ = write!(properties, ",col={},endColumn={end}", start.column);
    }
    let title = property(finding.rule.id);
    let message = data(&report.described(finding));
    format!("::{level} {properties},title={title}::{message}\n")
}

/// One notice for the findings that have no annotation: how many, and where.
fn notice(report: &Report<'_>, rest: &[&Finding]) -> String {
    let mut text = format!("{} more findings are not annotated:", rest.len());
    for finding in rest.iter().take(MAX_NAMED) {
        let line = text::one_line(report, finding, &Options::default());
        let _ = write!(text, "\n{}", line.trim_end());
    }
    if rest.len() > MAX_NAMED {
        let _ = write!(text, "\nand {} others", rest.len() - MAX_NAMED);
    }
    format!("::notice title=kubevet::{}\n", escape_data(&text))
}

fn row(report: &Report<'_>, finding: &Finding, options: &Options<'_>) -> String {
    let spot = report.spot(&finding.place);
    let place = format!("{}:{}:{}", spot.file, spot.start.line, spot.start.column);
    let url = rule_url(finding.rule, options);
    format!(
        "| {} | {} | [{}]({url}) | {} |\n",
        finding.severity,
        markdown(&place),
        finding.rule.id,
        markdown(&report.described(finding)),
    )
}

/// The message of a command, on one line.
fn data(text: &str) -> String {
    escape_data(&escape::one_line(text))
}

fn escape_data(text: &str) -> String {
    let text = text
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    // The runner's older commands are found anywhere in a line.
    text.replace("##[", "##%5B")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// Text without any meaning in Markdown or HTML.
fn markdown(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in escape::one_line(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '@' => out.push_str("&#64;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            _ => out.push(c),
        }
    }
    out
}
