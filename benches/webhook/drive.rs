//! When calls are made.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
    timerfd_settime,
};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;
use tokio::task::yield_now;
use tokio::time::{sleep, sleep_until, timeout_at};

use crate::client::Client;

/// So many calls a second for so long, and their ends.
pub async fn open_loop(client: &Arc<Client>, rate: f64, length: Duration) {
    meanwhile(client, rate, sleep(length)).await;
}

/// So many calls a second while something else goes on, and their ends.
pub async fn meanwhile<T>(client: &Arc<Client>, rate: f64, other: impl Future<Output = T>) -> T {
    let done = tokio::select! {
        biased;
        () = endless(client, rate) => unreachable!("it has no end"),
        done = other => done,
    };
    client.drained().await;
    done
}

/// Open loop: evenly, whatever becomes of the calls before.
async fn endless(client: &Arc<Client>, rate: f64) {
    let mut pace = Pace::new();
    let begun = Instant::now();
    for number in 0_u64.. {
        let due = begun + Duration::from_secs_f64(number as f64 / rate);
        pace.until(due).await;
        client.call(due);
    }
}

/// So many calls at a time, each followed by the next, for so long.
pub async fn closed_loop(client: &Arc<Client>, at_once: usize, length: Duration) {
    let end = (Instant::now() + length).into();
    while timeout_at(end, async {
        while client.open() >= at_once {
            client.ended().await;
        }
        yield_now().await;
    })
    .await
    .is_ok()
    {
        client.call(Instant::now());
    }
    sleep_until(end).await;
}

/// A clock that wakes to the microsecond; tokio's does to the millisecond.
struct Pace {
    /// A timer that is a file, which tokio reads as it would a pipe.
    timer: Receiver,
}

impl Pace {
    fn new() -> Self {
        let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
        let timer = timerfd_create(TimerfdClockId::Monotonic, flags).unwrap();
        Self {
            timer: Receiver::from_owned_fd_unchecked(timer).unwrap(),
        }
    }

    async fn until(&mut self, due: Instant) {
        let left = due.saturating_duration_since(Instant::now());
        if left.is_zero() {
            // Who is late lets the others go on, too.
            return yield_now().await;
        }
        let zero = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let time = Itimerspec {
            it_interval: zero,
            it_value: Timespec::try_from(left).unwrap(),
        };
        timerfd_settime(&self.timer, TimerfdTimerFlags::empty(), &time).unwrap();
        let mut times = [0; 8];
        self.timer.read_exact(&mut times).await.unwrap();
    }
}
