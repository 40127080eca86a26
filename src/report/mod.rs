//! Findings in a format: text for people, JSON and the formats of other tools for machines.
//!
//! Lives here: what a report is made of and the one list of formats. Each format has a file of
//! its own. Not here: how findings are made (`lint`), where a report is written to (`cli`).
//! Nothing here asks the clock, the environment or the terminal: the same report and options
//! give the same bytes.

pub mod escape;
mod excerpt;
pub mod github;
mod gitlab;
mod json;
mod junit;
pub mod page;
mod policy_report;
mod sarif;
mod summary;
mod text;

pub use page::Page;
pub use summary::{Depth, Skipped, Summary, Undecided};

use crate::finding::{Finding, Place, RuleMeta, Severity};
use crate::minor::Minors;
use crate::source::{Position, Source, SourceId, Span};

/// What a run found and saw.
#[derive(Clone, Copy, Debug)]
pub struct Report<'a> {
    /// The findings, in the order in which they are shown.
    pub findings: &'a [Finding],
    /// The sources; `SourceId` is the index.
    pub sources: &'a [Source],
    /// The sources that were asked about, in the order in which they are shown; the others are
    /// context. JUnit counts those without findings as passed.
    pub targets: &'a [SourceId],
    /// The rules that ran, in the order in which they are shown.
    pub rules: &'a [&'static RuleMeta],
    /// Where values of Secrets stand, sorted and without overlaps: excerpts show stars there.
    pub masked: &'a [(SourceId, Span)],
    /// What was seen and how it was judged.
    pub summary: &'a Summary,
}

/// A format of reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For people, with excerpts of the sources.
    Text,
    /// kubevet's own, described by `schemas/report.schema.json`.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// JUnit XML, for test reports.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
    /// Objects of `wgpolicyk8s.io`, for an audit: a PolicyReport a namespace.
    PolicyReport,
}

/// How much text is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// One line a finding and one for the counts.
    Quiet,
    /// The full form for the first finding of each rule, one line for its repeats.
    #[default]
    Normal,
    /// The full form for each finding, and nothing cut short.
    Verbose,
}

/// How a report is shown.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// Whether text has ANSI colours.
    pub color: bool,
    /// How much text there is.
    pub verbosity: Verbosity,
    /// At which column text is wrapped.
    pub width: usize,
    /// The folder of the rule pages as a URL without a slash at the end; the page of a rule is
    /// `<rules_url>/<family>/<id>.md`.
    pub rules_url: &'a str,
    /// The version of kubevet.
    pub version: &'a str,
}

/// The version of the JSON format; it changes when a consumer would have to.
pub const FORMAT_VERSION: &str = "1";

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            color: false,
            verbosity: Verbosity::Normal,
            width: 100,
            rules_url: "https://kubevet.dev/rules",
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}

/// The report in a format; it ends in a line break.
pub fn render(report: &Report<'_>, format: Format, options: &Options<'_>) -> String {
    let mut out = match format {
        Format::Text => text::render(report, options),
        Format::Json => json::render(report, options),
        Format::Sarif => sarif::render(report, options),
        Format::Junit => junit::render(report),
        Format::Github => github::render(report, options),
        Format::Gitlab => gitlab::render(report),
        Format::PolicyReport => policy_report::render(report),
    };
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

impl Format {
    /// Those of files, in the order in which help lists them.
    pub const OF_FILES: [Format; 6] = [
        Self::Text,
        Self::Json,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Gitlab,
    ];

    /// Those of an audit.
    pub const OF_CLUSTERS: [Format; 7] = [
        Self::Text,
        Self::Json,
        Self::Sarif,
        Self::Junit,
        Self::Github,
        Self::Gitlab,
        Self::PolicyReport,
    ];

    /// The one of these with a name.
    ///
    /// # Errors
    /// There is none.
    pub fn named(text: &str, formats: &[Self]) -> Result<Self, String> {
        let mut all = formats.iter().copied();
        all.find(|format| format.name() == text).ok_or_else(|| {
            let names: Vec<&str> = formats.iter().map(|format| format.name()).collect();
            format!("`{text}` is not a format: {}", names.join(", "))
        })
    }

    /// The lower-case name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::PolicyReport => "policy-report",
        }
    }
}

/// Where a place lies in its file.
struct Spot<'a> {
    file: &'a str,
    start: Position,
    end: Position,
}

