//! Makes text from manifests safe to show: no terminal escapes, no workflow commands.
//!
//! Lives here: what every format shares. Not here: the quoting that belongs to one format
//! (XML in `junit`, workflow commands and Markdown in `github`).

use std::borrow::Cow;
use std::fmt::Write;

/// Whether a character acts instead of being seen: controls, and marks that reorder text or
/// have no width (<https://trojansource.codes>).
pub fn is_hidden(c: char) -> bool {
    // Nearly all that is asked for.
    if matches!(c, ' '..='~') {
        return false;
    }
    c.is_control()
        || matches!(c,
            '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}'
            | '\u{FFFE}' | '\u{FFFF}' | '\u{E0000}'..='\u{E007F}')
}

/// The text on one line, with hidden characters written out: `\n`, `\t`, `\u{1b}`.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// Lines of text in which the GitHub runner sees no workflow command: a backslash breaks `::` at
/// the start of a line and `##[` anywhere.
/// (Upstream: `actions/runner`, `ActionCommand.TryParseV2` and `TryParse`.)
pub fn without_commands(text: &str) -> Cow<'_, str> {
    if !text.contains("::") && !text.contains("##[") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for line in text.split_inclusive('\n') {
        let rest = line.trim_start();
        let (indent, _) = line.split_at(line.len() - rest.len());
        out.push_str(indent);
        if rest.starts_with("::") {
            out.push('\\');
        }
        out.push_str(&rest.replace("##[", "##\\["));
    }
    Cow::Owned(out)
}

/// JSON with the same meaning in which hidden characters and `##[` are escaped, so that even
/// printed JSON does nothing to a terminal or a runner.
pub fn json(text: String) -> String {
    let hidden = |c: char| c != '\n' && is_hidden(c);
    if !text.contains("##[") && !text.contains(hidden) {
        return text;
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string can't fail.
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    out.replace("##[", "##\\u005b")
}

/// A part of a URI: everything but unreserved characters and those in `keep` is percent-encoded.
pub fn uri(text: &str, keep: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        let c = char::from(byte);
        if byte.is_ascii_alphanumeric()
            || (byte.is_ascii() && ("-._~".contains(c) || keep.contains(c)))
        {
            out.push(c);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_out_what_acts() {
        assert_eq!(
            one_line("a\u{1b}[31m\nb\u{202e}"),
            "a\\u{1b}[31m\\nb\\u{202e}"
        );
        assert_eq!(one_line("é ok"), "é ok");
    }

    #[test]
    fn breaks_workflow_commands() {
        assert_eq!(
            without_commands("  ::error::x\na::b ##[add-mask]y\n"),
            "  \\::error::x\na::b ##\\[add-mask]y\n"
        );
    }

    #[test]
    fn keeps_the_meaning_of_json() {
        let text = "##[error]\u{9b}\u{e0001}\u{7f}é".to_owned();
        let safe = json(serde_json::to_string(&text).unwrap());
        assert!(safe.is_ascii() || safe.contains('é'));
        assert!(!safe.contains("##["));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
    }

    #[test]
    fn encodes_uris() {
        assert_eq!(uri("a b/é:%.yaml", "/"), "a%20b/%C3%A9%3A%25.yaml");
    }
}
