//! The baseline: findings that are known and not reported.
//!
//! A text file, sorted, one entry a line: `path<TAB>key`, and `<TAB>xN` where N findings share
//! both. It holds keys (`Finding::key`), never lines, so it survives edits elsewhere in a file.
//! Lives here: reading, applying and writing it as text. Not here: files (`cli`).
//!
//! Paths are those of the findings' own places, relative to the folder of the baseline file,
//! with `/` between their parts; the caller makes them so.

use std::collections::BTreeMap;

use super::usage::{Fault, is_fixed};
use crate::finding::Finding;
use crate::source::{Source, SourceId, Span};

/// How the first line starts; the number is the version of the format.
const HEADER: &str = "# kubevet baseline 1";
/// The whole first line.
const FIRST_LINE: &str = "# kubevet baseline 1: known findings, not reported; \
    rewrite with `kubevet lint --baseline FILE --write-baseline`";

/// Known findings, by path and key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<Entry, u32>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    path: String,
    key: String,
}

impl Entry {
    /// The id of the rule, with which each key begins.
    fn rule(&self) -> &str {
        self.key.split(' ').next().unwrap_or_default()
    }
}

/// What a baseline makes of the findings of a run.
#[derive(Debug)]
pub struct Applied {
    /// The findings that it doesn't hold, in the given order.
    pub fresh: Vec<Finding>,
    /// How many it holds.
    pub known: usize,
    /// Entries that occur no more, or less often than it says, in files that were read completely.
    pub gone: usize,
}

/// Whether a rule judged all of the file at a path; the second text is the rule's id.
pub type Complete<'a> = &'a dyn Fn(&str, &str) -> bool;

/// The path of a source, relative to the folder of the baseline.
pub type PathOf<'a> = &'a dyn Fn(SourceId) -> String;

impl Baseline {
    /// Reads the text of a baseline file. Lines that can't be read are faults; the others count.
    pub fn parse(source: &Source) -> (Self, Vec<Fault>) {
        let mut baseline = Self::default();
        let mut faults = Vec::new();
        for number in 1..=source.line_count() {
            let Some((start, line)) = source.line(number) else {
                continue;
            };
            let read = match number {
                1 => header(line),
                _ => entry(line).and_then(|(entry, count)| baseline.insert(entry, count)),
            };
            if let Err((message, help)) = read {
                faults.push(Fault {
                    path: String::new(),
                    span: Span::new(start, start + line.len() as u32),
                    message,
                    help: Some(help),
                });
            }
        }
        (baseline, faults)
    }

    /// The baseline as text: a header, then its entries in order. Ends in a line break.
    pub fn render(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        for (entry, count) in &self.entries {
            text.push_str(&escape(&entry.path));
            text.push('\t');
            text.push_str(&escape(&entry.key));
            if *count > 1 {
                text.push_str(&format!("\tx{count}"));
            }
            text.push('\n');
        }
        text
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes the known ones out of the findings. Where more findings share a path and a key than
    /// the entry counts, the last ones are fresh. `complete` says whether the file at a path was
    /// read to its end and judged in full by a rule, or is known to exist no more: only there is an
    /// entry that doesn't occur gone.
    pub fn apply(
        &self,
        findings: Vec<Finding>,
        path_of: PathOf<'_>,
        complete: Complete<'_>,
    ) -> Applied {
        let mut left = self.entries.clone();
        let before = findings.len();
        let fresh: Vec<Finding> = findings
            .into_iter()
            .filter(|finding| {
                let left = entry_of(finding, path_of).and_then(|entry| left.get_mut(&entry));
                match left {
                    Some(count) if *count > 0 => {
                        *count -= 1;
                        false
                    }
                    _ => true,
                }
            })
            .collect();
        let gone = left
            .iter()
            .filter(|(entry, count)| **count > 0 && complete(&entry.path, entry.rule()))
            .count();
        Applied {
            known: before - fresh.len(),
            fresh,
            gone,
        }
    }

    /// The baseline that knows these findings (all of the run, before `apply`). Entries of paths
    /// that are `complete` are made anew; the others stay, since this run can't tell.
    #[must_use]
    pub fn rewritten(
        &self,
        findings: &[Finding],
        path_of: PathOf<'_>,
        complete: Complete<'_>,
    ) -> Self {
        let mut seen: BTreeMap<Entry, u32> = BTreeMap::new();
        for entry in findings.iter().filter_map(|f| entry_of(f, path_of)) {
            *seen.entry(entry).or_default() += 1;
        }
        let mut entries: BTreeMap<Entry, u32> = self
            .entries
            .iter()
            .filter(|(entry, _)| !complete(&entry.path, entry.rule()))
            .map(|(entry, count)| (entry.clone(), *count))
            .collect();
        for (entry, count) in seen {
            let known = entries.entry(entry).or_default();
            *known = count.max(*known);
        }
        Self { entries }
    }

    fn insert(&mut self, entry: Entry, count: u32) -> Result<(), Wrong> {
        match self.entries.insert(entry, count) {
            None => Ok(()),
            Some(_) => Err(wrong(
                "this entry stands here twice",
                "write it once, with `xN` in a third column for N findings",
            )),
        }
    }
}

/// A message and its help.
type Wrong = (String, String);

fn wrong(message: impl Into<String>, help: &str) -> Wrong {
    (message.into(), help.to_owned())
}

fn entry_of(finding: &Finding, path_of: PathOf<'_>) -> Option<Entry> {
    (!is_fixed(finding.rule)).then(|| Entry {
        path: path_of(finding.place.source),
        key: finding.key.clone(),
    })
}

fn header(line: &str) -> Result<(), Wrong> {
    let rest = line.strip_prefix(HEADER);
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) {
        return Ok(());
    }
    Err(wrong(
        format!("the first line of a baseline starts with `{HEADER}:`"),
        "this is no baseline, or one of another version of kubevet: \
         rewrite it with `--write-baseline`",
    ))
}

