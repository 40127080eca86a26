//! Threads that serve connections, each its own ones.
//!
//! In a runtime whose threads share all connections one thread waits for all of them; while it
//! answers a review that came alone, nobody waits, and the next one lies until it is done. To wake
//! another thread each time would cost a quarter of a review. So each thread waits for the
//! connections that it was given. Not here: what is done on them (`connection`).

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use tokio::runtime::{self, Handle};
use tokio::sync::{Mutex as Turns, oneshot};
use tokio::time::sleep_until;

/// How many threads there are for each processor: where something else takes it from one for some
/// milliseconds, only the connections of that one wait, and another processor serves the others.
const FOR_EACH_PROCESSOR: usize = 2;
/// How long after the beginning of a handshake the next one begins on a thread. Who finds all
/// connections busy opens one more for each call, and what that takes keeps them busy: left alone,
/// it would not end.
const BETWEEN_HANDSHAKES: Duration = Duration::from_millis(8);
/// How many connections may wait for their turn, for each thread, before no more are accepted:
/// those that the system keeps take no memory, and no place that somebody else needs.
const WAITING_MAX: usize = 64;
/// How many in all: half of the connections that there may be.
const ALL_WAITING_MAX: usize = 1024;
/// So many connections that got no answer yet are on one thread before others get more of them.
const UNPROVEN: usize = 8;
/// How many connections more than another thread one may have. Clients keep those that are free
/// first, so that of many that they open those of the faster thread stay.
const MORE: usize = 2;
/// How long after a connection that was sent away the next one is.
const BETWEEN_LEAVES: Duration = Duration::from_millis(20);

/// The threads; they end when this is dropped.
pub struct Threads {
    runtimes: Vec<(Handle, oneshot::Sender<()>)>,
    loads: Arc<Loads>,
}

/// What the threads have to do.
struct Loads {
    threads: Vec<Load>,
    /// When the next connection may be sent away.
    leave: Mutex<Instant>,
}

/// What a thread has to do.
struct Load {
    connections: AtomicUsize,
    /// Those of them that got an answer to a review: anybody may open one.
    proven: AtomicUsize,
    /// Those of them that wait for their turn to shake hands.
    waiting: AtomicUsize,
    /// When the next handshake may begin; who waits for it comes in order.
    handshake: Turns<Instant>,
}

/// The place of a connection on a thread.
pub struct Seat {
    loads: Arc<Loads>,
    thread: usize,
    is_proven: AtomicBool,
}

impl Threads {
    /// Starts the threads for so many processors.
    ///
    /// # Errors
    /// There can't be as many.
    pub fn start(processors: usize) -> Result<Self, String> {
        let count = processors * FOR_EACH_PROCESSOR;
        let runtimes = (0..count).map(start);
        Ok(Self {
            runtimes: runtimes.collect::<Result<_, _>>()?,
            loads: Arc::new(Loads {
                threads: (0..count).map(|_| Load::new()).collect(),
                leave: Mutex::new(Instant::now()),
            }),
        })
    }

    /// How many connections may wait for their turn to shake hands.
    pub fn waiting_max(&self) -> usize {
        (WAITING_MAX * self.runtimes.len()).min(ALL_WAITING_MAX)
    }

    /// Whether as many do.
    pub fn is_crowded(&self) -> bool {
        let waiting = self.loads.threads.iter().map(|load| count(&load.waiting));
        waiting.sum::<usize>() >= self.waiting_max()
    }

    /// Serves a connection on the thread that has the fewest that got answers, unless too many that
    /// got none are there: they come in crowds, and anybody may open them.
    pub fn spawn<F>(&self, connection: impl FnOnce(Seat) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let loads = self.loads.threads.iter().enumerate();
        let least = loads.min_by_key(|(_, load)| {
            let (connections, proven) = (count(&load.connections), count(&load.proven));
            let unproven = connections.saturating_sub(proven);
            (unproven / UNPROVEN, proven, connections)
        });
        let Some((thread, load)) = least else {
            return;
        };
        if let Some((runtime, _)) = self.runtimes.get(thread) {
            load.connections.fetch_add(1, Ordering::Relaxed);
            runtime.spawn(connection(Seat {
                loads: Arc::clone(&self.loads),
                thread,
                is_proven: AtomicBool::new(false),
            }));
        }
    }
}

fn count(of: &AtomicUsize) -> usize {
    of.load(Ordering::Relaxed)
}

/// Starts a thread; it ends with the sender.
fn start(number: usize) -> Result<(Handle, oneshot::Sender<()>), String> {
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let (end, ended) = oneshot::channel();
    let handle = runtime.handle().clone();
    let thread = Builder::new().name(format!("connections-{number}"));
    let until_end = move || {
        let _ = runtime.block_on(ended);
    };
    thread.spawn(until_end).map_err(|error| error.to_string())?;
    Ok((handle, end))
}

impl Load {
    fn new() -> Self {
        Self {
            connections: AtomicUsize::default(),
            proven: AtomicUsize::default(),
            waiting: AtomicUsize::default(),
            handshake: Turns::new(Instant::now()),
        }
    }
}

