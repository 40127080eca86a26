//! Listing and watching what a cluster holds, one task a kind.
//!
//! A watch is asked for anew every 20 seconds, so that one on a connection that died unnoticed, or
//! whose server has nothing to tell, isn't trusted for longer. Nobody else waits for what happens
//! here. Not here: what is known meanwhile (`cluster`).

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use futures_util::StreamExt as _;
use kube::api::{ListParams, WatchEvent, WatchParams};
use kube::core::{Request, Status};
use kube::{Client, Error};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::{sleep, timeout};

use super::cluster::{Cluster, Trouble};
use super::log::{Level, Log};
use crate::cluster::{self, why};
use crate::minor::Minor;
use crate::webhook::cache::kinds::KINDS;

/// How long a watch lasts, in seconds.
const WATCH: u32 = 20;
/// How long the end of a watch may be overdue.
const OVERDUE: Duration = Duration::from_secs(5);
/// How long answers may take.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long a watch takes at most to tell what happened before it began.
const CATCH_UP: Duration = Duration::from_secs(1);
/// How many objects are listed at once. Anybody may write objects of a megabyte, and a page is held
/// twice while it is read.
const PAGE: u32 = 50;
/// How many kinds are listed at once.
const LISTS: usize = 1;
/// How many objects are taken in before others get a turn.
const TURN: usize = 16;
/// How long it waits before it tries again: at first, and at most.
const PAUSE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(30));
/// How often the cluster is asked for its minor; and until it is known.
const MINOR_EVERY: Duration = Duration::from_secs(60);
const MINOR_UNKNOWN: Duration = Duration::from_secs(5);

/// Keeps what is known of a cluster up to date, for as long as the runtime lives.
pub fn start(client: &Client, cluster: &Arc<Cluster>) {
    let lists = Arc::new(Semaphore::new(LISTS));
    for kind in 0..KINDS.len() {
        let watcher = Watcher {
            kind,
            client: client.clone(),
            cluster: Arc::clone(cluster),
            round: 0,
            pause: PAUSE.0,
        };
        tokio::spawn(watcher.keep(Arc::clone(&lists)));
    }
    tokio::spawn(Arc::clone(cluster).tell());
}

/// Asks the cluster for its minor again and again: it may be upgraded. Of a version that kubevet
/// doesn't know, the nearest that it knows is true of most.
pub async fn minors(client: Client, cluster: Arc<Cluster>, log: Arc<Log>) {
    let mut last = None;
    loop {
        let asked = timeout(PATIENCE, cluster::version(&client)).await;
        let (minor, trouble) = match asked.unwrap_or_else(|_| Err("no answer in time".to_owned())) {
            Ok(version) => match version.parse() {
                Ok(minor) => (Some(minor), None),
                Err(why) => (Minor::nearest(&version), Some(why)),
            },
            Err(why) => (None, Some(why)),
        };
        if let Some(minor) = minor {
            cluster.is_of(minor);
        }
        if let Some(why) = trouble.as_ref().filter(|why| last.as_ref() != Some(*why)) {
            let judged = minor.map(|minor| minor.to_string());
            let fields = json!({"why": why, "kubernetesVersion": judged});
            log.line(Level::Warn, "the cluster's version isn't known", fields);
        }
        last = trouble;
        sleep(if minor.is_some() {
            MINOR_EVERY
        } else {
            MINOR_UNKNOWN
        })
        .await;
    }
}

/// What keeps a kind up to date.
struct Watcher {
    kind: usize,
    client: Client,
    cluster: Arc<Cluster>,
    /// How often it was listed.
    round: u32,
    /// How long to wait before the next try.
    pause: Duration,
}

/// A page of a list.
#[derive(Deserialize)]
struct Page<'a> {
    metadata: PageMeta,
    #[serde(borrow)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct PageMeta {
    #[serde(default, rename = "resourceVersion")]
    version: String,
    #[serde(default, rename = "continue")]
    next: String,
}

/// What there is to know of an object to go on behind it.
#[derive(Deserialize)]
struct Versioned {
    metadata: Version,
}

#[derive(Deserialize)]
struct Version {
    #[serde(rename = "resourceVersion")]
    version: String,
}

/// Why a watch ended.
enum End {
    /// It was to.
    Due,
    /// What happened since isn't known any more.
    Gone,
    /// Something hinders.
    Trouble(Trouble),
}

impl Watcher {
    async fn keep(mut self, lists: Arc<Semaphore>) {
        loop {
            self.round = self.round.wrapping_add(1);
            let turn = lists.acquire().await;
            // All pages are as of the first one.
            let begun = Instant::now();
            let listed = self.list().await;
            drop(turn);
            match listed {
                Ok(version) => {
                    self.cluster.listed(self.kind, self.round, begun);
                    self.follow(version).await;
                }
                Err(trouble) => self.cluster.failed(self.kind, trouble),
            }
            self.rest().await;
        }
    }

