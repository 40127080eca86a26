//! Threads that serve connections, each its own ones.
//!
//! In a runtime whose threads share all connections one thread waits for all of them; while it
//! answers a review that came alone, nobody waits, and the next one lies until it is done. To wake
//! another thread each time would cost a quarter of a review. So each thread waits for the
//! connections that it was given. Not here: what is done on them (`connection`).

use std::sync::Arc;
use std::thread::Builder;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;

/// The threads; they end when this is dropped.
pub struct Threads(Vec<Thread>);

struct Thread {
    runtime: Handle,
    /// Held once more by each of its connections.
    share: Arc<()>,
    _end: oneshot::Sender<()>,
}

impl Threads {
    /// Starts so many threads.
    ///
    /// # Errors
    /// There can't be as many.
    pub fn start(count: usize) -> Result<Self, String> {
        let threads = (0..count).map(Thread::start);
        Ok(Self(threads.collect::<Result<_, _>>()?))
    }

    /// Serves a connection on the thread that has the fewest.
    pub fn spawn(&self, connection: impl Future<Output = ()> + Send + 'static) {
        let count = |thread: &&Thread| Arc::strong_count(&thread.share);
        let Some(thread) = self.0.iter().min_by_key(count) else {
            return;
        };
        let share = Arc::clone(&thread.share);
        thread.runtime.spawn(async move {
            connection.await;
            drop(share);
        });
    }
}

impl Thread {
    fn start(number: usize) -> Result<Self, String> {
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| error.to_string())?;
        let (end, ended) = oneshot::channel();
        let handle = runtime.handle().clone();
        let thread = Builder::new().name(format!("connections-{number}"));
        let until_end = move || {
            let _ = runtime.block_on(ended);
        };
        thread.spawn(until_end).map_err(|error| error.to_string())?;
        Ok(Self {
            runtime: handle,
            share: Arc::default(),
            _end: end,
        })
    }
}
