//! From the tree of a config to its values.
//!
//! Lives here: taking values out of a tree that `shape` has checked. What is wrong was reported
//! there; here it is passed over, so that the rest still applies.

use std::str::FromStr;

use super::enforcement::{ActionSetting, Enforcement, Exemption, Scope};
use super::pattern::{Pattern, name_fault, path_fault};
use super::shape::word;
use super::value::{self, Setting};
use super::{Bundle, BundleId, External, Origin, Override, RuleSetting, Selection, Set, Values};
use crate::finding::{RuleMeta, Severity, locate, render_path};
use crate::minor::{Minor, Minors};
use crate::object::placeholder::Placeholders;
use crate::tree::{Kind, Node};

/// Replaces the values that the tree gives.
pub(super) fn read(root: Node<'_>, rules: &[&'static RuleMeta], values: &mut Values) {
    let reader = Reader { root, rules };
    for (key, node) in root.entries() {
        let from = Origin::File(key.place());
        match key.text() {
            "kubernetes-version" => reader.minors(node, from, &mut values.minors),
            "namespace" => set(&mut values.namespace, text(node), from),
            "fail-on" => set(&mut values.fail_on, value::severity(node.text()).ok(), from),
            "rules" => values.rules = reader.rule_settings(node),
            "overrides" => values.overrides = reader.overrides(node),
            "select" => values.selection.select = reader.selection(node),
            "ignore" => values.selection.ignore = reader.selection(node),
            "exclude" => values.exclude = reader.patterns(node, path_fault),
            "external" => values.external = reader.external(node),
            "bundles" => values.bundles = reader.bundles(node),
            "placeholders" if !node.is_null() => {
                let found = node
                    .items()
                    .filter_map(|n| value::placeholder(n.text()).ok());
                set(
                    &mut values.placeholders,
                    Some(Placeholders::new(found)),
                    from,
                );
            }
            "schema" => set(&mut values.schema, texts(node), from),
            "context" => set(&mut values.context, texts(node).map(Some), from),
            "admission" => values.enforcement = reader.enforcement(node),
            _ => {}
        }
    }
}

struct Reader<'t, 'r> {
    root: Node<'t>,
    rules: &'r [&'static RuleMeta],
}

