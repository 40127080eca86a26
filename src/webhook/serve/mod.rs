//! Serving reviews over TLS: `kubevet serve`.
//!
//! Lives here: the start, and the end in the order that loses no request. The rooms: `listen` lets
//! connections in, `threads` serves them, `connection` and `clock` give each its time, `server`
//! knows what is answered, `bytes` and `queue` hold back what there is no room for, `files` and
//! `certificates` bring in what changes, `watch` and `cluster` what else there is, `probe` tells
//! whether all of that works, `metrics` and `log` tell the rest. Not here: what a review says
//! (`webhook::review`).

mod bytes;
pub mod certificates;
mod clock;
mod cluster;
mod connection;
pub mod files;
mod listen;
mod log;
mod metrics;
pub mod own;
mod probe;
mod queue;
mod server;
mod threads;
mod watch;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use serde_json::json;
use tokio::net::{TcpListener, TcpSocket};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch as channel};
use tokio::time::{sleep, timeout};

use crate::cluster::Way;
use crate::lint::run::all_metas;
use crate::rule::Rule;
use cluster::Cluster;
use files::Files;
use listen::Door;
use log::{Level, Log};
use metrics::Metrics;
use probe::Probe;
use queue::Queue;
use server::Server;
use threads::Threads;

use super::sight::{Nothing, Sight};

/// What a server is started with.
pub struct Settings {
    /// Where to listen for reviews; port 0: any that is free.
    pub listen: SocketAddr,
    /// Where to listen for metrics and probes without TLS, too.
    pub metrics_listen: Option<SocketAddr>,
    /// Config and certificate.
    pub files: Files,
    /// The cluster to look around in; `None`: each object is judged alone.
    pub cluster: Option<Way>,
    /// Own certificates, where no file holds one.
    pub own_certificates: Option<own::Settings>,
    /// The rules to run.
    pub rules: &'static [&'static Rule],
    /// How long to go on while the cluster learns that the server stops.
    pub drain: Duration,
}

/// How far a server is with stopping.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// It isn't.
    Serving,
    /// It still serves, says that it isn't ready, and closes connections behind answers.
    Leaving,
    /// It lets nobody in, and closes connections that are idle.
    Closing,
}

/// How long the last requests may take.
const LAST: Duration = Duration::from_secs(35);

/// How long a start waits to know the minor of the cluster.
const MINOR_WAIT: Duration = Duration::from_secs(2);

/// How many connections to the listener for metrics may wait to be accepted.
const METRICS_WAITING: usize = 128;

/// Serves until it is told to stop.
///
/// # Errors
/// It can't start: an address, a file, or the system.
pub fn serve(settings: Settings) -> Result<(), String> {
    // For all that isn't a review.
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("net")
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let threads = Threads::start(processors())?;
    runtime.block_on(run(settings, threads))
}

async fn run(settings: Settings, threads: Threads) -> Result<(), String> {
    let (listener, address) = bind(settings.listen, threads.waiting_max())?;
    let mut stops = Stops::new()?;
    let log = Arc::new(Log::start().map_err(|error| error.to_string())?);
    log.panics();
    let cluster = match &settings.cluster {
        Some(way) => Some(look_around(way, &log, settings.files.minor.is_none()).await?),
        None => None,
    };
    let files = settings.files;
    let own = settings.own_certificates;
    let unbelieved = own.as_ref().map(own::Settings::unbelieved).transpose()?;
    let contents = files.read(cluster.as_deref())?;
    let (stage, stages) = channel::channel(Stage::Serving);
    let server = Arc::new(Server {
        rules: settings.rules,
        laws: ArcSwap::from_pointee(files.laws(&contents, settings.rules)?),
        sight: match &cluster {
            Some(cluster) => Arc::clone(cluster) as Arc<dyn Sight>,
            None => Arc::new(Nothing),
        },
        cluster,
        certificate: ArcSwap::from_pointee(files.certificate(&contents, unbelieved)?),
        certifying: Mutex::default(),
        own: own.as_ref().map(own::Settings::standing),
        queue: Queue::start(processors())?,
        budget: bytes::Budget::default(),
        metrics: Metrics::new(&all_metas(settings.rules)),
        log,
        started: Instant::now(),
        regrets: Mutex::default(),
        stage: stages.clone(),
        probe: Probe::new(address, token()?),
    });
    let watched = files.watch(contents, &server);
    watched.map_err(|error| error.to_string())?;
    let (alive, all_gone) = mpsc::channel(1);
    let door = |router, threads| Door {
        server: Arc::clone(&server),
        router,
        threads,
        stage: stages.clone(),
        _alive: alive.clone(),
    };
    let minor = server.laws.load().minor.to_string();
    let fields = json!({
        "address": address.to_string(),
        "version": env!("CARGO_PKG_VERSION"),
        "kubernetesVersion": minor,
    });
    tokio::spawn(door(server::reviews(Arc::clone(&server)), Some(threads)).open(listener));
    server.log.line(Level::Info, "listening", fields);
    if let Some(wanted) = settings.metrics_listen {
        let (listener, address) = bind(wanted, METRICS_WAITING)?;
        tokio::spawn(door(server::metrics(Arc::clone(&server)), None).open(listener));
        let fields = json!({"address": address.to_string()});
        server
            .log
            .line(Level::Info, "listening for metrics", fields);
    }
    let looked = match own {
        Some(own) => Some(own.keep(&server).await?),
        None => None,
    };
    tokio::spawn(begin(Arc::clone(&server), looked));
    drop(alive);
    stop(&server, &stage, all_gone, settings.drain, &mut stops).await;
    Ok(())
}

