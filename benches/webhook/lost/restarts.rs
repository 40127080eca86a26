//! Rolling restarts, as a Deployment with `maxUnavailable: 0` does them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

use super::{Outcome, up_to};
use crate::case::both;
use crate::client::{Client, Manners};
use crate::drive::meanwhile;
use crate::kit::{Authority, Mount, NAME, strict};
use crate::process::Replica;

/// How many replicas there are.
const REPLICAS: usize = 2;

struct Scale {
    restarts: u32,
    /// How late the client learns who is ready at most.
    late: Duration,
    drain: &'static str,
    rate: f64,
}

pub async fn play(short: bool) -> Outcome {
    let scale = match short {
        false => Scale {
            restarts: 50,
            late: Duration::from_secs(5),
            drain: "6",
            rate: 2_000.0,
        },
        true => Scale {
            restarts: 2,
            late: Duration::from_secs(1),
            drain: "2",
            rate: 50.0,
        },
    };
    let authority = Authority::new();
    let mount = Arc::new(Mount::new(&authority.leaf(NAME)));
    let (_folder, config) = strict();
    let args = vec![
        "--drain-delay".into(),
        scale.drain.into(),
        "--config".into(),
        config,
    ];
    let mut replicas = Vec::new();
    for _ in 0..REPLICAS {
        replicas.push(start(&mount, &args).await);
    }
    let endpoints = replicas.iter().map(|replica| replica.address).collect();
    let client = Client::new(endpoints, &[&authority.pem], both(), Manners::default());
    let begun = Instant::now();
    meanwhile(&client, scale.rate, async {
        for _ in 0..scale.restarts {
            restart(&client, &mut replicas, &mount, &args, scale.late).await;
        }
    })
    .await;
    let what = format!(
        "{} rolling restarts of {REPLICAS} replicas under {:.0} reviews/s; who is ready is learned \
         up to {:.0?} late, `--drain-delay {}`",
        scale.restarts, scale.rate, scale.late, scale.drain
    );
    let seen = format!("{:.0} s", begun.elapsed().as_secs_f64());
    Outcome::all_decided(what, client.tally.take(), seen)
}

/// Replaces all: a new one is started, and as soon as it is ready, an old one is told to stop.
async fn restart(
    client: &Arc<Client>,
    replicas: &mut [Replica],
    mount: &Arc<Mount>,
    args: &[String],
    late: Duration,
) {
    let mut leaving = Vec::new();
    for replica in replicas {
        let new = start(mount, args).await;
        let address = new.address;
        learn(client, late, move |ready| ready.push(address));
        let old = std::mem::replace(replica, new);
        old.terminate();
        let address = old.address;
        learn(client, late, move |ready| {
            ready.retain(|one| *one != address)
        });
        leaving.push(old);
    }
    while !leaving.iter_mut().all(Replica::is_gone) {
        sleep(Duration::from_millis(50)).await;
    }
}

async fn start(mount: &Arc<Mount>, args: &[String]) -> Replica {
    let (mount, args) = (Arc::clone(mount), args.to_vec());
    let replica = spawn_blocking(move || {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let replica = Replica::start(&mount, &args);
        assert!(replica.is_ready());
        replica
    });
    replica.await.unwrap()
}

fn learn(
    client: &Arc<Client>,
    late: Duration,
    what: impl FnOnce(&mut Vec<SocketAddr>) + Send + 'static,
) {
    let client = Arc::clone(client);
    tokio::spawn(async move {
        sleep(up_to(late)).await;
        what(&mut client.endpoints.lock().unwrap());
    });
}
