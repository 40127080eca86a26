//! More is asked for than can be done.

use std::time::Duration;

use super::Outcome;
use crate::case::slow;
use crate::client::{Client, Manners};
use crate::drive::{closed_loop, open_loop};
use crate::kit::{Authority, Mount, NAME};
use crate::process::Replica;

/// What a review costs, in microseconds of a processor.
const COST: u32 = 5_000;
/// How many reviews are under way where the peak is measured.
const AT_ONCE: usize = 8;
/// What of the peak has to be left.
const LEFT: f64 = 0.9;

pub async fn play(short: bool) -> Outcome {
    // So many times the peak is asked for. Without optimization, the client has no processor left
    // to ask for more, and where processors are taken away, calls need more time.
    let (seconds, times, timeout) = match short {
        false => (30, 10.0, 3),
        true => (6, 3.0, 10),
    };
    let length = Duration::from_secs(seconds);
    let authority = Authority::new();
    let mount = Mount::new(&authority.leaf(NAME));
    let replica = Replica::slow(&mount);
    // Every answer counts by itself: what is asked for again is one call more.
    let manners = Manners {
        timeout: Duration::from_secs(timeout),
        retries: false,
        ..Manners::default()
    };
    let endpoints = vec![replica.address];
    let client = Client::new(endpoints, &[&authority.pem], vec![slow(COST)], manners);
    closed_loop(&client, AT_ONCE, length).await;
    client.drained().await;
    let peak = client.tally.take().right as f64 / length.as_secs_f64();
    let rate = peak * times;
    open_loop(&client, rate, length).await;
    let mut counts = client.tally.take();
    let refused = counts.lost.remove("answered 429").unwrap_or_default().len();
    let goodput = counts.right as f64 / length.as_secs_f64();
    let mut failed = counts.faults();
    if !short && goodput < peak * LEFT {
        failed.push_str("too little is done");
    }
    if !short && refused == 0 {
        failed.push_str("nothing was refused");
    }
    let latency = counts.quantiles(&[0.5, 0.99]);
    Outcome {
        what: format!(
            "a rule of {COST} µs, {rate:.0} reviews/s asked for, {peak:.0} can be done; every call \
             has {timeout} s"
        ),
        seen: format!(
            "{goodput:.0}/s decided ({:.0} %), p50 {:.1?}, p99 {:.1?}; {refused} refused in time \
             (429)",
            goodput / peak * 100.0,
            latency[0],
            latency[1],
        ),
        failed,
        counts,
    }
}
