//! Every rule page is executed: its bad manifest gives exactly one finding of the rule and no
//! error of another, its good one gives no finding of the rule and no error at all.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod support;

use kubevet::finding::{Family, Finding, RuleMeta, Severity};
use kubevet::lint::admitted::sentence;
use kubevet::lint::run::all_metas;
use kubevet::report::Page;
use kubevet::rules::RULES;

/// The findings on an example of a page, as an update of what the page says is there before.
fn findings(meta: &RuleMeta, text: &str) -> Vec<Finding> {
    let file = |text: &str| vec![("page.yaml".to_owned(), text.into())];
    let old = example(meta, "Before").map_or(Vec::new(), file);
    support::lint_update(&file(text), &old).findings
}

/// The fenced YAML of a section.
fn example(meta: &RuleMeta, section: &str) -> Option<&'static str> {
    let page: &'static str = meta.page;
    let text = Page::new(page).section(section)?;
    let (_, rest) = text.split_once("```yaml\n")?;
    rest.split_once("```").map(|(yaml, _)| yaml)
}

fn shown(findings: &[Finding]) -> String {
    let line = |f: &Finding| format!("  {} {}: {}\n", f.severity, f.rule.id, f.message);
    findings.iter().map(line).collect()
}

#[test]
fn bad_examples_give_one_finding_and_good_ones_none() {
    let mut wrong = String::new();
    // Pages about kubevet's own files show those, not manifests; bytes that aren't UTF-8 can't
    // stand on a page.
    let metas = all_metas(RULES);
    let executed = metas.iter().filter(|meta| meta.family != Family::Usage);
    let mut count = 0;
    for meta in executed.filter(|meta| meta.id != "replaced-bytes") {
        count += 1;
        let Some(bad) = example(meta, "Bad") else {
            wrong.push_str(&format!("{}: no bad example\n", meta.id));
            continue;
        };
        let found = findings(meta, bad);
        let own = found.iter().filter(|f| f.rule.id == meta.id).count();
        let others = found
            .iter()
            .filter(|f| f.rule.id != meta.id && f.severity == Severity::Error);
        if own != 1 || others.count() > 0 {
            wrong.push_str(&format!("{}: bad gives\n{}", meta.id, shown(&found)));
        }
        let Some(good) = example(meta, "Good") else {
            wrong.push_str(&format!("{}: no good example\n", meta.id));
            continue;
        };
        let found = findings(meta, good);
        if found
            .iter()
            .any(|f| f.rule.id == meta.id || f.severity == Severity::Error)
        {
            wrong.push_str(&format!("{}: good gives\n{}", meta.id, shown(&found)));
        }
    }
    assert!(count > 30, "pages are executed");
    assert!(wrong.is_empty(), "\n{wrong}");
}

#[test]
fn every_page_begins_with_its_id_and_says_why_and_what_to_do() {
    for meta in all_metas(RULES) {
        let page = Page::of(meta);
        assert!(
            meta.page.starts_with(&format!("# {}\n", meta.id)),
            "{}",
            meta.id
        );
        for section in ["Why", "What to do"] {
            assert!(page.section(section).is_some(), "{}: {section}", meta.id);
        }
    }
}

#[test]
fn every_page_says_what_comes_of_it_at_admission() {
    for meta in all_metas(RULES) {
        let said = Page::of(meta).section("At admission").unwrap_or_default();
        let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(said, sentence(meta, RULES), "{}", meta.id);
    }
}
