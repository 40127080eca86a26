//! What a comparison counts, and how it is told: as text, and as the tables that are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use kubevet::apiserver::errors::Reason;
use kubevet::lint::admission::rules::owner_of;

use super::cases::Case;
use super::compare::{Class, Difference, What, field_pattern, pattern};
use super::model::{Answer, Cause};

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

/// How often a row was met.
#[derive(Clone, Copy, Debug, Default)]
pub struct RowCounts {
    hit: usize,
    agreed: usize,
}

/// A way in which a row shows: path pattern, reason, detail pattern.
type Shown = (String, String, String);

/// All counts.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// By minor and kind.
    pub counts: BTreeMap<(String, String), Counts>,
    /// The classes of differences.
    pub classes: BTreeMap<Class, Met>,
    /// The row of each way in which kubevet shows one, and how often.
    rows: BTreeMap<(&'static str, Shown), RowCounts>,
    /// Causes that only the judge had.
    missed: BTreeMap<Shown, usize>,
}

/// A pod's path is the same row in every kind.
fn shown(cause: &Cause) -> Shown {
    let field = field_pattern(&cause.field);
    let short = [
        ("spec.jobTemplate.spec.template.spec", "P"),
        ("spec.template.spec", "P"),
        ("spec.jobTemplate.spec.template", "T"),
        ("spec.template", "T"),
    ];
    let shortened = short.iter().find_map(|(long, short)| {
        let rest = field.strip_prefix(long)?;
        (rest.is_empty() || rest.starts_with(['.', '['])).then(|| format!("{short}{rest}"))
    });
    (
        shortened.unwrap_or(field),
        cause.reason.clone(),
        pattern(cause.words()),
    )
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
        self.add_rows(judge, ours);
    }

    fn add_rows(&mut self, judge: &Answer, ours: &Answer) {
        let same = |a: &Cause, b: &Cause| {
            a.field == b.field && a.reason == b.reason && a.words() == b.words()
        };
        for cause in &ours.causes {
            let counts = self.rows.entry((cause.row, shown(cause))).or_default();
            counts.hit += 1;
            counts.agreed += usize::from(judge.causes.iter().any(|theirs| same(theirs, cause)));
        }
        if judge.code == 422 && ours.code != 0 {
            for cause in &judge.causes {
                if !ours.causes.iter().any(|own| same(own, cause)) {
                    *self.missed.entry(shown(cause)).or_default() += 1;
                }
            }
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
        for (row, counts) in other.rows {
            let own = self.rows.entry(row).or_default();
            own.hit += counts.hit;
            own.agreed += counts.agreed;
        }
        for (shown, count) in other.missed {
            *self.missed.entry(shown).or_default() += count;
        }
    }

    /// `agreement.tsv`: shares in percent, by minor and kind.
    pub fn agreement(&self) -> String {
        let mut out =
            "minor\tkind\tcases\taccepted\tinvalid\tundecodable\tupdates\tverdict\tcauses\t\
                       details\twarnings\tstored\tall\texcluded\n"
                .to_owned();
        for ((minor, kind), c) in &self.counts {
            let of = |part: usize, whole: usize| percent(part, whole);
            let columns = [
                c.cases.to_string(),
                of(c.accepted, c.cases),
                of(c.invalid, c.cases),
                of(c.undecodable, c.cases),
                of(c.updates, c.cases),
                of(c.verdict, c.cases),
                of(c.causes, c.cases),
                of(c.details, c.cases),
                of(c.warnings, c.both),
                of(c.stored, c.both),
                of(c.all, c.cases),
                c.excluded.to_string(),
            ];
            let _ = writeln!(out, "{minor}\t{kind}\t{}", columns.join("\t"));
        }
        out
    }

    /// `rows.tsv`: how often each row was met, and how often the judge agreed. `functions` are
    /// the rows that the model has, with the upstream functions that they stand for.
    pub fn rows(&self, functions: &BTreeMap<String, String>) -> String {
        let mut out = "row\tfield\treason\tdetail\thit\tagreed\trule\tfunction\n".to_owned();
        let nothing: Shown = Default::default();
        let mut lines: BTreeMap<(&str, &Shown), RowCounts> = BTreeMap::new();
        for ((row, shown), counts) in &self.rows {
            lines.insert((row, shown), *counts);
        }
        let row_of = |shown: &Shown| {
            let mut rows = self.rows.keys().filter(|(_, known)| known == shown);
            rows.next().map_or("?", |(row, _)| row)
        };
        for (shown, count) in &self.missed {
            lines.entry((row_of(shown), shown)).or_default().hit += count;
        }
        let met = |row: &str| self.rows.keys().any(|(known, _)| *known == row);
        for row in functions.keys().filter(|row| !met(row)) {
            lines.insert((row, &nothing), RowCounts::default());
        }
        for ((row, (field, reason, detail)), RowCounts { hit, agreed }) in lines {
            let rule = Reason::ALL.iter().find(|known| known.name() == reason);
            let rule = rule.map_or("", |reason| owner_of(row, *reason).id);
            let function = functions.get(row).map_or("", String::as_str);
            let _ = writeln!(
                out,
                "{row}\t{field}\t{reason}\t{detail}\t{hit}\t{agreed}\t{rule}\t{function}"
            );
        }
        out
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
