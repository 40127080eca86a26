//! What kubevet finds in the seeds, `testdata/seeds`: each finding as a line
//! `FILE:LINE:COLUMN RULE SEVERITY PATH` of `findings.txt`.
//!
//! `UPDATE=1 cargo test --test seeds` rewrites that file.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

#[test]
fn finds_in_the_seeds_what_is_wrong_with_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata/seeds");
    let output = Command::new(env!("CARGO_BIN_EXE_kubevet"))
        .args(["lint", "--format", "json", "."])
        .current_dir(&folder)
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let findings = report["findings"].as_array().unwrap();
    let found: String = findings.iter().map(line).collect();
    let golden = folder.join("findings.txt");
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&golden, &found).unwrap();
    }
    assert_eq!(found, fs::read_to_string(golden).unwrap());
    assert_eq!(report["summary"]["undecided"], 0);
}

fn line(finding: &Value) -> String {
    let text = |name: &str| finding[name].as_str().unwrap();
    let start = &finding["start"];
    format!(
        "{}:{}:{} {} {} {}\n",
        text("file"),
        start["line"],
        start["column"],
        text("rule"),
        text("severity"),
        text("path")
    )
}
