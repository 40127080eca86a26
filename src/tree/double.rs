//! Keys that stand twice in one mapping, and what is kept of them.

use std::collections::{HashMap, HashSet};

use super::{NONE, NodeId, Tree};

/// Two equal keys of one mapping.
#[derive(Clone, Copy, Debug)]
pub struct Double {
    /// The key that is dropped.
    pub first: NodeId,
    /// The key that wins, and its value.
    pub last: NodeId,
    /// The value that wins.
    pub value: NodeId,
}

/// Whether a key stands twice among the children (key, value, key, value…) of a mapping to be.
pub fn has_double(tree: &Tree, children: &[NodeId]) -> bool {
    !doubled_keys(tree, children).is_empty()
}

/// Drops entries whose key comes again: the last one wins, as in go-yaml and in Go's JSON.
pub fn keep_last(tree: &Tree, children: &mut Vec<NodeId>) -> Vec<Double> {
    let positions = doubled_keys(tree, children);
    let at = |i: usize| children.get(i).copied().unwrap_or(NodeId(NONE));
    let doubles = positions.iter().map(|&(first, last)| Double {
        first: at(first),
        last: at(last),
        value: at(last + 1),
    });
    let doubles = doubles.collect();
    let dropped: HashSet<usize> = positions.iter().map(|(first, _)| *first).collect();
    let mut position = 0;
    children.retain(|_| {
        let keep = !dropped.contains(&(position & !1));
        position += 1;
        keep
    });
    doubles
}

/// Whether two keys have the same hint: where none have, none are equal.
fn may_double(tree: &Tree, children: &[NodeId]) -> bool {
    let mut seen = [0_u64; 4];
    children.iter().step_by(2).any(|id| {
        let hint = tree.raw(*id).hint;
        let word = seen.get_mut(usize::from(hint / 64));
        word.is_some_and(|word| {
            let before = *word;
            *word |= 1 << (hint % 64);
            before == *word
        })
    })
}

/// Positions of keys that come again, each with the position of the next one like it.
fn doubled_keys(tree: &Tree, children: &[NodeId]) -> Vec<(usize, usize)> {
    // Comparing each with each is faster than hashing up to about this many keys.
    const SMALL: usize = 24;
    if !may_double(tree, children) {
        return Vec::new();
    }
    let key = |&id: &NodeId| tree.node(id).text();
    let keys = children.iter().step_by(2).map(key).enumerate();
    if children.len() > SMALL * 2 {
        let mut seen = HashMap::with_capacity(children.len() / 2);
        return keys
            .filter_map(|(i, key)| seen.insert(key, i).map(|first| (first * 2, i * 2)))
            .collect();
    }
    let mut seen = [""; SMALL];
    let mut doubled = Vec::new();
    for (i, key) in keys {
        let before = seen.get(..i).unwrap_or(&[]);
        if let Some(first) = before.iter().rposition(|k| *k == key) {
            doubled.push((first * 2, i * 2));
        }
        if let Some(slot) = seen.get_mut(i) {
            *slot = key;
        }
    }
    doubled
}