fn entry(line: &str) -> Result<(Entry, u32), Wrong> {
    const HELP: &str = "an entry is a path, a tab and a key, then perhaps a tab and `xN`; \
        rewrite the file with `--write-baseline`";
    if line.starts_with("<<<<<<<") || line.starts_with(">>>>>>>") || line == "=======" {
        return Err(wrong(
            "a merge conflict was left here",
            "keep the lines of both sides, or rewrite the file with `--write-baseline`",
        ));
    }
    let mut columns = line.split('\t');
    let (Some(path), Some(key)) = (columns.next(), columns.next()) else {
        return Err(wrong(
            "an entry has a path and a key, with a tab between them",
            HELP,
        ));
    };
    let count = match columns.next() {
        None => 1,
        Some(column) => column
            .strip_prefix('x')
            .and_then(|n| n.parse().ok())
            .filter(|n| *n > 1)
            .ok_or_else(|| {
                wrong(
                    format!("`{column}` is no count of two or more, like `x2`"),
                    HELP,
                )
            })?,
    };
    if columns.next().is_some() {
        return Err(wrong("an entry has at most three columns", HELP));
    }
    let read = |column: &str| {
        unescape(column)
            .filter(|text| !text.is_empty())
            .ok_or_else(|| wrong(format!("`{column}` is no path or key"), HELP))
    };
    Ok((
        Entry {
            path: read(path)?,
            key: read(key)?,
        },
        count,
    ))
}

/// Makes a text fit into a column: `\\`, `\t`, `\n` and `\r` stand for what would end it.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => escaped.push_str("\\\\"),
            '\t' => escaped.push_str("\\t"),
            '\n' => escaped.push_str("\\n"),
            '\r' => escaped.push_str("\\r"),
            c => escaped.push(c),
        }
    }
    escaped
}

/// The text that was escaped; `None` for an escape that `escape` doesn't write.
fn unescape(text: &str) -> Option<String> {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        plain.push(match c {
            '\\' => match chars.next()? {
                '\\' => '\\',
                't' => '\t',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            c => c,
        });
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escaping_is_undone_by_reading() {
        for text in ["plain", "a\tb", "a\\tb", "\r\n", "\\", "é\t\\n"] {
            let escaped = escape(text);
            assert!(!escaped.contains(['\t', '\n', '\r']), "{escaped}");
            assert_eq!(unescape(&escaped).as_deref(), Some(text));
        }
        assert_eq!(unescape("a\\x"), None);
        assert_eq!(unescape("a\\"), None);
    }

    #[test]
    fn reads_what_it_writes() {
        let entry = |path: &str, key: &str| Entry {
            path: path.to_owned(),
            key: key.to_owned(),
        };
        let baseline = Baseline {
            entries: BTreeMap::from([
                (entry("#odd\tname.yaml", "k1"), 1),
                (entry("b.yaml", "a\nb"), 3),
            ]),
        };
        let text = baseline.render();
        let (read, faults) = Baseline::parse(&Source::new("baseline", text.as_str()));
        assert_eq!(read, baseline);
        assert_eq!(faults, []);
    }
}
