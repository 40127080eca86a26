//! Block scalars: `|` and `>`.
//!
//! Mirrors `yaml_parser_scan_block_scalar` of `scannerc.go` of go.yaml.in/yaml/v2.

use super::chars::{class, is};
use super::{Outcome, Scalar, Scanner, Text, Written, fault, tab};

/// What becomes of the line breaks at the end.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Chomping {
    Strip,
    Clip,
    Keep,
}

impl Scanner<'_> {
    /// Reads a block scalar whose `|` or `>` stands here. Its span is that of the content.
    pub fn block(&mut self) -> Outcome<Scalar> {
        let start = self.at;
        let folded = self.here() == b'>';
        self.at += 1;
        self.key_allowed = true;
        let (chomping, increment) = self.block_header(start)?;
        let mut indent = match increment {
            0 => 0,
            _ => self.indent.max(0) + increment,
        };
        self.scratch.clear();
        self.block_breaks(&mut indent)?;
        let content = self.at;
        // The line breaks behind the last line: where they start in the scratch, and how long the
        // first one is.
        let (mut tail, mut first_break) = (0, 0);
        let mut after_blank = false;
        while self.column() == indent && !self.at_end() {
            let before_blank = class(self.here()) & is::BLANK != 0;
            if folded && !after_blank && !before_blank {
                self.fold_break(tail, first_break);
            }
            after_blank = before_blank;
            let end = self.line_end(self.at);
            self.scratch.push_str(self.slice(self.at, end));
            self.at = end;
            tail = self.scratch.len();
            first_break = self.take_break().map_or(0, |read| {
                self.scratch.push(read);
                read.len_utf8()
            });
            self.block_breaks(&mut indent)?;
        }
        match chomping {
            Chomping::Strip => self.scratch.truncate(tail),
            Chomping::Clip => self.scratch.truncate(tail + first_break),
            Chomping::Keep => {}
        }
        Ok(Scalar {
            written: Written::Block,
            text: Text::Scratch,
            span: self.span(content, self.at),
            one_line: false,
        })
    }

    /// Reads `+`, `-` and the indentation in either order, and the rest of the line.
    fn block_header(&mut self, start: usize) -> Outcome<(Chomping, i32)> {
        let mut chomping = self.chomping();
        let increment = match self.here() {
            b'0' => {
                return fault(self.character(self.at), "a text can't be indented by 0");
            }
            digit @ b'1'..=b'9' => {
                self.at += 1;
                i32::from(digit - b'0')
            }
            _ => 0,
        };
        if chomping.is_none() && increment > 0 {
            chomping = self.chomping();
        }
        self.skip_blanks();
        if self.here() == b'#' {
            self.comment();
        }
        if !self.is_break_or_end(self.at) {
            let indicator = self.slice(start, start + 1);
            let message = format!("the text of `{indicator}` starts on the next line");
            return fault(self.character(self.at), message);
        }
        self.take_break();
        Ok((chomping.unwrap_or(Chomping::Clip), increment))
    }

    fn chomping(&mut self) -> Option<Chomping> {
        let chomping = match self.here() {
            b'+' => Chomping::Keep,
            b'-' => Chomping::Strip,
            _ => return None,
        };
        self.at += 1;
        Some(chomping)
    }

    /// Reads empty lines and the indentation of the next one; the first time, it says what the
    /// indentation of the whole scalar is (`yaml_parser_scan_block_scalar_breaks`).
    fn block_breaks(&mut self, indent: &mut i32) -> Outcome<()> {
        let mut deepest = 0;
        loop {
            while (*indent == 0 || self.column() < *indent) && self.here() == b' ' {
                self.at += 1;
            }
            deepest = deepest.max(self.column());
            if (*indent == 0 || self.column() < *indent) && self.here() == b'\t' {
                return Err(tab(self.character(self.at)));
            }
            match self.take_break() {
                Some(read) => self.scratch.push(read),
                None => break,
            }
        }
        if *indent == 0 {
            *indent = deepest.max(self.indent + 1).max(1);
        }
        Ok(())
    }

    /// Joins two lines of a folded scalar: a single line break between them becomes a blank, of
    /// several the first is dropped.
    fn fold_break(&mut self, tail: usize, first_break: usize) {
        let is_line_feed = self.scratch.get(tail..tail + 1) == Some("\n");
        if first_break == 0 || !is_line_feed {
            return;
        }
        if self.scratch.len() == tail + 1 {
            self.scratch.truncate(tail);
            self.scratch.push(' ');
        } else {
            self.scratch.remove(tail);
        }
    }
}
