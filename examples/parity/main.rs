//! Holds kubevet's model of the server to judges: `e2e/parity/run` and `e2e/parity/record`, which
//! tell what they do.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a program")]

mod aims;
mod cases;
mod compare;
mod fields;
mod given;
mod judge;
mod model;
mod mutate;
mod normal;
mod places;
mod pool;
mod random;
mod record;
mod recorded;
mod report;
mod rows;
mod sheet;
mod shrink;
mod sources;
mod values;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use kubevet::minor::Minor;
use rayon::prelude::*;

use cases::{Case, Generator};
use compare::{Class, Difference, compare};
use judge::{Failure, Judge};
use model::{Answer, answer_line};
use pool::Pool;
use report::Tally;
use sheet::Sheet;

/// Compares kubevet's model of the API server with judges.
#[derive(Debug, Parser)]
#[command(name = "parity")]
struct Args {
    /// Asks the judges the cases of testdata/apiserver/cases and writes down their answers.
    #[arg(long)]
    record: bool,
    /// Fails if the goals are missed; with --record if the answers differ from those written down,
    /// and writes nothing. Ends with `N passed, N failed`.
    #[arg(long)]
    check: bool,
    /// The minors to compare, separated by commas, or `all`; without it 1.37, and all to record.
    #[arg(long)]
    minor: Option<String>,
    /// What the generated cases depend on.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many cases to make of each kind.
    #[arg(long, default_value_t = 8_000)]
    cases: usize,
    /// The kinds to compare, separated by commas: all without it.
    #[arg(long)]
    kind: Option<String>,
    /// Folders with manifests to start from, besides the project's own.
    #[arg(long)]
    from: Vec<PathBuf>,
    /// Another judge than e2e/bin/judge-1.M, with its arguments: it speaks the same protocol.
    #[arg(long)]
    judge: Option<String>,
    /// Compares with answers that were given already, to the cases of this file.
    #[arg(long, requires = "answers")]
    given: Option<PathBuf>,
    /// The answers to the cases of --given, a line each.
    #[arg(long, requires = "given")]
    answers: Option<PathBuf>,
    /// Prints the cases, a line each, in place of a comparison.
    #[arg(long)]
    list: bool,
    /// Shows one case by its number, and both answers.
    #[arg(long)]
    only: Option<usize>,
    /// Writes the differences of each kind into a file of this folder.
    #[arg(long)]
    reports: Option<PathBuf>,
    /// Writes e2e/parity/agreement.tsv and rows.tsv, in which other minors' numbers stay.
    #[arg(long)]
    write: bool,
    /// Prints the fields of each kind's schema that no accepted case sets, and compares nothing.
    #[arg(long)]
    fields: bool,
    /// How many classes of differences of a kind get a small example.
    #[arg(long, default_value_t = 40)]
    shrink: usize,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let result = if args.record {
        minors(args.minor.as_deref().unwrap_or("all"))
            .and_then(|minors| record::record(root(), &minors, args.check))
    } else {
        run(&args)
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("parity: {why}");
            ExitCode::FAILURE
        }
    }
}

/// The repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Starts the judge of a minor.
fn start(minor: Minor, command: Option<&str>) -> Result<Judge, Failure> {
    match command {
        Some(command) => {
            let mut words = command.split_whitespace();
            let program = words.next().unwrap_or("");
            Judge::start(Path::new(program), &words.collect::<Vec<_>>())
        }
        None => {
            let program = root().join(format!("e2e/bin/judge-{minor}"));
            Judge::start(&program, &["-cases", "-workers", "2"])
        }
    }
}

fn minors(list: &str) -> Result<Vec<Minor>, Failure> {
    match list {
        "all" => Ok(Minor::all().collect()),
        list => Ok(list.split(',').map(str::parse).collect::<Result<_, _>>()?),
    }
}

fn run(args: &Args) -> Result<(), Failure> {
    let minors = minors(args.minor.as_deref().unwrap_or("1.37"))?;
    let own = root().join("e2e/parity");
    let excluded = names(&own.join("excluded.tsv"))?;
    if let (Some(cases), Some(answers)) = (&args.given, &args.answers) {
        for minor in minors {
            let tally = given::run((cases, answers), minor, &excluded)?;
            print!("{}", tally.agreement(args.seed, ""));
        }
        return Ok(());
    }
    let mut folders = vec![
        own.join("objects"),
        root().join("testdata/apiserver/cases"),
        root().join("e2e/enforced/objects"),
    ];
    folders.retain(|folder| folder.exists());
    folders.extend(args.from.iter().cloned());
    let bases = pool::load(&folders)?;
    let mut aims = aims::read(&std::fs::read_to_string(own.join("aims.tsv"))?)?;
    aims.extend(aims::recorded(&bases));
    let functions = sources::functions(&root().join("src/apiserver"))?;
    let sheet = Sheet::read(&std::fs::read_to_string(own.join("sheet.tsv"))?, &functions)?;
    let mut all = Tally::default();
    for minor in minors {
        let pool = Pool::new(&bases, minor);
        let fitting = aims::fitting(&aims, &sheet, &pool);
        if args.list {
            list(args, &pool, (&aims, &sheet), &fitting);
            continue;
        }
        let comparison = Comparison {
            args,
            pool,
            aims: &aims,
            fitting,
            sheet: &sheet,
            excluded: &excluded,
            judge: start(minor, args.judge.as_deref())?,
            minor,
        };
        if args.fields {
            fields::tell(&comparison)?;
            continue;
        }
        if let Some(number) = args.only {
            return comparison.show(number);
        }
        all.merge(comparison.run()?);
    }
    if args.list || args.fields {
        return Ok(());
    }
    conclude(args, &own, &sheet, &all)
}

