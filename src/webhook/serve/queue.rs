//! Work that needs a processor: a bounded queue with deadlines, and as many threads as there are
//! processors. While work is cheap and none waits, it is done where it comes up.
//!
//! What can't be done before its deadline is refused when it comes, so that a crowd costs little
//! and whom we take we serve. Not here: what the work is.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rayon::ThreadPool;
use tokio::sync::oneshot;

/// How many pieces of work may wait.
const WAITING_MAX: usize = 4096;
/// So many times what is expected has to fit before the deadline: processors may be taken away from
/// us, and whoever is refused at once may come again in time.
const SPARE: u32 = 2;
/// How much of a new cost goes into the mean of what work costs: one part of so many.
const MEAN_OF: u32 = 8;

/// What may be done where it comes up, instead of by another thread: to hand it over costs about as
/// much as a review.
const CHEAP: Duration = Duration::from_micros(500);
/// What work that was cheap counts at most: a single piece during which something else had the
/// processor doesn't make the next ones dear.
const DEAR: Duration = CHEAP.saturating_mul(2);
/// How large the body of a cheap review is at most, in bytes.
const CHEAP_BYTES: usize = 64 << 10;

/// Why work isn't done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// Too much waits already.
    Full,
    /// Its deadline came before its turn.
    TooLate,
    /// It panicked.
    Panicked,
}

/// The queue; its threads end when it is dropped.
pub struct Queue {
    shared: Arc<Shared>,
    threads: u32,
    _pool: ThreadPool,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Waiting>,
    /// How long work takes, in the mean.
    cost: Duration,
    /// How many pieces are being worked on.
    busy: u32,
    closed: bool,
}

/// Something to do before a deadline.
struct Waiting {
    deadline: Instant,
    /// There is nothing else to do: it is tried, however long such work took lately. Otherwise
    /// nobody would ever learn that it got cheaper.
    alone: bool,
    work: Box<dyn Work>,
}

/// What to do, and whom to tell.
struct Piece<T, F> {
    work: F,
    answer: oneshot::Sender<Result<T, Refusal>>,
}

trait Work: Send {
    /// Whether nobody waits for it any more.
    fn is_abandoned(&self) -> bool;
    fn run(self: Box<Self>);
    fn refuse(self: Box<Self>);
}

impl<T: Send, F: FnOnce() -> T + Send> Work for Piece<T, F> {
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(self: Box<Self>) {
        let result = catch_unwind(AssertUnwindSafe(self.work));
        // Who asked may be gone.
        let _ = self.answer.send(result.map_err(|_| Refusal::Panicked));
    }

    fn refuse(self: Box<Self>) {
        let _ = self.answer.send(Err(Refusal::TooLate));
    }
}

impl Queue {
    /// A queue with this many threads.
    ///
    /// # Errors
    /// There can't be as many.
    pub fn start(threads: usize) -> Result<Self, String> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        // Threads of rayon, since the linter judges in parallel: on them it goes on in place,
        // where any other thread would hand over to a pool and wait.
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .thread_name(|number| format!("review-{number}"))
            .build()
            .map_err(|error| error.to_string())?;
        for _ in 0..threads {
            let shared = Arc::clone(&shared);
            pool.spawn(move || shared.serve());
        }
        Ok(Self {
            shared,
            threads: threads.max(1) as u32,
            _pool: pool,
        })
    }

    /// Does work on this many bytes before a deadline. Work whose caller goes away isn't done.
    ///
    /// # Errors
    /// It isn't done.
    pub async fn run<T: Send + 'static>(
        &self,
        deadline: Instant,
        bytes: usize,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Refusal> {
        if bytes <= CHEAP_BYTES && self.shared.is_at_ease() {
            let begun = Instant::now();
            let result = catch_unwind(AssertUnwindSafe(work));
            self.shared.learn(begun.elapsed().min(DEAR));
            return result.map_err(|_| Refusal::Panicked);
        }
        let (answer, answered) = oneshot::channel();
        let work = Box::new(Piece { work, answer });
        self.push(deadline, work)?;
        let answered = tokio::time::timeout_at(deadline.into(), answered);
        match answered.await {
            Ok(Ok(result)) => result,
            Ok(Err(_)) => Err(Refusal::Panicked),
            Err(_) => Err(Refusal::TooLate),
        }
    }

    /// How many pieces of work wait.
    pub fn len(&self) -> usize {
        lock(&self.shared.state).waiting.len()
    }

    /// Whether none waits.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How long what waits will probably take.
    pub fn wait(&self) -> Duration {
        lock(&self.shared.state).wait(self.threads)
    }

    fn push(&self, deadline: Instant, work: Box<dyn Work>) -> Result<(), Refusal> {
        let mut state = lock(&self.shared.state);
        let alone = state.waiting.is_empty() && state.busy == 0;
        let rounds = state.waiting.len() as u32 / self.threads + 1;
        let done = Instant::now() + state.cost * rounds * SPARE;
        if state.waiting.len() >= WAITING_MAX || (done > deadline && !alone) {
            return Err(Refusal::Full);
        }
        let work = Waiting {
            deadline,
            alone,
            work,
        };
        state.waiting.push_back(work);
        drop(state);
        self.shared.changed.notify_one();
        Ok(())
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        lock(&self.shared.state).closed = true;
        self.shared.changed.notify_all();
    }
}

