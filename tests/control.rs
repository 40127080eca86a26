//! What the user controls: configs, suppressions and baselines, each case a file under
//! `testdata/lint`. `UPDATE=1 cargo test --test control` rewrites what is expected.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may fail loudly, its helpers too"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kubevet::finding::{Family, Finding, ObjectName, Place, Proof, RuleMeta, Severity};
use kubevet::lint::baseline::Baseline;
use kubevet::lint::config::{self, CommandLine, Config};
use kubevet::lint::suppress::Suppressions;
use kubevet::lint::{generic, usage};
use kubevet::minor::Minors;
use kubevet::source::{Source, SourceId, Span};
use kubevet::tree::Node;
use kubevet::yaml;

const SOURCE: SourceId = SourceId(0);

const fn rule(id: &'static str, family: Family, severity: Severity) -> RuleMeta {
    RuleMeta {
        id,
        family,
        severity,
        proof: Proof::Cited,
        page: "",
    }
}

static PAUSED: RuleMeta = rule("paused-at-creation", Family::Workload, Severity::Info);
static SURGE: RuleMeta = rule("zero-surge", Family::Server, Severity::Error);
static SELECTS: RuleMeta = rule(
    "service-selects-nothing",
    Family::Service,
    Severity::Warning,
);
/// A rule that doesn't run in these tests.
static IDLE: RuleMeta = rule("idle", Family::Workload, Severity::Info);

fn rules() -> Vec<&'static RuleMeta> {
    let mut rules = vec![&PAUSED, &SURGE, &SELECTS, &IDLE, &generic::UNREADABLE];
    rules.extend(usage::RULES);
    rules
}

#[test]
fn configs_say_what_is_wrong_and_where() {
    for (path, source) in cases("config", &["yaml", "json"]) {
        let (config, faults) = Config::parse(&source, &rules());
        let mut found: BTreeSet<String> = faults
            .iter()
            .map(|f| said(&source, f.span, "error", &f.message))
            .collect();
        let asked = directives(&source, "file:");
        for file in &asked {
            config.see(file);
        }
        for lookup in directives(&source, "lookup:") {
            let parts: Vec<&str> = lookup.split('/').collect();
            config.external(parts[0], parts[1], Some(parts[2]), parts[3]);
        }
        if !asked.is_empty() {
            let unmatched = config.unmatched(SOURCE, true);
            let say = |f: &Finding| said(&source, f.place.span, "warning", &f.message);
            found.extend(unmatched.iter().map(say));
        }
        assert_eq!(found, expected_on_lines(&source), "{}", path.display());

        let mut text = String::new();
        for fault in faults {
            let help = fault.help.unwrap_or_default();
            text.push_str(&format!("{}: {} | {help}\n", fault.path, fault.message));
        }
        let explained = explained(&source);
        if !explained.is_empty() || !text.is_empty() {
            golden(&path.with_extension("out"), &format!("{text}{explained}"));
        }
    }
}

#[test]
fn suppressions_hide_what_they_cover() {
    for (path, source) in cases("suppress", &["yaml", "json"]) {
        let reading = yaml::read(&source);
        let rules = rules();
        let mut suppressions = Suppressions::new(&rules);
        suppressions.add_comments(SOURCE, &source, &reading);
        let mut findings = Vec::new();
        for (number, document) in reading.documents.iter().enumerate() {
            let Some(root) = document.root.clone().unwrap() else {
                continue;
            };
            let root = reading.tree.node(root);
            let object = ObjectName {
                kind: root.get("kind").map_or("", Node::text).to_owned(),
                ..ObjectName::default()
            };
            if let Some(annotations) = root.at(&["metadata", "annotations"]) {
                suppressions.add_annotations(SOURCE, number as u32, &object, annotations);
            }
            let place = Place {
                source: SOURCE,
                document: number as u32,
                object: Some(object),
                path: String::new(),
                span: Span::default(),
            };
            fire(root, &place, &mut findings);
        }
        let applied = suppressions.apply(findings);
        let show = |what: &str, f: &Finding| {
            let at = source.position(f.place.span.start);
            let help = f.help.as_deref().unwrap_or_default();
            let text = source.text.get(f.place.span.range()).unwrap();
            format!(
                "{what} {}:{} in {} `{text}` {}: {} | {help}\n",
                at.line, at.column, f.place.document, f.rule.id, f.message
            )
        };
        let mut text = format!("suppressed: {}\n", applied.suppressed);
        text.extend(applied.kept.iter().map(|f| show("kept", f)));
        text.extend(suppressions.take_bad().iter().map(|f| show("told", f)));
        let ran = |rule: &RuleMeta, _: &Place| rule.id != IDLE.id;
        let unused = suppressions.unused(&ran, true);
        text.extend(unused.iter().map(|f| show("told", f)));
        golden(&path.with_extension("out"), &text);
    }
}

