//! `kubevet lint`: from arguments to reports and an exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::args::{FailOn, LintArgs};
use super::configs::Configs;
use super::input::{Context, Inputs, Request, collect};
use super::output::{self, Output};
use super::progress::Progress;
use super::{baseline, before, exit, git, paths, schemas};
use crate::finding::{Finding, RuleMeta, Severity};
use crate::lint::before::OldFile;
use crate::lint::config::{CommandLine, Config};
use crate::lint::load::File;
use crate::lint::run::{Job, Outcome, all_metas, run};
use crate::lint::usage::is_fixed;
use crate::report::{Format, Report, Skipped};
use crate::rules::RULES;
use crate::source::SourceId;

/// What came of a run.
pub struct Linted {
    /// The exit code.
    pub code: u8,
    /// How many configurations of webhooks were judged.
    pub webhooks: usize,
}

/// Runs the verb. Returns the exit code.
///
/// # Errors
/// Usage, a config, or the system; to be told on standard error with exit code 3.
pub fn lint(args: &LintArgs) -> Result<u8, String> {
    linted(args).map(|linted| linted.code)
}

/// Runs the verb, for others that do the same.
///
/// # Errors
/// Those of `lint`.
pub fn linted(args: &LintArgs) -> Result<Linted, String> {
    let without = |code| Linted { code, webhooks: 0 };
    let here = std::env::current_dir().map_err(|error| format!("the current folder: {error}"))?;
    let metas = all_metas(RULES);
    let outputs = output::outputs(&args.report.format, &Format::OF_FILES)?;
    let mut configs = Configs::new(&metas, command_line(args, &metas)?, here.clone());
    let main = match &args.config {
        Some(path) => configs.force(path)?,
        None => {
            let folder = first_folder(&here, &args.paths);
            configs.of_folder(&folder, git::root_of(&folder))
        }
    };
    let mut inputs = collect(&request(args, &configs, main, here), io::stdin())
        .map_err(|error| error.to_string())?;
    configs.without = std::mem::take(&mut inputs.without_config);
    let files = files(&inputs, &mut configs);
    if !configs.faults.is_empty() {
        return output::write_faults(&configs.faults, &metas, &outputs, &args.text).map(without);
    }
    for note in &inputs.notes {
        let _ = writeln!(io::stderr(), "kubevet: {note}");
    }
    let schemas = read_schemas(args, &configs)?;
    let covered = covered(&inputs, &configs, &files);
    let old = old_files(args, &inputs)?;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads(args, &files));
    let pool = pool.build().map_err(|error| error.to_string())?;
    let progress = Progress::start(files.len(), args.text.quiet);
    let job = Job {
        files: &files,
        charts: &inputs.charts,
        read: &|number| {
            progress.step();
            let file = inputs.files.get(number).ok_or("isn't there")?;
            inputs.read(file)
        },
        configs: &configs.all,
        rules: RULES,
        schemas: &schemas,
        covered: &covered,
        old: &old,
    };
    let mut outcome = pool.install(|| run(job));
    drop(progress);
    outcome.summary.skipped.extend(skipped(&inputs));
    outcome.unread |= inputs.skipped.iter().any(|met| met.target && met.unread);
    let judged = baseline::Judged {
        files: &files,
        configs: &configs.all,
        rules: &metas,
        selected: !(args.report.select.is_empty() && args.report.ignore.is_empty()),
        unread: unread(&files, &outcome),
    };
    if args.write_baseline {
        return baseline::write(args, &judged, &outcome).map(without);
    }
    baseline::apply(args, &judged, &mut outcome)?;
    report(args, &outputs, &metas, (&files, &outcome))?;
    Ok(Linted {
        code: exit_code(args, &configs, &files, &inputs, &outcome),
        webhooks: outcome.summary.webhooks,
    })
}

