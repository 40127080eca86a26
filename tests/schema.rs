//! The cases of `testdata/apiserver/schema`; its README says what a case is.
#![allow(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may fail where it stands"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use kubevet::apiserver::decode;
use kubevet::apiserver::schema::{Table, compile::Compiler};
use kubevet::document::Reading;
use kubevet::finding::render_path;
use kubevet::minor::Minor;
use kubevet::source::Source;
use kubevet::tree::Node;
use kubevet::yaml;

#[test]
fn says_of_every_case_what_is_expected() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/apiserver/schema");
    let mut cases: Vec<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "yaml"))
        .collect();
    cases.sort();
    assert!(cases.len() >= 12, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in cases {
        let said = judge(&case);
        let golden = case.with_extension("out");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &said).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        if expected != said {
            let name = case.display();
            wrong.push(format!("{name}\n--- expected\n{expected}--- said\n{said}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn judge(case: &Path) -> String {
    let source = Source::decode("case.yaml", fs::read(case).unwrap());
    let reading = yaml::read(&source);
    let objects = objects(&reading);
    let (object, definitions) = objects.split_last().expect("an object");
    let (group, version, kind) = gvk(*object);
    let mut compiler = Compiler::default();
    for definition in definitions {
        assert_eq!(compiler.crd(*definition), 1, "{}", case.display());
    }
    if let Ok(schema) = fs::read(case.with_extension("schema.json")) {
        let schema = yaml::read(&Source::decode("schema.json", schema));
        compiler.json_schema(group, version, kind, self::objects(&schema)[0]);
    }
    let custom = compiler.finish();
    let mut said = String::new();
    for minor in minors(&source.text) {
        let found = custom.kind(minor, group, version, kind);
        let found = found.or_else(|| Table::builtin().kind(minor, group, version, kind));
        let found = found.expect("a known kind");
        writeln!(said, "# {minor}").unwrap();
        let is_unknown = |node: Node<'_>| node.text().contains("${");
        for verdict in decode::check(*object, &found, minor, &is_unknown).0 {
            let at = source.position(reading.tree.node(verdict.node).place().start);
            let (rule, stage, path) = (verdict.rule, verdict.stage, render_path(&verdict.steps));
            writeln!(said, "{rule} {stage:?} {path} at {}:{}", at.line, at.column).unwrap();
            let server = format!("  server: {} {}", verdict.reason, verdict.detail);
            writeln!(said, "{}", server.trim_end()).unwrap();
            writeln!(said, "  message: {}", verdict.message).unwrap();
            if let Some(help) = verdict.help {
                writeln!(said, "  help: {help}").unwrap();
            }
        }
    }
    said
}

fn objects(reading: &Reading) -> Vec<Node<'_>> {
    let roots = reading.documents.iter();
    let roots =
        roots.filter_map(|document| document.root.as_ref().expect("it can be read").as_ref());
    roots.map(|root| reading.tree.node(*root)).collect()
}

fn gvk<'t>(object: Node<'t>) -> (&'t str, &'t str, &'t str) {
    let text = |key| object.at(&[key]).and_then(Node::as_str).expect("a kind");
    let (group, version) = text("apiVersion")
        .rsplit_once('/')
        .unwrap_or(("", text("apiVersion")));
    (group, version, text("kind"))
}

fn minors(text: &str) -> Vec<Minor> {
    let said = text
        .lines()
        .next()
        .and_then(|line| line.strip_prefix("# minors: "));
    let said = said.unwrap_or("1.36").split(' ');
    said.map(|minor| minor.parse().unwrap()).collect()
}