impl Spot<'_> {
    /// The last line with a byte of the place: a span that ends in a line break doesn't reach
    /// into the next line.
    fn last_line(&self) -> u32 {
        let reaches = self.end.line > self.start.line && self.end.column == 1;
        self.end.line - u32::from(reaches)
    }
}

impl<'a> Report<'a> {
    /// How many findings have a severity.
    pub fn count(&self, severity: Severity) -> usize {
        let same = |finding: &&Finding| finding.severity == severity;
        self.findings.iter().filter(same).count()
    }

    fn source(&self, id: SourceId) -> Option<&'a Source> {
        self.sources.get(id.0 as usize)
    }

    fn spot(&self, place: &Place) -> Spot<'a> {
        const NOWHERE: Position = Position {
            line: 1,
            column: 1,
            byte: 0,
        };
        match self.source(place.source) {
            Some(source) => Spot {
                file: &source.name,
                start: source.position(place.span.start),
                end: source.position(place.span.end),
            },
            None => Spot {
                file: "",
                start: NOWHERE,
                end: NOWHERE,
            },
        }
    }

    /// The minors that a finding holds for, where that says more than the summary does.
    fn told_minors(&self, finding: &Finding) -> Option<Minors> {
        (self.summary.minors.len() > 1).then_some(finding.minors)
    }

    /// The minors that a finding holds for, if it doesn't hold for all that were judged.
    fn only_in(&self, finding: &Finding) -> Option<String> {
        let minors = self.told_minors(finding)?;
        (minors != self.summary.minors).then(|| minors.to_string())
    }

    /// The finding in one sentence: `message (Deployment/web spec.replicas) [1.36]`.
    fn described(&self, finding: &Finding) -> String {
        let mut text = finding.message.clone();
        let subject = subject(&finding.place);
        if !subject.is_empty() {
            text.push_str(&format!(" ({subject})"));
        }
        if let Some(only) = self.only_in(finding) {
            text.push_str(&format!(" [{only}]"));
        }
        text
    }
}

/// What to do: the finding's own advice, else the page's.
fn help(finding: &Finding) -> String {
    match &finding.help {
        Some(help) => help.clone(),
        None => Page::of(finding.rule).first_of("What to do"),
    }
}

/// `Deployment/web spec.replicas`; without an object, the path alone.
fn subject(place: &Place) -> String {
    let object = place
        .object
        .as_ref()
        .map(|object| match object.name.as_str() {
            "" => object.kind.clone(),
            name => format!("{}/{name}", object.kind),
        });
    let parts = [object.unwrap_or_default(), place.path.clone()];
    let shown: Vec<&str> = parts
        .iter()
        .map(String::as_str)
        .filter(|p| !p.is_empty())
        .collect();
    shown.join(" ")
}

/// Where the page of a rule is on the web.
fn rule_url(rule: &RuleMeta, options: &Options<'_>) -> String {
    format!(
        "{}/{}/{}.md",
        options.rules_url,
        rule.family.name(),
        rule.id
    )
}

/// One fingerprint a finding, from its key. Where findings share a key, the second and later ones
/// count on, since consumers drop what has the same fingerprint.
fn fingerprints(findings: &[Finding]) -> Vec<String> {
    let mut seen = std::collections::BTreeMap::new();
    let next = |finding: &Finding| {
        let ordinal: &mut u32 = seen.entry(finding.key.clone()).or_default();
        let text = match *ordinal {
            0 => finding.key.clone(),
            n => format!("{}\0{n}", finding.key),
        };
        *ordinal += 1;
        format!("{:032x}", fnv128(text.as_bytes()))
    };
    findings.iter().map(next).collect()
}

/// FNV-1a with 128 bits (<http://www.isthe.com/chongo/tech/comp/fnv/>). A fingerprint only tells
/// findings of one repository apart, and who can write a manifest can also suppress a finding, so
/// no cryptographic hash (and no crate) is needed; it must be stable for ever, which this is.
fn fnv128(bytes: &[u8]) -> u128 {
    const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = (1 << 88) + 0x13b;
    let step = |hash: u128, byte: &u8| (hash ^ u128::from(*byte)).wrapping_mul(PRIME);
    bytes.iter().fold(BASIS, step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_as_fnv_1a_does() {
        assert_eq!(fnv128(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(fnv128(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
    }

    #[test]
    fn reads_names_of_formats() {
        let of_files = |name| Format::named(name, &Format::OF_FILES);
        assert_eq!(of_files("sarif"), Ok(Format::Sarif));
        assert!(of_files("xml").is_err_and(|error| error.contains("junit")));
        assert!(of_files("policy-report").is_err());
    }
}
