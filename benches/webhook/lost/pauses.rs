//! The server gets no processor for a while, again and again, as when a node is too busy.
//!
//! What came meanwhile finds all connections busy and opens one more for each call. That has to
//! end, and nothing that was begun may be turned out for it.

use std::time::Duration;

use tokio::time::sleep;

use super::Outcome;
use crate::case::both;
use crate::client::{Client, Manners};
use crate::drive::meanwhile;
use crate::kit::{Authority, Mount, NAME, strict};
use crate::process::Replica;
use crate::report::milliseconds;

/// How long it is stopped.
const PAUSE: Duration = Duration::from_millis(200);
/// How long it works in between.
const BETWEEN: Duration = Duration::from_millis(2_500);

pub async fn play(short: bool) -> Outcome {
    let (rate, pauses) = match short {
        false => (4_000.0, 20),
        true => (200.0, 2),
    };
    let authority = Authority::new();
    let mount = Mount::new(&authority.leaf(NAME));
    let (_folder, config) = strict();
    let replica = Replica::start(&mount, &["--config", &config]);
    let endpoints = vec![replica.address];
    let client = Client::new(endpoints, &[&authority.pem], both(), Manners::default());
    meanwhile(&client, rate, async {
        for _ in 0..pauses {
            sleep(BETWEEN).await;
            replica.pause();
            sleep(PAUSE).await;
            replica.resume();
        }
        sleep(BETWEEN).await;
    })
    .await;
    let mut counts = client.tally.take();
    let p50 = milliseconds(counts.quantiles(&[0.5])[0]);
    let evicted = replica.metric("kubevet_connections_evicted_total");
    let most = replica.usage().memory().1;
    let mut outcome = Outcome::all_decided(
        format!("{pauses} times {PAUSE:?} without a processor under {rate:.0} reviews/s"),
        counts,
        format!("p50 {p50}, {evicted} connections turned out, {most:.0} MiB at most"),
    );
    if evicted > 0.0 {
        outcome.failed.push_str("connections were turned out");
    }
    outcome
}
