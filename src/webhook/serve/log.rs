//! Logs: one JSON object a line, on standard error.
//!
//! A thread of its own writes them, so that nobody waits for who reads them; where they can't be
//! written as fast as they come, some are dropped and counted.

use std::io::{self, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use crate::lint::config::Day;

/// How many lines may wait to be written.
const WAITING_MAX: usize = 4096;

/// Takes lines.
#[derive(Debug)]
pub struct Log {
    lines: SyncSender<Line>,
    dropped: AtomicU64,
}

#[derive(Debug)]
enum Line {
    Text(String),
    /// Tells when everything before it is written.
    Flush(SyncSender<()>),
}

/// How much a line matters.
#[derive(Clone, Copy, Debug)]
pub enum Level {
    /// What happens as it should.
    Info,
    /// Somebody should look at it.
    Warn,
    /// Something doesn't work.
    Error,
}

impl Log {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// There can be no more threads.
    pub fn start() -> io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING_MAX);
        let thread = thread::Builder::new().name("log".to_owned());
        thread.spawn(move || write(&waiting))?;
        Ok(Self {
            lines,
            dropped: AtomicU64::new(0),
        })
    }

    /// Writes a line; `fields` is a JSON object.
    pub fn line(&self, level: Level, message: &str, fields: Value) {
        let mut line = Map::new();
        let level = match level {
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        };
        line.insert("time".to_owned(), now().into());
        line.insert("level".to_owned(), level.into());
        line.insert("message".to_owned(), message.into());
        if let Value::Object(fields) = fields {
            line.extend(fields);
        }
        let text = Value::Object(line).to_string();
        if self.lines.try_send(Line::Text(text)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Takes what would be written of panics, which end the review alone.
    pub fn panics(self: &Arc<Self>) {
        let log = Arc::clone(self);
        panic::set_hook(Box::new(move |what| {
            let at = what.location().map(ToString::to_string);
            let fields = json!({"what": what.payload_as_str(), "at": at});
            log.line(Level::Error, "panicked", fields);
        }));
    }

    /// How many lines were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Waits until what was said is written, for a second at most.
    pub fn flush(&self) {
        let (done, written) = sync_channel(1);
        if self.lines.try_send(Line::Flush(done)).is_ok() {
            let _ = written.recv_timeout(Duration::from_secs(1));
        }
    }
}

fn write(lines: &Receiver<Line>) {
    for line in lines {
        // Nothing is left to say it with if standard error is gone.
        match line {
            Line::Text(text) => drop(writeln!(io::stderr(), "{text}")),
            Line::Flush(done) => drop(done.send(())),
        }
    }
}

/// The time as RFC 3339 has it, in UTC, with milliseconds.
fn now() -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or_default();
    let (day, of_day) = (Day::at(now.as_secs()), now.as_secs() % 86_400);
    let (hours, minutes, seconds) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
    let millis = now.subsec_millis();
    format!("{day}T{hours:02}:{minutes:02}:{seconds:02}.{millis:03}Z")
}

/// The day it is.
pub fn today() -> Day {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    Day::at(now.unwrap_or_default().as_secs())
}
