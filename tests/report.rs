//! Reports: the findings below in each format, compared with `testdata/report/golden`.
//!
//! `UPDATE=1 cargo test --test report` rewrites the goldens.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail"
)]

use std::fs;
use std::path::{Path, PathBuf};

use kubevet::finding::{
    Family, Finding, ObjectName, Place, Proof, Related, RuleMeta, Server, Severity,
};
use kubevet::minor::{Minor, Minors};
use kubevet::report::{
    self, Depth, Format, Options, Report, Skipped, Summary, Undecided, Verbosity,
};
use kubevet::source::{Source, SourceId, Span};

static MISMATCH: RuleMeta = RuleMeta {
    id: "selector-mismatch",
    family: Family::Server,
    severity: Severity::Error,
    proof: Proof::Rejected,
    page: include_str!("../testdata/report/rules/selector-mismatch.md"),
};
static HEADLESS: RuleMeta = RuleMeta {
    id: "headless-service-missing",
    family: Family::Service,
    severity: Severity::Warning,
    proof: Proof::Cited,
    page: include_str!("../testdata/report/rules/headless-service-missing.md"),
};
static HISTORY: RuleMeta = RuleMeta {
    id: "revision-history-off",
    family: Family::Workload,
    severity: Severity::Info,
    proof: Proof::Cited,
    page: include_str!("../testdata/report/rules/revision-history-off.md"),
};
static RULES: [&RuleMeta; 3] = [&MISMATCH, &HEADLESS, &HISTORY];

const WEB: u32 = 0;
const SERVICE: u32 = 1;
const HOSTILE: u32 = 2;
const TARGETS: [SourceId; 4] = [SourceId(0), SourceId(1), SourceId(2), SourceId(3)];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/report")
}

fn sources() -> Vec<Source> {
    let read = |name: &str| {
        let bytes = fs::read(folder().join("sources").join(name)).unwrap();
        Source::decode(format!("k8s/{name}"), bytes)
    };
    let names = ["web.yaml", "service.yaml", "hos tile,%:.yaml", "clean.yaml"];
    names.into_iter().map(read).collect()
}

/// The place of the `nth` `needle` in a source.
fn place(sources: &[Source], source: u32, needle: &str, nth: usize, path: &str) -> Place {
    let text = &sources[source as usize].text;
    let (start, found) = text.match_indices(needle).nth(nth).unwrap();
    let object = match source {
        WEB => Some(("apps/v1", "StatefulSet", "web")),
        SERVICE => Some(("v1", "Service", "web")),
        _ => None,
    };
    Place {
        source: SourceId(source),
        document: 0,
        object: object.map(|(api_version, kind, name)| ObjectName {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: Some("shop".to_owned()),
            name: name.to_owned(),
        }),
        path: path.to_owned(),
        span: Span::new(start as u32, (start + found.len()) as u32),
    }
}

fn finding(rule: &'static RuleMeta, message: &str, place: Place) -> Finding {
    Finding {
        rule,
        severity: rule.severity,
        message: message.to_owned(),
        help: None,
        key: format!("{} {}", rule.id, place.path),
        place,
        related: Vec::new(),
        server: None,
        minors: both(),
        hidden_by: None,
    }
}

fn related(place: Place, message: &str) -> Related {
    Related {
        place,
        message: message.to_owned(),
    }
}

fn both() -> Minors {
    [35, 36].into_iter().filter_map(Minor::new).collect()
}

fn findings(sources: &[Source]) -> Vec<Finding> {
    let at = |source, needle, nth, path| place(sources, source, needle, nth, path);
    let labels = "spec.template.metadata.labels";
    let mut mismatch = finding(
        &MISMATCH,
        "The selector asks for `app: web`, the template's label is `app: wéb`",
        at(WEB, "\"wéb\"", 0, labels),
    );
    mismatch.related = vec![related(
        at(WEB, "app: web", 0, "spec.selector"),
        "the selector",
    )];
    mismatch.server = Some(Server {
        code: 422,
        reason: "FieldValueInvalid",
        field: labels.to_owned(),
        detail: "`selector` does not match template `labels`".to_owned(),
    });
    let mut headless = finding(
        &HEADLESS,
        "Service `web` is not headless",
        at(WEB, "web", 2, "spec.serviceName"),
    );
    headless.related = vec![
        related(
            at(SERVICE, "10.0.0.7", 0, "spec.clusterIP"),
            "it has an address",
        ),
        related(
            at(WEB, "3", 0, "spec.replicas"),
            "pods that look for each other",
        ),
        related(at(WEB, "\"3\"", 0, "stringData"), "near a secret value"),
    ];
    headless.help = Some("Set `clusterIP: None` in Service `web`".to_owned());
    headless.minors = Minors::one(Minor::new(36).unwrap());
    let mut again = headless.clone();
    again.related.clear();
    again.hidden_by = Some("`selector` does not match template `labels`".to_owned());
    let mut warned = mismatch.clone();
    warned.severity = Severity::Warning;
    warned.server = Some(Server {
        code: 299,
        reason: "",
        field: String::new(),
        detail: "spec.selector: looks odd".to_owned(),
    });
    let escapes = finding(
        &HISTORY,
        "::error::injected\n::warning::\u{1b}[31m ##[add-mask] | <b>@you</b> *`100%`",
        at(HOSTILE, "::error::x", 0, ""),
    );
    let far = finding(&HISTORY, "far right", at(HOSTILE, "# end", 0, "data[long]"));
    vec![mismatch, headless, again, warned, escapes, far]
}