/// Prints, writes and checks what was counted.
fn conclude(args: &Args, own: &Path, sheet: &Sheet, all: &Tally) -> Result<(), Failure> {
    let before = |file: &str| std::fs::read_to_string(own.join(file)).unwrap_or_default();
    print!("{}", all.agreement(args.seed, ""));
    let amiss = all.rows.amiss(sheet);
    amiss.iter().for_each(|line| println!("{line}"));
    if args.write {
        let (agreement, rows) = (before("agreement.tsv"), before("rows.tsv"));
        std::fs::write(
            own.join("agreement.tsv"),
            all.agreement(args.seed, &agreement),
        )?;
        let table = all.rows.table(sheet, &rows);
        rows::seldom(&table)
            .iter()
            .for_each(|line| println!("{line}"));
        std::fs::write(own.join("rows.tsv"), table)?;
    }
    let (mut missed, met) = all.missed();
    missed.iter().for_each(|line| println!("{line}"));
    // What no row shows is counted by the goal for causes.
    missed.extend(amiss.into_iter().filter(|line| !line.contains(" no row: ")));
    println!("{met} passed, {} failed", missed.len());
    match args.check && !missed.is_empty() {
        true => Err("the goals are missed".into()),
        false => Ok(()),
    }
}

/// Prints the cases of every kind.
fn list(
    args: &Args,
    pool: &Pool,
    (aims, sheet): (&[aims::Aim], &Sheet),
    fitting: &[aims::Fitting],
) {
    for (kind, fitting) in pool.kinds.iter().zip(fitting) {
        let seed = args.seed;
        let generator = Generator {
            pool,
            kind,
            aims,
            sheet,
            fitting,
            seed,
        };
        for case in (0..args.cases).filter_map(|number| generator.case(number)) {
            println!("{}", case.line());
        }
    }
}

/// The first columns of a table.
fn names(file: &Path) -> std::io::Result<BTreeSet<String>> {
    let text = std::fs::read_to_string(file)?;
    let lines = text
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    Ok(lines
        .filter_map(|line| line.split('\t').next())
        .map(str::to_owned)
        .collect())
}

/// The comparison with one judge.
struct Comparison<'a> {
    args: &'a Args,
    pool: Pool,
    aims: &'a [aims::Aim],
    /// The aims of each kind.
    fitting: Vec<aims::Fitting>,
    sheet: &'a Sheet,
    excluded: &'a BTreeSet<String>,
    judge: Judge,
    minor: Minor,
}

/// What the judge says, what kubevet says, and how that differs.
type Compared = (Answer, Answer, Vec<Difference>);

/// How many cases are sent at once.
const BATCH: usize = 1_000;

