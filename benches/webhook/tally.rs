//! What became of calls: counted, with the latency of each.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// What became of calls.
#[derive(Debug, Default)]
pub struct Tally {
    counts: Mutex<Counts>,
}

/// See `Tally`.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Calls that were decided as they should be.
    pub right: u64,
    /// Of those, how many were refused at first.
    pub retried: u64,
    /// Answers that no API server could take, or with the wrong verdict, by what is wrong.
    pub wrong: BTreeMap<String, u64>,
    /// Calls that failed, by the reason, and when they should have been sent.
    pub lost: BTreeMap<String, Vec<Instant>>,
    /// Answers by their code.
    pub codes: BTreeMap<u16, u64>,
    /// New connections.
    pub handshakes: u64,
    /// Of each call that was decided, in microseconds from when it should have been sent.
    latencies: Vec<u32>,
    /// Of each call, in microseconds, how late it was made.
    delays: Vec<u32>,
}

impl Tally {
    /// A call is made.
    pub fn begin(&self, intended: Instant) {
        self.lock().delays.push(micros(intended));
    }

    pub fn right(&self, intended: Instant, retried: bool) {
        let latency = micros(intended);
        let mut counts = self.lock();
        counts.right += 1;
        counts.retried += u64::from(retried);
        counts.latencies.push(latency);
    }

    pub fn wrong(&self, why: &str) {
        *self.lock().wrong.entry(why.to_owned()).or_default() += 1;
    }

    pub fn lost(&self, why: &str, intended: Instant) {
        let mut counts = self.lock();
        counts
            .lost
            .entry(why.to_owned())
            .or_default()
            .push(intended);
    }

    pub fn answer(&self, code: u16) {
        *self.lock().codes.entry(code).or_default() += 1;
    }

    pub fn handshake(&self) {
        self.lock().handshakes += 1;
    }

    /// What was counted since it was last taken.
    pub fn take(&self) -> Counts {
        std::mem::take(&mut *self.lock())
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap()
    }
}

impl Counts {
    /// Adds those of another client.
    pub fn add(&mut self, other: Self) {
        self.right += other.right;
        self.handshakes += other.handshakes;
        for (why, number) in other.wrong {
            *self.wrong.entry(why).or_default() += number;
        }
        for (why, lost) in other.lost {
            self.lost.entry(why).or_default().extend(lost);
        }
    }

    /// How many answers were wrong.
    pub fn wrong(&self) -> u64 {
        self.wrong.values().sum()
    }

    /// How many calls failed.
    pub fn lost(&self) -> u64 {
        self.lost.values().map(|lost| lost.len() as u64).sum()
    }

    /// How many calls there were.
    pub fn calls(&self) -> u64 {
        self.right + self.wrong() + self.lost()
    }

    /// The latencies that these shares of the calls stay below.
    pub fn quantiles(&mut self, shares: &[f64]) -> Vec<Duration> {
        quantiles(&mut self.latencies, shares)
    }

    /// The same of how late calls were made.
    pub fn delays(&mut self, shares: &[f64]) -> Vec<Duration> {
        quantiles(&mut self.delays, shares)
    }

    /// What went wrong, by reasons; empty if nothing did.
    pub fn faults(&self) -> String {
        let wrong = self
            .wrong
            .iter()
            .map(|(why, n)| format!("{n} wrong ({why})"));
        let lost = self
            .lost
            .iter()
            .map(|(why, lost)| format!("{} lost ({why})", lost.len()));
        lost.chain(wrong).collect::<Vec<_>>().join(", ")
    }
}

/// Since then.
fn micros(since: Instant) -> u32 {
    u32::try_from(since.elapsed().as_micros()).unwrap_or(u32::MAX)
}

fn quantiles(micros: &mut [u32], shares: &[f64]) -> Vec<Duration> {
    micros.sort_unstable();
    let last = micros.len().saturating_sub(1);
    let at = |share: f64| (share * last as f64).ceil() as usize;
    let found = shares.iter().map(|share| micros.get(at(*share)));
    let found = found.map(|found| found.copied().unwrap_or(0));
    found
        .map(|micros| Duration::from_micros(micros.into()))
        .collect()
}
