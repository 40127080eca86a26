//! Placeholders: text that something else fills in before the manifest is applied.

/// The pairs of marks that enclose a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholders(pub Vec<(String, String)>);

impl Default for Placeholders {
    fn default() -> Self {
        Self(vec![("${".to_owned(), "}".to_owned())])
    }
}

impl Placeholders {
    /// Whether a text holds a placeholder: its value can't be known.
    pub fn in_text(&self, text: &str) -> bool {
        self.0.iter().any(|(open, close)| {
            text.split_once(open.as_str())
                .is_some_and(|(_, rest)| rest.contains(close.as_str()))
        })
    }
}
