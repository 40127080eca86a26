//! What each file is: every folder of `testdata/project/files` is a project, and its
//! `expected.tsv` says what its files are and which one is behind that, then what each root
//! renders (with the effect of its transforms) and what of that is out of sight.
//! `UPDATE=1` writes what is found.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::fmt::Write;
use std::fs;
use std::path::Path;

use kubevet::project::files::{Facts, before_reading, chart_folders, classify};
use kubevet::project::kustomize::Transforms;
use kubevet::source::Source;
use kubevet::yaml;

#[test]
fn tells_what_files_are() {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/project/files");
    let mut folders: Vec<_> = fs::read_dir(cases)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    folders.sort();
    assert!(!folders.is_empty());
    for folder in folders {
        let golden = folder.join("expected.tsv");
        let found = classes(&folder);
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&golden, &found).unwrap();
        }
        let expected = fs::read_to_string(golden).unwrap();
        assert_eq!(found, expected, "{}", folder.display());
    }
}

fn classes(folder: &Path) -> String {
    let mut files = Vec::new();
    for entry in walkdir::WalkDir::new(folder).sort_by_file_name() {
        let entry = entry.unwrap();
        let name = entry.path().strip_prefix(folder).unwrap();
        let name = name.to_string_lossy().replace('\\', "/");
        if entry.file_type().is_file() && name != "expected.tsv" {
            files.push((name, fs::read(entry.path()).unwrap()));
        }
    }
    let charts = chart_folders(files.iter().map(|(name, _)| name.as_str()));
    let facts: Vec<(&str, Facts)> = files
        .iter()
        .map(|(name, bytes)| {
            let source = Source::decode(name.as_str(), bytes.clone());
            let facts = match before_reading(name, &source.text, &charts) {
                Some(class) => Facts::decided(class),
                None => Facts::read(name, &source, &yaml::read(&source)),
            };
            (name.as_str(), facts)
        })
        .collect();
    let (classes, graph) = classify(&facts);
    let mut text = String::new();
    for ((name, _), class) in facts.iter().zip(&classes) {
        let by = class.by.map_or("", |by| facts[by].0);
        let why = format!("{} {by}", class.why);
        writeln!(text, "{name}\t{}\t{}", class.kind.name(), why.trim()).unwrap();
    }
    for root in graph.roots() {
        let rendered = graph.rendered(root);
        let shown = |file: usize| facts[file].0;
        let members = rendered.members.iter().map(|(file, of)| {
            let transforms = graph.transforms(&rendered, *of);
            format!("{}{}", shown(*file), effect(&transforms))
        });
        let members: Vec<_> = members.collect();
        let gaps = rendered.gaps.iter();
        let gaps: Vec<_> = gaps
            .map(|gap| format!("{:?} {}", gap.why, gap.written))
            .collect();
        let file = shown(graph.kustomizations()[root].file);
        writeln!(
            text,
            "render {file}\t{}\t{}",
            members.join(" "),
            gaps.join(", ")
        )
        .unwrap();
    }
    text
}

/// What the transforms make of the name `*`, with its namespace and labels.
fn effect(transforms: &[&Transforms]) -> String {
    let mut name = "*".to_owned();
    let mut namespace = String::new();
    let mut labels = String::new();
    for transform in transforms {
        name = format!("{}{name}{}", transform.name_prefix, transform.name_suffix);
        if !transform.namespace.is_empty() {
            namespace = format!("@{}", transform.namespace);
        }
        for (key, value) in transform.labels.iter().flat_map(|set| &set.pairs) {
            write!(labels, " {key}={value}").unwrap();
        }
    }
    let effect = format!("{name}{namespace}{labels}");
    match effect.as_str() {
        "*" => effect.replace('*', ""),
        _ => format!("({effect})"),
    }
}
