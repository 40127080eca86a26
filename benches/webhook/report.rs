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

    pub fn note(&mut self, text: String) {
        self.notes.push_str(&text);
    }

    fn line(&mut self, line: &str) {
        println!("{line}");
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Writes it between the marks of this name in the README.
    pub fn keep(&self, name: &str) {
        let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/webhook/README.md");
        let text = fs::read_to_string(&readme).unwrap();
        let (begin, end) = (
            format!("<!-- {name}:start -->\n"),
            format!("<!-- {name}:end -->"),
        );
        let (before, rest) = text.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(&end).unwrap();
        let (table, notes) = (&self.text, &self.notes);
        fs::write(
            readme,
            format!("{before}{begin}{table}\n{notes}.\n{end}{after}"),
        )
        .unwrap();
    }
}

pub fn milliseconds(time: Duration) -> String {
    format!("{:.2} ms", time.as_secs_f64() * 1e3)
}
