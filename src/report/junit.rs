//! JUnit XML: a suite a file, a failed case a finding, a passed case a file without any.
//!
//! Own writer: the format is six elements, and a crate for it costs 10 s of CPU to build.
//! (Upstream: <https://github.com/testmoapp/junitxml>, the format as consumers read it.)

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Write;

use super::{Report, escape, help, subject};
use crate::finding::{Finding, Severity};
use crate::source::SourceId;

/// The report as XML.
pub(super) fn render(report: &Report<'_>) -> String {
    let suites = suites(report);
    let cases: usize = suites.iter().map(Suite::cases).sum();
    let failures: usize = suites.iter().map(Suite::failures).sum();
    let skipped: usize = suites.iter().map(|suite| suite.skipped.len()).sum();
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a string can't fail.
    let _ = writeln!(
        out,
        "<testsuites name=\"kubevet\" tests=\"{cases}\" failures=\"{failures}\" errors=\"0\" \
         skipped=\"{skipped}\">"
    );
    for suite in &suites {
        write_suite(&mut out, report, suite);
    }
    out.push_str("</testsuites>\n");
    out
}

/// What is said about one file.
#[derive(Default)]
struct Suite<'a> {
    file: &'a str,
    findings: Vec<&'a Finding>,
    skipped: Vec<(Option<u32>, &'a str)>,
}

impl Suite<'_> {
    fn cases(&self) -> usize {
        (self.findings.len() + self.skipped.len()).max(1)
    }

    fn failures(&self) -> usize {
        let failed = |finding: &&&Finding| finding.severity > Severity::Info;
        self.findings.iter().filter(failed).count()
    }
}

/// The targets, then other files with findings, then skipped files that were never read.
fn suites<'a>(report: &Report<'a>) -> Vec<Suite<'a>> {
    let mut suites: Vec<Suite<'a>> = Vec::new();
    let mut index: BTreeMap<&'a str, usize> = BTreeMap::new();
    let mut suite_of = |suites: &mut Vec<Suite<'a>>, file: &'a str| {
        *index.entry(file).or_insert_with(|| {
            suites.push(Suite {
                file,
                ..Suite::default()
            });
            suites.len() - 1
        })
    };
    let name = |id: SourceId| report.source(id).map_or("", |source| source.name.as_str());
    for id in report.targets {
        suite_of(&mut suites, name(*id));
    }
    for finding in report.findings {
        let at = suite_of(&mut suites, name(finding.place.source));
        if let Some(suite) = suites.get_mut(at) {
            suite.findings.push(finding);
        }
    }
    for skipped in &report.summary.skipped {
        let at = suite_of(&mut suites, &skipped.file);
        if let Some(suite) = suites.get_mut(at) {
            suite.skipped.push((skipped.document, &skipped.why));
        }
    }
    suites
}

fn write_suite(out: &mut String, report: &Report<'_>, suite: &Suite<'_>) {
    let file = xml(suite.file);
    let _ = writeln!(
        out,
        "  <testsuite name=\"{file}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\">",
        suite.cases(),
        suite.failures(),
        suite.skipped.len(),
    );
    for finding in &suite.findings {
        write_case(out, report, finding, &file);
    }
    for (document, why) in &suite.skipped {
        let name = document.map_or("read".to_owned(), |d| format!("read document {d}"));
        let _ = writeln!(out, "    <testcase classname=\"{file}\" name=\"{name}\">");
        let _ = writeln!(out, "      <skipped message=\"{}\"/>", xml(why));
        out.push_str("    </testcase>\n");
    }
    if suite.findings.is_empty() && suite.skipped.is_empty() {
        let _ = writeln!(out, "    <testcase classname=\"{file}\" name=\"lint\"/>");
    }
    out.push_str("  </testsuite>\n");
}

fn write_case(out: &mut String, report: &Report<'_>, finding: &Finding, file: &str) {
    let spot = report.spot(&finding.place);
    let (line, column) = (spot.start.line, spot.start.column);
    let subject = subject(&finding.place);
    let name = format!("{} {subject}", finding.rule.id);
    let place = format!("{}:{line}:{column}", spot.file);
    let _ = writeln!(
        out,
        "    <testcase classname=\"{file}\" name=\"{}\" file=\"{file}\" line=\"{line}\">",
        xml(name.trim_end()),
    );
    let message = xml(&report.described(finding)).into_owned();
    let mut body = vec![xml(&place).into_owned(), message.clone()];
    for related in &finding.related {
        let spot = report.spot(&related.place);
        let place = format!("{}:{}:{}", spot.file, spot.start.line, spot.start.column);
        body.push(format!("{}: {}", xml(&place), xml(&related.message)));
    }
    let help = help(finding);
    if !help.is_empty() {
        body.push(format!("help: {}", xml(&help)));
    }
    let body = body.join("\n");
    if finding.severity > Severity::Info {
        let kind = format!("{}[{}]", finding.severity, finding.rule.id);
        let kind = xml(&kind);
        let _ = writeln!(
            out,
            "      <failure message=\"{message}\" type=\"{kind}\">{body}</failure>"
        );
    } else {
        let _ = writeln!(out, "      <system-out>{body}</system-out>");
    }
    out.push_str("    </testcase>\n");
}

/// Text for an element or an attribute. Characters that XML can't hold are written out, `::` and
/// `##[` are references, so that a printed report holds no workflow command.
fn xml(text: &str) -> Cow<'_, str> {
    let text = escape::one_line(text);
    if !text.contains(['&', '<', '>', '"', '\'', ':', '[']) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            ':' if out.ends_with(':') => out.push_str("&#58;"),
            '[' if out.ends_with("##") => out.push_str("&#91;"),
            _ => out.push(c),
        }
    }
    Cow::Owned(out)
}
