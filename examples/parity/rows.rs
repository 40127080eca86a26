//! How often each row was met: the counts, and the table `e2e/parity/rows.tsv`.
//!
//! Lives here: counting by row and minor, and reading and writing that table, in which the counts
//! of minors that didn't run stay. Not here: which rows there are (`sheet`).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write;

use kubevet::apiserver::errors::Reason;
use kubevet::lint::admission::rules::owner_of;
use kubevet::minor::Minor;

use super::aims::{Aim, Aimed};
use super::cases::Case;
use super::compare::{pattern, place, with_settled_name};
use super::model::{Answer, Cause};
use super::pool::ServedKind;
use super::sheet::{Sheet, folded};

/// How often a row was met in a minor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Met {
    /// Faults that either side has.
    pub hit: usize,
    /// Those that both have.
    pub agreed: usize,
    /// Cases aimed at it that meet it.
    pub aimed: usize,
    /// Cases aimed at it that the judge accepts.
    pub near: usize,
}

/// A way in which a row shows: field, reason, detail.
type Way = (String, String, String);

#[derive(Clone, Debug, Default)]
struct Row {
    met: Met,
    ways: BTreeMap<Way, usize>,
}

/// The counts of all rows.
#[derive(Clone, Debug, Default)]
pub struct Rows {
    /// By minor, in the order of the sheet.
    minors: BTreeMap<Minor, Vec<Row>>,
    /// Faults that only judges have.
    missed: BTreeMap<(Minor, Way), usize>,
    /// The rows of each aim, by kind.
    targets: HashMap<(String, Aimed), Vec<usize>>,
    /// Rows of the model that the sheet hasn't.
    unknown: BTreeSet<&'static str>,
}

/// How many cases should hit a row, and miss it narrowly.
const WANTED: usize = 50;
/// Rows agree so often in a hundred; with fewer hits than a hundred one may differ.
const SHARE: usize = 99;

impl Rows {
    /// Counts a case.
    pub fn add(
        &mut self,
        (sheet, aims): (&Sheet, &[Aim]),
        (minor, served): (Minor, &ServedKind),
        case: &Case,
        (judge, ours): (&Answer, &Answer),
    ) {
        let kind = &*served.name;
        let (judge, ours) = (
            with_settled_name(case, judge),
            with_settled_name(case, ours),
        );
        let (judge, ours) = (&*judge, &*ours);
        // Where the judge falls over it says nothing of rows.
        if judge.code == 500 {
            return;
        }
        let rows = self.minors.entry(minor).or_default();
        rows.resize_with(sheet.rows.len(), Row::default);
        let same = |a: &Cause, b: &Cause| same(kind, a, b);
        let mut agreed_on = BTreeSet::new();
        for cause in &ours.causes {
            let way = way(kind, cause);
            let agrees = judge.causes.iter().any(|theirs| same(theirs, cause));
            let places = sheet.of(cause.row, kind, &way.0);
            if places.is_empty() {
                self.unknown.insert(cause.row);
            }
            if agrees {
                agreed_on.extend(places.iter().copied());
            }
            for place in places {
                count(rows, place, agrees, &way);
            }
        }
        for (row, text) in ours.warned.iter().zip(&ours.warnings) {
            let agrees = judge.warnings.contains(text);
            let Some(place) = sheet.place(row) else {
                self.unknown.insert(row);
                continue;
            };
            agreed_on.extend(agrees.then_some(place));
            count(
                rows,
                place,
                agrees,
                &(String::new(), String::new(), pattern(text)),
            );
        }
        if let Some((aimed, aim)) = case.aim.and_then(|at| Some((at, aims.get(at.aim)?))) {
            let targets = self.targets.entry((kind.to_owned(), aimed));
            for place in targets.or_insert_with(|| aim.rows(sheet, served, Some(aimed.row))) {
                let Some(row) = rows.get_mut(*place) else {
                    continue;
                };
                row.met.aimed += usize::from(agreed_on.contains(place));
                row.met.near += usize::from(case.is_pure && judge.accepts());
            }
        }
        if judge.code == 422 && ours.code != 0 {
            let missed = |cause: &&Cause| !ours.causes.iter().any(|own| same(own, cause));
            for cause in judge.causes.iter().filter(missed) {
                *self.missed.entry((minor, way(kind, cause))).or_default() += 1;
            }
        }
    }

    /// Adds the counts of other minors.
    pub fn merge(&mut self, other: Self) {
        self.minors.extend(other.minors);
        self.missed.extend(other.missed);
        self.unknown.extend(other.unknown);
    }

