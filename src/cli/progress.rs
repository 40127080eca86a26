//! The progress bar: how far a long run is, on standard error, for people who watch.
//!
//! It appears after a second and only on a terminal, and leaves nothing behind. Not here: what
//! the run does; it only tells each file that it has read.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long a run takes before it is called long.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often the bar is drawn.
const PACE: Duration = Duration::from_millis(100);
/// Cells of the bar.
const CELLS: usize = 24;
/// To the start of the line, which is then empty.
const CLEAR: &str = "\r\x1b[2K";

/// A run under way. Dropping it takes the bar away.
pub(super) struct Progress {
    read: Arc<AtomicUsize>,
    bar: Option<(Sender<()>, JoinHandle<()>)>,
}

impl Progress {
    /// Begins a run over so many files.
    pub(super) fn start(files: usize, quiet: bool) -> Self {
        let read = Arc::new(AtomicUsize::new(0));
        let bar = is_watched(quiet).then(|| {
            let (stop, stopped) = mpsc::channel();
            let seen = Arc::clone(&read);
            let draw = move || {
                let mut wait = PATIENCE;
                while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                    say(&format!(
                        "{CLEAR}{}",
                        line(seen.load(Ordering::Relaxed), files)
                    ));
                    wait = PACE;
                }
                if wait == PACE {
                    say(CLEAR);
                }
            };
            (stop, std::thread::spawn(draw))
        });
        Self { read, bar }
    }

    /// One more file is read. May be called from several threads.
    pub(super) fn step(&self) {
        self.read.fetch_add(1, Ordering::Relaxed);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some((stop, bar)) = self.bar.take() {
            drop(stop);
            // A bar that panicked has nothing left to clear.
            let _ = bar.join();
        }
    }
}

/// Whether someone sees standard error and can use a line that changes.
fn is_watched(quiet: bool) -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !quiet && !dumb && !is_set("CI") && std::io::stderr().is_terminal()
}

fn line(read: usize, files: usize) -> String {
    if read >= files {
        return format!("[{}] judging {files} files", "#".repeat(CELLS));
    }
    let full = CELLS * read / files;
    let (done, rest) = ("#".repeat(full), " ".repeat(CELLS - full));
    format!("[{done}{rest}] reading {read} of {files} files")
}

/// Standard error may be gone; then nobody watches.
fn say(text: &str) {
    let mut err = std::io::stderr().lock();
    let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_and_then_says_that_it_judges() {
        assert_eq!(
            line(0, 10),
            "[                        ] reading 0 of 10 files"
        );
        assert_eq!(
            line(5, 10),
            "[############            ] reading 5 of 10 files"
        );
        assert_eq!(line(10, 10), "[########################] judging 10 files");
        assert_eq!(line(0, 0), "[########################] judging 0 files");
    }

    #[test]
    fn nothing_is_drawn_when_quiet() {
        assert!(!is_watched(true));
    }
}
