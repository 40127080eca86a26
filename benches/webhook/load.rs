//! How fast and how large the server is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use crate::case::{Case, deployment_8k};
use crate::client::{Client, Manners};
use crate::drive::{closed_loop, open_loop};
use crate::kit::{Authority, Mount, NAME};
use crate::process::{Replica, Usage, busy, own_cpu};
use crate::report::{Table, milliseconds};

/// Reviews a second that are measured, unless a server can't do so many.
const RATES: [f64; 3] = [500.0, 1_000.0, 5_000.0];
/// How many calls are under way at a time when it is measured what can be done at most: as many as
/// an API server keeps connections.
const AT_ONCE: usize = 25;
/// After so many reviews memory is looked at again.
const MANY: u64 = 1_000_000;

/// How long the server works before anything counts, twice.
const WARM_UP: Duration = Duration::from_secs(2);
/// What starts with Gatekeeper, its API server above all, is given so long to fall silent.
const CALM: Duration = Duration::from_secs(15);
const COLUMNS: [&str; 10] = [
    "server",
    "reviews/s",
    "p50",
    "p99",
    "p99.9",
    "client late, p99",
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
    /// What the tables call it.
    name: String,
    replica: Replica,
    client: Arc<Client>,
    idle: f64,
    /// Reviews a second that it can do, roughly.
    able: f64,
    /// Its files, as long as it runs.
    _mount: Mount,
}

impl Bench {
    async fn kubevet() -> Self {
        Self::linter("kubevet", |mount| Replica::start(mount, &[])).await
    }

    async fn linter(name: &str, start: impl FnOnce(&Mount) -> Replica) -> Self {
        let authority = Authority::new();
        let mount = Mount::new(&authority.leaf(NAME));
        let (name, replica) = (name.to_owned(), start(&mount));
        Self::start(name, replica, mount, &authority, Manners::default()).await
    }

    async fn gatekeeper() -> Self {
        let authority = Authority::new();
        let mount = Mount::new(&authority.leaf(NAME));
        let (replica, release) = Replica::gatekeeper(&mount);
        sleep(CALM).await;
        let manners = Manners {
            path: "/v1/admit",
            ..Manners::default()
        };
        let name = format!("Gatekeeper {release}");
        Self::start(name, replica, mount, &authority, manners).await
    }

    async fn start(
        name: String,
        replica: Replica,
        mount: Mount,
        authority: &Authority,
        manners: Manners,
    ) -> Self {
        let client = Client::new(
            vec![replica.address],
            &[&authority.pem],
            vec![Case::new(&deployment_8k(), true)],
            manners,
        );
        let idle = replica.usage().memory().0;
        open_loop(&client, 500.0, WARM_UP).await;
        client.tally.take();
        closed_loop(&client, AT_ONCE, WARM_UP).await;
        client.drained().await;
        let warm = client.tally.take();
        assert_eq!(warm.faults(), "", "{name} doesn't do what is measured");
        Self {
            name,
            replica,
            client,
            idle,
            able: warm.right as f64 / WARM_UP.as_secs_f64(),
            _mount: mount,
        }
    }

    /// Measures at each rate that it can do, and what it can do at most; says what memory it took.
    async fn measure(&self, table: &mut Table, length: Duration) -> String {
        for rate in RATES.into_iter().filter(|rate| *rate < self.able) {
            let driven = open_loop(&self.client, rate, length);
            let cost = cost(self.replica.usage(), driven).await;
            self.row(table, &cost, &format!("{rate:.0}"));
        }
        self.most(table, length).await;
        let (name, idle) = (&self.name, self.idle);
        let most = self.replica.usage().memory().1;
        format!("{name} {idle:.1} MiB and {most:.1} MiB")
    }

    async fn most(&self, table: &mut Table, length: Duration) {
        let driven = closed_loop(&self.client, AT_ONCE, length);
        let cost = cost(self.replica.usage(), driven).await;
        self.row(table, &cost, "at most, ");
    }

    /// What memory does over a million reviews.
    async fn many(&self) -> String {
        let before = self.replica.usage().memory().0;
        let mut done = 0;
        while done < MANY {
            closed_loop(&self.client, AT_ONCE, Duration::from_secs(5)).await;
            self.client.drained().await;
            done += self.client.tally.take().right;
        }
        let after = self.replica.usage().memory().0;
        format!("{before:.1} MiB before and {after:.1} MiB after {done} more reviews")
    }

    fn row(&self, table: &mut Table, cost: &Cost, what: &str) {
        let mut counts = self.client.tally.take();
        let calls = counts.calls();
        let [p50, p99, p999] = counts.quantiles(&[0.5, 0.99, 0.999])[..] else {
            unreachable!("three are asked for")
        };
        let each = |cpu: Duration| format!("{:.0} µs", cpu.as_secs_f64() * 1e6 / calls as f64);
        let rate = counts.right as f64 / cost.took.as_secs_f64();
        // Where each call follows another, none has a time to be made at.
        let (said, late) = match what.ends_with(' ') {
            true => (format!("{what}{rate:.0}"), "–".to_owned()),
            false => (what.to_owned(), milliseconds(counts.delays(&[0.99])[0])),
        };
        let faults = match counts.faults() {
            none if none.is_empty() => "none".to_owned(),
            faults => faults,
        };
        table.row(&[
            self.name.clone(),
            said,
            milliseconds(p50),
            milliseconds(p99),
            milliseconds(p999),
            late,
            faults,
            each(cost.server),
            each(cost.client),
            format!("{:.1}", busy()),
        ]);
    }
}

/// Measures what can be done at most, and nothing else.
pub async fn peak(length: Duration) {
    let bench = Bench::kubevet().await;
    bench.most(&mut Table::new(&COLUMNS), length).await;
}

/// Measures what the image holds, for so long at each rate.
pub async fn image(length: Duration) -> Table {
    let mut table = Table::new(&COLUMNS);
    let bench = Bench::linter("kubevet, linked statically", Replica::image).await;
    let memory = bench.measure(&mut table, length).await;
    table.note(&format!("Memory, idle and at most under load: {memory}"));
    table
}

/// Measures everything, for so long at each rate; `many`: over a million reviews, too; `beside`:
/// Gatekeeper, too.
pub async fn run(length: Duration, many: bool, beside: bool) -> Table {
    let ready = ready_after();
    let mut table = Table::new(&COLUMNS);
    let kubevet = Bench::kubevet().await;
    let mut memory = kubevet.measure(&mut table, length).await;
    let later = match many {
        true => format!("; {}", kubevet.many().await),
        false => String::new(),
    };
    drop(kubevet);
    if beside {
        let gatekeeper = Bench::gatekeeper().await;
        let its = gatekeeper.measure(&mut table, length).await;
        memory = format!("{memory}, {its}");
    }
    table.note(&format!(
        "At most: {AT_ONCE} at a time, each followed by the next. Memory, idle and at most under \
         load: {memory}. kubevet: {ready:.0?} from start to ready (best of five){later}"
    ));
    table
}

/// How long `kubevet serve` takes to be ready.
fn ready_after() -> Duration {
    let mount = Mount::new(&Authority::new().leaf(NAME));
    let starts = (0..5).map(|_| Replica::start(&mount, &[]).ready_after);
    starts.min().unwrap()
}

async fn cost(usage: Usage, driven: impl Future<Output = ()>) -> Cost {
    let (server, client, begun) = (usage.cpu(), own_cpu(), Instant::now());
    driven.await;
    Cost {
        server: usage.cpu() - server,
        client: own_cpu() - client,
        took: begun.elapsed(),
    }
}
