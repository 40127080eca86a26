//! A set of what was met before, for checks of uniqueness: without allocation while it is small.

use std::collections::HashSet;
use std::hash::Hash;

const FEW: usize = 8;

/// What was met so far.
#[derive(Debug)]
pub struct Seen<T> {
    few: [Option<T>; FEW],
    more: HashSet<T>,
}

impl<T: Copy + Eq + Hash> Seen<T> {
    /// Nothing so far.
    pub fn new() -> Self {
        Self {
            few: [None; FEW],
            more: HashSet::new(),
        }
    }

    /// Whether it was met before.
    pub fn has(&self, value: T) -> bool {
        self.few.contains(&Some(value)) || self.more.contains(&value)
    }

    /// Meets a value; `false` if it was met before.
    pub fn insert(&mut self, value: T) -> bool {
        if self.has(value) {
            return false;
        }
        match self.few.iter_mut().find(|place| place.is_none()) {
            Some(place) => *place = Some(value),
            None => {
                self.more.insert(value);
            }
        }
        true
    }
}

impl<T: Copy + Eq + Hash> Default for Seen<T> {
    fn default() -> Self {
        Self::new()
    }
}
