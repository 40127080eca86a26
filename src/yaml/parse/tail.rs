//! What stands behind the value of a document: go-yaml looks at its first token and, while that
//! may still become a key, at the tokens that follow on its line. What it meets there has to be
//! readable; the rest it never sees.
//!
//! Mirrors `yaml_parser_parse_document_end` of `parserc.go` and `yaml_parser_fetch_more_tokens` of
//! `scannerc.go` of go.yaml.in/yaml/v2.

use super::Parser;
use crate::document::DroppedText;
use crate::yaml::scan::{Mark, Outcome, fault};

impl Parser<'_, '_> {
    /// Reads on as far as go-yaml does.
    pub(super) fn tail(&mut self) -> Outcome<Option<DroppedText>> {
        self.scan.indent = -1;
        self.scan.seek_token();
        let rest = self.scan.mark();
        if self.scan.at_mark(b'.') {
            self.scan.at += 3;
            return Ok(self.dropped(self.scan.at, true));
        }
        let mut key = self.scan.key_allowed.then_some(rest);
        let root_waits = self.root_may_be_key() && !self.is_forgotten(self.root_key);
        let mut goes_on = self.skim(key.is_some() || self.root_may_be_key(), root_waits)?;
        // Go-yaml settles first whether the value itself is a key, then the token behind it.
        if root_waits {
            key = self.root_key;
        }
        while goes_on && self.may_be_key(key) && !self.is_forgotten(key) {
            self.scan.seek_token();
            goes_on = self.skim(self.may_be_key(key), root_waits)?;
        }
        Ok(self.dropped(rest.at, false))
    }

    /// Whether the brackets that start there are closed, and no key could start in them.
    fn is_forgotten(&self, key: Option<Mark>) -> bool {
        let in_brackets = key.is_some_and(|key| b"[{".contains(&self.scan.byte(key.at)));
        in_brackets && self.scan.flow == 0 && self.keyless
    }

    /// Whether a colon here would make a key of the value, which ends on the line it starts on.
    fn root_may_be_key(&self) -> bool {
        self.may_be_key(self.root_key)
    }

    fn may_be_key(&self, key: Option<Mark>) -> bool {
        key.is_some_and(|key| key.line == self.scan.line && !self.scan.is_too_long(key))
    }

    /// Reads one token (`yaml_parser_fetch_next_token`); false if no key can come of it and those
    /// before it any more, or if it is the colon. With `in_key` there may be a key to a colon, and
    /// with `of_root` it would be the value of the document.
    fn skim(&mut self, in_key: bool, of_root: bool) -> Outcome<bool> {
        let block = self.scan.flow == 0;
        let starts_key = self.scan.flow == 1 && self.scan.key_allowed;
        match self.scan.here() {
            _ if self.scan.token_column() < 0 => {
                if self.scan.here() == b'%' {
                    self.scan.directive()?;
                }
                return Ok(false);
            }
            b'[' | b'{' => {
                self.keyless |= block;
                self.scan.flow += 1;
                self.scan.key_allowed = true;
                self.scan.at += 1;
            }
            byte @ (b']' | b'}' | b',') => {
                self.scan.at += 1;
                self.scan.key_allowed = byte == b',';
                if byte != b',' {
                    self.scan.flow = self.scan.flow.saturating_sub(1);
                }
                return Ok(!block);
            }
            b'-' | b'?' | b':' if self.at_indicator() => {
                return self.skim_indicator(in_key, of_root);
            }
            b'*' | b'&' => drop(self.scan.name()?),
            b'!' => drop(self.scan.tag_parts()?),
            b'|' | b'>' if block => {
                self.scan.block()?;
                return Ok(false);
            }
            b'\'' | b'"' => drop(self.scan.quoted()?),
            _ if self.scan.at_plain() => drop(self.scan.plain()?),
            _ => return Err(self.scan.cannot_start()),
        }
        self.keyless &= !starts_key;
        Ok(true)
    }

    fn skim_indicator(&mut self, in_key: bool, of_root: bool) -> Outcome<bool> {
        let here = self.scan.character(self.scan.at);
        let colon_of_key = self.scan.here() == b':' && in_key;
        if self.scan.flow > 0 {
            self.scan.key_allowed = self.scan.here() == b'-';
            self.scan.at += 1;
            return Ok(true);
        }
        if !self.scan.key_allowed && !colon_of_key {
            return fault(here, "nothing can follow a value on its line");
        }
        if colon_of_key && of_root {
            return fault(here, "`:` should follow its key");
        }
        self.scan.at += 1;
        Ok(false)
    }

    fn at_indicator(&self) -> bool {
        let here = self.scan.here();
        self.scan.at_indicator(here) || self.scan.flow > 0 && here != b'-'
    }

    /// What stands in the `rest` of the text. Comments aren't missed.
    fn dropped(&self, rest: usize, after_mark: bool) -> Option<DroppedText> {
        let mut start = rest;
        for line in self.scan.rest(rest).split_inclusive('\n') {
            let content = line.trim();
            if !content.is_empty() && !content.starts_with('#') {
                let at = start + (line.len() - line.trim_start().len());
                return Some(DroppedText {
                    document: self.out.document(),
                    span: self.scan.span(at, at + content.len()),
                    after_mark,
                });
            }
            start += line.len();
        }
        None
    }
}
