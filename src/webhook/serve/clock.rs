//! What a connection is doing and since when, as its stream and its answers see it.

use std::io::IoSlice;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{self, AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::Notify;
use tokio::time::sleep;

/// How long a head may take from its first byte.
const HEAD: Duration = Duration::from_secs(10);
/// How long what comes at once may take: the first word, a head, the first part of a body. Who
/// takes longer is the first to go where places are needed.
const FRESH: Duration = Duration::from_secs(1);
/// How often to look at what a connection is doing, since that changes without a word.
const LOOK: Duration = Duration::from_secs(2);

/// What a connection is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Nothing: no byte of the next request has come.
    Waiting,
    /// Reading a head.
    Head,
    /// Waiting for the first part of a body.
    Body,
    /// Reading the rest of it, or answering.
    Busy,
}

/// What a connection is doing, since when.
#[derive(Debug)]
pub struct Clock {
    state: Mutex<State>,
    /// How long it may wait.
    idle: Duration,
    /// Told when its place is needed.
    evicted: Notify,
}

#[derive(Clone, Copy, Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// The client has begun to shake hands.
    greeted: bool,
    /// A review was answered on it.
    proven: bool,
    evicted: bool,
}

impl Clock {
    /// The clock of a connection that may wait this long for a request.
    pub fn new(idle: Duration) -> Self {
        Self {
            state: Mutex::new(State {
                phase: Phase::Waiting,
                since: Instant::now(),
                greeted: false,
                proven: false,
                evicted: false,
            }),
            idle,
            evicted: Notify::new(),
        }
    }

    /// The client has begun to shake hands, or they are shaken: what comes next may be on its way.
    pub fn greeted(&self) {
        let mut state = self.lock();
        (state.greeted, state.since) = (true, Instant::now());
    }

    /// A request is there.
    pub fn begin(&self) {
        let mut state = self.lock();
        (state.phase, state.since) = (Phase::Busy, Instant::now());
    }

    /// The body of a review should come.
    pub fn awaits_body(&self) {
        let mut state = self.lock();
        (state.phase, state.since) = (Phase::Body, Instant::now());
    }

    /// It is answered; `proven`: as only an API server would ask.
    pub fn end(&self, proven: bool) {
        let mut state = self.lock();
        (state.phase, state.since) = (Phase::Waiting, Instant::now());
        state.proven |= proven;
    }

    /// Ends when it is time to look at it again.
    pub async fn tick(&self) {
        sleep(LOOK).await;
    }

    /// What it is doing for too long.
    pub fn overdue(&self) -> Option<Phase> {
        let State { phase, since, .. } = *self.lock();
        let most = match phase {
            Phase::Waiting => self.idle,
            Phase::Head => HEAD,
            Phase::Body | Phase::Busy => return None,
        };
        (since.elapsed() > most).then_some(phase)
    }

    /// What it is worth, if it can be done without: the least comes first.
    pub fn worth(&self) -> Option<(bool, bool, Instant)> {
        let state = self.lock();
        let needed = state.phase == Phase::Busy || state.evicted;
        let may_be_silent = state.phase == Phase::Waiting && state.greeted;
        let speaks = may_be_silent || state.since.elapsed() < FRESH;
        (!needed).then_some((state.proven, speaks, state.since))
    }

    /// Takes its place away.
    pub fn evict(&self) {
        self.lock().evicted = true;
        self.evicted.notify_one();
    }

    /// Ends once its place is taken away.
    pub async fn evicted(&self) {
        self.evicted.notified().await;
    }

    /// Whether it goes, or has gone, because its place is taken away.
    pub fn is_evicted(&self) -> bool {
        self.lock().evicted
    }

    /// Whether it really goes now: what has come meanwhile is served, and another one goes.
    pub fn gives_way(&self) -> bool {
        let mut state = self.lock();
        state.evicted = state.phase != Phase::Busy;
        state.evicted
    }

    fn received(&self) {
        let mut state = self.lock();
        if state.phase == Phase::Waiting {
            (state.phase, state.since) = (Phase::Head, Instant::now());
        }
    }

    /// Nothing panics while it holds the lock.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that tells a clock what it receives.
#[derive(Debug)]
pub struct Watched<S> {
    /// The stream.
    pub stream: S,
    /// The clock.
    pub clock: Arc<Clock>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if buffer.filled().len() > before {
            self.clock.received();
        }
        read
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_says_nothing_goes_first_and_who_was_served_last() {
        let clocks = [(); 7].map(|()| Clock::new(Duration::ZERO));
        let [silent, head, body, early, late, new, served] = &clocks;
        served.begin();
        assert!(served.worth().is_none(), "it is being served");
        served.end(true);
        head.greeted();
        head.received();
        body.begin();
        body.awaits_body();
        for clock in [early, late] {
            clock.greeted();
        }
        for (clock, seconds) in [(silent, 9), (head, 8), (body, 7), (early, 6), (late, 5)] {
            clock.lock().since -= Duration::from_secs(seconds);
        }
        let worth = [silent, head, body, early, late, new, served].map(Clock::worth);
        assert!(worth.is_sorted_by(|one, other| one < other), "{worth:?}");
        early.greeted();
        assert!(early.worth() > late.worth());
        body.evict();
        body.begin();
        assert!(!body.gives_way(), "enough of its body is there");
        assert!(!body.is_evicted());
        assert!(body.worth().is_none());
        silent.evict();
        assert!(silent.gives_way() && silent.is_evicted());
    }
}