fn summary() -> Summary {
    Summary {
        audited: Vec::new(),
        disagreements: Vec::new(),
        file_kinds: vec![("manifest", 3), ("kustomization", 0), ("unreadable", 1)],
        documents: 5,
        objects: 4,
        webhooks: 0,
        depth: Depth {
            server: 2,
            schema: 1,
            structure: 0,
            unchecked: 1,
        },
        unchecked_kinds: vec![("Certificate.cert-manager.io/v1".to_owned(), 1)],
        undecided: vec![Undecided {
            rule: "headless-service-missing".to_owned(),
            why: "a Service may be in k8s/broken.yaml, which can't be read".to_owned(),
            count: 2,
        }],
        skipped: vec![Skipped {
            file: "k8s/broken.yaml".to_owned(),
            document: Some(1),
            why: "not valid YAML".to_owned(),
        }],
        suppressed: 2,
        baselined: 1,
        minors: both(),
        default_minors: false,
    }
}

/// The fixture in a format; `password` and the value after it are masked.
fn rendered(format: Format, options: &Options<'_>, clean: bool) -> String {
    with_report(clean, |report| report::render(report, format, options))
}

fn with_report<T>(clean: bool, then: impl FnOnce(&Report<'_>) -> T) -> T {
    let sources = sources();
    let findings = if clean { vec![] } else { findings(&sources) };
    let secret = |needle| (SourceId(WEB), place(&sources, WEB, needle, 0, "").span);
    let summary = match clean {
        false => summary(),
        true => Summary {
            file_kinds: vec![("manifest", 1)],
            documents: 1,
            minors: Minors::one(Minor::DEFAULT),
            default_minors: true,
            ..Summary::default()
        },
    };
    then(&Report {
        findings: &findings,
        sources: &sources,
        targets: &TARGETS,
        rules: &RULES,
        masked: &[secret("hunter2"), secret("\"3\"")],
        summary: &summary,
    })
}

fn options(verbosity: Verbosity) -> Options<'static> {
    Options {
        verbosity,
        width: 90,
        version: "0.0.0",
        rules_url: "https://example.com/rules",
        ..Options::default()
    }
}

fn check(name: &str, actual: &str) {
    let path = folder().join("golden").join(name);
    assert!(actual.ends_with('\n'), "{name} ends in a line break");
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(actual, expected, "{name} differs; UPDATE=1 rewrites it");
}

#[test]
fn renders_every_format_as_recorded() {
    let normal = options(Verbosity::Normal);
    for (format, extension) in [
        (Format::Text, "txt"),
        (Format::Json, "json"),
        (Format::Sarif, "sarif"),
        (Format::Junit, "xml"),
        (Format::Github, "txt"),
        (Format::Gitlab, "json"),
        (Format::PolicyReport, "json"),
    ] {
        let name = format.name();
        check(
            &format!("{name}.{extension}"),
            &rendered(format, &normal, false),
        );
        check(
            &format!("{name}-clean.{extension}"),
            &rendered(format, &normal, true),
        );
    }
}

#[test]
fn renders_text_as_asked_for() {
    let text = |options: &Options<'_>| rendered(Format::Text, options, false);
    check("text-quiet.txt", &text(&options(Verbosity::Quiet)));
    check("text-verbose.txt", &text(&options(Verbosity::Verbose)));
    let colored = Options {
        color: true,
        ..options(Verbosity::Normal)
    };
    check("text-color.txt", &text(&colored));
}

#[test]
fn renders_the_step_summary_as_recorded() {
    let options = options(Verbosity::Normal);
    for (clean, name) in [(false, "step-summary.md"), (true, "step-summary-clean.md")] {
        check(
            name,
            &with_report(clean, |report| {
                report::github::step_summary(report, &options)
            }),
        );
    }
}

