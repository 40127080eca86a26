//! What must not lose a review: each room plays one thing that happens to a server in a cluster,
//! and counts what becomes of the calls meanwhile.
//!
//! A call is lost if the API server would apply the failure policy; it is wrong if it would take
//! the answer, and shouldn't. Latency isn't judged here, so that a busy machine changes nothing.

mod certificates;
mod crowd;
mod gaps;
mod kill;
mod overload;
mod pauses;
mod restarts;

use std::pin::Pin;
use std::time::Duration;

use crate::process::busy;
use crate::report::Table;
use crate::tally::Counts;

/// What a scenario found.
pub struct Outcome {
    /// What was done, with its numbers.
    what: String,
    counts: Counts,
    /// What else was seen.
    seen: String,
    /// What should not have been; empty: it passed.
    failed: String,
}

impl Outcome {
    /// Passed if every call was decided as it should be.
    fn all_decided(what: String, counts: Counts, seen: String) -> Self {
        Self {
            what,
            failed: counts.faults(),
            counts,
            seen,
        }
    }
}

/// Plays a scenario: as the table shows it, or in short.
type Play = fn(bool) -> Pin<Box<dyn Future<Output = Outcome>>>;

/// All of them.
const SCENARIOS: [(&str, Play); 7] = [
    ("certificates", |short| Box::pin(certificates::play(short))),
    ("restarts", |short| Box::pin(restarts::play(short))),
    ("kill", |short| Box::pin(kill::play(short))),
    ("overload", |short| Box::pin(overload::play(short))),
    ("pauses", |short| Box::pin(pauses::play(short))),
    ("gaps", |short| Box::pin(gaps::play(short))),
    ("crowd", |short| Box::pin(crowd::play(short))),
];

/// Plays those that are named, or all; the table, and whether all passed.
pub async fn run(names: &[&str], short: bool) -> (Table, bool) {
    let mut table = Table::new(&[
        "scenario",
        "what happens",
        "calls",
        "handshakes",
        "lost",
        "wrong",
        "seen",
        "load average",
        "",
    ]);
    let mut passed = true;
    for (name, play) in SCENARIOS {
        if !names.is_empty() && !names.contains(&name) {
            continue;
        }
        let Outcome {
            what,
            counts,
            seen,
            failed,
        } = play(short).await;
        passed &= failed.is_empty();
        let verdict = match failed.is_empty() {
            true => "passed".to_owned(),
            false => format!("FAILED: {failed}"),
        };
        table.row(&[
            name.to_owned(),
            what,
            counts.calls().to_string(),
            counts.handshakes.to_string(),
            counts.lost().to_string(),
            counts.wrong().to_string(),
            seen,
            format!("{:.1}", busy()),
            verdict,
        ]);
    }
    (table, passed)
}

/// From nothing to this long, by chance.
fn up_to(most: Duration) -> Duration {
    most.mul_f64(fastrand::f64())
}
