//! Certificates that change all the time: the leaf every second, and who signs it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, interval, sleep};

use super::{Outcome, up_to};
use crate::case::both;
use crate::client::{Client, Manners};
use crate::drive::meanwhile;
use crate::kit::{Authority, Mount, NAME, strict};
use crate::process::Replica;

/// How long each thing takes.
struct Scale {
    rotations: u32,
    /// From one new authority to the next.
    cycle: Duration,
    /// How late the client learns another `caBundle` at most.
    late: Duration,
    rate: f64,
}

pub async fn play(short: bool) -> Outcome {
    let scale = match short {
        false => Scale {
            rotations: 20,
            cycle: Duration::from_secs(20),
            late: Duration::from_secs(5),
            rate: 2_520.0,
        },
        true => Scale {
            rotations: 2,
            cycle: Duration::from_secs(6),
            late: Duration::from_secs(1),
            rate: 50.0,
        },
    };
    let authority = Arc::new(Authority::new());
    let mount = Mount::new(&authority.leaf(NAME));
    let (_folder, config) = strict();
    let replica = Replica::start(&mount, &["--config", &config]);
    let manners = Manners {
        uses_max: 15,
        ..Manners::default()
    };
    let client = Client::new(vec![replica.address], &[&authority.pem], both(), manners);
    let leaves = meanwhile(
        &client,
        scale.rate,
        rotate(&client, authority, &mount, &scale),
    )
    .await;
    let counts = client.tally.take();
    let taken = replica.metric("kubevet_reloads_total");
    let what = format!(
        "a new leaf every second, {} new authorities; the client learns a `caBundle` up to {:.0?} \
         late",
        scale.rotations, scale.late
    );
    let seen = format!("the server took over {taken} of {leaves} certificates");
    let mut outcome = Outcome::all_decided(what, counts, seen);
    if taken < f64::from(leaves) * 0.9 {
        outcome
            .failed
            .push_str("too few certificates were taken over");
    }
    outcome
}

/// How many certificates there were.
async fn rotate(
    client: &Arc<Client>,
    mut signer: Arc<Authority>,
    mount: &Mount,
    scale: &Scale,
) -> u32 {
    let mut seconds = interval(Duration::from_secs(1));
    let mut leaves = 0;
    for _ in 0..scale.rotations {
        let begun = Instant::now();
        let new = Arc::new(Authority::new());
        learn(
            client,
            vec![Arc::clone(&signer), Arc::clone(&new)],
            scale.late,
        );
        let mut both = true;
        while begun.elapsed() < scale.cycle {
            seconds.tick().await;
            // Everybody knows both once the new one signs.
            if begun.elapsed() > scale.late + Duration::from_secs(1) {
                signer = Arc::clone(&new);
            }
            mount.swap(&signer.leaf(NAME));
            leaves += 1;
            // The server has had two looks at its files.
            if both && begun.elapsed() > scale.late + Duration::from_secs(3) {
                both = false;
                learn(client, vec![Arc::clone(&new)], scale.late);
            }
        }
    }
    leaves
}

fn learn(client: &Arc<Client>, bundle: Vec<Arc<Authority>>, late: Duration) {
    let client = Arc::clone(client);
    tokio::spawn(async move {
        sleep(up_to(late)).await;
        let pem: Vec<&str> = bundle.iter().map(|authority| &*authority.pem).collect();
        client.trust(&pem);
    });
}