fn report(
    args: &LintArgs,
    outputs: &[Output],
    metas: &[&'static RuleMeta],
    (files, outcome): (&[File], &Outcome),
) -> Result<(), String> {
    let report = Report {
        findings: &outcome.findings,
        sources: &outcome.sources,
        targets: &targets(files),
        rules: metas,
        masked: &outcome.masked,
        summary: &outcome.summary,
    };
    output::write(outputs, &report, &output::options(&args.text))
}

/// The files as they are now, if updates are to be judged.
fn old_files(args: &LintArgs, inputs: &Inputs) -> Result<Vec<OldFile>, String> {
    match &args.base {
        Some(base) => before::of_commit(base, inputs),
        None if args.old.is_empty() => Ok(Vec::new()),
        None => before::of_paths(&args.old, inputs),
    }
}

fn command_line(args: &LintArgs, metas: &[&'static RuleMeta]) -> Result<CommandLine, String> {
    let minors = args.kubernetes_version.iter().copied();
    Ok(CommandLine {
        minors: (!args.kubernetes_version.is_empty()).then(|| minors.collect()),
        namespace: args.namespace.clone(),
        fail_on: args.report.fail_on.and_then(FailOn::severity),
        select: CommandLine::selectors(&args.report.select, metas)?,
        ignore: CommandLine::selectors(&args.report.ignore, metas)?,
    })
}

/// The folder in which the config of the run is looked for: that of the first path.
fn first_folder(here: &Path, paths: &[PathBuf]) -> PathBuf {
    let first = paths.iter().find(|path| path.as_os_str() != "-");
    let Some(path) = first
        .map(|path| here.join(path))
        .and_then(|path| path.canonicalize().ok())
    else {
        return here.to_owned();
    };
    match path.is_dir() {
        true => path,
        false => path.parent().map_or(here.to_owned(), Path::to_owned),
    }
}

fn request(args: &LintArgs, configs: &Configs<'_>, main: usize, here: PathBuf) -> Request {
    let os = |path: &PathBuf| OsString::from(path);
    let from_config = configs.all.get(main).and_then(Config::context);
    let folder = configs
        .files
        .get(main)
        .and_then(Option::as_ref)
        .map(|file| &file.folder);
    let context = match (
        args.no_context,
        args.context.is_empty(),
        from_config,
        folder,
    ) {
        (true, ..) => Context::Nothing,
        (false, false, ..) => Context::Paths(args.context.iter().map(os).collect()),
        (false, true, Some([]), _) => Context::Nothing,
        (false, true, Some(paths), Some(folder)) => {
            Context::Paths(paths.iter().map(|path| folder.join(path).into()).collect())
        }
        _ => Context::Projects,
    };
    Request {
        paths: args.paths.iter().map(os).collect(),
        stdin_filename: Some(args.stdin_filename.clone()).filter(|name| name != "<stdin>"),
        context,
        folder: here,
    }
}

fn files(inputs: &Inputs, configs: &mut Configs<'_>) -> Vec<File> {
    let mut files = Vec::with_capacity(inputs.files.len());
    for file in &inputs.files {
        let (config, config_path) = configs.of_file(inputs, file);
        let applies = configs.all.get(config);
        files.push(File {
            shown: file.shown.clone(),
            location: file.location.clone(),
            target: file.target,
            excluded: applies.is_some_and(|c| c.is_excluded(&config_path)),
            config,
            config_path,
            of_cluster: None,
        });
    }
    files
}

/// The configs below whose folder all files are targets, with the number of the config's own
/// file: there it is known what a pattern doesn't match.
fn covered(inputs: &Inputs, configs: &Configs<'_>, files: &[File]) -> BTreeMap<usize, usize> {
    if !inputs.skipped.is_empty() || !inputs.notes.is_empty() {
        return BTreeMap::new();
    }
    let numbers = files.iter().enumerate();
    let numbers: BTreeMap<&str, usize> = numbers
        .map(|(number, file)| (file.location.as_str(), number))
        .collect();
    let numbered = configs.files.iter().enumerate();
    let covered = numbered.filter_map(|(config, file)| {
        let file = file.as_ref()?;
        let folder = paths::slashed(&file.folder);
        let mut walked = inputs.walked_at.iter();
        let whole = walked.any(|walked| paths::below(walked, &folder).is_some());
        let number = numbers.get(paths::slashed(&file.path).as_str())?;
        whole.then_some((config, *number))
    });
    covered.collect()
}

/// The schemas that the command line and the configs name, for all files: definitions hold for
/// a whole cluster.
fn read_schemas(
    args: &LintArgs,
    configs: &Configs<'_>,
) -> Result<Vec<crate::apiserver::schema::Table>, String> {
    let mut paths = args.schema.clone();
    for (config, file) in configs.all.iter().zip(&configs.files) {
        let folder = file.iter().map(|file| &file.folder);
        paths.extend(folder.flat_map(|f| config.schema().iter().map(|path| f.join(path))));
    }
    Ok(schemas::read(&paths)?.into_iter().collect())
}

/// One thread for little: starting more costs more than it saves.
fn threads(args: &LintArgs, files: &[File]) -> usize {
    match args.threads {
        0 if files.len() < 16 => 1,
        asked => asked,
    }
}

/// The locations of the files of which something couldn't be read.
fn unread(files: &[File], outcome: &Outcome) -> BTreeSet<String> {
    let fixed = outcome.findings.iter().filter(|f| is_fixed(f.rule));
    let files = fixed.filter_map(|f| files.get(f.place.source.0 as usize));
    files.map(|file| file.location.clone()).collect()
}

fn skipped(inputs: &Inputs) -> Vec<Skipped> {
    let files = inputs.skipped.iter().filter(|skipped| skipped.target);
    files
        .map(|skipped| Skipped {
            file: skipped.shown.clone(),
            document: None,
            why: skipped.why.clone(),
        })
        .collect()
}

fn targets(files: &[File]) -> Vec<SourceId> {
    let numbered = files.iter().enumerate().filter(|(_, file)| file.target);
    let mut targets: Vec<_> = numbered
        .map(|(i, file)| (file.shown.as_str(), SourceId(i as u32)))
        .collect();
    targets.sort_unstable();
    targets.into_iter().map(|(_, id)| id).collect()
}

fn exit_code(
    args: &LintArgs,
    configs: &Configs<'_>,
    files: &[File],
    inputs: &Inputs,
    outcome: &Outcome,
) -> u8 {
    let is_bad = |finding: &Finding| {
        let file = files.get(finding.place.source.0 as usize);
        let config = file.and_then(|file| configs.all.get(file.config));
        let least = config.map_or(Severity::Error, Config::fail_on);
        args.report.fail_on != Some(FailOn::Never) && finding.severity >= least
    };
    let looked_for_some = !inputs.walked.is_empty() || inputs.stdin_is_empty();
    let empty = looked_for_some && outcome.summary.objects == 0 && !args.allow_empty;
    if outcome.unread || empty {
        exit::UNREAD
    } else if outcome.findings.iter().any(is_bad) {
        exit::FINDINGS
    } else {
        exit::CLEAN
    }
}
