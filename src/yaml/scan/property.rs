//! What stands before a value or a document: anchors, aliases, tags, and directives.
//!
//! Mirrors `yaml_parser_scan_anchor`, `…_scan_tag` and `…_scan_directive` of `scannerc.go` of
//! go.yaml.in/yaml/v2, and from `parserc.go` what tags and directives are put together to.

use super::chars::{class, is};
use super::{Outcome, Scanner, fault};
use crate::source::Span;

/// The `%TAG` directives of a document: what the handle of a tag stands for.
#[derive(Debug, Default)]
pub(in crate::yaml) struct Handles<'t>(Vec<(&'t str, String)>);

/// A line that starts with `%`.
#[derive(Debug)]
pub(in crate::yaml) enum Directive<'t> {
    /// `%YAML`, and whether it names the version that kubectl reads.
    Version { is_1_1: bool },
    /// `%TAG`.
    Tag { handle: &'t str, prefix: String },
}

impl<'t> Handles<'t> {
    /// Adds what a `%TAG` says, unless the handle has a meaning already.
    pub fn add(&mut self, handle: &'t str, prefix: String) -> bool {
        let is_new = self.0.iter().all(|(known, _)| *known != handle);
        if is_new {
            self.0.push((handle, prefix));
        }
        is_new
    }

    /// What a handle stands for; `!` and `!!` mean something without a directive.
    fn prefix(&self, handle: &str) -> Option<&str> {
        let given = self.0.iter().find(|(given, _)| *given == handle);
        match (given, handle) {
            (Some((_, prefix)), _) => Some(prefix),
            (None, "!") => Some("!"),
            (None, "!!") => Some(CORE),
            _ => None,
        }
    }
}

/// What `!!` stands for.
pub(in crate::yaml) const CORE: &str = "tag:yaml.org,2002:";

impl<'t> Scanner<'t> {
    /// Reads an anchor or alias, whose `&` or `*` stands here; returns its name.
    pub fn name(&mut self) -> Outcome<(&'t str, Span)> {
        let start = self.at;
        self.at += 1;
        self.skip_name();
        self.key_allowed = false;
        let (name, span) = (self.slice(start + 1, self.at), self.span(start, self.at));
        let ends = self.is_blank_or_end(self.at)
            || matches!(
                self.here(),
                b'?' | b':' | b',' | b']' | b'}' | b'%' | b'@' | b'`'
            );
        if name.is_empty() || !ends {
            return fault(
                self.span(start, self.character(self.at).end as usize),
                "kubectl reads only letters, digits, `-` and `_` in the name of an anchor",
            );
        }
        Ok((name, span))
    }

    fn skip_name(&mut self) {
        while class(self.here()) & is::NAME != 0 {
            self.at += 1;
        }
    }

    /// Reads a tag, whose `!` stands here; returns it with its handle spelled out.
    pub fn tag(&mut self, handles: &Handles<'_>) -> Outcome<String> {
        let start = self.at;
        let (handle, suffix) = self.tag_parts()?;
        match (handle, suffix) {
            ("!", suffix) if suffix.is_empty() => Ok("!".to_owned()),
            ("", suffix) => Ok(suffix),
            (handle, suffix) => match handles.prefix(handle) {
                Some(prefix) => Ok(format!("{prefix}{suffix}")),
                None => {
                    let message = format!("no `%TAG` says what `{handle}` stands for");
                    fault(self.span(start, self.at), message)
                }
            },
        }
    }

    /// Reads a tag; returns its handle, if it has one, and the rest (`yaml_parser_scan_tag`).
    pub fn tag_parts(&mut self) -> Outcome<(&'t str, String)> {
        self.key_allowed = false;
        let parts = if self.byte(self.at + 1) == b'<' {
            self.at += 2;
            let tag = self.uri(String::new(), false)?;
            if self.here() != b'>' {
                return fault(self.character(self.at), "`>` should end this tag");
            }
            self.at += 1;
            ("", tag)
        } else {
            let first = self.handle()?;
            if first.len() > 1 && first.ends_with('!') {
                (first, self.uri(String::new(), false)?)
            } else {
                let head = first.get(1..).unwrap_or("").to_owned();
                ("!", self.uri(head, true)?)
            }
        };
        if !self.is_blank_or_end(self.at) {
            return fault(self.character(self.at), "a blank should follow this tag");
        }
        Ok(parts)
    }

