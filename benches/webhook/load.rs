//! How fast and how large the server is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::case::{Case, deployment_8k};
use crate::client::{Client, Manners};
use crate::drive::{closed_loop, open_loop};
use crate::kit::{Authority, Mount, NAME};
use crate::process::{Replica, busy, own_cpu};
use crate::report::{Table, milliseconds};

/// Reviews a second that are measured.
const RATES: [f64; 2] = [1_000.0, 5_000.0];
/// How many calls are under way at a time when it is measured what can be done at most: as many as
/// an API server keeps connections.
const AT_ONCE: usize = 25;
/// After so many reviews memory is looked at again.
const MANY: u64 = 1_000_000;

/// How long the server works before anything counts.
const WARM_UP: Duration = Duration::from_secs(2);
const COLUMNS: [&str; 8] = [
    "reviews/s",
    "p50",
    "p99",
    "p99.9",
    "faults",
    "CPU a review",
    "client's",
    "load average",
];

/// What a stretch of load cost.
struct Cost {
    server: Duration,
    client: Duration,
    took: Duration,
}

/// A server and its client.
struct Bench {
    replica: Replica,
    client: Arc<Client>,
    ready: Duration,
    idle: f64,
    /// Its files, as long as it runs.
    _mount: Mount,
}

impl Bench {
    async fn start() -> Self {
        let authority = Authority::new();
        let mount = Mount::new(&authority.leaf(NAME));
        let starts = (0..5).map(|_| Replica::start(&mount, &[]).ready_after);
        let ready = starts.min().unwrap();
        let replica = Replica::start(&mount, &[]);
        let client = Client::new(
            vec![replica.address],
            &[&authority.pem],
            vec![Case::new(&deployment_8k(), true)],
            Manners::default(),
        );
        let bench = Self {
            ready,
            idle: replica.memory().0,
            replica,
            client,
            _mount: mount,
        };
        open_loop(&bench.client, 500.0, WARM_UP).await;
        bench.client.tally.take();
        bench
    }

    async fn open(&self, table: &mut Table, rate: f64, length: Duration) {
        let driven = open_loop(&self.client, rate, length);
        let cost = cost(&self.replica, driven).await;
        row(table, &self.client, &cost, &format!("{rate:.0}"));
    }

    async fn most(&self, table: &mut Table, length: Duration) {
        let driven = closed_loop(&self.client, AT_ONCE, length);
        let cost = cost(&self.replica, driven).await;
        row(table, &self.client, &cost, "at most, ");
    }
}

/// Measures what can be done at most, and nothing else.
pub async fn peak(length: Duration) {
    let bench = Bench::start().await;
    bench.most(&mut Table::new(&COLUMNS), length).await;
}

/// Measures everything, for so long at each rate; `many`: over a million reviews, too.
pub async fn run(length: Duration, many: bool) -> Table {
    let bench = Bench::start().await;
    let mut table = Table::new(&COLUMNS);
    for rate in RATES {
        bench.open(&mut table, rate, length).await;
    }
    bench.most(&mut table, length).await;
    let (ready, idle, replica) = (bench.ready, bench.idle, &bench.replica);
    let under_load = replica.memory().1;
    table.note(format!(
        "At most: {AT_ONCE} at a time, each followed by the next. Started to ready: {ready:.0?} \
         (best of five). Memory: {idle:.1} MiB idle, {under_load:.1} MiB at most under load"
    ));
    if many {
        let before = replica.memory().0;
        let mut done = 0;
        while done < MANY {
            closed_loop(&bench.client, AT_ONCE, Duration::from_secs(5)).await;
            bench.client.drained().await;
            done += bench.client.tally.take().right;
        }
        let after = replica.memory().0;
        table.note(format!(
            "; {before:.1} MiB before and {after:.1} MiB after {done} more reviews"
        ));
    }
    table
}

async fn cost(replica: &Replica, driven: impl Future<Output = ()>) -> Cost {
    let (server, client, begun) = (replica.cpu(), own_cpu(), Instant::now());
    driven.await;
    Cost {
        server: replica.cpu() - server,
        client: own_cpu() - client,
        took: begun.elapsed(),
    }
}

fn row(table: &mut Table, client: &Arc<Client>, cost: &Cost, what: &str) {
    let mut counts = client.tally.take();
    let calls = counts.calls();
    let [p50, p99, p999] = counts.quantiles(&[0.5, 0.99, 0.999])[..] else {
        unreachable!("three are asked for")
    };
    let each = |cpu: Duration| format!("{:.0} µs", cpu.as_secs_f64() * 1e6 / calls as f64);
    let rate = counts.right as f64 / cost.took.as_secs_f64();
    let said = match what.ends_with(' ') {
        true => format!("{what}{rate:.0}"),
        false => what.to_owned(),
    };
    let faults = match counts.faults() {
        none if none.is_empty() => "none".to_owned(),
        faults => faults,
    };
    table.row(&[
        said,
        milliseconds(p50),
        milliseconds(p99),
        milliseconds(p999),
        faults,
        each(cost.server),
        each(cost.client),
        format!("{:.1}", busy()),
    ]);
}
