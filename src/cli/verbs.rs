//! The small verbs: `explain`, `rules`, `config`, `completions`, `man`.

use std::path::Path;

use clap::CommandFactory;

use super::args::{Cli, CompletionsArgs, ConfigArgs, ExplainArgs, ManArgs, RulesArgs};
use super::configs::Configs;
use super::{exit, output};
use crate::finding::RuleMeta;
use crate::lint::admitted::Admitted;
use crate::lint::config::CommandLine;
use crate::lint::run::all_metas;
use crate::report::Page;
use crate::rules::RULES;
use crate::suggest;

/// Prints the page of a rule.
///
/// # Errors
/// There is no such rule.
pub fn explain(args: &ExplainArgs) -> Result<u8, String> {
    let metas = all_metas(RULES);
    let Some(meta) = metas.iter().find(|meta| meta.id == args.rule) else {
        let meant = suggest::did_you_mean(&args.rule, metas.iter().map(|meta| meta.id));
        let hint = meant.unwrap_or_else(|| "`kubevet rules` lists them".to_owned());
        return Err(format!("there is no rule `{}`: {hint}", args.rule));
    };
    let about = format!(
        "Family: {}. Severity: {}. Evidence: {}.\n\n",
        meta.family.name(),
        meta.severity,
        meta.proof.name()
    );
    let page = meta.page.split_once("\n\n");
    let (title, rest) = page.unwrap_or((meta.page, ""));
    output::print(&format!("{title}\n\n{about}{rest}"))?;
    Ok(exit::CLEAN)
}

/// Lists the rules.
///
/// # Errors
/// Standard output fails.
pub fn rules(args: &RulesArgs) -> Result<u8, String> {
    let metas = all_metas(RULES);
    let text = if args.json {
        rules_json(&metas)?
    } else {
        rules_text(&metas)
    };
    output::print(&text)?;
    Ok(exit::CLEAN)
}

fn rules_text(metas: &[&'static RuleMeta]) -> String {
    let width = metas.iter().map(|meta| meta.id.len()).max().unwrap_or(0);
    let line = |meta: &&RuleMeta| {
        format!(
            "{:8}  {:width$}  {:7}  {:8}  {:7}  {}\n",
            meta.family.name(),
            meta.id,
            meta.severity.name(),
            meta.proof.name(),
            Admitted::of_rule(meta, RULES).name(),
            Page::of(meta).what()
        )
    };
    metas.iter().map(line).collect()
}

fn rules_json(metas: &[&'static RuleMeta]) -> Result<String, String> {
    let rules: Vec<_> = metas
        .iter()
        .map(|meta| {
            serde_json::json!({
                "id": meta.id,
                "family": meta.family.name(),
                "severity": meta.severity.name(),
                "proof": meta.proof.name(),
                "admission": Admitted::of_rule(meta, RULES).name(),
                "what": Page::of(meta).what(),
            })
        })
        .collect();
    let text = serde_json::to_string_pretty(&rules).map_err(|error| error.to_string())?;
    Ok(format!("{text}\n"))
}

/// Shows what applies to a file, and from where.
///
/// # Errors
/// The config can't be read, or has faults.
pub fn config(args: &ConfigArgs) -> Result<u8, String> {
    let here = std::env::current_dir().map_err(|error| error.to_string())?;
    let metas = all_metas(RULES);
    let mut configs = Configs::new(&metas, CommandLine::default(), here.clone());
    let file = here.join(&args.file);
    let file = file
        .canonicalize()
        .map_err(|error| format!("{}: {error}", args.file.display()))?;
    let folder = file.parent().unwrap_or(Path::new("/")).to_owned();
    let top = super::git::root_of(&folder).map(Path::to_owned);
    let number = match &args.config {
        Some(path) => configs.force(path)?,
        None => configs.of_folder(&folder, top.as_deref()),
    };
    if let Some((source, findings)) = configs.faults.first()
        && let Some(fault) = findings.first()
    {
        let at = source.position(fault.place.span.start);
        return Err(format!(
            "{}:{}:{}: {}",
            source.name, at.line, at.column, fault.message
        ));
    }
    let base = configs
        .files
        .get(number)
        .and_then(Option::as_ref)
        .map(|c| c.folder.clone());
    let path = super::paths::way(base.as_deref().unwrap_or(&folder), &file);
    let lines = configs
        .all
        .get(number)
        .map(|c| c.explain(&path, &metas))
        .unwrap_or_default();
    let what = lines.iter().map(|line| line.what.len()).max().unwrap_or(0);
    let value = lines
        .iter()
        .map(|line| line.value.len())
        .max()
        .unwrap_or(0)
        .min(40);
    let shown = lines.iter().map(|line| {
        format!(
            "{:what$}  {:value$}  {}\n",
            line.what, line.value, line.from
        )
    });
    output::print(&shown.collect::<String>())?;
    Ok(exit::CLEAN)
}

/// Prints completions.
///
/// # Errors
/// Standard output fails.
pub fn completions(args: &CompletionsArgs) -> Result<u8, String> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "kubevet", &mut text);
    output::print(&String::from_utf8_lossy(&text))?;
    Ok(exit::CLEAN)
}

/// Prints the man page of kubevet, or that of a verb: `kubevet-lint(1)`.
///
/// # Errors
/// There is no such verb; standard output fails.
pub fn man(args: &ManArgs) -> Result<u8, String> {
    let mut command = Cli::command();
    command.build();
    if let Some(verb) = &args.verb {
        let found = command.find_subcommand(verb);
        command = found.ok_or(format!("there is no verb `{verb}`"))?.clone();
    }
    let name = command.get_display_name().unwrap_or("kubevet").to_owned();
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(command).title(name);
    page.render(&mut text).map_err(|error| error.to_string())?;
    output::print(&String::from_utf8_lossy(&text))?;
    Ok(exit::CLEAN)
}
