//! Tables in Markdown, shown as they grow and kept in the README beside this.

use std::fs;
use std::path::Path;
use std::time::Duration;

/// A table and what is to be said about it.
pub struct Table {
    text: String,
    notes: String,
}

impl Table {
    pub fn new(columns: &[&str]) -> Self {
        let mut table = Self {
            text: String::new(),
            notes: String::new(),
        };
        table.line(&format!("| {} |", columns.join(" | ")));
        table.line(&format!("|{}", "---|".repeat(columns.len())));
        table
    }

    pub fn row(&mut self, cells: &[String]) {
        self.line(&format!("| {} |", cells.join(" | ")));
    }

    pub fn note(&mut self, text: &str) {
        println!("{text}");
        self.notes.push_str(text);
    }

    fn line(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes it between the marks of this name in the README.
    pub fn keep(&self, name: &str) {
        let (table, notes) = (&self.text, &self.notes);
        replace(name, |_| format!("{table}\n{notes}.\n"));
    }

    /// Writes its rows between the marks of this name in the README, each instead of the one that
    /// begins with the same cell; what wasn't played this time stays.
    pub fn keep_rows(&self, name: &str) {
        replace(name, |before| {
            let mut lines: Vec<&str> = before.lines().collect();
            for line in self.text.lines() {
                let key = line.split_inclusive('|').take(2).collect::<String>();
                match lines.iter_mut().find(|known| known.starts_with(&key)) {
                    Some(known) => *known = line,
                    None => lines.push(line),
                }
            }
            lines.iter().map(|line| format!("{line}\n")).collect()
        });
    }
}

/// Replaces what stands between the marks of this name in the README.
fn replace(name: &str, with: impl FnOnce(&str) -> String) {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/webhook/README.md");
    let text = fs::read_to_string(&readme).unwrap();
    let begin = format!("<!-- {name}:start -->\n");
    let end = format!("<!-- {name}:end -->");
    let (before, rest) = text.split_once(&begin).unwrap();
    let (known, after) = rest.split_once(&end).unwrap();
    let new = with(known);
    fs::write(readme, format!("{before}{begin}{new}{end}{after}")).unwrap();
}

pub fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
