//! Text for people: excerpts drawn by miette, what is wrong, why, what to do, and what was seen.
//!
//! Lives here: the words and their order. Not here: which lines of a source are shown (`excerpt`).

use std::collections::BTreeSet;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters,
    ThemeStyles,
};

use super::excerpt::{CONTEXT, Excerpts, Mark};
use super::{Options, Page, Report, Verbosity, escape, help, subject};
use crate::finding::{Finding, Place, Server, Severity};

/// Related places shown with a finding unless the report is verbose.
const MAX_RELATED: usize = 5;
/// Skipped files and reasons listed at the end unless the report is verbose.
const MAX_LISTED: usize = 10;

/// The findings, then what was seen.
pub(super) fn render(report: &Report<'_>, options: &Options<'_>) -> String {
    let mut out = String::new();
    let mut told = BTreeSet::new();
    let mut after_full = false;
    for finding in report.findings {
        let first = told.insert(finding.rule.id);
        let full = match options.verbosity {
            Verbosity::Quiet => false,
            Verbosity::Normal => first,
            Verbosity::Verbose => true,
        };
        if !out.is_empty() && (full || after_full) {
            out.push('\n');
        }
        let form = if full { full_form } else { one_line };
        out.push_str(&form(report, finding, options));
        after_full = full;
    }
    if !out.is_empty() && options.verbosity > Verbosity::Quiet {
        out.push('\n');
    }
    out.push_str(&closing(report, options));
    escape::without_commands(&out).into_owned()
}

/// `path/file.yaml:12:9 error[rule-id] message (Deployment/web spec.x)`.
pub(super) fn one_line(report: &Report<'_>, finding: &Finding, options: &Options<'_>) -> String {
    let spot = report.spot(&finding.place);
    let name = format!("{}[{}]", finding.severity, finding.rule.id);
    format!(
        "{}:{}:{} {} {}\n",
        escape::one_line(spot.file),
        spot.start.line,
        spot.start.column,
        paint(&name, color_of(finding.severity), options),
        escape::one_line(&report.described(finding)),
    )
}

/// The counts, and unless quiet what was seen, undecided and skipped, and the minors.
pub(super) fn closing(report: &Report<'_>, options: &Options<'_>) -> String {
    let mut out = counts(report);
    if options.verbosity == Verbosity::Quiet {
        if !report.summary.skipped.is_empty() {
            out.push_str(&format!(", {} skipped", report.summary.skipped.len()));
        }
        out.push('\n');
        return out;
    }
    let summary = report.summary;
    out.push_str(&format!("\nseen: {}\n", seen(report)));
    for (kind, count) in limited(&summary.unchecked_kinds, options) {
        out.push_str(&format!(
            "  unchecked: {} {count}\n",
            escape::one_line(kind)
        ));
    }
    out.push_str(&rest(
        summary.unchecked_kinds.len(),
        "kinds unchecked",
        options,
    ));
    for undecided in limited(&summary.undecided, options) {
        let why = escape::one_line(&undecided.why);
        let (rule, count) = (escape::one_line(&undecided.rule), undecided.count);
        out.push_str(&format!("  undecided: {rule} {count}: {why}\n"));
    }
    out.push_str(&rest(summary.undecided.len(), "reasons", options));
    for (rule, count) in &summary.disagreements {
        out.push_str(&format!(
            "  accepted by the server all the same: {rule} {count}\n"
        ));
    }
    for skipped in limited(&summary.skipped, options) {
        let file = escape::one_line(&skipped.file);
        let document = skipped
            .document
            .map_or(String::new(), |d| format!(" document {d}"));
        let why = escape::one_line(&skipped.why);
        out.push_str(&format!("  skipped: {file}{document}: {why}\n"));
    }
    out.push_str(&rest(summary.skipped.len(), "skipped", options));
    out.push_str(&judged_for(report));
    out
}

