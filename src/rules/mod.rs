//! The rule book: the one list of all rules with a check of their own. A rule is a page in
//! `rules/<family>/<id>.md` and a file here of the same name; adding one is both and a line.

use crate::rule::Rule;

mod server {
    pub mod selector_mismatch;
}

/// Every rule, by family and name.
pub static RULES: &[&Rule] = &[&server::selector_mismatch::RULE];
