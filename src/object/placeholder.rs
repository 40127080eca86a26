//! Placeholders: texts that something else replaces before the API server sees them.
//!
//! Lives here: whether a scalar's text holds one. A scalar that does has unknown value and type.
//! Not here: who asks, and what is then not judged.

use memchr::memmem;

/// What opens and what closes a placeholder.
#[derive(Clone, Debug)]
pub struct Placeholders(Vec<(String, String)>);

impl Default for Placeholders {
    /// `${…}`, as Flux, envsubst and most templates of CI systems write it.
    fn default() -> Self {
        Self(vec![("${".to_owned(), "}".to_owned())])
    }
}

impl Placeholders {
    /// Placeholders by their ends. A pair with an empty opening end is left out.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs = pairs.into_iter().filter(|(open, _)| !open.is_empty());
        Self(pairs.collect())
    }

    /// The ends, in the order given.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(open, close)| (open.as_str(), close.as_str()))
    }

    /// Whether the text holds a placeholder: an opening end, at least one byte, the closing end.
    ///
    /// `$(VAR)` is none: Kubernetes itself expands it, and validates the text as it stands. Nor is
    /// `$${x}`: wherever `$$` means something (Flux, Kubernetes) it is an escaped `$`, so the text
    /// is meant to arrive with `${x}` in it. (`$$${x}` is an escaped `$` before a placeholder.)
    pub fn in_text(&self, text: &str) -> bool {
        self.0
            .iter()
            .any(|(open, close)| holds(text.as_bytes(), open.as_bytes(), close.as_bytes()))
    }
}

fn holds(text: &[u8], open: &[u8], close: &[u8]) -> bool {
    // Most texts have no `$`: that is one pass of memchr.
    let Some(first) = open.first().and_then(|&byte| memchr::memchr(byte, text)) else {
        return false;
    };
    let rest = text.get(first..).unwrap_or_default();
    memmem::find_iter(rest, open).any(|at| {
        let at = first + at;
        let inside = text.get(at + open.len() + 1..).unwrap_or_default();
        !is_escaped(text, at) && memmem::find(inside, close).is_some()
    })
}

/// Whether an odd number of `$` stands before the `$` at `at`.
fn is_escaped(text: &[u8], at: usize) -> bool {
    if text.get(at) != Some(&b'$') {
        return false;
    }
    let before = text.get(..at).unwrap_or_default();
    let dollars = before.iter().rev().take_while(|&&byte| byte == b'$');
    dollars.count() % 2 == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_placeholders() {
        let cases = [
            ("${x}", true),
            ("a-${CLUSTER}.example.org", true),
            ("${x:=1}", true),
            ("$$${x}", true),
            ("${é}", true),
            ("$${x}", false),
            ("$${x} ${y}", true),
            ("$(VAR)", false),
            ("${}", false),
            ("${x", false),
            ("$x", false),
            ("", false),
        ];
        let placeholders = Placeholders::default();
        for (text, expected) in cases {
            assert_eq!(placeholders.in_text(text), expected, "{text}");
        }
    }

    #[test]
    fn ends_can_be_chosen() {
        let pair = ("{{".to_owned(), "}}".to_owned());
        let placeholders = Placeholders::new([pair, (String::new(), "x".to_owned())]);
        assert!(placeholders.in_text("a {{ b }}"));
        assert!(!placeholders.in_text("${x}"));
    }
}