    /// `rows.tsv`, with what `before` tells of minors that didn't run.
    pub fn table(&self, sheet: &Sheet, before: &str) -> String {
        let mut this = self.clone();
        this.attribute();
        let before = Before::read(before);
        let minors: Vec<Minor> = Minor::all().collect();
        let names: Vec<String> = minors.iter().map(Minor::to_string).collect();
        let mut out = format!("{}\t{}\n", HEAD.join("\t"), names.join("\t"));
        for (i, known) in sheet.rows.iter().enumerate() {
            let of = |minor: &Minor| match this.minors.get(minor) {
                Some(rows) => rows.get(i).map(|row| row.met),
                None => before.met(&known.name, *minor),
            };
            let met: Vec<Option<Met>> = minors.iter().map(of).collect();
            let newest = minors.iter().zip(&met).rev();
            let newest = newest.filter(|(_, met)| met.is_some_and(|met| met.hit > 0));
            let newest = newest.map(|(minor, _)| *minor).next();
            let ran = newest.and_then(|minor| this.minors.get(&minor)?.get(i));
            let shown = match (ran, newest) {
                (Some(row), _) => ways(&row.ways),
                (None, Some(_)) => before.shown(&known.name),
                (None, None) => known.facts.clone(),
            };
            let [field, reason, detail] = shown;
            let rules = rules(&known.name, &reason);
            let all = met.iter().flatten();
            let sum = |of: fn(&Met) -> usize| all.clone().map(of).sum::<usize>().to_string();
            let max = |of: fn(&Met) -> usize| all.clone().map(of).max().unwrap_or(0).to_string();
            let columns = [
                known.name.clone(),
                known.state.clone(),
                field,
                reason,
                detail,
                known.function.clone(),
                rules,
                sum(|met| met.hit),
                sum(|met| met.agreed),
                max(|met| met.aimed),
                max(|met| met.near),
                known.why.clone(),
            ];
            let cells: Vec<String> = met.iter().map(|met| cell(*met)).collect();
            let _ = writeln!(out, "{}\t{}", columns.join("\t"), cells.join("\t"));
        }
        out
    }

    /// Gives faults that only judges have to the row that shows in that way elsewhere.
    fn attribute(&mut self) {
        for ((minor, way), count) in std::mem::take(&mut self.missed) {
            let Some(rows) = self.minors.get_mut(&minor) else {
                continue;
            };
            match rows.iter_mut().find(|row| row.ways.contains_key(&way)) {
                Some(row) => row.met.hit += count,
                None => drop(self.missed.insert((minor, way), count)),
            }
        }
    }

    /// What is amiss: rows that agree too seldom, faults that no row has, rows without a line.
    pub fn amiss(&self, sheet: &Sheet) -> Vec<String> {
        let mut this = self.clone();
        this.attribute();
        let mut out: Vec<String> = Vec::new();
        for (minor, rows) in &this.minors {
            for (row, known) in rows.iter().zip(&sheet.rows) {
                let Met { hit, agreed, .. } = row.met;
                if agreed + 1 < hit && agreed * 100 < hit * SHARE {
                    let name = &known.name;
                    out.push(format!("{minor} {name}: agreed {agreed} times of {hit}"));
                }
            }
        }
        // Names that the server makes up come in any shape.
        let made_up = |(_, (_, _, detail)): &&(Minor, Way)| detail.contains("invalid DNS label");
        let missed = this.missed.iter().filter(|(key, _)| !made_up(key));
        for ((minor, (field, reason, detail)), count) in missed {
            out.push(format!(
                "{minor} no row: {count}x {field} {reason} {detail}"
            ));
        }
        let unknown = this.unknown.iter();
        out.extend(unknown.map(|row| format!("{row} isn't in sheet.tsv")));
        out
    }
}

/// The rows of a table that too few cases hit or narrowly miss.
pub fn seldom(table: &str) -> Vec<String> {
    let rows = table.lines().skip(1).filter_map(|line| {
        let columns: Vec<&str> = line.split('\t').collect();
        let number = |i: usize| columns.get(i)?.parse::<usize>().ok();
        let (aimed, near) = (number(9)?, number(10)?);
        let has = |wanted: bool, count: usize| !wanted || count >= WANTED;
        let (hits, misses) = match *columns.get(1)? {
            "checked" | "warning" => (true, true),
            "always" => (true, false),
            "accepted" => (false, true),
            _ => (false, false),
        };
        (!has(hits, aimed) || !has(misses, near)).then(|| {
            format!(
                "{}: {aimed} hits, {near} near misses",
                columns.first().unwrap_or(&"")
            )
        })
    });
    rows.collect()
}

