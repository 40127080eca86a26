//! What a run saw besides its findings: nothing is skipped in silence.
//!
//! Lives here: the counts, as the run writes them. Not here: how they are shown.

use crate::minor::Minors;

/// What was seen and how it was judged.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// How many files there are of each kind (`manifest`, `kustomization`, …), in the order in
    /// which kinds are shown; their sum is the number of files seen.
    pub file_kinds: Vec<(&'static str, usize)>,
    /// Documents in the files that were judged, empty ones counted.
    pub documents: usize,
    /// Objects, items of lists counted one by one.
    pub objects: usize,
    /// Configurations of webhooks among them.
    pub webhooks: usize,
    /// The objects by how far they could be judged.
    pub depth: Depth,
    /// The kinds of the unchecked objects, as `Kind.group/version`, with how many there are.
    pub unchecked_kinds: Vec<(String, usize)>,
    /// Where in a cluster was looked: namespaces, and `None` for what is in none. Empty where files
    /// are judged.
    pub audited: Vec<Option<String>>,
    /// What the server took and the model of it would reject, by rule.
    pub disagreements: Vec<(&'static str, usize)>,
    /// What couldn't be decided, by rule and reason.
    pub undecided: Vec<Undecided>,
    /// What was not judged at all.
    pub skipped: Vec<Skipped>,
    /// Findings that are not shown because a comment, an annotation or the config allows them.
    pub suppressed: usize,
    /// Findings that are not shown because the baseline holds them.
    pub baselined: usize,
    /// The minors that were judged.
    pub minors: Minors,
    /// No minor was asked for: `minors` is the default.
    pub default_minors: bool,
}

/// Objects by how far they could be judged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Validated as the API server does.
    pub server: usize,
    /// Checked against a schema only.
    pub schema: usize,
    /// Checked for unknown fields and types only (patches and sources of kustomizations).
    pub structure: usize,
    /// Not checked: no schema is known for the kind.
    pub unchecked: usize,
}

/// Questions of a rule that have no answer here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Undecided {
    /// The rule that asked.
    pub rule: String,
    /// Why there is no answer.
    pub why: String,
    /// How often.
    pub count: usize,
}

/// A file or document that was not judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The path as it is shown.
    pub file: String,
    /// The document, from 0, if it is one of several.
    pub document: Option<u32>,
    /// Why.
    pub why: String,
}

impl Summary {
    /// How many files were seen.
    pub fn files(&self) -> usize {
        self.file_kinds.iter().map(|(_, count)| count).sum()
    }

    /// How many questions could not be decided.
    pub fn undecided_count(&self) -> usize {
        self.undecided.iter().map(|undecided| undecided.count).sum()
    }
}
