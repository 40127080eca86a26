//! What applies to a file and from where: the answer of `kubevet config FILE`.

use super::{Config, Origin, Set};
use crate::finding::RuleMeta;

/// One setting as it applies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The setting, named as in the config: `fail-on`, `rules.paused-at-creation`.
    pub what: String,
    /// Its value.
    pub value: String,
    /// `default`, the option of the command line, or the config with line: `.kubevet.yaml:3`.
    pub from: String,
}

impl Config {
    /// Everything that applies to the file at a path, defaults included: first the general
    /// settings, then each of `rules`, in the given order.
    pub fn explain(&self, path: &str, rules: &[&'static RuleMeta]) -> Vec<Line> {
        let values = &self.values;
        let mut lines = vec![
            self.line("kubernetes-version", &values.minors, |v| v.to_string()),
            self.line("namespace", &values.namespace, String::clone),
            self.line("fail-on", &values.fail_on, |v| v.to_string()),
            self.excluded(path),
            self.bundle(path),
            self.line("placeholders", &values.placeholders, |v| {
                join(v.pairs().map(|(open, close)| format!("{open}…{close}")))
            }),
            self.line("schema", &values.schema, |v| join(v.iter().cloned())),
            self.line("context", &values.context, |v| match v {
                Some(paths) => join(paths.iter().cloned()),
                None => "what git tracks below the project root".to_owned(),
            }),
        ];
        lines.extend(values.external.iter().map(|external| Line {
            what: "external".to_owned(),
            value: format!("{} {}", external.kind, external.name.text),
            from: self.origin(Origin::File(external.name.span)),
        }));
        lines.extend(rules.iter().map(|rule| {
            let set = self.decide(rule, path);
            self.line(&format!("rules.{}", rule.id), &set, |setting| match setting
                .severity(rule.severity)
            {
                None => "off".to_owned(),
                Some(severity) => severity.to_string(),
            })
        }));
        lines
    }

    fn excluded(&self, path: &str) -> Line {
        let mut exclude = self.values.exclude.iter();
        let found = exclude.find(|pattern| pattern.matches_path(path));
        Line {
            what: "exclude".to_owned(),
            value: if found.is_some() { "yes" } else { "no" }.to_owned(),
            from: self.origin(found.map_or(Origin::Default, |p| Origin::File(p.span))),
        }
    }

    fn bundle(&self, path: &str) -> Line {
        let found = self.bundle_of(path);
        let value = match found.map(|bundle| bundle.closed) {
            None => "none",
            Some(true) => "closed",
            Some(false) => "open",
        };
        Line {
            what: "bundle".to_owned(),
            value: value.to_owned(),
            from: self.origin(found.map_or(Origin::Default, |b| Origin::File(b.span))),
        }
    }

    fn line<T>(&self, what: &str, set: &Set<T>, show: impl Fn(&T) -> String) -> Line {
        Line {
            what: what.to_owned(),
            value: show(&set.value),
            from: self.origin(set.from),
        }
    }

    fn origin(&self, from: Origin) -> String {
        match (from, &self.source) {
            (Origin::Command(option), _) => option.to_owned(),
            (Origin::File(span), Some(source)) => {
                format!("{}:{}", source.name, source.position(span.start).line)
            }
            _ => "default".to_owned(),
        }
    }
}

fn join(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    match items.is_empty() {
        true => "none".to_owned(),
        false => items.join(", "),
    }
}
