//! What a cluster holds, and as of when: filled by watches, looked into by reviews.
//!
//! Lives here: what is known of each kind, when it was last surely so, and what that makes of the
//! rules. Not here: the requests (`watch`), and which objects relate (`webhook::cache`).

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::sync::Notify;
use tokio::time::{interval, timeout};

use super::log::{Level, Log};
use super::metrics::Text;
use crate::minor::Minor;
use crate::object::Object;
use crate::webhook::cache::kinds::{KINDS, LOOKED_FOR};
use crate::webhook::cache::prune::prune;
use crate::webhook::cache::store::Store;
use crate::webhook::judge;
use crate::webhook::sight::{AGE_MAX, Around, Sight};

/// How long a start waits for the cluster.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// How often it is looked whether something grew too old, for the log: a lost server takes all
/// kinds with it, within seconds.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What is known of a cluster.
#[derive(Debug)]
pub struct Cluster {
    store: RwLock<Store>,
    watched: [Watched; KINDS.len()],
    /// The number of its minor; 0: it isn't known.
    minor: AtomicU8,
    started: Instant,
    changed: Notify,
    log: Arc<Log>,
}

/// What is known of a kind.
#[derive(Debug, Default)]
struct Watched {
    /// How many milliseconds after the start all of it was surely known; 0: never yet.
    known: AtomicU64,
    /// It is known, or may not be read.
    settled: AtomicBool,
    failures: AtomicU64,
    /// What hinders.
    trouble: Mutex<Option<Trouble>>,
}

/// What hinders a watch.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// What the API server answered; `None`: nothing.
    pub code: Option<u16>,
    /// What is said of it.
    pub why: String,
}

impl Trouble {
    /// Whether trying again is in vain until somebody grants a right.
    fn is_refusal(&self) -> bool {
        matches!(self.code, Some(401 | 403 | 404 | 405))
    }
}

impl Cluster {
    /// Nothing is known yet.
    pub fn new(log: Arc<Log>) -> Self {
        Self {
            store: RwLock::default(),
            watched: std::array::from_fn(|_| Watched::default()),
            minor: AtomicU8::new(0),
            started: Instant::now(),
            changed: Notify::new(),
            log,
        }
    }

    /// The minor that it said it is.
    pub fn minor(&self) -> Option<Minor> {
        Minor::new(self.minor.load(Ordering::Relaxed))
    }

    /// It is of a minor.
    pub fn is_of(&self, minor: Minor) {
        self.minor.store(minor.number(), Ordering::Relaxed);
    }

    /// An object is there, as of a round of listing.
    pub fn put(&self, kind: usize, round: u32, json: &str) {
        let Some(known) = KINDS.get(kind) else {
            return;
        };
        let pruned = prune(known, json);
        let put = pruned.and_then(|pruned| self.write().put(kind, round, &pruned));
        if let Err(why) = put {
            let fields = json!({"kind": known.resource.kind, "why": why});
            self.log
                .line(Level::Warn, "an object isn't understood", fields);
        }
    }

    /// An object is gone.
    pub fn remove(&self, kind: usize, json: &str) {
        let pruned = KINDS.get(kind).map(|known| prune(known, json));
        if let Some(Ok(gone)) = pruned {
            self.write().remove(kind, &gone.namespace, &gone.name);
        }
    }

    /// All objects of a kind were put in a round, as they were at a time.
    pub fn listed(&self, kind: usize, round: u32, at: Instant) {
        let mut store = self.write();
        store.sweep(kind, round);
        let objects = store.count(kind);
        drop(store);
        let Some((known, watched)) = KINDS.get(kind).zip(self.watched.get(kind)) else {
            return;
        };
        let fields = json!({"kind": known.resource.kind, "objects": objects});
        self.log.line(Level::Info, "read from the cluster", fields);
        self.known_at(kind, at);
        watched.settled.store(true, Ordering::Relaxed);
        self.changed.notify_waiters();
    }

    /// What is known of a kind is what there is right now.
    pub fn alive(&self, kind: usize) {
        self.known_at(kind, Instant::now());
    }

    fn known_at(&self, kind: usize, at: Instant) {
        let Some((known, watched)) = KINDS.get(kind).zip(self.watched.get(kind)) else {
            return;
        };
        let at = at.saturating_duration_since(self.started).as_millis();
        let at = u64::try_from(at).unwrap_or(u64::MAX).max(1);
        watched.known.store(at, Ordering::Relaxed);
        let trouble = watched.trouble.lock();
        let over = trouble.unwrap_or_else(PoisonError::into_inner).take();
        if over.is_some() {
            let fields = json!({"kind": known.resource.kind});
            self.log.line(Level::Info, "watching again", fields);
        }
    }

    /// A kind can't be watched; logged when that is news.
    pub fn failed(&self, kind: usize, trouble: Trouble) {
        let Some((known, watched)) = KINDS.get(kind).zip(self.watched.get(kind)) else {
            return;
        };
        watched.failures.fetch_add(1, Ordering::Relaxed);
        if trouble.is_refusal() {
            watched.settled.store(true, Ordering::Relaxed);
            self.changed.notify_waiters();
        }
        let last = watched.trouble.lock();
        let mut last = last.unwrap_or_else(PoisonError::into_inner);
        let is_news = last.as_ref().is_none_or(|last| last.code != trouble.code);
        if is_news {
            let fields = json!({"kind": known.resource.kind, "why": trouble.why});
            self.log.line(Level::Warn, "can't watch", fields);
            *last = Some(trouble);
        }
    }

