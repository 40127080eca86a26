//! Label selectors, and what can be known about whether they match.

use std::collections::{BTreeMap, BTreeSet};

use crate::tree::{Kind, Node};

/// An answer that may have to wait for what isn't in sight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tri {
    /// It is so.
    Yes,
    /// It is not.
    No,
    /// It depends on something that can't be seen.
    Unknown,
}

impl Tri {
    /// Both.
    #[must_use]
    pub fn and(self, other: Tri) -> Tri {
        match (self, other) {
            (Tri::No, _) | (_, Tri::No) => Tri::No,
            (Tri::Yes, Tri::Yes) => Tri::Yes,
            _ => Tri::Unknown,
        }
    }

    fn of(known: bool) -> Tri {
        if known { Tri::Yes } else { Tri::No }
    }
}

/// A label selector: all requirements must hold.
#[derive(Clone, Debug, Default)]
pub struct Selector<'t> {
    /// What must hold.
    pub requirements: Vec<Requirement<'t>>,
    /// A part of it isn't known: a placeholder, or a value of a wrong type.
    pub unclear: bool,
}

/// One requirement of a selector.
#[derive(Clone, Debug)]
pub struct Requirement<'t> {
    /// The label's key.
    pub key: &'t str,
    /// What is asked of its value.
    pub wants: Wants<'t>,
    /// Where it is written.
    pub node: Node<'t>,
}

/// What a requirement asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wants<'t> {
    /// Equal to one of these.
    In(Vec<&'t str>),
    /// Absent, or none of these.
    NotIn(Vec<&'t str>),
    /// Present.
    Exists,
    /// Absent.
    DoesNotExist,
}

/// Labels by key, with whether all are known.
#[derive(Clone, Debug, Default)]
pub struct Labels<'t> {
    /// Values by key.
    pub pairs: BTreeMap<&'t str, &'t str>,
    /// Keys whose value can't be known.
    pub unclear: BTreeSet<&'t str>,
    /// Keys themselves may be missing from sight (a placeholder in a key).
    pub open: bool,
}

impl<'t> Selector<'t> {
    /// Reads a plain map of labels: a Service's selector, a ReplicationController's.
    pub fn of_map(map: Node<'t>, is_placeholder: &dyn Fn(&str) -> bool) -> Self {
        let mut selector = Self::default();
        selector.add_map(map, is_placeholder);
        selector
    }

    /// Reads a `LabelSelector`: `matchLabels` and `matchExpressions`.
    pub fn of_label_selector(node: Node<'t>, is_placeholder: &dyn Fn(&str) -> bool) -> Self {
        let mut selector = Self::default();
        if let Some(map) = node.get("matchLabels") {
            selector.add_map(map, is_placeholder);
        }
        let expressions = node.get("matchExpressions").into_iter();
        for expression in expressions.flat_map(Node::items) {
            match requirement(expression, is_placeholder) {
                Some(requirement) => selector.requirements.push(requirement),
                None => selector.unclear = true,
            }
        }
        selector
    }

    /// Whether it asks for nothing.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty() && !self.unclear
    }

    /// Whether it matches labels, as far as both are known.
    pub fn matches(&self, labels: &Labels<'_>) -> Tri {
        let start = if self.unclear { Tri::Unknown } else { Tri::Yes };
        self.requirements.iter().fold(start, |so_far, requirement| {
            so_far.and(requirement.holds(labels))
        })
    }

    fn add_map(&mut self, map: Node<'t>, is_placeholder: &dyn Fn(&str) -> bool) {
        for (key, value) in map.entries() {
            match label_value(value) {
                Some(text) if !is_placeholder(text) && !is_placeholder(key.text()) => {
                    self.requirements.push(Requirement {
                        key: key.text(),
                        wants: Wants::In(vec![text]),
                        node: value,
                    });
                }
                _ => self.unclear = true,
            }
        }
    }
}

impl Requirement<'_> {
    /// Whether labels meet it, as far as they are known.
    pub fn holds(&self, labels: &Labels<'_>) -> Tri {
        if labels.unclear.contains(self.key) {
            return match self.wants {
                Wants::Exists => Tri::Yes,
                Wants::DoesNotExist => Tri::No,
                _ => Tri::Unknown,
            };
        }
        let value = labels.get(self.key);
        if value.is_none() && labels.open {
            return Tri::Unknown;
        }
        Tri::of(match &self.wants {
            Wants::In(values) => value.is_some_and(|v| values.contains(&v)),
            Wants::NotIn(values) => value.is_none_or(|v| !values.contains(&v)),
            Wants::Exists => value.is_some(),
            Wants::DoesNotExist => value.is_none(),
        })
    }
}

impl<'t> Labels<'t> {
    /// Reads a map of labels.
    pub fn of_map(map: Option<Node<'t>>, is_placeholder: &dyn Fn(&str) -> bool) -> Self {
        let mut labels = Self::default();
        for (key, value) in map.into_iter().flat_map(Node::entries) {
            labels.open |= is_placeholder(key.text());
            match label_value(value) {
                Some(text) if !is_placeholder(text) => {
                    labels.pairs.insert(key.text(), text);
                }
                _ => {
                    labels.unclear.insert(key.text());
                }
            }
        }
        labels
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&'t str> {
        self.pairs.get(key).copied()
    }
}

/// A label's value: text, or `null`, which the server reads as empty text.
fn label_value(value: Node<'_>) -> Option<&str> {
    match value.kind() {
        Kind::String => Some(value.text()),
        Kind::Null => Some(""),
        _ => None,
    }
}

fn requirement<'t>(
    expression: Node<'t>,
    is_placeholder: &dyn Fn(&str) -> bool,
) -> Option<Requirement<'t>> {
    let key = expression.get("key").and_then(Node::as_str)?;
    let values: Option<Vec<&str>> = expression
        .get("values")
        .into_iter()
        .flat_map(Node::items)
        .map(|v| v.as_str().filter(|v| !is_placeholder(v)))
        .collect();
    let values = values?;
    let wants = match expression.get("operator").and_then(Node::as_str)? {
        "In" => Wants::In(values),
        "NotIn" => Wants::NotIn(values),
        "Exists" => Wants::Exists,
        "DoesNotExist" => Wants::DoesNotExist,
        _ => return None,
    };
    Some(Requirement {
        key,
        wants,
        node: expression,
    })
}
