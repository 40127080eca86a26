//! The config: what the user wants, by path.
//!
//! The nearest `.kubevet.yaml` from a file upward, up to the git root, applies to that file, and
//! it alone: configs further up are not merged in, so what applies can be read in one place.
//! The command line wins over it. Lives here: the values and the questions that a run asks.
//! Not here: finding and reading the file (`cli`).
//!
//! Every `path` below is relative to the folder of the config, with `/` between its parts.

mod enforcement;
mod explain;
mod pattern;
mod read;
mod schema;
mod shape;
mod value;

pub use enforcement::{Action, Day, Enforcement, Exemption};
pub use explain::Line;
pub use pattern::Pattern;
pub use schema::json_schema;
pub use value::{Selector, Setting};

use super::usage::{BAD_CONFIG, Fault, UNMATCHED_PATTERN, is_fixed};
use crate::document::{Document, Reading};
use crate::finding::{Finding, RuleMeta, Severity};
use crate::minor::{Minor, Minors};
use crate::object::placeholder::Placeholders;
use crate::source::{Source, SourceId, Span};
use crate::yaml;

/// The names a config file may have, in the order in which they are looked for.
pub const FILE_NAMES: [&str; 2] = [".kubevet.yaml", ".kubevet.yml"];

/// All settings that apply to the files below one folder.
#[derive(Debug)]
pub struct Config {
    /// The file it was read from; `None`: defaults only.
    source: Option<Source>,
    values: Values,
    command: CommandLine,
}

/// What the command line says; it wins over the config. Where a field is empty, the config counts.
#[derive(Clone, Debug, Default)]
pub struct CommandLine {
    /// `--kubernetes-version`.
    pub minors: Option<Minors>,
    /// `--namespace`.
    pub namespace: Option<String>,
    /// `--fail-on`.
    pub fail_on: Option<Severity>,
    /// `--select`: instead of the config's `select`. A rule that is named by its id is on even
    /// where the config switches it off.
    pub select: Vec<Selector>,
    /// `--ignore`: beside the config's `ignore`; beats everything else.
    pub ignore: Vec<Selector>,
}

/// An object that is made elsewhere.
#[derive(Debug)]
pub struct External {
    /// The kind.
    pub kind: String,
    /// The API group; `None`: any.
    pub group: Option<String>,
    /// Which names.
    pub name: Pattern,
    /// Which namespaces; `None`: any.
    pub namespace: Option<Pattern>,
    /// Who makes it.
    pub reason: Option<String>,
}

/// The number of a bundle within its config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BundleId(pub u32);