    /// `yaml_parser_scan_tag_handle`: `!`, `!name!`, or the beginning of something else.
    fn handle(&mut self) -> Outcome<&'t str> {
        let start = self.at;
        if self.here() != b'!' {
            return fault(self.character(start), "a tag starts with `!`");
        }
        self.at += 1;
        self.skip_name();
        if self.here() == b'!' {
            self.at += 1;
        }
        Ok(self.slice(start, self.at))
    }

    /// `yaml_parser_scan_tag_uri`: the rest of a tag whose beginning is `uri`.
    fn uri(&mut self, mut uri: String, may_be_empty: bool) -> Outcome<String> {
        let before = self.at;
        loop {
            match self.here() {
                b'%' => uri.push(self.uri_escape()?),
                byte if class(byte) & is::NAME != 0 || b";/?:@&=+$,.!~*'()[]".contains(&byte) => {
                    uri.push(char::from(byte));
                    self.at += 1;
                }
                _ if self.at == before && !may_be_empty => {
                    return fault(self.character(self.at), "a tag should stand here");
                }
                _ => return Ok(uri),
            }
        }
    }

    /// The bytes of one character, each as `%` with two hexadecimal digits.
    fn uri_escape(&mut self) -> Outcome<char> {
        let start = self.at;
        let mut bytes = Vec::new();
        loop {
            let code = self.slice(self.at + 1, self.at + 3);
            let hex = code.len() == 2 && code.bytes().all(|b| b.is_ascii_hexdigit());
            if self.here() != b'%' || !hex {
                return fault(
                    self.character(self.at),
                    "two hexadecimal digits should follow `%` in a tag",
                );
            }
            bytes.push(u8::from_str_radix(code, 16).unwrap_or_default());
            self.at += 3;
            match std::str::from_utf8(&bytes) {
                Ok(read) => return Ok(read.chars().next().unwrap_or_default()),
                // Of a sequence that may still become a character, no error has a length.
                Err(error) if error.error_len().is_some() => {
                    return fault(self.span(start, self.at), "these bytes are no character");
                }
                Err(_) => {}
            }
        }
    }

    /// Reads a directive, whose `%` stands here.
    pub fn directive(&mut self) -> Outcome<Directive<'t>> {
        let start = self.at;
        self.at += 1;
        self.skip_name();
        self.key_allowed = false;
        let directive = match self.slice(start + 1, self.at) {
            "YAML" => self.version()?,
            "TAG" => self.tag_directive()?,
            name => {
                let message = format!("there is no directive `%{name}`");
                return fault(self.span(start, self.at), message);
            }
        };
        self.skip_blanks();
        if self.here() == b'#' {
            self.comment();
        }
        if !self.is_break_or_end(self.at) {
            let message = "nothing else can stand on the line of a directive";
            return fault(self.character(self.at), message);
        }
        self.skip_break(self.break_length(self.at));
        Ok(directive)
    }

    fn version(&mut self) -> Outcome<Directive<'t>> {
        self.skip_blanks();
        let start = self.at;
        while self.here().is_ascii_digit() || self.here() == b'.' {
            self.at += 1;
        }
        let given = self.slice(start, self.at);
        let number = |digits: &str| digits.len() <= 2 && digits.parse::<u8>().is_ok();
        match given.split_once('.') {
            Some((major, minor)) if number(major) && number(minor) => {
                let is_one = |digits| matches!(digits, "1" | "01");
                let is_1_1 = is_one(major) && is_one(minor);
                Ok(Directive::Version { is_1_1 })
            }
            _ => fault(
                self.span(start, self.at),
                "a version like `1.1` should stand here",
            ),
        }
    }

    fn tag_directive(&mut self) -> Outcome<Directive<'t>> {
        self.skip_blanks();
        let start = self.at;
        let handle = self.handle()?;
        let handle_end = self.at;
        self.skip_blanks();
        let parted = self.at > handle_end;
        let prefix = self.uri(String::new(), false)?;
        let whole = handle == "!" || handle.len() > 1 && handle.ends_with('!');
        if !whole || !parted || !self.is_blank_or_end(self.at) {
            let message = "a handle (`!name!`) and its prefix should stand here";
            return fault(self.span(start, self.at), message);
        }
        Ok(Directive::Tag { handle, prefix })
    }
}