/// The excerpt with all that helps to understand and repair.
fn full_form(report: &Report<'_>, finding: &Finding, options: &Options<'_>) -> String {
    let limit = match options.verbosity {
        Verbosity::Verbose => usize::MAX,
        _ => MAX_RELATED,
    };
    let shown = Shown::new(report, finding, limit);
    let mut out = String::new();
    if handler(options).render_report(&mut out, &shown).is_err() {
        out = one_line(report, finding, options);
    }
    let hidden = finding.related.len().saturating_sub(limit);
    if hidden > 0 {
        out.push_str(&footer(
            "also",
            &format!("{hidden} more places (-v shows all)"),
            options,
        ));
    }
    if let Some(server) = &finding.server {
        let (name, text) = server_words(server);
        out.push_str(&footer(name, &text, options));
    }
    if let Some(hidden_by) = &finding.hidden_by {
        let text = format!("the server says this only once it no longer says: {hidden_by}");
        out.push_str(&footer("after", &text, options));
    }
    if let Some(only) = report.only_in(finding) {
        out.push_str(&footer("only in", &only, options));
    }
    out.push_str(&footer(
        "why",
        &Page::of(finding.rule).first_of("Why"),
        options,
    ));
    out.push_str(&footer("help", &help(finding), options));
    out.push_str(&footer(
        "more",
        &format!("kubevet explain {}", finding.rule.id),
        options,
    ));
    out
}

/// The name of the line and the verdict, as kubectl would print it.
fn server_words(server: &Server) -> (&'static str, String) {
    if server.warns() {
        return ("server warns", server.detail.clone());
    }
    let field = match server.field.as_str() {
        "" => String::new(),
        field => format!("{field}: "),
    };
    let text = format!(
        "{field}{} ({} {})",
        server.detail, server.code, server.reason
    );
    ("server says", text)
}

/// `  name: text`, wrapped below the text; nothing if there is no text.
fn footer(name: &str, text: &str, options: &Options<'_>) -> String {
    if text.is_empty() {
        return String::new();
    }
    let indent = " ".repeat(name.len() + 4);
    // Wrapped without colours, since escapes would count as columns.
    let wrap = textwrap::Options::new(options.width.max(40))
        .initial_indent(&indent)
        .subsequent_indent(&indent);
    let wrapped = textwrap::fill(&escape::one_line(text), wrap);
    let after = wrapped.get(indent.len()..).unwrap_or_default();
    format!("  {} {after}\n", paint(&format!("{name}:"), CYAN, options))
}

fn counts(report: &Report<'_>) -> String {
    let mut parts = Vec::new();
    for severity in Severity::ALL.into_iter().rev() {
        let count = report.count(severity);
        let plural = if count == 1 { "" } else { "s" };
        if count > 0 {
            parts.push(format!("{count} {severity}{plural}"));
        }
    }
    if parts.is_empty() {
        parts.push("no findings".to_owned());
    }
    if report.summary.suppressed > 0 {
        parts.push(format!("{} suppressed", report.summary.suppressed));
    }
    if report.summary.baselined > 0 {
        parts.push(format!("{} in the baseline", report.summary.baselined));
    }
    parts.join(", ")
}

/// `3 files (manifest 2, patch 1), 4 documents, 4 objects (as the server 3, unchecked 1), …`.
fn seen(report: &Report<'_>) -> String {
    let summary = report.summary;
    let depth = [
        ("validated like the server", summary.depth.server),
        ("schema only", summary.depth.schema),
        ("structure only", summary.depth.structure),
        ("unchecked", summary.depth.unchecked),
    ];
    let mut parts = Vec::new();
    if summary.audited.is_empty() {
        parts.push(format!(
            "{}{}",
            number(summary.files(), "file"),
            parenthesis(&summary.file_kinds)
        ));
        parts.push(number(summary.documents, "document"));
    }
    parts.push(format!(
        "{}{}",
        number(summary.objects, "object"),
        parenthesis(&depth)
    ));
    if summary.undecided_count() > 0 {
        parts.push(format!("{} undecided", summary.undecided_count()));
    }
    if !summary.skipped.is_empty() {
        parts.push(format!("{} skipped", summary.skipped.len()));
    }
    parts.join(", ")
}

