//! What a comparison counts, and how it is told: as text, and as the tables that are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::cases::Case;
use super::compare::{Class, Difference, What};
use super::model::Answer;
use super::rows::Rows;

/// Counts of a kind in a minor.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Cases that the judge has a verdict on.
    pub cases: usize,
    /// Of these: accepted, rejected by validation, rejected by decoding.
    pub accepted: usize,
    pub invalid: usize,
    pub undecodable: usize,
    /// Of all: updates.
    pub updates: usize,
    /// Cases without any difference of a kind or one that matters more.
    pub verdict: usize,
    pub causes: usize,
    pub details: usize,
    pub all: usize,
    /// Accepted by both; of these with equal warnings, with equal stored objects.
    pub both: usize,
    pub warnings: usize,
    pub stored: usize,
    /// Cases that differ only as `excluded.tsv` names.
    pub excluded: usize,
}

/// The kinds whose stored objects are held to a goal.
const STORED: [&str; 4] = [
    "Deployment",
    "StatefulSet",
    "Service",
    "PersistentVolumeClaim",
];

impl Counts {
    fn columns(&self) -> [String; 12] {
        let of = |part| percent(part, self.cases);
        [
            self.cases.to_string(),
            of(self.accepted),
            of(self.invalid),
            of(self.undecodable),
            of(self.updates),
            of(self.verdict),
            of(self.causes),
            of(self.details),
            percent(self.warnings, self.both),
            percent(self.stored, self.both),
            of(self.all),
            self.excluded.to_string(),
        ]
    }

    /// What should be so many hundredths of a percent of what.
    fn goals(&self, kind: &str) -> Vec<(&'static str, usize, usize, usize)> {
        let mut goals = vec![
            ("accepted", self.accepted, self.cases, 2_500),
            ("invalid", self.invalid, self.cases, 4_000),
            ("updates", self.updates, self.cases, 1_500),
            ("verdict", self.verdict, self.cases, 9_995),
            ("causes", self.causes, self.cases, 9_970),
            ("details", self.details, self.cases, 9_900),
            ("warnings", self.warnings, self.both, 9_900),
        ];
        if STORED.contains(&kind) {
            goals.push(("stored", self.stored, self.both, 9_990));
        }
        goals
    }
}

/// A class of differences as it was met.
#[derive(Clone, Debug)]
pub struct Met {
    /// How many cases are in it.
    pub count: usize,
    /// The rows that kubevet names.
    pub rows: BTreeSet<&'static str>,
    /// The shortest example.
    pub example: Case,
    /// How long it is.
    size: usize,
    /// Whether the example was made small.
    pub is_small: bool,
    /// The minors in which it was met.
    pub minors: BTreeSet<String>,
}

/// All counts.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By minor and kind.
    pub counts: BTreeMap<(String, String), Counts>,
    /// The classes of differences.
    pub classes: BTreeMap<Class, Met>,
    /// The rows.
    pub rows: Rows,
}

impl Tally {
    /// Counts a case, of some size, with what was said of it.
    pub fn add(
        &mut self,
        (minor, kind): (&str, &str),
        (case, size): (&Case, usize),
        (judge, ours): (&Answer, &Answer),
        differences: &[Difference],
        excluded: &BTreeSet<String>,
    ) {
        let met: Vec<&Difference> = differences.iter().collect();
        let (excluded, met): (Vec<_>, Vec<_>) = met
            .into_iter()
            .partition(|d| excluded.contains(&d.class.name()));
        let counts = self
            .counts
            .entry((minor.to_owned(), kind.to_owned()))
            .or_default();
        count(counts, case, judge, ours, &met);
        counts.excluded += usize::from(met.is_empty() && !excluded.is_empty());
        for difference in met {
            let entry = self.classes.entry(difference.class.clone());
            let entry = entry.or_insert_with(|| Met {
                count: 0,
                rows: BTreeSet::new(),
                example: case.clone(),
                size,
                is_small: false,
                minors: BTreeSet::new(),
            });
            entry.count += 1;
            if size < entry.size {
                (entry.example, entry.size) = (case.clone(), size);
            }
            entry.rows.insert(difference.row);
            entry.minors.insert(minor.to_owned());
        }
    }

    /// Adds the counts of another run.
    pub fn merge(&mut self, other: Tally) {
        self.counts.extend(other.counts);
        for (class, met) in other.classes {
            match self.classes.get_mut(&class) {
                Some(own) => {
                    own.count += met.count;
                    own.rows.extend(met.rows);
                    own.minors.extend(met.minors);
                }
                None => drop(self.classes.insert(class, met)),
            }
        }
        self.rows.merge(other.rows);
    }