/// Starts to watch a cluster. It need not be there yet; only its minor is waited for, a little, if
/// that counts.
async fn look_around(way: &Way, log: &Arc<Log>, wait: bool) -> Result<Arc<Cluster>, String> {
    let client = way.client(false).await.map_err(|why| match way {
        Way::Pod => format!("{why}: take --kubeconfig FILE, or --no-cluster"),
        Way::Kubeconfig(_) | Way::Usual => why,
    })?;
    let cluster = Arc::new(Cluster::new(Arc::clone(log)));
    watch::start(&client, &cluster);
    let minors = watch::minors(client, Arc::clone(&cluster), Arc::clone(log));
    tokio::spawn(minors);
    let known = async {
        while wait && cluster.minor().is_none() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    let _ = timeout(MINOR_WAIT, known).await;
    Ok(cluster)
}

/// Says when the server is ready.
async fn begin(server: Arc<Server>, looked: Option<oneshot::Receiver<()>>) {
    if let Some(looked) = looked {
        let _ = looked.await;
    }
    if let Some(cluster) = &server.cluster {
        cluster.settled().await;
    }
    match server.ready().await {
        Ok(()) => server.log.line(Level::Info, "ready", json!({})),
        Err(why) => server
            .log
            .line(Level::Error, "not ready", json!({"why": why})),
    }
}

/// Stops when it is told to. What is idle is closed last: a client that is just about to use it
/// would lose its request. A second signal ends it at once.
async fn stop(
    server: &Server,
    stage: &channel::Sender<Stage>,
    mut all_gone: mpsc::Receiver<()>,
    drain: Duration,
    stops: &mut Stops,
) {
    stops.next().await;
    let fields = json!({"seconds": drain.as_secs_f64()});
    server.log.line(Level::Info, "stopping", fields);
    stage.send_replace(Stage::Leaving);
    let ending = async {
        sleep(drain).await;
        stage.send_replace(Stage::Closing);
        let _ = timeout(LAST, all_gone.recv()).await;
    };
    tokio::select! {
        () = ending => server.log.line(Level::Info, "stopped", json!({})),
        () = stops.next() => {
            server.log.line(Level::Warn, "stopped at once", json!({}));
        }
    }
    server.log.flush();
}

/// The signals to stop.
struct Stops {
    terminate: Signal,
    interrupt: Signal,
}

impl Stops {
    fn new() -> Result<Self, String> {
        let signals = |kind| signal(kind).map_err(|error| error.to_string());
        Ok(Self {
            terminate: signals(SignalKind::terminate())?,
            interrupt: signals(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Listens; so many connections may wait to be accepted. Where more come at once, those that find
/// no room try again after a whole second. With much more room than there is for those who wait to
/// shake hands, the last would wait for longer than a call does, and all handshakes would be for
/// nothing.
fn bind(wanted: SocketAddr, waiting: usize) -> Result<(TcpListener, SocketAddr), String> {
    let said = |error| format!("{wanted}: {error}");
    let socket = match wanted {
        SocketAddr::V4(_) => TcpSocket::new_v4(),
        SocketAddr::V6(_) => TcpSocket::new_v6(),
    };
    let socket = socket.map_err(said)?;
    socket.set_reuseaddr(true).map_err(said)?;
    socket.bind(wanted).map_err(said)?;
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    let listener = socket.listen(waiting).map_err(said)?;
    let address = listener.local_addr().map_err(said)?;
    Ok((listener, address))
}

/// How many processors are used. Each thread may take some MiB for its review, outside of any
/// budget: on a node with dozens they would take more memory than `deploy/` gives.
fn processors() -> usize {
    const MOST: usize = 4;
    std::thread::available_parallelism().map_or(1, |there_are| there_are.get().min(MOST))
}

/// A secret of the process.
fn token() -> Result<String, String> {
    let mut bytes = [0; 16];
    let filled = certificates::provider().secure_random.fill(&mut bytes);
    filled.map_err(|_| "the system has no random numbers".to_owned())?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
