//! Where reports go: standard output and files, several at once.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use super::args::{TextArgs, When};
use super::exit;
use crate::finding::{Finding, RuleMeta, Severity};
use crate::report::{self, Format, Options, Report, Summary, Verbosity};
use crate::source::{Source, SourceId};

/// One report to write.
#[derive(Debug, PartialEq, Eq)]
pub struct Output {
    /// How.
    pub format: Format,
    /// Where; `None`: standard output.
    pub file: Option<PathBuf>,
}

/// Reads `FORMAT` and `FORMAT=FILE` of some formats; text to standard output if nothing is asked to
/// go there.
///
/// # Errors
/// An unknown format, or two formats to standard output.
pub fn outputs(written: &[String], formats: &[Format]) -> Result<Vec<Output>, String> {
    let mut outputs = Vec::new();
    for text in written {
        let (format, file) = match text.split_once('=') {
            Some((format, file)) => (format, Some(PathBuf::from(file))),
            None => (text.as_str(), None),
        };
        outputs.push(Output {
            format: Format::named(format, formats)?,
            file,
        });
    }
    match outputs
        .iter()
        .filter(|output| output.file.is_none())
        .count()
    {
        0 => outputs.push(Output {
            format: Format::Text,
            file: None,
        }),
        1 => {}
        _ => {
            return Err(
                "only one format can go to standard output: write `FORMAT=FILE` for the others"
                    .to_owned(),
            );
        }
    }
    Ok(outputs)
}

/// Writes the reports.
///
/// # Errors
/// A file that can't be written. A reader that went away is no error.
pub fn write(outputs: &[Output], report: &Report<'_>, options: &Options<'_>) -> Result<(), String> {
    for output in outputs {
        let color = options.color && output.file.is_none();
        let text = report::render(report, output.format, &Options { color, ..*options });
        match &output.file {
            Some(file) => fs::write(file, text).map_err(|e| format!("{}: {e}", file.display()))?,
            None => print(&text)?,
        }
        if output.format == Format::Github {
            step_summary(report, options)?;
        }
    }
    Ok(())
}

/// Shows what is wrong with configs: nothing else can be trusted then. Returns the exit code.
///
/// # Errors
/// Those of `write`.
pub fn write_faults(
    faults: &[(Source, Vec<Finding>)],
    rules: &[&'static RuleMeta],
    outputs: &[Output],
    text: &TextArgs,
) -> Result<u8, String> {
    let mut sources = Vec::new();
    let mut findings = Vec::new();
    for (number, (source, faults)) in faults.iter().enumerate() {
        sources.push(source.clone());
        findings.extend(faults.iter().cloned().map(|mut finding| {
            finding.place.source = SourceId(number as u32);
            finding.severity = Severity::Error;
            finding
        }));
    }
    let report = Report {
        findings: &findings,
        sources: &sources,
        targets: &[],
        rules,
        masked: &[],
        summary: &Summary::default(),
    };
    write(outputs, &report, &options(text))?;
    Ok(exit::TROUBLE)
}

/// How a report looks.
pub fn options(text: &TextArgs) -> Options<'static> {
    Options {
        color: color(text.color),
        verbosity: match (text.quiet, text.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        },
        ..Options::default()
    }
}

/// Writes text to standard output.
///
/// # Errors
/// It can't be written; a reader that went away is no error.
pub fn print(text: &str) -> Result<(), String> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(format!("standard output: {error}"))
        }
        _ => Ok(()),
    }
}

/// Whether standard output gets colours.
fn color(when: When) -> bool {
    match when {
        When::Always => true,
        When::Never => false,
        When::Auto => {
            io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
        }
    }
}

/// Adds a table to the summary of the GitHub Actions step, if this runs in one.
fn step_summary(report: &Report<'_>, options: &Options<'_>) -> Result<(), String> {
    let Some(file) = std::env::var_os("GITHUB_STEP_SUMMARY").filter(|file| !file.is_empty()) else {
        return Ok(());
    };
    let table = report::github::step_summary(report, options);
    let written = fs::OpenOptions::new()
        .append(true)
        .create(true)
        .open(&file)
        .and_then(|mut file| file.write_all(table.as_bytes()));
    written.map_err(|error| format!("{}: {error}", PathBuf::from(file).display()))
}
