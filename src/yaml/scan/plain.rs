//! Plain scalars: text without quotes.
//!
//! Mirrors `yaml_parser_scan_plain_scalar` of `scannerc.go` of go.yaml.in/yaml/v2.

use super::chars::{class, is};
use super::{Outcome, Scalar, Scanner, Text, Written, tab};

impl Scanner<'_> {
    /// Whether a plain scalar starts here. In brackets `?` and `:` never start one.
    #[inline]
    pub fn at_plain(&self) -> bool {
        let first = self.here();
        let classes = class(first);
        if classes & (is::INDICATOR | is::BLANK | is::BREAK | is::END | is::LEAD) == 0 {
            return true;
        }
        let next = self.at + 1;
        match first {
            b'-' => !self.is_blank_or_end(next),
            b'?' | b':' => self.flow == 0 && !self.is_blank_or_end(next),
            _ => classes & is::LEAD != 0 && self.break_length(self.at) == 0,
        }
    }

    /// Reads a plain scalar.
    pub fn plain(&mut self) -> Outcome<Scalar> {
        let start = self.at;
        let mut end = self.plain_line();
        self.key_allowed = false;
        let mut text = Text::Source(self.span(start, end));
        let mut one_line = true;
        while self.break_length(self.at) > 0 {
            let gap = self.at;
            let goes_on = self.seek_plain_line()?;
            if !goes_on {
                self.key_allowed = true;
                break;
            }
            if one_line {
                one_line = false;
                text = Text::Scratch;
                self.scratch.clear();
                self.scratch.push_str(self.slice(start, end));
            }
            self.fold(gap, false);
            let line = self.at;
            end = self.plain_line();
            self.scratch.push_str(self.slice(line, end));
        }
        Ok(Scalar {
            written: Written::Plain,
            text,
            span: self.span(start, end),
            one_line,
        })
    }

    /// Reads what belongs to a plain scalar on this line and the blanks behind it; returns where
    /// the text ends.
    #[inline]
    fn plain_line(&mut self) -> usize {
        let mut stops = is::BLANK | is::BREAK | is::LEAD | is::END | is::COLON;
        if self.flow > 0 {
            stops |= is::FLOW;
        }
        let start = self.at;
        let end = loop {
            while class(self.here()) & stops == 0 {
                self.at += 1;
            }
            let end = self.at;
            match self.here() {
                b':' if !self.is_blank_or_end(end + 1) => self.at += 1,
                0xC2 | 0xE2 if self.break_length(end) == 0 => self.at += 1,
                b' ' | b'\t' => {
                    self.skip_blanks();
                    if self.here() == b'#' || self.ends_plain() {
                        break end;
                    }
                }
                _ => break end,
            }
        };
        self.count_characters(start);
        end
    }

    /// Whether no character of a plain scalar can stand here.
    fn ends_plain(&self) -> bool {
        let classes = class(self.here());
        self.is_break_or_end(self.at)
            || classes & is::COLON != 0 && self.is_blank_or_end(self.at + 1)
            || self.flow > 0 && classes & is::FLOW != 0
    }

    /// Goes from a line break to the next text; says whether it still belongs to the scalar.
    fn seek_plain_line(&mut self) -> Outcome<bool> {
        let indent = self.indent + 1;
        loop {
            match self.here() {
                b' ' => self.at += 1,
                b'\t' if self.column() < indent => return Err(tab(self.character(self.at))),
                b'\t' => self.at += 1,
                _ => match self.break_length(self.at) {
                    0 => break,
                    length => self.skip_break(length),
                },
            }
        }
        let dedented = self.flow == 0 && self.column() < indent;
        Ok(!dedented
            && self.here() != b'#'
            && !self.ends_plain()
            && !self.at_mark(b'-')
            && !self.at_mark(b'.'))
    }

    /// Adds to the scratch what the line breaks since `gap` mean in a scalar: a single one is a
    /// blank, of several the first is dropped. `escaped`: the first was behind a backslash.
    pub(super) fn fold(&mut self, gap: usize, escaped: bool) {
        let (mut at, mut first, mut single) = (gap, !escaped, false);
        while at < self.at {
            let length = self.break_length(at);
            if length > 0 {
                let read = self.break_as_read(at, length);
                single = first && read == '\n';
                if !single {
                    self.scratch.push(read);
                }
                first = false;
            }
            at += length.max(1);
        }
        if single {
            self.scratch.push(' ');
        }
    }
}