impl<'t> Reader<'t, '_> {
    fn minors(&self, node: Node<'t>, from: Origin, minors: &mut Set<Minors>) {
        let one = (node.kind() != Kind::Sequence).then_some(node);
        let found: Minors = node
            .items()
            .chain(one)
            .filter_map(|node| Minor::from_str(node.text()).ok())
            .collect();
        set(minors, (!found.is_empty()).then_some(found), from);
    }

    fn rule_settings(&self, node: Node<'t>) -> Vec<RuleSetting> {
        node.entries()
            .filter_map(|(key, node)| {
                let (word_node, paths) = match node.kind() {
                    Kind::Mapping => (node.get("severity")?, node.at(&["paths"])),
                    _ => (node, None),
                };
                Some(RuleSetting {
                    rule: self.rule(key)?,
                    setting: setting(word_node)?,
                    paths: paths.map(|paths| self.patterns(paths, path_fault)),
                    span: key.place(),
                })
            })
            .collect()
    }

    fn overrides(&self, node: Node<'t>) -> Vec<Override> {
        node.items()
            .filter_map(|item| {
                let rules = item.at(&["rules"])?.entries();
                Some(Override {
                    paths: self.patterns(item.at(&["paths"])?, path_fault),
                    rules: rules
                        .filter_map(|(key, node)| {
                            Some((self.rule(key)?, setting(node)?, key.place()))
                        })
                        .collect(),
                })
            })
            .collect()
    }

    fn selection(&self, node: Node<'t>) -> Selection {
        let read = |n: Node<'t>| Some((value::selector(n.text(), self.rules).ok()?, n.place()));
        node.items().filter_map(read).collect()
    }

    fn external(&self, node: Node<'t>) -> Vec<External> {
        node.items()
            .filter_map(|item| {
                let namespace = item.at(&["namespace"]);
                Some(External {
                    kind: text(item.at(&["kind"])?)?,
                    group: item.at(&["group"]).and_then(text),
                    name: self.pattern(item.at(&["name"])?, name_fault)?,
                    namespace: match namespace {
                        Some(node) => Some(self.pattern(node, name_fault)?),
                        None => None,
                    },
                    reason: item.at(&["reason"]).and_then(text),
                })
            })
            .collect()
    }

    fn enforcement(&self, node: Node<'t>) -> Enforcement {
        let items = |key| node.at(&[key]).into_iter().flat_map(Node::items);
        let actions = items("actions").filter_map(|item| {
            Some(ActionSetting {
                action: value::action(item.at(&["action"])?.text()).ok()?,
                scope: self.scope(item),
                severities: item.at(&["severity"]).map(severities),
            })
        });
        let exemptions = items("exemptions").filter_map(|item| {
            let until = item.at(&["until"]);
            Some(Exemption {
                scope: self.scope(item),
                names: item.at(&["names"]).map(|n| self.patterns(n, name_fault)),
                reason: text(item.at(&["reason"])?)?,
                until: match until {
                    Some(node) => Some(value::day(node.text()).ok()?),
                    None => None,
                },
            })
        });
        Enforcement {
            actions: actions.collect(),
            exemptions: exemptions.collect(),
        }
    }

    fn scope(&self, item: Node<'t>) -> Scope {
        let selectors = |node| {
            let selection = self.selection(node).into_iter();
            selection.map(|(selector, _)| selector).collect()
        };
        let namespaces = item.at(&["namespaces"]);
        Scope {
            rules: item.at(&["rules"]).map(selectors),
            namespaces: namespaces.map(|node| self.patterns(node, name_fault)),
        }
    }

    fn bundles(&self, node: Node<'t>) -> Vec<Bundle> {
        node.items()
            .enumerate()
            .filter_map(|(index, item)| {
                Some(Bundle {
                    id: BundleId(index as u32),
                    paths: self.patterns(item.at(&["paths"])?, path_fault),
                    closed: item.at(&["closed"]).and_then(Node::as_bool) == Some(true),
                    span: item.place(),
                })
            })
            .collect()
    }

    fn patterns(&self, node: Node<'t>, fault: Check) -> Vec<Pattern> {
        let read = |item| self.pattern(item, fault);
        node.items().filter_map(read).collect()
    }

    fn pattern(&self, node: Node<'t>, fault: Check) -> Option<Pattern> {
        let text = node.as_str().filter(|text| fault(text).is_none())?;
        let (steps, _) = locate(self.root, node.id())?;
        Some(Pattern::new(text, node.place(), render_path(&steps)))
    }

    fn rule(&self, key: Node<'t>) -> Option<&'static RuleMeta> {
        value::rule(key.text(), self.rules).ok()
    }
}

/// What is wrong with a text as a pattern.
type Check = fn(&str) -> Option<value::Wrong>;

fn set<T>(setting: &mut Set<T>, value: Option<T>, from: Origin) {
    if let Some(value) = value {
        *setting = Set { value, from };
    }
}

fn setting(node: Node<'_>) -> Option<Setting> {
    value::setting(word(node)).ok()
}

/// One, or a list of them.
fn severities(node: Node<'_>) -> Vec<Severity> {
    let one = (node.kind() != Kind::Sequence).then_some(node);
    let words = node.items().chain(one);
    words
        .filter_map(|word| value::severity(word.text()).ok())
        .collect()
}

fn text(node: Node<'_>) -> Option<String> {
    let text = node.as_str()?;
    (!text.trim().is_empty()).then(|| text.to_owned())
}

fn texts(node: Node<'_>) -> Option<Vec<String>> {
    (node.kind() == Kind::Sequence).then(|| node.items().filter_map(text).collect())
}