#[test]
fn json_and_sarif_are_valid_against_their_schemas() {
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/report.schema.json");
    let sarif = folder().join("sarif-schema-2.1.0.json");
    for (format, schema) in [(Format::Json, own), (Format::Sarif, sarif)] {
        // The `]` that the language pattern of SARIF forgets to escape is no regex in Unicode mode.
        let schema = fs::read_to_string(schema).unwrap();
        let schema = schema.replace("[a-zA-Z]{2}]?$", "[a-zA-Z]{2}\\\\]?$");
        let schema = serde_json::from_str(&schema).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        for clean in [false, true] {
            let text = rendered(format, &options(Verbosity::Normal), clean);
            let value = serde_json::from_str(&text).unwrap();
            let errors: Vec<String> = validator
                .iter_errors(&value)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", format.name());
        }
    }
}

#[test]
fn junit_is_xml_and_counts_its_cases() {
    let text = rendered(Format::Junit, &options(Verbosity::Normal), false);
    let xml = roxmltree::Document::parse(&text).unwrap();
    for suite in xml
        .descendants()
        .filter(|n| n.has_tag_name("testsuite") || n.has_tag_name("testsuites"))
    {
        for (attribute, tag) in [
            ("tests", "testcase"),
            ("failures", "failure"),
            ("skipped", "skipped"),
        ] {
            let count = suite.descendants().filter(|n| n.has_tag_name(tag)).count();
            assert_eq!(suite.attribute(attribute), Some(count.to_string().as_str()));
        }
    }
}

#[test]
fn secrets_are_masked_in_excerpts() {
    for verbosity in [Verbosity::Normal, Verbosity::Verbose] {
        let text = rendered(Format::Text, &options(verbosity), false);
        assert!(text.contains("password: ******"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("replicas: \"3\""));
    }
}

#[test]
fn nothing_in_a_manifest_acts_on_a_terminal_or_runner() {
    for format in Format::OF_CLUSTERS {
        let text = rendered(format, &options(Verbosity::Verbose), false);
        assert!(!text.contains("##["), "{}", format.name());
        assert!(
            !text.contains(|c| c != '\n' && report::escape::is_hidden(c)),
            "{}",
            format.name()
        );
        let commands = text
            .lines()
            .filter(|line| line.trim_start().starts_with("::"));
        let expected = if format == Format::Github { 6 } else { 0 };
        assert_eq!(commands.count(), expected, "{}", format.name());
    }
}

#[test]
fn fingerprints_are_unique() {
    for format in [Format::Gitlab, Format::Sarif] {
        let text = rendered(format, &options(Verbosity::Normal), false);
        let prints = text
            .lines()
            .filter(|l| l.contains("ingerprint\":") || l.contains("kubevetKey/v1"));
        let prints: std::collections::BTreeSet<&str> = prints.map(str::trim).collect();
        assert_eq!(prints.len(), 6);
    }
}

#[test]
fn github_keeps_to_its_limit_of_annotations() {
    with_report(false, |report| {
        let many: Vec<Finding> = (0..25).flat_map(|_| report.findings.to_vec()).collect();
        let report = Report {
            findings: &many,
            ..*report
        };
        let text = report::render(&report, Format::Github, &options(Verbosity::Normal));
        let count = |level: &str| text.lines().filter(|line| line.starts_with(level)).count();
        assert_eq!(
            (count("::error "), count("::warning "), count("::notice ")),
            (10, 10, 10)
        );
        assert!(text.contains("::notice title=kubevet::121 more findings are not annotated:%0A"));
    });
}

#[test]
fn any_span_in_any_source_can_be_shown() {
    with_report(false, |report| {
        let lengths: Vec<u32> = report.sources.iter().map(|s| s.text.len() as u32).collect();
        let mut state = 1_u32;
        let mut random = |below: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % below
        };
        for _ in 0..400 {
            let mut finding = report.findings[1].clone();
            let related = finding.related.iter_mut().map(|related| &mut related.place);
            for place in std::iter::once(&mut finding.place).chain(related) {
                let source = random(5);
                let length = lengths.get(source as usize).copied().unwrap_or(9) + 3;
                let start = random(length);
                place.source = SourceId(source);
                place.span = Span::new(start, start + random(40));
            }
            let one = Report {
                findings: &[finding],
                ..*report
            };
            for format in Format::OF_CLUSTERS {
                assert!(!report::render(&one, format, &options(Verbosity::Verbose)).is_empty());
            }
        }
    });
}
