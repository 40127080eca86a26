//! What the rules that relate objects say of the cases in `testdata/relations/`.
//!
//! A case is a file. Its first lines say what is expected, in any order: `# finds: RULE PATH`,
//! with `severity=error` where it isn't the rule's own, and `# undecided: RULE`. A line
//! `# file: NAME` begins another source, `# closed` in a source declares its folder a complete
//! bundle, and `# partial` makes its objects sources of something else. Rules outside the
//! relations aren't asked.

#![allow(
    clippy::unwrap_used,
    reason = "a test may fail loudly, its helpers too"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use kubevet::minor::Minor;
use kubevet::object::content;
use kubevet::project::{Location, Project, Role, Sight};
use kubevet::rule::{Context, Sink};
use kubevet::rules::RULES;
use kubevet::source::{Source, SourceId};
use kubevet::yaml;

const RELATIONS: [&str; 3] = ["service", "storage", "bundle"];

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/relations");
    let entries = fs::read_dir(folder).unwrap();
    let mut cases: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    cases
}

/// The sources of a case: name and text.
fn sources(text: &str) -> Vec<Source> {
    let mut sources = vec![("case.yaml", String::new())];
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# file: ") {
            sources.push((name, String::new()));
        } else {
            let (_, text) = sources.last_mut().unwrap();
            text.push_str(line);
            text.push('\n');
        }
    }
    let sources = sources.into_iter();
    sources
        .map(|(name, text)| Source::new(name, text))
        .collect()
}

fn location(source: &Source) -> Location {
    let folder = source
        .name
        .rsplit_once('/')
        .map_or("", |(folder, _)| folder);
    let closed = source.text.contains("# closed\n");
    Location {
        folder: folder.to_owned(),
        bundle: closed.then_some((0, 0)),
        closed,
        unlisted: None,
        namespace: None,
    }
}

/// What the rules say of a case, as its first lines would say it.
fn said(text: &str) -> BTreeSet<String> {
    let sources = sources(text);
    let readings: Vec<_> = sources.iter().map(yaml::read).collect();
    let sight = Sight {
        locations: sources.iter().map(location).collect(),
        default_namespace: "default".to_owned(),
        ..Sight::default()
    };
    let mut project = Project::new(sight);
    for (i, (source, reading)) in sources.iter().zip(&readings).enumerate() {
        let partial = source.text.contains("# partial\n");
        let role = if partial { Role::Partial } else { Role::Whole };
        for (number, document) in reading.documents.iter().enumerate() {
            let Some(root) = document.root.clone().unwrap() else {
                continue;
            };
            let root = reading.tree.node(root);
            let content = content(SourceId(i as u32), number as u32, root);
            for object in content.objects {
                project.add(object, role);
            }
        }
    }
    let mut sink = Sink::default();
    for member in project.members().iter().filter(|m| m.role == Role::Whole) {
        let context = Context {
            member,
            project: &project,
            minor: Minor::DEFAULT,
        };
        let rules = RULES
            .iter()
            .filter(|rule| RELATIONS.contains(&rule.meta.family.name()));
        rules.for_each(|rule| (rule.check)(&context, &mut sink));
    }
    let findings = sink.findings.iter().map(|finding| {
        let severity = if finding.severity == finding.rule.severity {
            String::new()
        } else {
            format!(" severity={}", finding.severity)
        };
        let object = finding.place.object.as_ref().unwrap();
        let (kind, name) = (&object.kind, &object.name);
        let (rule, path) = (finding.rule.id, &finding.place.path);
        format!("# finds: {rule} {kind}/{name} {path}{severity}")
    });
    let undecided = sink.undecided.iter();
    let undecided = undecided.map(|u| format!("# undecided: {}", u.rule));
    findings.chain(undecided).collect()
}

#[test]
fn relations_say_what_their_cases_expect() {
    let mut wrong = String::new();
    for case in cases() {
        let text = fs::read_to_string(&case).unwrap();
        let is_expectation =
            |line: &&str| line.starts_with("# finds: ") || line.starts_with("# undecided: ");
        let lines = text.lines().filter(is_expectation);
        let expected: BTreeSet<_> = lines.map(str::to_owned).collect();
        let said = said(&text);
        if expected != said {
            let name = case.file_name().unwrap().display();
            wrong.push_str(&format!(
                "{name}\n expected {expected:#?}\n said {said:#?}\n"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