/// Files that are applied together.
#[derive(Debug)]
pub struct Bundle {
    /// Its number.
    pub id: BundleId,
    /// Its files.
    pub paths: Vec<Pattern>,
    /// Whether what it doesn't hold doesn't exist.
    pub closed: bool,
    /// Where it is written.
    pub span: Span,
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
struct Set<T> {
    value: T,
    from: Origin,
}

#[derive(Clone, Copy, Debug)]
enum Origin {
    Default,
    File(Span),
    /// An option, `--select`.
    Command(&'static str),
}

#[derive(Debug)]
struct Values {
    minors: Set<Minors>,
    namespace: Set<String>,
    fail_on: Set<Severity>,
    rules: Vec<RuleSetting>,
    overrides: Vec<Override>,
    selection: Selections,
    exclude: Vec<Pattern>,
    external: Vec<External>,
    bundles: Vec<Bundle>,
    placeholders: Set<Placeholders>,
    schema: Set<Vec<String>>,
    context: Set<Option<Vec<String>>>,
    enforcement: Enforcement,
}

#[derive(Debug, Default)]
struct Selections {
    select: Selection,
    ignore: Selection,
}

/// Selectors and where each is written.
type Selection = Vec<(Selector, Span)>;

#[derive(Debug)]
struct RuleSetting {
    rule: &'static RuleMeta,
    setting: Setting,
    /// Where it holds; `None`: everywhere.
    paths: Option<Vec<Pattern>>,
    span: Span,
}

#[derive(Debug)]
struct Override {
    paths: Vec<Pattern>,
    rules: Vec<(&'static RuleMeta, Setting, Span)>,
}

impl Default for Config {
    /// What applies without a config file.
    fn default() -> Self {
        fn set<T>(value: T) -> Set<T> {
            let from = Origin::Default;
            Set { value, from }
        }
        Self {
            source: None,
            command: CommandLine::default(),
            values: Values {
                minors: set(Minors::one(Minor::DEFAULT)),
                namespace: set("default".to_owned()),
                fail_on: set(Severity::Error),
                rules: Vec::new(),
                overrides: Vec::new(),
                selection: Selections::default(),
                exclude: Vec::new(),
                external: Vec::new(),
                bundles: Vec::new(),
                placeholders: set(Placeholders::default()),
                schema: set(Vec::new()),
                context: set(None),
                enforcement: Enforcement::default(),
            },
        }
    }
}

impl Config {
    /// Reads the text of a config. `rules` are all that can be named. What is wrong comes back
    /// beside what isn't, in the order of the text; each fault is a finding of `bad-config`.
    pub fn parse(source: &Source, rules: &[&'static RuleMeta]) -> (Self, Vec<Fault>) {
        let mut config = Self {
            source: Some(source.clone()),
            ..Self::default()
        };
        let reading = yaml::read(source);
        let mut faults = reading_faults(&reading);
        let mut documents = reading.documents.iter();
        if let Some(root) = documents.find_map(|document| *document.root.as_ref().ok()?) {
            let root = reading.tree.node(root);
            faults.extend(shape::check(root, rules));
            read::read(root, rules, &mut config.values);
        }
        faults.sort_by_key(|fault| fault.span);
        (config, faults)
    }

    /// The config with the command line above it.
    #[must_use]
    pub fn under(mut self, command: CommandLine) -> Self {
        if let Some(value) = command.minors {
            let from = Origin::Command("--kubernetes-version");
            self.values.minors = Set { value, from };
        }
        if let Some(value) = command.namespace.clone() {
            let from = Origin::Command("--namespace");
            self.values.namespace = Set { value, from };
        }
        if let Some(value) = command.fail_on {
            let from = Origin::Command("--fail-on");
            self.values.fail_on = Set { value, from };
        }
        self.command = command;
        self
    }

    /// The minors to judge for, at least one.
    pub fn minors(&self) -> Minors {
        self.values.minors.value
    }

    /// Whether nobody asked for minors.
    pub fn has_default_minors(&self) -> bool {
        matches!(self.values.minors.from, Origin::Default)
    }

    /// The namespace of objects that name none.
    pub fn namespace(&self) -> &str {
        &self.values.namespace.value
    }

    /// The namespace of objects that name none, where the config or the command line says it.
    pub fn said_namespace(&self) -> Option<&str> {
        let namespace = &self.values.namespace;
        (!matches!(namespace.from, Origin::Default)).then_some(namespace.value.as_str())
    }

    /// The file it was read from; `None`: there is none.
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }

    /// The mildest severity that makes a run fail.
    pub fn fail_on(&self) -> Severity {
        self.values.fail_on.value
    }

    /// What text with an unknown value looks like.
    pub fn placeholders(&self) -> &Placeholders {
        &self.values.placeholders.value
    }

    /// Files and folders with schemas, relative to the folder of the config.
    pub fn schema(&self) -> &[String] {
        &self.values.schema.value
    }

    /// Files and folders in which references are looked up, relative to the folder of the config;
    /// `None`: nothing is said, an empty list: nowhere.
    pub fn context(&self) -> Option<&[String]> {
        self.values.context.value.as_deref()
    }

    /// Whether the file at a path is not to be read, even where it is named explicitly.
    pub fn is_excluded(&self, path: &str) -> bool {
        any_matches(&self.values.exclude, path)
    }

    /// Whether a rule runs on the file at a path, and with which severity.
    pub fn severity_for(&self, rule: &RuleMeta, path: &str) -> Setting {
        self.decide(rule, path).value
    }

