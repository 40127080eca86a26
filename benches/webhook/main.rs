//! Measures `kubevet serve` as an API server would use it: `benches/webhook/run`.
//!
//! `load` measures latency, throughput and memory, `lost` holds the server to losing nothing.
//! Server and client are two processes on one machine, over TLS.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    missing_docs,
    reason = "a measurement that can't be made ends, and shows what it found"
)]

use std::time::Duration;

use rustix::process::{Resource, getrlimit, setrlimit};

mod case;
mod client;
mod drive;
#[path = "../../tests/webhook/kit.rs"]
#[allow(dead_code, reason = "shared with the webhook's tests")]
mod kit;
mod load;
mod lost;
mod process;
mod report;
mod tally;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args
        .iter()
        .map(String::as_str)
        .filter(|a| *a != "--bench")
        .collect();
    // One thread: what it takes is what the server doesn't get.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    // Connections are files.
    let mut files = getrlimit(Resource::Nofile);
    files.current = files.maximum;
    setrlimit(Resource::Nofile, files).unwrap();
    let long = Duration::from_secs(30);
    match words[..] {
        ["load"] => runtime.block_on(load::run(long, true, false)).keep("load"),
        ["load", "--beside", "gatekeeper"] => {
            runtime.block_on(load::run(long, true, true)).keep("load");
        }
        ["load", "--short"] => drop(runtime.block_on(load::run(long / 6, false, false))),
        ["load", "--short", "--beside", "gatekeeper"] => {
            drop(runtime.block_on(load::run(long / 6, false, true)));
        }
        ["load", "--image"] => runtime.block_on(load::image(long)).keep("image"),
        ["load", "--peak"] => runtime.block_on(load::peak(long)),
        ["lost", ref names @ ..] => {
            let short = names.contains(&"--short");
            let names: Vec<&str> = names.iter().copied().filter(|n| *n != "--short").collect();
            let (table, passed) = runtime.block_on(lost::run(&names, short));
            if !short {
                table.keep_rows("lost");
            }
            assert!(passed, "something was lost");
        }
        _ => println!(
            "usage: benches/webhook/run load [--short] [--beside gatekeeper]\n       \
             benches/webhook/run load --image | --peak\n       \
             benches/webhook/run lost [--short] [SCENARIO...]"
        ),
    }
}
