//! Rolling restarts, as a Deployment with `maxUnavailable: 0` does them.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
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
    let endpoints = addresses(&replicas);
    let client = Client::new(endpoints, &[&authority.pem], both(), Manners::default());
    let proxy = Proxy {
        client: Arc::clone(&client),
        late: scale.late,
        newest: Arc::default(),
    };
    let begun = Instant::now();
    meanwhile(&client, scale.rate, async {
        for _ in 0..scale.restarts {
            restart(&proxy, &mut replicas, &mount, &args).await;
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
async fn restart(proxy: &Proxy, replicas: &mut [Replica], mount: &Arc<Mount>, args: &[String]) {
    let mut leaving = Vec::new();
    for slot in 0..replicas.len() {
        let new = start(mount, args).await;
        let mut ready = addresses(replicas);
        ready.push(new.address);
        proxy.learn(ready);
        let old = std::mem::replace(&mut replicas[slot], new);
        old.terminate();
        proxy.learn(addresses(replicas));
        leaving.push(old);
    }
    while !leaving.iter_mut().all(Replica::is_gone) {
        sleep(Duration::from_millis(50)).await;
    }
}

fn addresses(replicas: &[Replica]) -> Vec<SocketAddr> {
    replicas.iter().map(|replica| replica.address).collect()
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

/// What tells the client whom connects may reach. It learns whole states, none after a newer one.
struct Proxy {
    client: Arc<Client>,
    late: Duration,
    /// The number of the newest state that was learned, of all so far.
    newest: Arc<Mutex<(u64, u64)>>,
}

impl Proxy {
    fn learn(&self, ready: Vec<SocketAddr>) {
        let number = {
            let mut newest = self.newest.lock().unwrap();
            newest.1 += 1;
            newest.1
        };
        let (client, newest) = (Arc::clone(&self.client), Arc::clone(&self.newest));
        let late = up_to(self.late);
        tokio::spawn(async move {
            sleep(late).await;
            let mut newest = newest.lock().unwrap();
            if number > newest.0 {
                newest.0 = number;
                *client.endpoints.lock().unwrap() = ready;
            }
        });
    }
}