const HEAD: [&str; 12] = [
    "row",
    "state",
    "field",
    "reason",
    "detail",
    "function",
    "rule",
    "hit",
    "agreed",
    "aimed hits",
    "near misses",
    "why",
];

/// Whether two faults are one: in the same words, but for names that the server makes up.
fn same(kind: &str, a: &Cause, b: &Cause) -> bool {
    let words = |cause: &Cause| match cause.words().split_once("invalid DNS label: ") {
        Some((before, _)) => before.to_owned(),
        None => cause.words().to_owned(),
    };
    place(kind, a) == place(kind, b) && a.reason == b.reason && words(a) == words(b)
}

fn way(kind: &str, cause: &Cause) -> Way {
    let field = folded(kind, &cause.field);
    (field, cause.reason.clone(), pattern(cause.words()))
}

fn count(rows: &mut [Row], place: usize, agrees: bool, way: &Way) {
    let Some(row) = rows.get_mut(place) else {
        return;
    };
    row.met.hit += 1;
    row.met.agreed += usize::from(agrees);
    match row.ways.get_mut(way) {
        Some(count) => *count += 1,
        None => drop(row.ways.insert(way.clone(), 1)),
    }
}

/// The most frequent fields, reasons and details.
fn ways(ways: &BTreeMap<Way, usize>) -> [String; 3] {
    let list = |of: fn(&Way) -> &String, most: usize, between: &str| {
        let mut counts: BTreeMap<&String, usize> = BTreeMap::new();
        for (way, count) in ways {
            *counts.entry(of(way)).or_default() += count;
        }
        let mut names: Vec<_> = counts.into_iter().collect();
        names.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        let more = names.len().saturating_sub(most);
        let mut shown: Vec<String> = names.iter().take(most).map(|(n, _)| (*n).clone()).collect();
        shown.extend((more > 0).then(|| format!("and {more} more")));
        shown.join(between)
    };
    [
        list(|way| &way.0, 3, ", "),
        list(|way| &way.1, 4, ", "),
        list(|way| &way.2, 3, " / "),
    ]
}

/// The rules that tell a row's faults.
fn rules(row: &str, reasons: &str) -> String {
    if row.starts_with("WRN") {
        return "server-warning".to_owned();
    }
    let known = |name: &str| Reason::ALL.into_iter().find(|known| known.name() == name);
    let rules = reasons
        .split(", ")
        .filter_map(known)
        .map(|reason| owner_of(row, reason).id);
    rules
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
        .join(", ")
}

/// `hit/agreed/aimed hits/near misses`; `-` for a minor that never ran.
fn cell(met: Option<Met>) -> String {
    match met {
        None => "-".to_owned(),
        Some(Met {
            hit: 0, near: 0, ..
        }) => "0".to_owned(),
        Some(Met {
            hit,
            agreed,
            aimed,
            near,
        }) => format!("{hit}/{agreed}/{aimed}/{near}"),
    }
}

/// The table as it was.
struct Before<'t> {
    minors: Vec<&'t str>,
    rows: BTreeMap<&'t str, Vec<&'t str>>,
}

impl<'t> Before<'t> {
    fn read(text: &'t str) -> Self {
        let mut lines = text
            .lines()
            .map(|line| line.split('\t').collect::<Vec<_>>());
        let head = lines.next().unwrap_or_default();
        let minors = head.get(HEAD.len()..).unwrap_or(&[]).to_vec();
        let rows = lines.filter_map(|columns| Some((*columns.first()?, columns)));
        Self {
            minors,
            rows: rows.collect(),
        }
    }

    fn met(&self, row: &str, minor: Minor) -> Option<Met> {
        let name = minor.to_string();
        let at = self.minors.iter().position(|known| *known == name)?;
        let cell = self.rows.get(row)?.get(HEAD.len() + at)?;
        if *cell == "0" {
            return Some(Met::default());
        }
        let mut numbers = cell.split('/').map(str::parse::<usize>);
        let mut next = || numbers.next()?.ok();
        Some(Met {
            hit: next()?,
            agreed: next()?,
            aimed: next()?,
            near: next()?,
        })
    }

    fn shown(&self, row: &str) -> [String; 3] {
        let column = |i: usize| self.rows.get(row).and_then(|columns| columns.get(i));
        [2, 3, 4].map(|i| column(i).map_or(String::new(), |text| (*text).to_owned()))
    }
}
