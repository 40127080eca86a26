//! One of two replicas is killed.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::Outcome;
use crate::case::both;
use crate::client::{Client, Manners};
use crate::drive::meanwhile;
use crate::kit::{Authority, Mount, NAME, strict};
use crate::process::Replica;

/// How late the client learns who is gone.
const LATE: Duration = Duration::from_secs(5);

pub async fn play(short: bool) -> Outcome {
    let (rate, late) = match short {
        false => (2_000.0, LATE),
        true => (50.0, LATE / 5),
    };
    let authority = Authority::new();
    let mount = Mount::new(&authority.leaf(NAME));
    let (_folder, config) = strict();
    let start = || Replica::start(&mount, &["--config", &config]);
    let (stays, mut killed) = (start(), start());
    let endpoints = vec![stays.address, killed.address];
    let client = Client::new(endpoints, &[&authority.pem], both(), Manners::default());
    let (open, gone, learned) = meanwhile(&client, rate, async {
        sleep(late).await;
        let open = client.open();
        killed.kill();
        while !killed.is_gone() {
            sleep(Duration::from_millis(1)).await;
        }
        let gone = Instant::now();
        sleep(late).await;
        *client.endpoints.lock().unwrap() = vec![stays.address];
        let learned = Instant::now();
        sleep(late).await;
        (open, gone, learned)
    })
    .await;
    let counts = client.tally.take();
    let (mut in_flight, mut connects) = (0, 0);
    let mut failed = Vec::new();
    for (why, lost) in &counts.lost {
        for intended in lost {
            match why.split(':').next() {
                Some("answer") if *intended <= gone => in_flight += 1,
                Some("connect") if *intended <= learned => connects += 1,
                _ => failed.push(why.as_str()),
            }
        }
    }
    let wrong = counts.wrong.keys().map(String::as_str);
    failed.extend(wrong);
    Outcome {
        what: format!(
            "`kill -9` of one of two under {rate:.0} reviews/s; the client learns it {late:.0?} \
             late"
        ),
        seen: format!(
            "{in_flight} lost that were in flight ({open} were open), {connects} connects before \
             it was learned, {} others",
            failed.len()
        ),
        failed: failed.join(", "),
        counts,
    }
}