    /// Whether everything that may be read is, or was waited for long enough.
    pub fn is_settled(&self) -> bool {
        let mut watched = self.watched.iter();
        watched.all(|watched| watched.settled.load(Ordering::Relaxed))
            || self.started.elapsed() > WAIT_MAX
    }

    /// Waits for that.
    pub async fn settled(&self) {
        while !self.is_settled() {
            let changed = self.changed.notified();
            let _ = timeout(Duration::from_secs(1), changed).await;
        }
    }

    /// Logs, from when it is settled on, what rules are doubted, whenever that changes.
    pub async fn tell(self: Arc<Self>) {
        self.settled().await;
        let mut looks = interval(LOOK_EVERY);
        let mut told = Vec::new();
        loop {
            looks.tick().await;
            let doubted = self.doubted();
            if doubted == told {
                continue;
            }
            let old: Vec<&str> = self.old().collect();
            let fields = json!({"kinds": old, "rules": doubted});
            match doubted.is_empty() {
                true => self
                    .log
                    .line(Level::Info, "the cluster is known", json!({})),
                false => {
                    let message = "what these rules say of the cluster only warns";
                    self.log.line(Level::Warn, message, fields);
                }
            }
            told = doubted;
        }
    }

    /// What is told of it for metrics.
    pub fn write_metrics(&self, text: &mut Text) {
        let kinds = || KINDS.iter().enumerate().zip(&self.watched);
        let labels = |kind: &str| format!("kind=\"{kind}\"");
        let help = "Objects of the cluster that are kept, by kind.";
        text.begin("kubevet_cached_objects", "gauge", help);
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        for ((number, kind), _) in kinds() {
            text.sample(&labels(kind.resource.kind), store.count(number));
        }
        drop(store);
        let help = "Whether a kind was read from the cluster.";
        text.begin("kubevet_cache_synced", "gauge", help);
        for ((_, kind), watched) in kinds() {
            let synced = self.age(watched).is_some();
            text.sample(&labels(kind.resource.kind), u8::from(synced));
        }
        let help = "How long ago what is kept of a kind was surely what there was.";
        text.begin("kubevet_cache_age_seconds", "gauge", help);
        for ((_, kind), watched) in kinds() {
            if let Some(age) = self.age(watched) {
                text.sample(&labels(kind.resource.kind), age.as_secs_f64());
            }
        }
        let help = "Requests to watch a kind that failed.";
        text.begin("kubevet_watch_failures_total", "counter", help);
        for ((_, kind), watched) in kinds() {
            let failures = watched.failures.load(Ordering::Relaxed);
            text.sample(&labels(kind.resource.kind), failures);
        }
    }

    /// How long ago what is known of a kind was surely so; `None`: nothing is known.
    fn age(&self, watched: &Watched) -> Option<Duration> {
        let known = watched.known.load(Ordering::Relaxed);
        let age = self.started.elapsed();
        (known > 0).then(|| age.saturating_sub(Duration::from_millis(known)))
    }

    /// The kinds that aren't known, or no longer.
    fn old(&self) -> impl Iterator<Item = &'static str> {
        let kinds = KINDS.iter().zip(&self.watched);
        let is_old = |watched| {
            self.age(watched)
                .is_none_or(|age| age > Duration::from_secs(AGE_MAX))
        };
        kinds.filter_map(move |(kind, watched)| is_old(watched).then_some(kind.resource.kind))
    }

    /// The rules that look for a kind that isn't known, or no longer.
    fn doubted(&self) -> Vec<&'static str> {
        let old: Vec<&str> = self.old().collect();
        let doubted = LOOKED_FOR
            .iter()
            .filter(|(_, kinds)| kinds.iter().any(|kind| old.contains(kind)));
        doubted.map(|(rule, _)| *rule).collect()
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, Store> {
        self.store.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sight for Cluster {
    fn around(&self, object: &Object<'_>) -> Around {
        // First: what comes to be known while objects are looked up doesn't count yet.
        let doubted = self.doubted();
        let ages = self.watched.iter().filter_map(|watched| self.age(watched));
        let age = ages.max().map(|age| age.as_secs());
        let is_known = |kind: usize| {
            let watched = self.watched.get(kind);
            watched.is_some_and(|watched| self.age(watched).is_some())
        };
        let store = self.store.read().unwrap_or_else(PoisonError::into_inner);
        let around = store.around(object, is_known);
        drop(store);
        // What was put in could be read.
        let objects = around.iter().filter_map(|json| judge::read(json).ok());
        let decided = LOOKED_FOR.iter().map(|(rule, _)| *rule);
        let decided = decided.filter(|rule| !doubted.contains(rule));
        Around {
            objects: objects.collect(),
            decided: decided.collect(),
            doubted,
            age,
        }
    }
}
