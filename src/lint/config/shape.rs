//! What a config may hold: one table, by which files are checked and the schema for editors is
//! made.
//!
//! Lives here: keys, their words for people, the shapes of their values, and the check of a tree
//! against them. Not here: the meaning of single words (`value`) and what becomes of the values
//! (`read`).

use super::pattern;
use super::value::{self, Wrong};
use crate::finding::{RuleMeta, locate, render_path, shown_span};
use crate::lint::usage::Fault;
use crate::minor::Minor;
use crate::suggest;
use crate::tree::{Kind, Node};

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub(super) enum Shape {
    Bool,
    Text,
    Minor,
    Severity,
    Setting,
    Action,
    Day,
    Selector,
    PathPattern,
    NamePattern,
    Placeholder,
    /// A list of any length.
    List(&'static Shape),
    /// One or a list of them.
    OneOrList(&'static Shape),
    /// A word, or a mapping that says more.
    WordOrMap(&'static Shape, &'static [Key]),
    /// A mapping with rule ids as keys.
    ByRule(&'static Shape),
    /// A mapping with these keys.
    Map(&'static [Key]),
}

/// A key of a mapping.
#[derive(Debug)]
pub(super) struct Key {
    pub name: &'static str,
    pub about: &'static str,
    pub required: bool,
    pub shape: Shape,
}

const fn key(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key {
        name,
        about,
        required: false,
        shape,
    }
}

const fn required(name: &'static str, shape: Shape, about: &'static str) -> Key {
    Key {
        required: true,
        ..key(name, shape, about)
    }
}

/// The keys at the top.
pub(super) static ROOT: [Key; 14] = [
    key(
        "kubernetes-version",
        Shape::OneOrList(&Shape::Minor),
        "The Kubernetes minors to judge for: one, or a list.",
    ),
    key(
        "namespace",
        Shape::Text,
        "The namespace of objects that name none.",
    ),
    key(
        "fail-on",
        Shape::Severity,
        "The mildest severity that makes a run fail.",
    ),
    key(
        "rules",
        Shape::ByRule(&Shape::WordOrMap(&Shape::Setting, &RULE)),
        "Settings of rules by id: off, on, info, warning or error.",
    ),
    key(
        "overrides",
        Shape::List(&Shape::Map(&OVERRIDE)),
        "Settings of rules for some paths; later entries win.",
    ),
    key(
        "select",
        Shape::List(&Shape::Selector),
        "Only these run: rule ids, families, or all.",
    ),
    key(
        "ignore",
        Shape::List(&Shape::Selector),
        "These don't run, selected or not: rule ids, families, or all.",
    ),
    key(
        "exclude",
        Shape::List(&Shape::PathPattern),
        "Files that are not read, even when they are named on the command line.",
    ),
    key(
        "external",
        Shape::List(&Shape::Map(&EXTERNAL)),
        "Objects that are made elsewhere and count as present.",
    ),
    key(
        "bundles",
        Shape::List(&Shape::Map(&BUNDLE)),
        "Files that are applied together; of several entries for a file the last counts.",
    ),
    key(
        "placeholders",
        Shape::List(&Shape::Placeholder),
        "What other tools fill in later: how it starts and ends, with ... in between.",
    ),
    key(
        "schema",
        Shape::List(&Shape::Text),
        "Files and folders with CustomResourceDefinitions or schemas.",
    ),
    key(
        "context",
        Shape::List(&Shape::Text),
        "Files and folders in which references are looked up; an empty list means none.",
    ),
    key(
        "admission",
        Shape::Map(&ADMISSION),
        "What findings do to requests, where kubevet serves as a webhook.",
    ),
];

static ADMISSION: [Key; 2] = [
    key(
        "actions",
        Shape::List(&Shape::Map(&ACTION)),
        "What findings do; later entries win. Without any, errors deny, warnings warn, and infos \
         go to the audit log.",
    ),
    key(
        "exemptions",
        Shape::List(&Shape::Map(&EXEMPTION)),
        "Findings that only go to the audit log, and why.",
    ),
];

static ACTION: [Key; 4] = [
    required(
        "action",
        Shape::Action,
        "What they do: deny, warn or audit.",
    ),
    key(
        "rules",
        Shape::List(&Shape::Selector),
        "Of which rules: ids, families, or all; without it, of all.",
    ),
    key(
        "severity",
        Shape::OneOrList(&Shape::Severity),
        "Of which severity: one, or a list; without it, of any.",
    ),
    key(
        "namespaces",
        Shape::List(&Shape::NamePattern),
        "In which namespaces, names or patterns; without it, everywhere.",
    ),
];

static EXEMPTION: [Key; 5] = [
    required("reason", Shape::Text, "Why, for the reader."),
    key(
        "until",
        Shape::Day,
        "The last day on which it holds, like 2026-12-31, in UTC; without it, for good.",
    ),
    key(
        "rules",
        Shape::List(&Shape::Selector),
        "Of which rules: ids, families, or all; without it, of all.",
    ),
    key(
        "namespaces",
        Shape::List(&Shape::NamePattern),
        "In which namespaces, names or patterns; without it, everywhere.",
    ),
    key(
        "names",
        Shape::List(&Shape::NamePattern),
        "On which objects, by name or pattern; without it, on any.",
    ),
];

static RULE: [Key; 2] = [
    required(
        "severity",
        Shape::Setting,
        "The setting: off, on, info, warning or error.",
    ),
    key(
        "paths",
        Shape::List(&Shape::PathPattern),
        "Where the setting holds; elsewhere the rule keeps its own severity.",
    ),
];

static OVERRIDE: [Key; 2] = [
    required(
        "paths",
        Shape::List(&Shape::PathPattern),
        "Where these settings hold.",
    ),
    required("rules", Shape::ByRule(&Shape::Setting), "The settings."),
];

static EXTERNAL: [Key; 5] = [
    required("kind", Shape::Text, "The kind, as in manifests."),
    key(
        "group",
        Shape::Text,
        "The API group; without it, any group.",
    ),
    required("name", Shape::NamePattern, "The name, or a pattern for it."),
    key(
        "namespace",
        Shape::NamePattern,
        "The namespace, or a pattern for it; without it, any.",
    ),
    key("reason", Shape::Text, "Who makes it, for the reader."),
];

static BUNDLE: [Key; 2] = [
    required(
        "paths",
        Shape::List(&Shape::PathPattern),
        "The files of the bundle.",
    ),
    key(
        "closed",
        Shape::Bool,
        "Whether the bundle holds all that its objects refer to, \
         so that what is absent is an error.",
    ),
];

/// All that is wrong with the shape of a config.
pub(super) fn check(root: Node<'_>, rules: &[&'static RuleMeta]) -> Vec<Fault> {
    let mut check = Check {
        root,
        rules,
        faults: Vec::new(),
    };
    check.value(&Shape::Map(&ROOT), root, "a config");
    check.faults
}

/// A scalar as the config reads it: booleans as settings are spelt `on` and `off`.
pub(super) fn word(node: Node<'_>) -> &str {
    match node.as_bool() {
        Some(true) => "on",
        Some(false) => "off",
        None => node.text(),
    }
}

struct Check<'t, 'r> {
    root: Node<'t>,
    rules: &'r [&'static RuleMeta],
    faults: Vec<Fault>,
}

impl<'t> Check<'t, '_> {
    /// `name`: what the value is called in messages. Recursion ends with the shape.
    fn value(&mut self, shape: &Shape, node: Node<'t>, name: &str) {
        let kind = node.kind();
        match shape {
            Shape::List(_) | Shape::ByRule(_) | Shape::Map(_) if kind == Kind::Null => {}
            Shape::List(item) if kind == Kind::Sequence => self.items(item, node, name),
            Shape::OneOrList(item) if kind == Kind::Sequence => self.items(item, node, name),
            Shape::OneOrList(item) => self.value(item, node, name),
            Shape::WordOrMap(_, keys) if kind == Kind::Mapping => self.keys(keys, node, name),
            Shape::WordOrMap(word, _) => self.value(word, node, name),
            Shape::ByRule(setting) if kind == Kind::Mapping => self.by_rule(setting, node),
            Shape::Map(keys) if kind == Kind::Mapping => self.keys(keys, node, name),
            Shape::Bool if kind == Kind::Bool => {}
            Shape::Minor if matches!(kind, Kind::String | Kind::Float) => {
                let wrong = node.text().parse::<Minor>().err();
                self.unless(node, wrong.map(|message| (message, None)));
            }
            Shape::Setting if matches!(kind, Kind::String | Kind::Bool) => {
                self.unless(node, value::setting(word(node)).err());
            }
            _ if kind == Kind::String => self.unless(node, self.wrong_word(shape, node, name)),
            _ => {
                let wrong = wrong_type(shape, node, name);
                self.unless(node, Some(wrong));
            }
        }
    }

    fn wrong_word(&self, shape: &Shape, node: Node<'t>, name: &str) -> Option<Wrong> {
        let text = node.text();
        match shape {
            Shape::Text => text
                .trim()
                .is_empty()
                .then(|| (format!("`{name}` is empty"), None)),
            Shape::Severity => value::severity(text).err(),
            Shape::Action => value::action(text).err(),
            Shape::Day => value::day(text).err(),
            Shape::Selector => value::selector(text, self.rules).err(),
            Shape::PathPattern => pattern::path_fault(text),
            Shape::NamePattern => pattern::name_fault(text),
            Shape::Placeholder => value::placeholder(text).err(),
            _ => Some(wrong_type(shape, node, name)),
        }
    }

    fn items(&mut self, shape: &Shape, node: Node<'t>, name: &str) {
        for item in node.items() {
            self.value(shape, item, name);
        }
    }

    fn by_rule(&mut self, shape: &Shape, node: Node<'t>) {
        for (key, value) in node.entries() {
            let unknown = value::rule(key.text(), self.rules).err();
            self.unless(key, unknown);
            self.value(shape, value, key.text());
        }
    }

    fn keys(&mut self, keys: &'static [Key], node: Node<'t>, name: &str) {
        for (key, value) in node.entries() {
            match keys.iter().find(|known| known.name == key.text()) {
                Some(known) => self.value(&known.shape, value, known.name),
                None => {
                    let names = || keys.iter().map(|key| key.name);
                    let listed: Vec<&str> = names().collect();
                    let help = suggest::did_you_mean(key.text(), names())
                        .unwrap_or_else(|| format!("the keys here are: {}", listed.join(", ")));
                    let message = format!("there is no key `{}` in {}", key.text(), spoken(name));
                    self.unless(key, Some((message, Some(help))));
                }
            }
        }
        for key in keys.iter().filter(|key| key.required) {
            let list = matches!(key.shape, Shape::List(_));
            if node
                .get(key.name)
                .is_none_or(|value| list && value.is_empty())
            {
                let message = format!("{} needs a `{}`", spoken(name), key.name);
                self.unless(node, Some((message, Some(key.about.to_owned()))));
            }
        }
    }

    fn unless(&mut self, node: Node<'t>, wrong: Option<Wrong>) {
        let Some((message, help)) = wrong else {
            return;
        };
        let (steps, key) = locate(self.root, node.id()).unwrap_or_default();
        self.faults.push(Fault {
            path: render_path(&steps),
            span: shown_span(node, key),
            message,
            help,
        });
    }
}

fn spoken(name: &str) -> String {
    match name.contains(' ') {
        true => name.to_owned(),
        false => format!("`{name}`"),
    }
}

fn wrong_type(shape: &Shape, node: Node<'_>, name: &str) -> Wrong {
    let wanted = match shape {
        Shape::Bool => "`true` or `false`",
        Shape::Text => "text",
        Shape::Minor => "a Kubernetes version like `1.36`",
        Shape::Severity => "`error`, `warning` or `info`",
        Shape::Action => "`deny`, `warn` or `audit`",
        Shape::Day => "a day like 2026-12-31",
        Shape::Setting => "`off`, `on`, `info`, `warning` or `error`",
        Shape::Selector => "rule ids, families or `all`",
        Shape::PathPattern | Shape::NamePattern => "patterns, as text",
        Shape::Placeholder => "placeholders like `${...}`",
        Shape::List(_) => "a list",
        Shape::OneOrList(shape) | Shape::WordOrMap(shape, _) => {
            return wrong_type(shape, node, name);
        }
        Shape::ByRule(_) => "a mapping from rules to settings",
        Shape::Map(_) => "a mapping",
    };
    let found = match node.kind() {
        Kind::Null => "nothing",
        Kind::Bool => "a boolean",
        Kind::Int | Kind::Float => "a number",
        Kind::String => "text",
        Kind::Sequence => "a list",
        Kind::Mapping => "a mapping",
    };
    let is_text = matches!(
        shape,
        Shape::Text | Shape::PathPattern | Shape::NamePattern | Shape::Placeholder
    );
    let is_scalar = !matches!(node.kind(), Kind::Null | Kind::Sequence | Kind::Mapping);
    let help = match shape {
        Shape::List(_) if is_scalar => Some(format!("write `[{}]`", node.text())),
        _ if is_text && is_scalar => Some(format!("put quotes around it: \"{}\"", node.text())),
        _ => None,
    };
    (
        format!("{} takes {wanted}, not {found}", spoken(name)),
        help,
    )
}