impl State {
    fn wait(&self, threads: u32) -> Duration {
        self.cost * (self.waiting.len() as u32) / threads
    }
}

impl Shared {
    fn serve(&self) {
        while let Some((next, cost)) = self.next() {
            self.work(next, cost);
            lock(&self.state).busy -= 1;
        }
    }

    fn work(&self, next: Waiting, cost: Duration) {
        let begun = Instant::now();
        let needed = if next.alone { Duration::ZERO } else { cost };
        if next.work.is_abandoned() {
            return;
        }
        if begun + needed > next.deadline {
            return next.work.refuse();
        }
        next.work.run();
        self.learn(begun.elapsed());
    }

    /// Whether nothing waits, and work is cheap.
    fn is_at_ease(&self) -> bool {
        let state = lock(&self.state);
        state.waiting.is_empty() && !state.cost.is_zero() && state.cost < CHEAP
    }

    fn learn(&self, took: Duration) {
        let mut state = lock(&self.state);
        state.cost = match state.cost.is_zero() {
            true => took,
            false => state.cost - state.cost / MEAN_OF + took / MEAN_OF,
        };
    }

    /// The next piece of work, and how long it will probably take.
    fn next(&self) -> Option<(Waiting, Duration)> {
        let mut state = lock(&self.state);
        loop {
            if let Some(work) = state.waiting.pop_front() {
                state.busy += 1;
                return Some((work, state.cost));
            }
            if state.closed {
                return None;
            }
            let woken = self.changed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Nothing panics while it holds a lock here.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_how_long_what_waits_will_take() {
        let waiting = || Waiting {
            deadline: Instant::now(),
            alone: false,
            work: Box::new(Piece {
                work: || (),
                answer: oneshot::channel().0,
            }),
        };
        let mut state = State {
            cost: Duration::from_millis(10),
            ..State::default()
        };
        assert_eq!(state.wait(2), Duration::ZERO);
        state.waiting.extend((0..8).map(|_| waiting()));
        assert_eq!(state.wait(2), Duration::from_millis(40));
    }

    #[test]
    fn tries_work_again_after_it_was_dear() {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().build().unwrap();
        let queue = Queue::start(1).unwrap();
        let soon = |after| Instant::now() + Duration::from_millis(after);
        let slow = || std::thread::sleep(Duration::from_millis(1500));
        let done = runtime.block_on(queue.run(soon(10_000), usize::MAX, slow));
        assert!(done.is_ok());
        // What it took is learned once it is answered.
        while lock(&queue.shared.state).busy > 0 {
            std::thread::yield_now();
        }
        // More than twice of what is left, by what it took before.
        let done = runtime.block_on(queue.run(soon(1_000), usize::MAX, || 1));
        assert!(matches!(done, Ok(1)), "{done:?}");
    }
}
