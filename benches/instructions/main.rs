//! Lints the manifests of a folder once, or only scans their YAML, so that `run` can count the
//! instructions of either.

#![allow(clippy::print_stderr, reason = "a benchmark talks to the terminal")]

use std::hint::black_box;
use std::io::Write;
use std::path::Path;

#[path = "../../tests/support/mod.rs"]
mod support;

use granit_parser::Parser;

/// A file's path and its bytes.
type Manifest = (String, Vec<u8>);

fn main() -> Result<(), String> {
    let mut args = std::env::args().skip(1);
    let (Some(mode), Some(folder), Some(largest)) = (args.next(), args.next(), args.next()) else {
        return Err("usage: lint|scan FOLDER LARGEST_FILE_IN_BYTES".to_owned());
    };
    let largest = largest.parse().map_err(|_| "not a size in bytes")?;
    let manifests = manifests(Path::new(&folder), largest);
    let bytes: usize = manifests.iter().map(|(_, bytes)| bytes.len()).sum();
    let what = match mode.as_str() {
        "lint" => format!("{} findings", count_lint(&manifests)),
        "scan" => format!("{} events", count_scan(&manifests)),
        _ => return Err(format!("`{mode}` is neither lint nor scan")),
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
