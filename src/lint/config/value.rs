//! What a scalar of the config means, or why it means nothing.
//!
//! Lives here: the words of the config. Not here: where they may stand (`shape`).

use super::enforcement::{Action, Day};
use crate::finding::{Family, RuleMeta, Severity};
use crate::suggest;

/// What the config or the command line says about a rule at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// It doesn't run.
    Off,
    /// It runs; its findings have the severity they are made with.
    On,
    /// It runs; its findings have this severity.
    At(Severity),
}

impl Setting {
    /// The words that are read as settings.
    pub const WORDS: [&str; 5] = ["off", "on", "info", "warning", "error"];

    /// The severity that a finding made with `own` gets; `None` where it isn't reported.
    pub fn severity(self, own: Severity) -> Option<Severity> {
        match self {
            Self::Off => None,
            Self::On => Some(own),
            Self::At(severity) => Some(severity),
        }
    }
}

/// Rules by name: one, those of a family, or all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selector {
    /// `all`.
    All,
    /// A family, by its name.
    Family(Family),
    /// A rule, by its id.
    Rule(&'static str),
}

impl Selector {
    /// Whether a rule is meant.
    pub fn matches(self, rule: &RuleMeta) -> bool {
        match self {
            Self::All => true,
            Self::Family(family) => family == rule.family,
            Self::Rule(id) => id == rule.id,
        }
    }

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Family(family) => family.name(),
            Self::Rule(id) => id,
        }
    }
}

/// Why a word means nothing, and what to do about it.
pub(super) type Wrong = (String, Option<String>);

pub(super) fn severity(text: &str) -> Result<Severity, Wrong> {
    Severity::ALL
        .into_iter()
        .find(|severity| severity.name() == text)
        .ok_or_else(|| {
            (
                format!("`{text}` is no severity: `error`, `warning` or `info`"),
                suggest::did_you_mean(text, Severity::ALL.map(Severity::name)),
            )
        })
}

pub(super) fn action(text: &str) -> Result<Action, Wrong> {
    Action::ALL
        .into_iter()
        .find(|action| action.name() == text)
        .ok_or_else(|| {
            (
                format!("`{text}` is no action: `deny`, `warn` or `audit`"),
                suggest::did_you_mean(text, Action::ALL.map(Action::name)),
            )
        })
}

pub(super) fn day(text: &str) -> Result<Day, Wrong> {
    Day::parse(text).ok_or_else(|| {
        let help = "write year, month and day, like 2026-12-31".to_owned();
        (format!("`{text}` is no day"), Some(help))
    })
}

/// `off` and `on` also in the other spellings that YAML 1.1 reads as booleans: `text` is then
/// `off` or `on` already.
pub(super) fn setting(text: &str) -> Result<Setting, Wrong> {
    match text {
        "off" => Ok(Setting::Off),
        "on" => Ok(Setting::On),
        _ => severity(text).map(Setting::At).map_err(|_| {
            (
                format!(
                    "`{text}` is no setting of a rule: `off`, `on`, `info`, `warning` or `error`"
                ),
                suggest::did_you_mean(text, Setting::WORDS),
            )
        }),
    }
}

pub(super) fn rule(text: &str, rules: &[&'static RuleMeta]) -> Result<&'static RuleMeta, Wrong> {
    if let Some(rule) = rules.iter().find(|rule| rule.id == text) {
        return match super::super::usage::is_fixed(rule) {
            false => Ok(rule),
            true => Err((
                format!("`{text}` is always on: it tells what can't be judged"),
                Some("to leave a file out, name it under `exclude`".to_owned()),
            )),
        };
    }
    let is_group = text == "all" || rules.iter().any(|rule| rule.family.name() == text);
    let help = match is_group {
        true => Some("families are named under `select` and `ignore`".to_owned()),
        false => suggest::did_you_mean(text, rules.iter().map(|rule| rule.id)),
    };
    Err((
        format!("there is no rule `{text}`"),
        help.or_else(|| Some("`kubevet rules` lists them".to_owned())),
    ))
}

pub(super) fn selector(text: &str, rules: &[&'static RuleMeta]) -> Result<Selector, Wrong> {
    if text == "all" {
        return Ok(Selector::All);
    }
    let families = || rules.iter().map(|rule| rule.family);
    if let Some(family) = families().find(|family| family.name() == text) {
        return Ok(Selector::Family(family));
    }
    rule(text, rules)
        .map(|rule| Selector::Rule(rule.id))
        .map_err(|(message, help)| {
            if rules.iter().any(|rule| rule.id == text) {
                return (message, help);
            }
            let names = rules.iter().map(|rule| rule.id);
            let names = names.chain(families().map(Family::name)).chain(["all"]);
            (
                format!("there is no rule and no family `{text}`"),
                suggest::did_you_mean(text, names).or(help),
            )
        })
}

/// The marks that enclose a placeholder, written with an ellipsis between them.
pub(super) fn placeholder(text: &str) -> Result<(String, String), Wrong> {
    text.split_once('…')
        .or_else(|| text.split_once("..."))
        .filter(|(open, close)| !open.is_empty() && !close.is_empty())
        .map(|(open, close)| (open.to_owned(), close.to_owned()))
        .ok_or_else(|| {
            (
                format!("`{text}` doesn't say how a placeholder starts and ends"),
                Some("write both with `...` between them, like `${...}`".to_owned()),
            )
        })
}
