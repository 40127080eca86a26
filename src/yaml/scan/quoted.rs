//! Scalars in single or double quotes.
//!
//! Mirrors `yaml_parser_scan_flow_scalar` of `scannerc.go` of go.yaml.in/yaml/v2.

use super::chars::{class, is};
use super::{Outcome, Scalar, Scanner, Text, Written, fault};
use crate::document::Fault;

impl Scanner<'_> {
    /// Reads a scalar whose opening quote stands here.
    pub fn quoted(&mut self) -> Outcome<Scalar> {
        let quote = self.here();
        let start = self.at;
        self.at += 1;
        self.key_allowed = false;
        let line = self.line;
        self.quoted_run(quote);
        let closed = self.here() == quote && !(quote == b'\'' && self.byte(self.at + 1) == quote);
        let text = if closed {
            Text::Source(self.span(start + 1, self.at))
        } else {
            self.rewrite(quote, start)?;
            Text::Scratch
        };
        self.at += 1;
        Ok(Scalar {
            written: Written::Quoted,
            text,
            span: self.span(start, self.at),
            one_line: self.line == line,
        })
    }

    /// Skips what stands for itself: to a quote, a line break, the end or a backslash.
    #[inline]
    fn quoted_run(&mut self, quote: u8) {
        let start = self.at;
        loop {
            match self.here() {
                b'\\' if quote == b'"' => break,
                0xC2 | 0xE2 if self.break_length(self.at) == 0 => self.at += 1,
                byte if byte == quote || class(byte) & (is::BREAK | is::END | is::LEAD) != 0 => {
                    break;
                }
                _ => self.at += 1,
            }
        }
        self.count_characters(start);
    }

    /// Goes on to the closing quote, and puts the text into the scratch.
    fn rewrite(&mut self, quote: u8, start: usize) -> Outcome<()> {
        self.scratch.clear();
        let mut run = start + 1;
        loop {
            let read = self.slice(run, self.at);
            let broken = self.break_length(self.at);
            if broken > 0 {
                self.scratch.push_str(read.trim_end_matches([' ', '\t']));
                self.next_quoted_line(start, false)?;
            } else {
                self.scratch.push_str(read);
                match self.here() {
                    b'\'' if quote == b'\'' && self.byte(self.at + 1) == b'\'' => {
                        self.scratch.push('\'');
                        self.at += 2;
                    }
                    b'\\' if self.break_length(self.at + 1) > 0 => {
                        self.at += 1;
                        self.next_quoted_line(start, true)?;
                    }
                    b'\\' => self.escape()?,
                    0 => return fault(self.character(start), "this quote is never closed"),
                    _ => return Ok(()),
                }
            }
            run = self.at;
            self.quoted_run(quote);
        }
    }

    /// Folds the line breaks from here to the next text.
    fn next_quoted_line(&mut self, start: usize, escaped: bool) -> Outcome<()> {
        let mut gap = self.at;
        if escaped {
            self.skip_break(self.break_length(gap));
            gap = self.at;
            if self.here() == b'"' {
                return Ok(());
            }
        }
        loop {
            self.skip_blanks();
            match self.break_length(self.at) {
                0 => break,
                length => self.skip_break(length),
            }
        }
        self.fold(gap, escaped);
        if self.at_mark(b'-') || self.at_mark(b'.') {
            return fault(
                self.character(start),
                "this quote isn't closed before the document ends",
            );
        }
        Ok(())
    }

    /// Reads an escape, whose backslash stands here.
    fn escape(&mut self) -> Outcome<()> {
        let digits = match self.byte(self.at + 1) {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            byte => {
                let meant = simple_escape(byte).ok_or_else(|| self.unknown_escape())?;
                self.scratch.push(meant);
                self.at += 2;
                return Ok(());
            }
        };
        let end = self.at + 2 + digits;
        let hex = self.slice(self.at + 2, end);
        let written = self.span(self.at, end.min(self.bytes.len()));
        if hex.len() < digits || !hex.bytes().all(|b| b.is_ascii_hexdigit()) {
            let message = format!("{digits} hexadecimal digits should follow this backslash");
            return fault(self.span(self.at, self.at + 2), message);
        }
        let code = u32::from_str_radix(hex, 16).unwrap_or(u32::MAX);
        match char::from_u32(code) {
            Some(meant) => self.scratch.push(meant),
            None if (0xD800..0xE000).contains(&code) => {
                return fault(
                    written,
                    "kubectl reads no half characters (`\\ud83d`) in YAML",
                );
            }
            None => return fault(written, "there is no such character"),
        }
        self.at = end;
        Ok(())
    }

    fn unknown_escape(&self) -> Box<Fault> {
        let next = self.character(self.at + 1);
        let span = self.span(self.at, next.end as usize);
        let written = self.slice(span.start as usize, span.end as usize);
        let message = match self.byte(self.at + 1) {
            b'/' => "kubectl reads no escape `\\/` in YAML: write `/`".to_owned(),
            _ => format!("there is no escape `{written}`"),
        };
        Box::new(Fault::new(span, message))
    }
}

fn simple_escape(byte: u8) -> Option<char> {
    Some(match byte {
        b'0' => '\0',
        b'a' => '\x07',
        b'b' => '\x08',
        b't' | b'\t' => '\t',
        b'n' => '\n',
        b'v' => '\x0B',
        b'f' => '\x0C',
        b'r' => '\r',
        b'e' => '\x1B',
        b' ' | b'"' | b'\'' | b'\\' => char::from(byte),
        b'N' => '\u{85}',
        b'_' => '\u{A0}',
        b'L' => '\u{2028}',
        b'P' => '\u{2029}',
        _ => return None,
    })
}
