//! `--baseline` and `--write-baseline`: the file around `lint::baseline`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::args::LintArgs;
use super::{exit, output, paths};
use crate::finding::RuleMeta;
use crate::lint::baseline::Baseline;
use crate::lint::config::{Config, Setting};
use crate::lint::load::File;
use crate::lint::run::Outcome;
use crate::source::{Source, SourceId};

/// What a run judged, and by which rules.
pub struct Judged<'a> {
    /// Targets and context.
    pub files: &'a [File],
    /// Their configs.
    pub configs: &'a [Config],
    /// All rules.
    pub rules: &'a [&'static RuleMeta],
    /// The command line chose among the rules.
    pub selected: bool,
    /// The locations of targets of which something couldn't be read.
    pub unread: BTreeSet<String>,
}

/// Takes the findings that the baseline knows out of the outcome.
///
/// # Errors
/// The file can't be read, or a line of it.
pub fn apply(args: &LintArgs, run: &Judged<'_>, outcome: &mut Outcome) -> Result<(), String> {
    let Some(path) = &args.baseline else {
        return Ok(());
    };
    let baseline = read(path)?;
    let folder = folder_of(path)?;
    let path_of = |id: SourceId| path_in(&folder, run.files, id);
    let complete = |path: &str, rule: &str| is_complete(&folder, run, path, rule);
    let findings = std::mem::take(&mut outcome.findings);
    let applied = baseline.apply(findings, &path_of, &complete);
    outcome.findings = applied.fresh;
    outcome.summary.baselined = applied.known;
    Ok(())
}

/// Writes the findings of a run into the baseline. Returns the exit code.
///
/// # Errors
/// The file can't be read or written.
pub fn write(args: &LintArgs, run: &Judged<'_>, outcome: &Outcome) -> Result<u8, String> {
    let Some(path) = &args.baseline else {
        return Err("--write-baseline needs --baseline FILE".to_owned());
    };
    let old = if path.exists() {
        read(path)?
    } else {
        Baseline::default()
    };
    let folder = folder_of(path)?;
    let path_of = |id: SourceId| path_in(&folder, run.files, id);
    let complete = |path: &str, rule: &str| is_complete(&folder, run, path, rule);
    let new = old.rewritten(&outcome.findings, &path_of, &complete);
    fs::write(path, new.render()).map_err(|error| format!("{}: {error}", path.display()))?;
    output::print(&format!("{}: {} entries\n", path.display(), new.len()))?;
    Ok(if outcome.unread {
        exit::UNREAD
    } else {
        exit::CLEAN
    })
}

fn read(path: &Path) -> Result<Baseline, String> {
    let bytes = fs::read(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let source = Source::decode(path.to_string_lossy(), bytes);
    let (baseline, faults) = Baseline::parse(&source);
    match faults.first() {
        None => Ok(baseline),
        Some(fault) => {
            let at = source.position(fault.span.start);
            Err(format!(
                "{}:{}:{}: {}",
                path.display(),
                at.line,
                at.column,
                fault.message
            ))
        }
    }
}

/// The folder of the baseline, absolute: its paths are relative to it.
fn folder_of(path: &Path) -> Result<PathBuf, String> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    folder
        .canonicalize()
        .map_err(|error| format!("{}: {error}", folder.display()))
}

fn path_in(folder: &Path, files: &[File], id: SourceId) -> String {
    let file = files.get(id.0 as usize);
    file.map_or_else(String::new, |file| {
        paths::way(folder, Path::new(&file.location))
    })
}

/// Whether a rule judged a file of the baseline in this run, or the file is gone. An excluded
/// file was judged in a way, too: nothing in it is reported.
fn is_complete(folder: &Path, run: &Judged<'_>, path: &str, rule: &str) -> bool {
    let location = paths::slashed(&paths::normalised(&folder.join(path)));
    let mut targets = run.files.iter().filter(|file| file.target);
    let Some(file) = targets.find(|file| file.location == location) else {
        return !Path::new(&location).exists();
    };
    let Some(meta) = run.rules.iter().find(|meta| meta.id == rule) else {
        return true;
    };
    let config = run.configs.get(file.config);
    let setting = config.map(|config| config.severity_for(meta, &file.config_path));
    // What the config switches off is no finding any more; the command line does it for one run.
    let ran = !run.selected || setting != Some(Setting::Off);
    ran && !run.unread.contains(&location)
}
