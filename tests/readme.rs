//! The README tells the truth: its commands are run, its tables are made from the code, its
//! files are read.
//!
//! - A block `console` holds commands (`$ …`) and what they print; `head=` and `tail=` after the
//!   language say how many lines of that are shown.
//! - What stands between `<!-- rules:start -->` and `<!-- rules:end -->` is the list of rules.
//!
//! `UPDATE=1 cargo test --test readme` rewrites both.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use kubevet::lint::config::Config;
use kubevet::lint::run::all_metas;
use kubevet::report::Page;
use kubevet::rules::RULES;
use kubevet::source::Source;
use kubevet::yaml;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).unwrap()
}

#[test]
fn shows_what_its_commands_print_and_which_rules_there_are() {
    let written = readme();
    let (made, commands) = with_outputs(&written);
    let made = with_rules(&made);
    assert!(commands >= 2, "only {commands} commands are run");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(root().join("README.md"), &made).unwrap();
    }
    assert!(
        written == made || std::env::var_os("UPDATE").is_some(),
        "the README is out of date: UPDATE=1 cargo test --test readme"
    );
}

/// The text with the output of each command as it is now, and how many commands there are.
fn with_outputs(text: &str) -> (String, usize) {
    let mut out = String::new();
    let mut commands = 0;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        writeln!(out, "{line}").unwrap();
        let Some(shape) = line.strip_prefix("```console") else {
            continue;
        };
        for line in lines.by_ref().take_while(|line| *line != "```") {
            if let Some(command) = line.strip_prefix("$ ") {
                commands += 1;
                write!(out, "{line}\n{}", cut(&output(command), shape)).unwrap();
            }
        }
        out.push_str("```\n");
    }
    (out, commands)
}

/// What a command prints, with the kubevet of this build.
fn output(command: &str) -> String {
    let kubevet = Path::new(env!("CARGO_BIN_EXE_kubevet"));
    let command = command.replace("cargo run --release --", "kubevet");
    let paths = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", &command])
        .current_dir(root())
        .env(
            "PATH",
            format!("{}:{paths}", kubevet.parent().unwrap().display()),
        )
        .output()
        .unwrap();
    let faults = String::from_utf8(output.stderr).unwrap();
    assert_eq!(faults, "", "{command}");
    String::from_utf8(output.stdout).unwrap()
}

/// The first and the last lines, as a block asks for.
fn cut(text: &str, shape: &str) -> String {
    let number = |name: &str| {
        let mut words = shape.split_whitespace();
        words.find_map(|word| word.strip_prefix(name)?.parse::<usize>().ok())
    };
    let lines: Vec<&str> = text.lines().collect();
    let head = number("head=").unwrap_or(lines.len()).min(lines.len());
    let tail = number("tail=").unwrap_or(0).min(lines.len() - head);
    let (first, rest) = lines.split_at(head);
    let (left_out, last) = rest.split_at(rest.len() - tail);
    let gap: &[&str] = if left_out.is_empty() { &[] } else { &["[…]"] };
    let shown = first.iter().chain(gap).chain(last);
    shown.map(|line| format!("{line}\n")).collect()
}

/// The text with the list of rules as it is now.
fn with_rules(text: &str) -> String {
    let (start, end) = ("<!-- rules:start -->\n", "<!-- rules:end -->");
    let (before, rest) = text.split_once(start).unwrap();
    let (_, after) = rest.split_once(end).unwrap();
    let mut table = String::from("| rule | severity | evidence | finds |\n|---|---|---|---|\n");
    for meta in all_metas(RULES) {
        let (id, family) = (meta.id, meta.family.name());
        let (severity, proof) = (meta.severity, meta.proof.name());
        let what = Page::of(meta).what().replace('|', "\\|");
        let link = format!("[{id}](rules/{family}/{id}.md)");
        writeln!(table, "| {link} | {severity} | {proof} | {what} |").unwrap();
    }
    format!("{before}{start}{table}{end}{after}")
}

#[test]
fn shows_files_that_can_be_read() {
    let mut configs = 0;
    for block in readme().split("```yaml\n").skip(1) {
        let (text, _) = block.split_once("```").unwrap();
        let (first, _) = text.split_once('\n').unwrap();
        let source = Source::new(first.to_owned(), text);
        let reading = yaml::read(&source);
        for document in &reading.documents {
            let fault = document.root.as_ref().err();
            assert!(fault.is_none(), "{first}: {fault:?}");
        }
        if first == "# .kubevet.yaml" {
            let (_, faults) = Config::parse(&source, &all_metas(RULES));
            assert!(faults.is_empty(), "{faults:?}");
            configs += 1;
        }
    }
    assert!(configs > 0, "a config is shown");
}

#[test]
fn links_to_files_that_are_there() {
    for name in [
        "README.md",
        "ARCHITECTURE.md",
        "CONTRIBUTING.md",
        "SECURITY.md",
    ] {
        let text = fs::read_to_string(root().join(name)).unwrap();
        for link in text.split("](").skip(1) {
            let (link, _) = link.split_once(')').unwrap();
            let is_there = link.contains("://") || root().join(link).exists();
            assert!(is_there, "{name} links to {link}");
        }
    }
}
