//! The page of a rule, taken apart into its sections.
//!
//! Lives here: the little Markdown that pages use (`#` and `##` headings, fenced code, paragraphs).
//! Not here: which pages there are (`rules`) and where their text is shown (`text`, `sarif`,
//! `explain`).

use crate::finding::RuleMeta;

/// A page: `# id`, what the rule says, then sections of `## Name`.
#[derive(Clone, Copy, Debug)]
pub struct Page<'p> {
    text: &'p str,
}

impl Page<'static> {
    /// The page of a rule.
    pub fn of(rule: &RuleMeta) -> Self {
        Page { text: rule.page }
    }
}

impl<'p> Page<'p> {
    /// A page from its Markdown.
    pub fn new(text: &'p str) -> Self {
        Self { text }
    }

    /// The page as it is written.
    pub fn markdown(self) -> &'p str {
        self.text
    }

    /// The first paragraph after the title: what the rule finds.
    pub fn what(self) -> String {
        let text = self.blocks().next().map_or("", |(_, text)| text);
        first_paragraph(text)
    }

    /// The text under `## name`, without blank lines around it.
    pub fn section(self, name: &str) -> Option<&'p str> {
        self.sections()
            .find(|(title, _)| *title == name)
            .map(|(_, text)| text)
    }

    /// The first paragraph under `## name` as plain text; empty if there is none.
    pub fn first_of(self, name: &str) -> String {
        self.section(name).map(first_paragraph).unwrap_or_default()
    }

    /// The sections with their titles, in the order of the page.
    pub fn sections(self) -> impl Iterator<Item = (&'p str, &'p str)> {
        self.blocks().skip(1)
    }

    /// What stands before the first `## ` (with an empty title), then the sections.
    fn blocks(self) -> impl Iterator<Item = (&'p str, &'p str)> {
        let mut rest = Some(self.text);
        let mut title = "";
        std::iter::from_fn(move || {
            let text = rest?;
            let this = title;
            let (body, next) = split_at_heading(text);
            rest = next.map(|(name, after)| {
                title = name;
                after
            });
            Some((this, body.trim()))
        })
    }
}

/// The first paragraph of prose on one line; links become their text. Headings and code don't
/// count.
pub fn first_paragraph(markdown: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for line in unfenced(markdown) {
        let line = line.trim();
        if !line.is_empty() && !line.starts_with('#') {
            words.extend(line.split_whitespace());
        } else if !words.is_empty() {
            break;
        }
    }
    without_links(&words.join(" "))
}

/// The text up to the next `## ` outside fenced code; that heading's name and what follows it.
fn split_at_heading(text: &str) -> (&str, Option<(&str, &str)>) {
    let mut fence = Fence::default();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if !fence.holds(line)
            && let Some(name) = line.strip_prefix("## ")
        {
            let body = text.get(..at).unwrap_or_default();
            let after = text.get(at + line.len()..).unwrap_or_default();
            return (body, Some((name.trim(), after)));
        }
        at += line.len();
    }
    (text, None)
}

/// The lines outside fenced code; a fence ends a paragraph, so it stands as an empty line.
fn unfenced(text: &str) -> impl Iterator<Item = &str> {
    let mut fence = Fence::default();
    text.lines()
        .map(move |line| if fence.holds(line) { "" } else { line })
}

/// Whether we are inside code between lines that start with three backticks.
#[derive(Default)]
struct Fence {
    open: bool,
}

impl Fence {
    /// Takes the next line and tells if it belongs to fenced code, its borders included.
    fn holds(&mut self, line: &str) -> bool {
        let border = line.trim_start().starts_with("```");
        let was_open = self.open;
        self.open ^= border;
        was_open || border
    }
}

/// `[text](target)` becomes `text`.
fn without_links(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, label, after)) = next_link(rest) {
        out.push_str(before);
        out.push_str(label);
        rest = after;
    }
    out.push_str(rest);
    out
}

fn next_link(text: &str) -> Option<(&str, &str, &str)> {
    let (head, tail) = text.split_once("](")?;
    let (before, label) = head.rsplit_once('[')?;
    let (_, after) = tail.split_once(')')?;
    Some((before, label, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# some-rule\n\nSays [what](https://example.com)\nis wrong.\n\nMore.\n\n## Why\n\nBecause `a`.\n\n## Bad\n\n```yaml\n## not a heading\n```\n";

    #[test]
    fn finds_sections_outside_of_code() {
        let page = Page::new(PAGE);
        assert_eq!(page.what(), "Says what is wrong.");
        assert_eq!(page.first_of("Why"), "Because `a`.");
        let titles: Vec<&str> = page.sections().map(|(title, _)| title).collect();
        assert_eq!(titles, ["Why", "Bad"]);
        assert_eq!(page.section("Bad"), Some("```yaml\n## not a heading\n```"));
        assert_eq!(page.section("Good"), None);
        assert_eq!(Page::new("").what(), "");
    }
}
