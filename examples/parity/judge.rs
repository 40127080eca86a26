//! A judge as another process: it is sent lines and answers them in order.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};

use super::model::Answer;

/// A judge at work.
#[derive(Debug)]
pub struct Judge {
    child: Child,
    lines: Option<Sender<Vec<String>>>,
    answers: Receiver<String>,
}

/// Why a judge doesn't answer.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Judge {
    /// Starts one.
    pub fn start(program: &Path, arguments: &[&str]) -> Result<Self, Failure> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|why| format!("{}: {why}", program.display()))?;
        let (Some(stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("no pipes".into());
        };
        let (lines, to_send) = channel::<Vec<String>>();
        let (answered, answers) = channel();
        std::thread::spawn(move || {
            let mut stdin = BufWriter::with_capacity(1 << 20, stdin);
            for batch in to_send {
                let written = batch.iter().try_for_each(|line| writeln!(stdin, "{line}"));
                if written.and_then(|()| stdin.flush()).is_err() {
                    break;
                }
            }
        });
        std::thread::spawn(move || {
            let lines = BufReader::with_capacity(1 << 20, stdout).lines();
            for line in lines.map_while(Result::ok) {
                if answered.send(line).is_err() {
                    break;
                }
            }
        });
        Ok(Self {
            child,
            lines: Some(lines),
            answers,
        })
    }

    /// Sends lines to be answered.
    pub fn send(&self, lines: Vec<String>) -> Result<(), Failure> {
        let sender = self.lines.as_ref().ok_or("the judge is stopped")?;
        sender
            .send(lines)
            .map_err(|_| "the judge takes no more lines".into())
    }

    /// The next answers, as lines.
    pub fn take(&self, count: usize) -> Result<Vec<String>, Failure> {
        let next = || {
            self.answers
                .recv()
                .map_err(|_| "the judge stopped answering")
        };
        Ok((0..count).map(|_| next()).collect::<Result<_, _>>()?)
    }

    /// Asks, and waits for the answers.
    pub fn ask(&self, lines: Vec<String>) -> Result<Vec<Answer>, Failure> {
        let count = lines.len();
        self.send(lines)?;
        self.take(count)?.iter().map(|line| read(line)).collect()
    }
}

/// Reads an answer.
pub fn read(line: &str) -> Result<Answer, Failure> {
    serde_json::from_str(line).map_err(|why| format!("{why}: {line}").into())
}

impl Drop for Judge {
    fn drop(&mut self) {
        self.lines = None;
        let _ = self.child.wait();
    }
}
