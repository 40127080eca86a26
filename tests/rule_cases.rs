//! Holds the checks of the rule book to their cases and to the API server's recorded verdicts.
//!
//! A case is a file `testdata/rules/cases/<rule>/<name>.yaml`. Its comments say what the rule
//! finds, and what else there is:
//!
//! - `#= error Deployment/web spec.paused`: a finding; `#= 1.33 …` up to this minor only,
//!   `#= 1.34+ …` from it on;
//! - `#= undecided`: a question without an answer;
//! - `#also: PATH`: a cause that the server gives there which is another rule's;
//! - `#file: NAME`: what follows stands in a file of this name;
//! - `#closed`: everything is in one bundle, and complete;
//! - `#gap: KIND`, `#gap`: something isn't read that may hold this kind, or any.
//!
//! `testdata/rules/verdicts.json` is what the server's own code says to the cases and to the
//! pages' manifests; `e2e/linked/verdicts` writes it.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may fail loudly, its helpers too"
)]

#[path = "support/notes.rs"]
mod notes;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kubevet::document::Reading;
use kubevet::finding::{Finding, Server};
use kubevet::minor::Minor;
use kubevet::object;
use kubevet::object::placeholder::Placeholders;
use kubevet::project::{Gap, Location, Member, Project, Provides, Role, Sight};
use kubevet::rule::{Context, Rule, Scope, Sink};
use kubevet::rules::RULES;
use kubevet::source::{Source, SourceId};
use kubevet::yaml;
use serde_json::Value;

/// The minors with recorded verdicts: the oldest, the newest, and both sides of 1.34, since which
/// the templates of StatefulSets are validated.
const MINORS: [&str; 4] = ["1.29", "1.33", "1.34", "1.37"];