    /// `agreement.tsv`: shares in percent, by minor and kind; lines of `before` stay where this
    /// has none.
    pub fn agreement(&self, seed: u64, before: &str) -> String {
        let key = |line: &str| {
            let mut columns = line.split('\t').map(str::to_owned);
            Some((columns.next()?, columns.next()?))
        };
        let old = before.lines().skip(1);
        let old = old.filter_map(|line| Some((key(line)?, line.to_owned())));
        let mut lines: BTreeMap<(String, String), String> = old.collect();
        for ((minor, kind), counts) in &self.counts {
            let line = format!("{minor}\t{kind}\t{seed}\t{}", counts.columns().join("\t"));
            lines.insert((minor.clone(), kind.clone()), line);
        }
        let lines: Vec<String> = lines.into_values().collect();
        let head = "minor\tkind\tseed\tcases\taccepted\tinvalid\tundecodable\tupdates\tverdict\t\
                    causes\tdetails\twarnings\tstored\tall\texcluded";
        format!("{head}\n{}\n", lines.join("\n"))
    }

    /// The goals that are missed, and how many are met.
    pub fn missed(&self) -> (Vec<String>, usize) {
        let mut missed = Vec::new();
        let mut met = 0;
        for ((minor, kind), counts) in &self.counts {
            for (what, part, whole, least) in counts.goals(kind) {
                // In a small sample a single case is more than the goal allows.
                if part + 1 >= whole || part * 10_000 >= whole * least {
                    met += 1;
                } else {
                    let least = percent(least, 10_000);
                    missed.push(format!(
                        "{minor} {kind} {what}: {part} of {whole}, less than {least} %"
                    ));
                }
            }
        }
        (missed, met)
    }

    /// The classes that a kind has, most frequent first.
    pub fn classes_of(&self, kind: &str) -> Vec<(&Class, &Met)> {
        let classes = self.classes.iter().filter(|(class, _)| class.kind == kind);
        let mut classes: Vec<_> = classes.collect();
        classes.sort_by_key(|(_, met)| std::cmp::Reverse(met.count));
        classes
    }

    /// Puts a smaller example into a class.
    pub fn set_example(&mut self, class: &Class, example: Case) {
        if let Some(met) = self.classes.get_mut(class) {
            met.example = example;
            met.is_small = true;
        }
    }

    /// The differences of a kind, as text.
    pub fn told(&self, kind: &str, replay: &str) -> String {
        let mut out = String::new();
        for (class, met) in self.classes_of(kind) {
            let rows: Vec<&str> = met.rows.iter().copied().filter(|r| !r.is_empty()).collect();
            let minors: Vec<&str> = met.minors.iter().map(String::as_str).collect();
            let _ = writeln!(out, "{}x {}", met.count, class.name());
            let _ = writeln!(
                out,
                "    minors {}; rows {}",
                minors.join(" "),
                rows.join(" ")
            );
            if met.is_small {
                let _ = writeln!(out, "    {}", met.example.line());
            }
            let number = met.example.id.split(['/', ' ']).nth(2).unwrap_or("");
            let _ = writeln!(out, "    {replay} --kind {kind} --only {number}");
        }
        out
    }
}

fn count(c: &mut Counts, case: &Case, judge: &Answer, ours: &Answer, met: &[&Difference]) {
    c.cases += 1;
    c.accepted += usize::from(judge.code != 0 && judge.code < 300);
    c.invalid += usize::from(judge.code == 422);
    c.undecodable += usize::from(judge.code == 400);
    c.updates += usize::from(case.old.is_some());
    let none_of = |whats: &[What]| !met.iter().any(|d| whats.contains(&d.class.what));
    // Where an excluded difference is the only one, verdicts may differ without counting.
    let verdict = judge.code == ours.code || met.is_empty();
    c.verdict += usize::from(verdict);
    let causes = verdict && none_of(&[What::Code, What::Missed, What::Invented]);
    c.causes += usize::from(causes);
    c.details += usize::from(causes && none_of(&[What::Detail]));
    c.all += usize::from(met.is_empty());
    if judge.code == ours.code && judge.code < 300 {
        c.both += 1;
        c.warnings += usize::from(none_of(&[What::WarningMissed, What::WarningInvented]));
        c.stored += usize::from(none_of(&[What::Stored]));
    }
}

/// A share in percent, never rounded up to 100.
fn percent(part: usize, whole: usize) -> String {
    let hundredths = (part * 10_000).checked_div(whole).unwrap_or(10_000);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}
