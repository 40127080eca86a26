//! Threads that serve connections, each its own ones.
//!
//! In a runtime whose threads share all connections one thread waits for all of them; while it
//! answers a review that came alone, nobody waits, and the next one lies until it is done. To wake
//! another thread each time would cost a quarter of a review. So each thread waits for the
//! connections that it was given. Not here: what is done on them (`connection`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;
use std::time::{Duration, Instant};

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::time::sleep_until;

/// How long after a handshake the next one begins on a thread. Who finds all connections busy opens
/// one more for each call, and what that takes keeps them busy: left alone, it would not end.
const BETWEEN_HANDSHAKES: Duration = Duration::from_millis(4);
/// How many connections more than another thread one may have. Clients keep those that are free
/// first, so that of many that they open those of the faster thread stay.
const MORE: usize = 2;
/// How long after a connection the next one is sent away by a thread that has more.
const BETWEEN_LEAVES: Duration = Duration::from_millis(20);

/// The threads; they end when this is dropped.
pub struct Threads {
    runtimes: Vec<(Handle, oneshot::Sender<()>)>,
    loads: Arc<[Load]>,
}

/// What a thread has to do.
struct Load {
    connections: AtomicUsize,
    /// When the next handshake may begin.
    handshake: Mutex<Instant>,
    /// When the next connection may be sent away.
    leave: Mutex<Instant>,
}

/// The place of a connection on a thread.
pub struct Seat {
    loads: Arc<[Load]>,
    thread: usize,
}

impl Threads {
    /// Starts so many threads.
    ///
    /// # Errors
    /// There can't be as many.
    pub fn start(count: usize) -> Result<Self, String> {
        let runtimes = (0..count).map(start);
        Ok(Self {
            runtimes: runtimes.collect::<Result<_, _>>()?,
            loads: (0..count).map(|_| Load::new()).collect(),
        })
    }

    /// Serves a connection on the thread that has the fewest.
    pub fn spawn<F>(&self, connection: impl FnOnce(Seat) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let loads = self.loads.iter().enumerate();
        let least = loads.min_by_key(|(_, load)| load.connections.load(Ordering::Relaxed));
        let Some((thread, load)) = least else {
            return;
        };
        if let Some((runtime, _)) = self.runtimes.get(thread) {
            load.connections.fetch_add(1, Ordering::Relaxed);
            let loads = Arc::clone(&self.loads);
            runtime.spawn(connection(Seat { loads, thread }));
        }
    }
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
            handshake: Mutex::new(Instant::now()),
            leave: Mutex::new(Instant::now()),
        }
    }
}

impl Seat {
    /// Ends when it is the connection's turn to shake hands.
    pub async fn turn(&self) {
        let turn = self.loads.get(self.thread).map(|load| {
            let mut next = load
                .handshake
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            let turn = (*next).max(Instant::now());
            *next = turn + BETWEEN_HANDSHAKES;
            turn
        });
        if let Some(turn) = turn.filter(|turn| *turn > Instant::now()) {
            sleep_until(turn.into()).await;
        }
    }

    /// Whether the connection should go, for another thread has less to do; asked when it can.
    pub fn is_one_too_many(&self) -> bool {
        let count = |load: &Load| load.connections.load(Ordering::Relaxed);
        let least = self.loads.iter().map(count).min().unwrap_or(0);
        let Some(load) = self.loads.get(self.thread) else {
            return false;
        };
        if count(load) <= least + MORE {
            return false;
        }
        let now = Instant::now();
        let mut next = load.leave.lock().unwrap_or_else(PoisonError::into_inner);
        let goes = now >= *next;
        if goes {
            *next = now + BETWEEN_LEAVES;
        }
        goes
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(load) = self.loads.get(self.thread) {
            load.connections.fetch_sub(1, Ordering::Relaxed);
        }
    }
}
