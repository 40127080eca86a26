//! Lints the manifests of a folder once, only scans their YAML, or only asks the model of the API
//! server about their objects, so that `run` can count the instructions of each.

#![allow(clippy::print_stderr, reason = "a benchmark talks to the terminal")]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

#[path = "../../tests/support/mod.rs"]
mod support;

use granit_parser::Parser;
use kubevet::apiserver::registry::{Cluster, Strategy};
use kubevet::minor::Minor;
use kubevet::source::{Source, SourceId};
use kubevet::{object, yaml};

/// A file's path and its bytes.
type Manifest = (String, Vec<u8>);

/// An object of a kind that the model knows.
type Modelled<'t> = (&'static Strategy, object::Object<'t>);

fn main() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let (Some(mode), Some(folder), Some(largest)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: lint|scan|model FOLDER LARGEST_FILE_IN_BYTES".to_owned());
    };
    let largest = largest.parse().map_err(|_| "not a size in bytes")?;
    let manifests = manifests(Path::new(&folder), largest);
    let bytes: usize = manifests.iter().map(|(_, bytes)| bytes.len()).sum();
    let what = match mode.as_str() {
        "lint" => format!("{} findings", count_lint(&manifests)),
        "scan" => format!("{} events", count_scan(&manifests)),
        "model" => ask_model(&manifests),
        _ => return Err(format!("`{mode}` is none of lint, scan and model")),
    };
    let report = format!("{} files, {bytes} bytes, {what}\n", manifests.len());
    let written = std::io::stderr().write_all(report.as_bytes());
    written.map_err(|error| error.to_string())
}

fn manifests(folder: &Path, largest: usize) -> Vec<Manifest> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name();
    let files = entries.into_iter().filter_map(Result::ok);
    let yaml = files.filter(|file| {
        let extension = file.path().extension();
        file.file_type().is_file() && extension.is_some_and(|e| e == "yaml" || e == "yml")
    });
    let read = yaml.filter_map(|file| {
        let name = file.path().to_string_lossy().into_owned();
        Some((name, std::fs::read(file.path()).ok()?))
    });
    read.filter(|(_, bytes)| bytes.len() <= largest).collect()
}

/// All default rules on one thread. The name is what `run` counts.
#[inline(never)]
fn count_lint(manifests: &[Manifest]) -> usize {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .use_current_thread();
    // Kept until the end of the process, where a single thread leaves nothing to wait for.
    let _pool = pool.build();
    black_box(support::lint(manifests)).findings.len()
}

/// The bare event scan. The name is what `run` counts.
#[inline(never)]
fn count_scan(manifests: &[Manifest]) -> usize {
    let texts = manifests
        .iter()
        .filter_map(|(_, bytes)| std::str::from_utf8(bytes).ok());
    let events = texts.map(|text| {
        let events = Parser::new_from_str(black_box(text));
        events.map_while(|event| black_box(event).ok()).count()
    });
    events.sum()
}

/// Asks the model about the creation of each object of the kinds that it knows: once to be
/// counted, then for a second to see how many it answers in one.
fn ask_model(manifests: &[Manifest]) -> String {
    let sources = manifests
        .iter()
        .map(|(name, bytes)| Source::decode(name.as_str(), bytes.clone()));
    let readings: Vec<_> = sources.map(|source| yaml::read(&source)).collect();
    let mut objects = Vec::new();
    for reading in &readings {
        for root in reading
            .documents
            .iter()
            .filter_map(|d| d.root.clone().ok()?)
        {
            let content = object::content(SourceId(0), 0, reading.tree.node(root));
            for object in content.objects {
                let strategy = Strategy::of(object.group, object.version, object.kind);
                objects.extend(strategy.map(|strategy| (strategy, object)));
            }
        }
    }
    let faults = count_model(&objects);
    let (began, mut rounds) = (Instant::now(), 0);
    while !objects.is_empty() && began.elapsed() < Duration::from_secs(1) {
        black_box(ask_all(&objects));
        rounds += 1;
    }
    let rate = (rounds * objects.len()) as f64 / began.elapsed().as_secs_f64();
    format!(
        "{} objects, {faults} faults, {rate:.0} objects a second",
        objects.len()
    )
}

/// The model's answers to all objects. The name is what `run` counts.
#[inline(never)]
fn count_model(objects: &[Modelled<'_>]) -> usize {
    ask_all(objects)
}

fn ask_all(objects: &[Modelled<'_>]) -> usize {
    let ask = |(strategy, object): &Modelled<'_>| {
        let admission = strategy.create(black_box(object.root), Minor::DEFAULT, Cluster::Unknown);
        black_box(admission).validation.errors.len()
    };
    objects.iter().map(ask).sum()
}