impl Seat {
    /// Ends when it is the connection's turn to shake hands.
    pub async fn turn(&self) {
        let Some(load) = self.loads.threads.get(self.thread) else {
            return;
        };
        let _waiting = Waiting::begin(&load.waiting);
        // Who goes away while it waits takes nobody's turn.
        let mut next = load.handshake.lock().await;
        if *next > Instant::now() {
            sleep_until((*next).into()).await;
        }
        *next = Instant::now() + BETWEEN_HANDSHAKES;
    }

    /// The connection got an answer to a review.
    pub fn prove(&self) {
        let load = self.loads.threads.get(self.thread);
        if let Some(load) = load.filter(|_| !self.is_proven.swap(true, Ordering::Relaxed)) {
            load.proven.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Whether the connection should go, for another thread has less to do; asked when it can.
    pub fn is_one_too_many(&self) -> bool {
        let of_thread = |load: &Load| count(&load.proven);
        let threads = &self.loads.threads;
        let least = threads.iter().map(of_thread).min().unwrap_or(0);
        if threads.get(self.thread).map_or(0, of_thread) <= least + MORE {
            return false;
        }
        let now = Instant::now();
        let leave = &self.loads.leave;
        let mut next = leave.lock().unwrap_or_else(PoisonError::into_inner);
        let goes = now >= *next;
        if goes {
            *next = now + BETWEEN_LEAVES;
        }
        goes
    }
}

/// Somebody who waits, as long as this lives.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(load) = self.loads.threads.get(self.thread) {
            load.connections.fetch_sub(1, Ordering::Relaxed);
            if *self.is_proven.get_mut() {
                load.proven.fetch_sub(1, Ordering::Relaxed);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);

    /// So many connections on two threads, by thread.
    async fn seated(threads: &Threads, count: usize) -> [Vec<Seat>; 2] {
        let (sender, mut seats) = tokio::sync::mpsc::channel(count);
        for _ in 0..count {
            let sender = sender.clone();
            threads.spawn(|seat| async move {
                let _ = sender.send(seat).await;
            });
        }
        drop(sender);
        let mut found = [Vec::new(), Vec::new()];
        while let Some(seat) = seats.recv().await {
            found[seat.thread].push(seat);
        }
        found
    }

    #[tokio::test]
    async fn evens_out_what_threads_have() {
        let threads = Threads::start(1).unwrap();
        let [first, second] = seated(&threads, 8).await;
        assert_eq!((first.len(), second.len()), (4, 4));
        first.iter().chain(&second).for_each(Seat::prove);
        assert!(!first[0].is_one_too_many());
        drop(second);
        *threads.loads.leave.lock().unwrap() = Instant::now() + HOUR;
        assert!(!first[0].is_one_too_many(), "one after the other");
        *threads.loads.leave.lock().unwrap() = Instant::now();
        assert!(first[0].is_one_too_many());
        let [same, other] = seated(&threads, 2).await;
        assert_eq!((same.len(), other.len()), (0, 2), "to who has less");
        *threads.loads.leave.lock().unwrap() = Instant::now();
        assert!(
            first[0].is_one_too_many(),
            "nothing is known of the new ones"
        );
        other.iter().for_each(Seat::prove);
        *threads.loads.leave.lock().unwrap() = Instant::now();
        assert!(!first[0].is_one_too_many());
    }

    #[tokio::test]
    async fn a_crowd_spreads() {
        let threads = Threads::start(1).unwrap();
        let [first, second] = seated(&threads, 4).await;
        first.iter().for_each(Seat::prove);
        let [more, others] = seated(&threads, 20).await;
        assert_eq!((more.len(), others.len()), (UNPROVEN, 20 - UNPROVEN));
        drop(second);
    }

    #[tokio::test]
    async fn handshakes_of_a_thread_take_turns() {
        let threads = Threads::start(1).unwrap();
        let [first, second] = seated(&threads, 4).await;
        *threads.loads.threads[0].handshake.lock().await = Instant::now() + HOUR;
        assert!(first[0].turn().now_or_never().is_none());
        assert!(second[0].turn().now_or_never().is_some());
        *threads.loads.threads[0].handshake.lock().await = Instant::now();
        assert!(first[0].turn().now_or_never().is_some(), "that one gave up");
        let begun = Instant::now();
        first[0].turn().await;
        first[1].turn().await;
        assert!(begun.elapsed() >= BETWEEN_HANDSHAKES);
    }

    #[test]
    fn a_crowd_waits() {
        let threads = Threads::start(1).unwrap();
        let waiting = &threads.loads.threads[0].waiting;
        let enter = |_| Waiting::begin(waiting);
        let mut crowd: Vec<_> = (1..2 * WAITING_MAX).map(enter).collect();
        assert!(!threads.is_crowded());
        crowd.push(Waiting::begin(waiting));
        assert!(threads.is_crowded());
        drop(crowd);
        assert!(!threads.is_crowded());
    }
}
