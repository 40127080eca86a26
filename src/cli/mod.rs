//! The command line: what it asks for, what it reads, what it answers.
//!
//! `args` is the one definition of the command line; each verb has a file. This is the only
//! room that reads files, the environment and the terminal, or may fail.

pub mod args;
#[cfg(feature = "cluster")]
mod audit;
mod baseline;
mod before;
mod collect;
mod configs;
mod exit;
mod git;
pub mod ignore;
pub mod input;
mod lint;
mod output;
mod paths;
mod progress;
mod schemas;
#[cfg(feature = "webhook")]
mod serve;
mod verbs;
mod walk;
mod webhook;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;

use args::{Cli, FailOn, Verb};

use crate::finding::Severity;

/// Runs the command that the arguments ask for.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let asked = matches!(
                error.kind(),
                ErrorKind::DisplayHelp | ErrorKind::DisplayVersion
            );
            // Nothing is left to say it with if the terminal is gone.
            let _ = error.print();
            return ExitCode::from(if asked { exit::CLEAN } else { exit::TROUBLE });
        }
    };
    let verb = || match &cli.verb {
        Verb::Lint(args) => lint::lint(args),
        #[cfg(feature = "cluster")]
        Verb::Audit(args) => audit::audit(args),
        #[cfg(feature = "webhook")]
        Verb::Serve(args) => serve::serve(args),
        Verb::Webhook(args) => webhook::webhook(args),
        Verb::Explain(args) => verbs::explain(args),
        Verb::Rules(args) => verbs::rules(args),
        Verb::Config(args) => verbs::config(args),
        Verb::Completions(args) => verbs::completions(args),
        Verb::Man(args) => verbs::man(args),
    };
    // A fault of our own must not look like an exit code that means something else.
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(verb));
    let result = result.unwrap_or_else(|_| Err("this is a fault of kubevet itself".to_owned()));
    let code = result.unwrap_or_else(|why| {
        let _ = writeln!(std::io::stderr(), "kubevet: {why}");
        exit::TROUBLE
    });
    ExitCode::from(code)
}

impl FailOn {
    fn severity(self) -> Option<Severity> {
        match self {
            Self::Info => Some(Severity::Info),
            Self::Warning => Some(Severity::Warning),
            Self::Error => Some(Severity::Error),
            Self::Never => None,
        }
    }
}