    /// Takes all objects in. Returns the version as of which they are.
    async fn list(&self) -> Result<String, Trouble> {
        let mut params = ListParams::default().limit(PAGE);
        loop {
            let request = Request::new(self.path()).list(&params).map_err(unasked)?;
            let text = timeout(PATIENCE, self.client.request_text(request)).await;
            let text = text
                .map_err(|_| silent())?
                .map_err(|error| trouble(&error))?;
            let page: Page<'_> = serde_json::from_str(&text).map_err(unasked)?;
            for (number, item) in page.items.unwrap_or_default().iter().enumerate() {
                self.cluster.put(self.kind, self.round, item.get());
                if number % TURN == TURN - 1 {
                    yield_now().await;
                }
            }
            if page.metadata.next.is_empty() {
                return Ok(page.metadata.version);
            }
            params.continue_token = Some(page.metadata.next);
        }
    }

    /// Takes in what happens, for as long as that can be known.
    async fn follow(&mut self, mut version: String) {
        loop {
            let begun = Instant::now();
            match self.watch(&mut version).await {
                End::Gone => return,
                // Whoever ends them at once isn't asked at once.
                End::Due if begun.elapsed() > CATCH_UP => self.pause = PAUSE.0,
                End::Due => self.rest().await,
                End::Trouble(trouble) => {
                    self.cluster.failed(self.kind, trouble);
                    self.rest().await;
                }
            }
        }
    }

    /// Takes in what happens behind a version, which goes along.
    async fn watch(&self, version: &mut String) -> End {
        let params = WatchParams::default().timeout(WATCH);
        let request = match Request::new(self.path()).watch(&params, version) {
            Ok(request) => request,
            Err(error) => return End::Trouble(unasked(error)),
        };
        let events = self.client.request_events::<Box<RawValue>>(request);
        let events = match timeout(PATIENCE, events).await {
            Ok(Ok(events)) => events,
            Ok(Err(error)) => return ended(&error),
            Err(_) => return End::Trouble(silent()),
        };
        let mut events = pin!(events);
        let over = Duration::from_secs(WATCH.into()) + OVERDUE;
        let (mut over, mut caught_up) = (pin!(sleep(over)), pin!(sleep(CATCH_UP)));
        let mut is_up = false;
        loop {
            let event = tokio::select! {
                event = events.next() => event,
                () = &mut caught_up, if !is_up => {
                    is_up = true;
                    self.cluster.alive(self.kind);
                    continue;
                }
                () = &mut over => return End::Trouble(silent()),
            };
            match event {
                None => return End::Due,
                Some(Ok(event)) => {
                    if let Err(end) = self.take(event, version) {
                        return end;
                    }
                }
                Some(Err(error)) => return ended(&error),
            }
            if is_up {
                self.cluster.alive(self.kind);
            } else {
                // What happened before comes first, all at once.
                caught_up.as_mut().reset((Instant::now() + CATCH_UP).into());
            }
        }
    }

    fn take(&self, event: WatchEvent<Box<RawValue>>, version: &mut String) -> Result<(), End> {
        let object = match event {
            WatchEvent::Bookmark(mark) => {
                *version = mark.metadata.resource_version;
                return Ok(());
            }
            WatchEvent::Error(status) => return Err(refused(&status)),
            WatchEvent::Deleted(object) => {
                self.cluster.remove(self.kind, object.get());
                object
            }
            WatchEvent::Added(object) | WatchEvent::Modified(object) => {
                self.cluster.put(self.kind, self.round, object.get());
                object
            }
        };
        let read: Result<Versioned, _> = serde_json::from_str(object.get());
        // Without a version there is nothing to go on behind.
        let read = read.map_err(|_| End::Gone)?;
        *version = read.metadata.version;
        Ok(())
    }

    fn path(&self) -> String {
        let kind = KINDS.get(self.kind);
        kind.map_or_else(String::new, |kind| kind.resource.path())
    }

    /// Waits, for longer each time. Replicas that lost their server together come back one by one.
    async fn rest(&mut self) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let chance = f64::from(now.unwrap_or_default().subsec_micros() % 1000) / 1000.0;
        sleep(self.pause.mul_f64(0.5 + chance / 2.0)).await;
        self.pause = (self.pause * 2).min(PAUSE.1);
    }
}

fn ended(error: &Error) -> End {
    match error {
        Error::Api(status) => refused(status),
        error => End::Trouble(trouble(error)),
    }
}

fn refused(status: &Status) -> End {
    match status.code {
        410 => End::Gone,
        code => End::Trouble(Trouble {
            code: Some(code),
            why: status.message.clone(),
        }),
    }
}

fn trouble(error: &Error) -> Trouble {
    let code = match error {
        Error::Api(status) => Some(status.code),
        _ => None,
    };
    Trouble {
        code,
        why: why(error),
    }
}

fn unasked(error: impl std::fmt::Display) -> Trouble {
    Trouble {
        code: None,
        why: error.to_string(),
    }
}

fn silent() -> Trouble {
    Trouble {
        code: None,
        why: "no answer in time".to_owned(),
    }
}