impl Comparison<'_> {
    fn run(&self) -> Result<Tally, Failure> {
        let mut tally = Tally::default();
        for (kind, fitting) in self.pool.kinds.iter().zip(&self.fitting) {
            let wanted = self.args.kind.as_ref();
            if wanted.is_some_and(|list| !list.split(',').any(|name| name == kind.name)) {
                continue;
            }
            let generator = self.generator(kind, fitting);
            let began = std::time::Instant::now();
            self.compare(&generator, &mut tally)?;
            let asked = began.elapsed();
            self.shrink(kind, &mut tally)?;
            let all = began.elapsed();
            eprintln!(
                "{} {}: {:.1?}, with examples {:.1?}",
                self.minor, kind.name, asked, all
            );
            let told = tally.told(&kind.name, &self.replay());
            match &self.args.reports {
                Some(folder) => {
                    std::fs::create_dir_all(folder)?;
                    let table = tally.agreement(self.args.seed, "");
                    let file = folder.join(format!("{}-{}.txt", self.minor, kind.name));
                    std::fs::write(file, format!("{table}\n{told}"))?;
                }
                None => print!("{told}"),
            }
        }
        Ok(tally)
    }

    fn generator<'b>(
        &'b self,
        kind: &'b pool::ServedKind,
        fitting: &'b aims::Fitting,
    ) -> Generator<'b> {
        Generator {
            pool: &self.pool,
            kind,
            aims: self.aims,
            sheet: self.sheet,
            fitting,
            seed: self.args.seed,
        }
    }

    fn replay(&self) -> String {
        let from = self
            .args
            .from
            .iter()
            .map(|folder| format!(" --from {}", folder.display()));
        let judge = self
            .args
            .judge
            .iter()
            .map(|judge| format!(" --judge '{judge}'"));
        let more: String = from.chain(judge).collect();
        let (minor, seed) = (self.minor, self.args.seed);
        format!("e2e/parity/run --minor {minor} --seed {seed}{more}")
    }

    /// Sends each batch before the answers to the last one are read, so that both sides work.
    fn compare(&self, generator: &Generator<'_>, tally: &mut Tally) -> Result<(), Failure> {
        let starts = (0..self.args.cases).step_by(BATCH);
        let mut waiting: Option<(Vec<Case>, Vec<String>)> = None;
        for start in starts.map(Some).chain([None]) {
            let next = start.map(|start| {
                let numbers = start..(start + BATCH).min(self.args.cases);
                let cases: Vec<Case> = numbers
                    .into_par_iter()
                    .filter_map(|n| generator.case(n))
                    .collect();
                let lines: Vec<String> = cases.par_iter().map(Case::line).collect();
                (cases, lines)
            });
            if let Some((_, lines)) = &next {
                self.judge.send(lines.clone())?;
            }
            if let Some((cases, lines)) = std::mem::replace(&mut waiting, next) {
                self.settle(generator, &cases, &lines, tally)?;
            }
        }
        Ok(())
    }

    fn settle(
        &self,
        generator: &Generator<'_>,
        cases: &[Case],
        lines: &[String],
        tally: &mut Tally,
    ) -> Result<(), Failure> {
        let kind = generator.kind;
        let answered = self.compared(kind, cases, lines)?;
        let minor = self.minor.to_string();
        for ((case, line), (theirs, ours, found)) in cases.iter().zip(lines).zip(&answered) {
            // An update of what the server wouldn't have created is no question.
            if theirs.code == 0 {
                continue;
            }
            let of = (&*minor, &*kind.name);
            tally.add(of, (case, line.len()), (theirs, ours), found, self.excluded);
            let table = (self.sheet, self.aims);
            tally
                .rows
                .add(table, (self.minor, kind), case, (theirs, ours));
        }
        Ok(())
    }

    /// What both sides say to lines that were sent, and how that differs.
    fn compared(
        &self,
        kind: &pool::ServedKind,
        cases: &[Case],
        lines: &[String],
    ) -> Result<Vec<Compared>, Failure> {
        let minor = self.minor;
        let own = |line: &String| answer_line(line, minor).1;
        let ours: Vec<Answer> = lines.par_iter().map(own).collect();
        let theirs = self.judge.take(lines.len())?;
        let pairs = theirs.par_iter().zip(ours).zip(cases);
        pairs
            .map(|((theirs, ours), case)| {
                let theirs = judge::read(theirs)?;
                let found = compare(&kind.name, kind.root, minor, case, (&theirs, &ours));
                Ok((theirs, ours, found))
            })
            .collect()
    }

    /// Whether each case shows a class of differences.
    fn shows(
        &self,
        kind: &pool::ServedKind,
        class: &Class,
        cases: &[Case],
    ) -> Result<Vec<bool>, Failure> {
        let lines: Vec<String> = cases.iter().map(Case::line).collect();
        self.judge.send(lines.clone())?;
        let compared = self.compared(kind, cases, &lines)?;
        let shows = |(_, _, found): &Compared| found.iter().any(|d| d.class == *class);
        Ok(compared.iter().map(shows).collect())
    }

    fn shrink(&self, kind: &pool::ServedKind, tally: &mut Tally) -> Result<(), Failure> {
        let mut classes: Vec<(Class, usize, Case)> = tally
            .classes_of(&kind.name)
            .into_iter()
            .map(|(class, met)| (class.clone(), met.count, met.example.clone()))
            .collect();
        classes.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
        for (class, _, example) in classes.into_iter().take(self.args.shrink) {
            let mut failure = None;
            let small = shrink::shrink(&example, &mut |cases| {
                self.shows(kind, &class, cases).unwrap_or_else(|why| {
                    failure = Some(why);
                    vec![false; cases.len()]
                })
            });
            if let Some(why) = failure {
                return Err(why);
            }
            tally.set_example(&class, small);
        }
        Ok(())
    }

    /// Shows one case.
    fn show(&self, number: usize) -> Result<(), Failure> {
        let wanted = self.args.kind.as_deref().unwrap_or("Deployment");
        let mut kinds = self.pool.kinds.iter().zip(&self.fitting);
        let (kind, fitting) = kinds
            .find(|(kind, _)| kind.name == wanted)
            .ok_or("no such kind")?;
        let case = self
            .generator(kind, fitting)
            .case(number)
            .ok_or("no objects of this kind")?;
        let line = case.line();
        let ours = answer_line(&line, self.minor).1;
        let theirs = self.judge.ask(vec![line.clone()])?;
        println!("{line}");
        for answer in &theirs {
            println!("judge: {}", serde_json::to_string(answer)?);
            println!("kubevet: {}", serde_json::to_string(&ours)?);
            for difference in compare(&kind.name, kind.root, self.minor, &case, (answer, &ours)) {
                println!("{} {}", difference.class.name(), difference.row);
            }
        }
        Ok(())
    }
}