#[test]
fn nothing_is_unused_where_not_everything_was_read() {
    let source = Source::new("a.yaml", "a: 1 # kubevet: allow zero-surge: why\n");
    let rules = rules();
    let unused = |complete| {
        let mut suppressions = Suppressions::new(&rules);
        let reading = yaml::read(&source);
        suppressions.add_comments(SOURCE, &source, &reading);
        suppressions.unused(&|_, _| true, complete).len()
    };
    assert_eq!((unused(true), unused(false)), (1, 0));
}

/// A case is a baseline `NAME.txt` and a run `NAME.run` with lines `complete PATH` and
/// `finding PATH KEY`.
#[test]
fn baselines_hide_what_is_known() {
    for (path, source) in cases("baseline", &["txt"]) {
        let (baseline, faults) = Baseline::parse(&source);
        let mut text = String::new();
        for fault in faults {
            let help = fault.help.unwrap();
            let line = source.position(fault.span.start).line;
            text.push_str(&format!("fault {line}: {} | {help}\n", fault.message));
        }
        let run = fs::read_to_string(path.with_extension("run")).unwrap_or_default();
        let mut files: Vec<&str> = Vec::new();
        let mut complete = BTreeSet::new();
        let mut findings = Vec::new();
        for line in run.lines() {
            let mut words = line.splitn(3, ' ');
            let (verb, file) = (words.next().unwrap(), words.next().unwrap());
            match words.next() {
                Some(key) if verb == "finding" => {
                    files.push(file);
                    let id = SourceId(files.len() as u32 - 1);
                    findings.push(finding(&SELECTS, place_in(id), key));
                }
                _ => assert!(verb == "complete" && complete.insert(file), "{line}"),
            }
        }
        let path_of = |id: SourceId| files[id.0 as usize].to_owned();
        let is_complete = |path: &str, _: &str| complete.contains(path);
        let rewritten = baseline.rewritten(&findings, &path_of, &is_complete);
        let applied = baseline.apply(findings, &path_of, &is_complete);
        text.push_str(&format!("known {}, gone {}\n", applied.known, applied.gone));
        for f in &applied.fresh {
            text.push_str(&format!("fresh {} {}\n", path_of(f.place.source), f.key));
        }
        text.push_str("rewritten:\n");
        text.push_str(&rewritten.render());
        golden(&path.with_extension("out"), &text);
    }
}

/// Half-written files are what editors hand over: none may end in more than a message.
#[test]
fn takes_unfinished_files() {
    let rules = rules();
    let folders = ["config", "suppress", "baseline"];
    for source in folders
        .map(|f| cases(f, &["yaml", "json", "txt"]))
        .iter()
        .flat_map(|c| c.values())
    {
        // A step that is no divisor of anything meets every kind of place.
        for (end, _) in source.text.char_indices().step_by(7) {
            let part = Source::new("part", &source.text[..end]);
            let (config, _) = Config::parse(&part, &rules);
            config.explain("a/b.yaml", &rules);
            Baseline::parse(&part);
            let mut suppressions = Suppressions::new(&rules);
            suppressions.add_comments(SOURCE, &part, &yaml::read(&part));
            suppressions.unused(&|_, _| true, true);
        }
    }
}

#[test]
fn the_schema_for_editors_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/config.schema.json");
    golden(&path, &config::json_schema());
    let source = Source::new("schema", config::json_schema());
    let reading = yaml::read(&source);
    let root = reading.documents[0].root.clone().unwrap().unwrap();
    assert!(
        reading
            .tree
            .node(root)
            .at(&["properties", "rules"])
            .is_some()
    );
}

#[test]
fn the_nearest_config_is_looked_for_first() {
    let places: Vec<String> = config::candidates("a/b/c.yaml").collect();
    let expected = [
        "a/b/.kubevet.yaml",
        "a/b/.kubevet.yml",
        "a/.kubevet.yaml",
        "a/.kubevet.yml",
        ".kubevet.yaml",
        ".kubevet.yml",
    ];
    assert_eq!(places, expected);
}