    /// The entry that says of an object that it is made elsewhere. For objects that are looked for
    /// and not in sight: the entry counts as matched. `group` is empty for the core group.
    pub fn external(
        &self,
        group: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Option<&External> {
        let found = self.values.external.iter().find(|external| {
            external.kind == kind
                && external.group.as_deref().is_none_or(|g| g == group)
                && external.name.matches_name(name)
                && external
                    .namespace
                    .as_ref()
                    .is_none_or(|ns| ns.matches_name(namespace.unwrap_or_default()))
        })?;
        found.name.note_match();
        Some(found)
    }

    /// The bundle of the file at a path, where the config names one; of several the last.
    pub fn bundle_of(&self, path: &str) -> Option<&Bundle> {
        let mut bundles = self.values.bundles.iter().rev();
        bundles.find(|bundle| any_matches(&bundle.paths, path))
    }

    /// Notes which patterns match a file that exists, excluded or not; for `unmatched`.
    pub fn see(&self, path: &str) {
        for pattern in self.path_patterns() {
            if !pattern.has_matched() && pattern.matches_path(path) {
                pattern.note_match();
            }
        }
    }

    /// The patterns that matched nothing, as findings in the config file, whose number is
    /// `source`. Only true once every file below the folder of the config was seen (`see`);
    /// `asked`: every lookup was made and had an answer, so that `external` can be told, too.
    pub fn unmatched(&self, source: SourceId, asked: bool) -> Vec<Finding> {
        let paths = self.path_patterns().map(|pattern| {
            let help = match pattern.text.contains('/') {
                true => {
                    "remove it, or correct it: it is relative to the folder of this file".into()
                }
                false => format!(
                    "remove it, or write `**/{}` for any depth: \
                     it is relative to the folder of this file",
                    pattern.text
                ),
            };
            (pattern, format!("`{}` matches no file", pattern.text), help)
        });
        let external = self.values.external.iter().filter(|_| asked);
        let external = external.map(|external| {
            let message = format!(
                "no {} named `{}` is looked for and missing",
                external.kind, external.name.text
            );
            (&external.name, message, "remove the entry".to_owned())
        });
        let mut unmatched: Vec<Fault> = paths
            .chain(external)
            .filter(|(pattern, ..)| !pattern.has_matched())
            .map(|(pattern, message, help)| Fault {
                path: pattern.path.clone(),
                span: pattern.span,
                message,
                help: Some(help),
            })
            .collect();
        unmatched.sort_by_key(|fault| fault.span);
        let finding = |fault: Fault| fault.finding(&UNMATCHED_PATTERN, source);
        unmatched.into_iter().map(finding).collect()
    }

    /// Everything that is on a rule at a path, strongest first; the first that speaks decides.
    fn decide(&self, rule: &RuleMeta, path: &str) -> Set<Setting> {
        let off = |from| Set {
            value: Setting::Off,
            from,
        };
        let command = &self.command;
        if is_fixed(rule) {
            let (value, from) = (Setting::On, Origin::Default);
            return Set { value, from };
        }
        if command.ignore.iter().any(|s| s.matches(rule)) {
            return off(Origin::Command("--ignore"));
        }
        if command.select.contains(&Selector::Rule(rule.id)) {
            let set = self.configured(rule, path);
            return match set.value {
                Setting::Off => Set {
                    value: Setting::On,
                    from: Origin::Command("--select"),
                },
                _ => set,
            };
        }
        let Selections { select, ignore } = &self.values.selection;
        if let Some((_, span)) = ignore.iter().find(|(s, _)| s.matches(rule)) {
            return off(Origin::File(*span));
        }
        if !command.select.is_empty() {
            if !command.select.iter().any(|s| s.matches(rule)) {
                return off(Origin::Command("--select"));
            }
        } else if let Some((_, span)) = select.first()
            && !select.iter().any(|(s, _)| s.matches(rule))
        {
            return off(Origin::File(*span));
        }
        self.configured(rule, path)
    }

    /// What `overrides` and `rules` say.
    fn configured(&self, rule: &RuleMeta, path: &str) -> Set<Setting> {
        let here = self.values.overrides.iter().rev();
        let here = here.filter(|entry| any_matches(&entry.paths, path));
        let overridden = here
            .flat_map(|entry| &entry.rules)
            .find(|(named, ..)| named.id == rule.id)
            .map(|(_, setting, span)| (*setting, *span));
        let set = overridden.or_else(|| {
            let mut rules = self.values.rules.iter();
            let holds = |s: &RuleSetting| s.paths.as_ref().is_none_or(|p| any_matches(p, path));
            rules
                .find(|entry| entry.rule.id == rule.id && holds(entry))
                .map(|entry| (entry.setting, entry.span))
        });
        match set {
            Some((value, span)) => Set {
                value,
                from: Origin::File(span),
            },
            None => Set {
                value: Setting::On,
                from: Origin::Default,
            },
        }
    }

    fn path_patterns(&self) -> impl Iterator<Item = &Pattern> {
        let values = &self.values;
        let rules = values.rules.iter().filter_map(|rule| rule.paths.as_ref());
        let overrides = values.overrides.iter().map(|entry| &entry.paths);
        let bundles = values.bundles.iter().map(|bundle| &bundle.paths);
        let lists = rules
            .chain(overrides)
            .chain(bundles)
            .chain([&values.exclude]);
        lists.flatten()
    }
}

impl CommandLine {
    /// Reads the names given to `--select` or `--ignore`: rule ids, families or `all`. Of one
    /// that means nothing, the error says so and what may have been meant.
    pub fn selectors(
        names: &[String],
        rules: &[&'static RuleMeta],
    ) -> Result<Vec<Selector>, String> {
        let read = |name: &String| {
            value::selector(name.trim(), rules).map_err(|(message, help)| match help {
                Some(help) => format!("{message}: {help}"),
                None => message,
            })
        };
        names.iter().map(read).collect()
    }
}

/// The places where the config of a file is looked for, nearest first. `path` is the file's path
/// below the git root, and so are the answers.
pub fn candidates(path: &str) -> impl Iterator<Item = String> {
    let ends = path.rmatch_indices('/').map(|(at, _)| at + 1).chain([0]);
    let folders: Vec<&str> = ends.filter_map(|end| path.get(..end)).collect();
    folders
        .into_iter()
        .flat_map(|folder| FILE_NAMES.map(|name| format!("{folder}{name}")))
        .collect::<Vec<_>>()
        .into_iter()
}

/// What is wrong with the text as YAML, and with there being more than one document.
fn reading_faults(reading: &Reading) -> Vec<Fault> {
    let fault = |span, message: &str, help: Option<&str>| Fault {
        path: String::new(),
        span,
        message: message.to_owned(),
        help: help.map(str::to_owned),
    };
    let filled = |d: &&Document| d.root != Ok(None);
    let more = reading.documents.iter().filter(filled).skip(1);
    let more = more.map(|document| {
        let start = document.span.start;
        let help = "keep one of them: the first is read";
        fault(
            Span::new(start, start),
            "a config is one document",
            Some(help),
        )
    });
    let unread = reading
        .documents
        .iter()
        .filter_map(|d| d.root.as_ref().err());
    let unread = unread.map(|f| fault(f.span, &f.message, f.help));
    let twice = reading.duplicates.iter().map(|twice| {
        let key = reading.tree.node(twice.keys.last);
        let message = format!("the key `{}` stands here twice", key.text());
        fault(key.place(), &message, Some("keep one: the last is read"))
    });
    more.chain(unread).chain(twice).collect()
}

/// The findings of faults in a config.
pub fn fault_findings(faults: Vec<Fault>, source: SourceId) -> Vec<Finding> {
    let finding = |fault: Fault| fault.finding(&BAD_CONFIG, source);
    faults.into_iter().map(finding).collect()
}

fn any_matches(patterns: &[Pattern], path: &str) -> bool {
    patterns.iter().any(|pattern| pattern.matches_path(path))
}
