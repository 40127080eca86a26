//! Connections that are used again after a while.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::Outcome;
use crate::case::both;
use crate::client::{Client, Manners};
use crate::kit::{Authority, Mount, NAME, strict};
use crate::process::Replica;
use crate::tally::Counts;

/// The shortest gap, in seconds.
const SHORTEST: f64 = 0.1;

pub async fn play(short: bool) -> Outcome {
    // Clients with one connection each; the longest gap and the whole length in seconds.
    let (clients, longest, length) = match short {
        false => (550, 100.0, 300),
        true => (40, 10.0, 12),
    };
    let authority = Authority::new();
    let mount = Mount::new(&authority.leaf(NAME));
    let (_folder, config) = strict();
    let replica = Replica::start(&mount, &["--config", &config]);
    let end = Instant::now() + Duration::from_secs(length);
    let mut users = JoinSet::new();
    for _ in 0..clients {
        let endpoints = vec![replica.address];
        let client = Client::new(endpoints, &[&authority.pem], both(), Manners::default());
        users.spawn(uses(client, longest, end));
    }
    let mut counts = Counts::default();
    while let Some(used) = users.join_next().await {
        counts.add(used.unwrap());
    }
    let what = format!(
        "{clients} connections, idle for {SHORTEST} to {longest} s between reviews (evenly on a \
         logarithmic scale) for {length} s; the client gives up idle ones after 90 s"
    );
    Outcome::all_decided(what, counts, String::new())
}

async fn uses(client: Arc<Client>, longest: f64, end: Instant) -> Counts {
    while Instant::now() < end {
        client.call(Instant::now());
        client.drained().await;
        let gap = SHORTEST * (longest / SHORTEST).powf(fastrand::f64());
        sleep(Duration::from_secs_f64(gap)).await;
    }
    client.tally.take()
}