#[test]
fn rejects_unknown_names_on_the_command_line() {
    let read = |name: &str| CommandLine::selectors(&[name.to_owned()], &rules());
    assert!(read("workload").is_ok() && read("all").is_ok() && read("zero-surge").is_ok());
    let error = read("zero-surg").unwrap_err();
    assert_eq!(
        error,
        "there is no rule and no family `zero-surg`: did you mean `zero-surge`?"
    );
}

/// What applies to each path of `# explain: PATH [select=NAME] [ignore=NAME]`.
fn explained(source: &Source) -> String {
    let mut text = String::new();
    for asked in directives(source, "explain:") {
        let mut words = asked.split(' ');
        let path = words.next().unwrap();
        let mut command = CommandLine::default();
        for word in words {
            let (option, name) = word.split_once('=').unwrap();
            let selectors = CommandLine::selectors(&[name.to_owned()], &rules()).unwrap();
            match option {
                "select" => command.select = selectors,
                _ => command.ignore = selectors,
            }
        }
        let config = Config::parse(source, &rules()).0.under(command);
        text.push_str(&format!("{asked}\n"));
        for line in config.explain(path, &[&PAUSED, &SURGE, &SELECTS]) {
            text.push_str(&format!(
                "  {}: {} ({})\n",
                line.what, line.value, line.from
            ));
        }
    }
    text
}

/// Each value `fires-RULE` is a finding of that rule.
fn fire(node: Node<'_>, place: &Place, findings: &mut Vec<Finding>) {
    if let Some(id) = node.text().strip_prefix("fires-") {
        let rule = rules().into_iter().find(|rule| rule.id == id).unwrap();
        let span = node.place();
        let place = Place {
            span,
            ..place.clone()
        };
        findings.push(finding(rule, place, id));
    }
    for (_, value) in node.entries() {
        fire(value, place, findings);
    }
    for item in node.items() {
        fire(item, place, findings);
    }
}

fn place_in(source: SourceId) -> Place {
    Place {
        source,
        document: 0,
        object: None,
        path: String::new(),
        span: Span::default(),
    }
}

fn finding(rule: &'static RuleMeta, place: Place, key: &str) -> Finding {
    Finding {
        rule,
        severity: rule.severity,
        message: "it fires".to_owned(),
        help: None,
        place,
        related: Vec::new(),
        server: None,
        minors: Minors::default(),
        hidden_by: None,
        key: key.to_owned(),
    }
}

/// The files of a folder of cases, by name.
fn cases(folder: &str, kinds: &[&str]) -> BTreeMap<PathBuf, Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/lint");
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(root.join(folder)).unwrap() {
        let path = entry.unwrap().path();
        let kind = path
            .extension()
            .and_then(|e| e.to_str())
            .unwrap_or_default();
        if kinds.contains(&kind) {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            let source = Source::decode(name, fs::read(&path).unwrap());
            found.insert(path, source);
        }
    }
    assert!(!found.is_empty(), "{folder}");
    found
}

/// The rest of the lines that start with `# NAME`.
fn directives<'s>(source: &'s Source, name: &str) -> Vec<&'s str> {
    let lines = source.text.lines();
    lines
        .filter_map(|line| line.strip_prefix("# ")?.strip_prefix(name))
        .map(str::trim)
        .collect()
}

/// The lines that end in `# error: MESSAGE` or `# warning: MESSAGE`, perhaps several of them.
fn expected_on_lines(source: &Source) -> BTreeSet<String> {
    let mut expected = BTreeSet::new();
    for (number, line) in source.text.lines().enumerate() {
        for said in line.split(" # ").skip(1) {
            if said.starts_with("error: ") || said.starts_with("warning: ") {
                expected.insert(format!("{}: {}", number + 1, said.trim()));
            }
        }
    }
    expected
}

fn said(source: &Source, span: Span, severity: &str, message: &str) -> String {
    let line = source.position(span.start).line;
    format!("{line}: {severity}: {message}")
}

fn golden(path: &Path, text: &str) {
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    let expected = fs::read_to_string(path).unwrap_or_default();
    assert_eq!(
        text.replace("\r\n", "\n"),
        expected,
        "{}: UPDATE=1 rewrites it",
        path.display()
    );
}