fn judged_for(report: &Report<'_>) -> String {
    let minors = report.summary.minors;
    let default = match report.summary.default_minors {
        true => " (the default; --kubernetes-version asks for others)",
        false => "",
    };
    if minors.is_empty() {
        return String::new();
    }
    format!("judged for Kubernetes {minors}{default}\n")
}

fn number(count: usize, noun: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// ` (a 1, b 2)` of what there is; nothing if there is nothing.
fn parenthesis(counts: &[(&str, usize)]) -> String {
    let there = counts.iter().filter(|(_, count)| *count > 0);
    let parts: Vec<String> = there
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    match parts.is_empty() {
        true => String::new(),
        false => format!(" ({})", parts.join(", ")),
    }
}

fn limited<'a, T>(items: &'a [T], options: &Options<'_>) -> impl Iterator<Item = &'a T> {
    let limit = match options.verbosity {
        Verbosity::Verbose => usize::MAX,
        _ => MAX_LISTED,
    };
    items.iter().take(limit)
}

fn rest(count: usize, what: &str, options: &Options<'_>) -> String {
    let hidden = count.saturating_sub(MAX_LISTED);
    match options.verbosity {
        Verbosity::Normal if hidden > 0 => format!("  and {hidden} more {what} (-v shows all)\n"),
        _ => String::new(),
    }
}

const RED: &str = "31";
const YELLOW: &str = "33";
const CYAN: &str = "36";

fn color_of(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => RED,
        Severity::Warning => YELLOW,
        Severity::Info => CYAN,
    }
}

fn paint(text: &str, color: &str, options: &Options<'_>) -> String {
    match options.color {
        true => format!("\u{1b}[{color}m{text}\u{1b}[0m"),
        false => text.to_owned(),
    }
}

fn handler(options: &Options<'_>) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: ThemeCharacters::unicode(),
        styles: match options.color {
            true => ThemeStyles::ansi(),
            false => ThemeStyles::none(),
        },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(options.width.max(40))
        .with_context_lines(CONTEXT)
        .with_urls(false)
}

/// A finding as miette wants it.
#[derive(Debug)]
struct Shown {
    code: String,
    severity: Severity,
    message: String,
    labels: Vec<LabeledSpan>,
    excerpts: Excerpts,
}

impl Shown {
    fn new(report: &Report<'_>, finding: &Finding, related: usize) -> Self {
        let others = finding.related.iter().take(related);
        let mut texts = vec![subject(&finding.place)];
        let mut marks = vec![mark(&finding.place)];
        for other in others {
            texts.push(other.message.clone());
            marks.push(mark(&other.place));
        }
        let (excerpts, spans) = Excerpts::around(report, &marks);
        let mut labels = Vec::new();
        for (index, (text, span)) in texts.into_iter().zip(spans).enumerate() {
            let Some(span) = span else { continue };
            let text = escape::one_line(&text).into_owned();
            let text = (!text.is_empty()).then_some(text);
            labels.push(match index {
                0 => LabeledSpan::new_primary_with_span(text, span),
                _ => LabeledSpan::new_with_span(text, span),
            });
        }
        Self {
            code: format!("{}[{}]", finding.severity, finding.rule.id),
            severity: finding.severity,
            message: escape::one_line(&finding.message).into_owned(),
            labels,
            excerpts,
        }
    }
}

fn mark(place: &Place) -> Mark {
    Mark {
        source: place.source,
        span: place.span,
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Shown {}

impl Diagnostic for Shown {
    fn code<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        Some(Box::new(&self.code))
    }

    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.excerpts)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}