#[test]
fn finds_what_the_cases_say() {
    let mut wrong = Vec::new();
    for case in cases() {
        for minor in MINORS {
            let mut expected = case.expected(minor);
            let sink = run(&case.text, minor.parse().unwrap(), &|rule| {
                rule.meta.id == case.rule
            });
            let mut found: Vec<String> = sink.findings.iter().map(shown).collect();
            found.extend(sink.undecided.iter().map(|_| "undecided".to_owned()));
            expected.sort();
            found.sort();
            if found != expected {
                wrong.push(format!(
                    "{} {minor}: {found:#?} is not {expected:#?}",
                    case.name
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn says_what_the_server_says_to_the_cases() {
    let verdicts = verdicts();
    let mut wrong = Vec::new();
    for case in cases().iter().filter(|case| !case.text.contains("${")) {
        let recorded = &verdicts[&format!("cases/{}", case.name)];
        compare(&case.name, &case.text, recorded, &case.also(), &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn says_what_the_server_says_to_the_pages() {
    let verdicts = verdicts();
    let mut wrong = Vec::new();
    for rule in RULES {
        let (family, id) = (rule.meta.family.name(), rule.meta.id);
        for (section, name) in [("## Bad", "bad"), ("## Good", "good")] {
            let text = block(rule.meta.page, section);
            let name = format!("{family}/{id}/{name}");
            compare(&name, text, &verdicts[&name], &[], &mut wrong);
            let rejected = verdicts[&name].to_string().contains("\"code\":422");
            if rejected != (rule.scope == Scope::Server && section == "## Bad") {
                wrong.push(format!("{name}: rejected is {rejected}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// One case file.
struct Case {
    rule: String,
    name: String,
    text: String,
}

impl Case {
    /// The findings that its comments name for a minor.
    fn expected(&self, minor: &str) -> Vec<String> {
        notes::noted(&self.text, "#= ", minor.parse().unwrap())
    }

    /// The fields of causes that are other rules'.
    fn also(&self) -> Vec<&str> {
        let lines = self.text.lines();
        lines
            .filter_map(|line| line.strip_prefix("#also: "))
            .collect()
    }
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for folder in sorted(Path::new("testdata/rules/cases")) {
        let rule = folder.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(RULES.iter().any(|r| r.meta.id == rule), "no rule {rule}");
        for file in sorted(&folder) {
            let stem = file.file_stem().unwrap().to_str().unwrap();
            cases.push(Case {
                name: format!("{rule}/{stem}"),
                rule: rule.clone(),
                text: fs::read_to_string(&file).unwrap(),
            });
        }
    }
    cases
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn verdicts() -> BTreeMap<String, Value> {
    let text = fs::read_to_string("testdata/rules/verdicts.json").unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The YAML of a section of a page.
fn block<'p>(page: &'p str, section: &str) -> &'p str {
    let (_, after) = page.split_once(section).unwrap();
    let (_, yaml) = after.split_once("```yaml\n").unwrap();
    yaml.split_once("```").unwrap().0
}

fn shown(finding: &Finding) -> String {
    let object = finding.place.object.as_ref().unwrap();
    let (kind, name) = (&object.kind, &object.name);
    format!("{} {kind}/{name} {}", finding.severity, finding.place.path)
}

/// Compares the server's verdicts on a text with what the rules say in its name: the same
/// causes, but for those at the fields in `also`, which are other rules'.
fn compare(name: &str, text: &str, recorded: &Value, also: &[&str], wrong: &mut Vec<String>) {
    for minor in MINORS {
        let sink = run(text, minor.parse().unwrap(), &|rule| {
            rule.scope == Scope::Server
        });
        let ours: Vec<&Server> = sink
            .findings
            .iter()
            .filter_map(|f| f.server.as_ref())
            .collect();
        let theirs = recorded[minor].as_array().unwrap().iter();
        let theirs: Vec<&Value> = theirs
            .flat_map(|v| v["causes"].as_array().unwrap())
            .collect();
        for server in &ours {
            if server.code != 422 || !theirs.iter().any(|cause| is_said(server, cause)) {
                wrong.push(format!("{name} {minor}: the server doesn't say {server:?}"));
            }
        }
        let missed = theirs
            .iter()
            .filter(|cause| !ours.iter().any(|s| is_said(s, cause)));
        let mut missed: Vec<&str> = missed
            .map(|cause| cause["field"].as_str().unwrap())
            .collect();
        let mut also = also.to_vec();
        missed.sort_unstable();
        also.sort_unstable();
        if missed != also {
            wrong.push(format!("{name} {minor}: the server also says {missed:?}"));
        }
    }
}

fn is_said(server: &Server, cause: &Value) -> bool {
    let message = cause["message"].as_str().unwrap();
    let detail = format!(": {}", server.detail);
    cause["reason"] == server.reason
        && cause["field"] == server.field.as_str()
        && (server.detail.is_empty() || message.ends_with(&detail))
}

/// Runs rules on every object of a case.
fn run(text: &str, minor: Minor, wanted: &dyn Fn(&Rule) -> bool) -> Sink {
    let sources = files(text);
    let readings: Vec<Reading> = sources.iter().map(yaml::read).collect();
    let placeholders = Placeholders::default();
    let mut members = Vec::new();
    for (i, reading) in readings.iter().enumerate() {
        for (document, read) in reading.documents.iter().enumerate() {
            let Some(root) = read.root.clone().unwrap() else {
                continue;
            };
            let (source, root) = (SourceId(i as u32), reading.tree.node(root));
            let content = object::content(source, document as u32, root);
            assert!(content.incomplete.is_empty(), "{content:?} in {text}");
            let objects = content.objects.into_iter();
            members.extend(objects.map(|o| Member::new(o, Role::Whole, &placeholders)));
        }
    }
    let closed = text.contains("\n#closed");
    let locations = sources.iter().map(|source| Location {
        folder: source
            .name
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned(),
        bundle: closed.then_some((0, 0)),
        closed,
        namespace: None,
    });
    let sight = Sight {
        locations: locations.collect(),
        gaps: gaps(text),
        default_namespace: "default".to_owned(),
        ..Sight::default()
    };
    let project = Project::new(members, sight);
    let mut sink = Sink::default();
    for member in project.members() {
        for rule in RULES.iter().filter(|rule| wanted(rule)) {
            (rule.check)(
                &Context {
                    member,
                    project: &project,
                    minor,
                },
                &mut sink,
            );
        }
    }
    sink
}

/// The files of a case, cut at its `#file:` lines.
fn files(text: &str) -> Vec<Source> {
    let (head, rest) = text.split_once("#file: ").unwrap_or((text, ""));
    let mut files = Vec::new();
    if head
        .lines()
        .any(|line| !line.starts_with('#') && !line.is_empty())
    {
        files.push(Source::new("case.yaml", head));
    }
    for part in rest.split("#file: ").filter(|part| !part.is_empty()) {
        let (name, body) = part.split_once('\n').unwrap();
        files.push(Source::new(name, body));
    }
    files
}

fn gaps(text: &str) -> Vec<Gap> {
    let lines = text.lines().filter_map(|line| line.strip_prefix("#gap"));
    let gap = |kind: &str| Gap {
        why: "not read".to_owned(),
        provides: match kind.strip_prefix(": ") {
            Some(kind) => Provides::Kind(kind.to_owned()),
            None => Provides::Anything,
        },
    };
    lines.map(gap).collect()
}
