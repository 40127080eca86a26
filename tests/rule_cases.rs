//! Holds the checks of the rule book to their cases and to the API server's recorded verdicts.
//!
//! A case is a file `testdata/rules/cases/<rule>/<name>.yaml`. Its comments say what the rule
//! finds, and what else there is:
//!
//! - `#= error Deployment/web spec.paused`: a finding; `#= 1.33 …` up to this minor only,
//!   `#= 1.34+ …` from it on;
//! - `#= undecided`: a question without an answer;
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
use kubevet::finding::{Family, Finding, Server, Severity};
use kubevet::lint::admission;
use kubevet::lint::judge::{Judge, Judged};
use kubevet::lint::run::all_metas;
use kubevet::minor::{Minor, Minors};
use kubevet::object;
use kubevet::project::{Gap, Location, Project, Provides, Role, Sight};
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
            let judged = run(&case.text, minor.parse().unwrap());
            let findings = judged.iter().flat_map(|judged| &judged.findings);
            let own = findings.filter(|finding| finding.rule.id == case.rule);
            let mut found: Vec<String> = own.map(shown).collect();
            let undecided = judged.iter().flat_map(|judged| &judged.undecided);
            let undecided = undecided.filter(|undecided| undecided.rule == case.rule);
            found.extend(undecided.map(|_| "undecided".to_owned()));
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
        compare(&case.name, &case.text, recorded, &mut wrong);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn says_what_the_server_says_to_the_pages() {
    let verdicts = verdicts();
    let mut wrong = Vec::new();
    let rules = RULES.iter().map(|rule| &rule.meta);
    for meta in rules.chain(admission::rules::METAS.iter().copied()) {
        let (family, id) = (meta.family.name(), meta.id);
        for (section, name) in [("## Bad", "bad"), ("## Good", "good")] {
            // The page of an update shows what is there before it, too.
            let updates = block(meta.page, "## Before").is_some();
            let Some(text) = block(meta.page, section).filter(|_| !updates) else {
                continue;
            };
            let name = format!("{family}/{id}/{name}");
            compare(&name, text, &verdicts[&name], &mut wrong);
            let rejected = verdicts[&name].to_string().contains("\"code\":422");
            let should = meta.family == Family::Server && meta.severity == Severity::Error;
            if rejected != (should && section == "## Bad") {
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
}

fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for folder in sorted(Path::new("testdata/rules/cases")) {
        let rule = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let metas = all_metas(RULES);
        assert!(metas.iter().any(|meta| meta.id == rule), "no rule {rule}");
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
fn block<'p>(page: &'p str, section: &str) -> Option<&'p str> {
    let (_, after) = page.split_once(section)?;
    let (_, yaml) = after.split_once("```yaml\n")?;
    yaml.split_once("```").map(|(yaml, _)| yaml)
}

fn shown(finding: &Finding) -> String {
    let object = finding.place.object.as_ref().unwrap();
    let (kind, name) = (&object.kind, &object.name);
    format!("{} {kind}/{name} {}", finding.severity, finding.place.path)
}

/// Compares the server's verdicts on a text with what is said in its name: the same causes.
fn compare(name: &str, text: &str, recorded: &Value, wrong: &mut Vec<String>) {
    for minor in MINORS {
        let judged = run(text, minor.parse().unwrap());
        let findings = judged.iter().flat_map(|judged| &judged.findings);
        let said = findings.filter_map(|finding| finding.server.as_ref());
        let ours: Vec<&Server> = said.filter(|server| server.code == 422).collect();
        let theirs = recorded[minor].as_array().unwrap().iter();
        let theirs: Vec<&Value> = theirs
            .flat_map(|v| v["causes"].as_array().unwrap())
            .collect();
        for server in &ours {
            if !theirs.iter().any(|cause| is_said(server, cause)) {
                wrong.push(format!("{name} {minor}: the server doesn't say {server:?}"));
            }
        }
        for cause in theirs {
            if !ours.iter().any(|server| is_said(server, cause)) {
                wrong.push(format!("{name} {minor}: the server also says {cause}"));
            }
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

/// Judges every object of a case.
fn run(text: &str, minor: Minor) -> Vec<Judged> {
    let sources = files(text);
    let readings: Vec<Reading> = sources.iter().map(yaml::read).collect();
    let closed = text.contains("\n#closed");
    let locations = sources.iter().map(|source| Location {
        folder: source
            .name
            .rsplit_once('/')
            .map_or("", |(folder, _)| folder)
            .to_owned(),
        bundle: closed.then_some((0, 0)),
        closed,
        unlisted: None,
        namespace: None,
    });
    let sight = Sight {
        locations: locations.collect(),
        gaps: gaps(text),
        default_namespace: "default".to_owned(),
        ..Sight::default()
    };
    let mut project = Project::new(sight);
    for (i, reading) in readings.iter().enumerate() {
        for (document, read) in reading.documents.iter().enumerate() {
            let Some(root) = read.root.clone().unwrap() else {
                continue;
            };
            let (source, root) = (SourceId(i as u32), reading.tree.node(root));
            let content = object::content(source, document as u32, root);
            assert!(content.incomplete.is_empty(), "{content:?} in {text}");
            for object in content.objects {
                project.add(object, Role::Whole);
            }
        }
    }
    let judge = Judge {
        project: &project,
        rules: RULES,
        custom: &[],
    };
    let members = project.members().iter();
    members
        .map(|member| judge.target(member, Minors::one(minor)))
        .collect()
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
