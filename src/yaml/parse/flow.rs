//! What stands in brackets and braces.
//!
//! Mirrors `yaml_parser_parse_flow_…` of `parserc.go` of go.yaml.in/yaml/v2.

use super::{Form, Level, Next, OPEN_MAX, Parser, Properties, Start, two_kinds};
use crate::document::Fault;
use crate::yaml::scan::{Outcome, fault};

impl<'t> Parser<'t, '_> {
    /// Opens the collection whose bracket stands here.
    pub(super) fn open_flow(&mut self, properties: Properties<'t>) -> Outcome<()> {
        let form = match self.scan.here() {
            b'[' => Form::FlowSequence,
            _ => Form::FlowMapping,
        };
        if self.scan.flow >= u32::from(OPEN_MAX) {
            return Err(Box::new(Fault::too_deep(self.scan.character(self.scan.at))));
        }
        self.open(form, self.scan.indent, properties)?;
        self.scan.at += 1;
        self.scan.flow += 1;
        self.scan.key_allowed = true;
        self.keyless |= self.scan.flow == 1;
        Ok(())
    }

    /// Goes on in the innermost collection in brackets.
    pub(super) fn flow(&mut self, level: Level) -> Outcome<()> {
        self.seek_flow_token()?;
        if level.next == Next::Colon {
            return self.flow_colon(level.form);
        }
        let closing = match level.form {
            Form::FlowPair => return self.close(None),
            Form::FlowSequence => b']',
            _ => b'}',
        };
        if level.next == Next::Separator && self.scan.here() != closing {
            if self.scan.here() != b',' {
                return self.no_separator(closing);
            }
            self.scan.at += 1;
            self.scan.key_allowed = true;
            self.seek_flow_token()?;
        }
        if self.scan.here() == closing {
            self.scan.at += 1;
            self.scan.flow -= 1;
            self.scan.key_allowed = false;
            return self.close(Some(self.scan.at as u32));
        }
        self.expect(Next::Separator);
        self.flow_entry(level.form)
    }

    fn flow_entry(&mut self, form: Form) -> Outcome<()> {
        let start = self.start(self.scan.indent);
        if self.scan.here() == b'?' {
            self.scan.at += 1;
            self.scan.key_allowed = false;
            if form == Form::FlowSequence {
                self.open(Form::FlowPair, start.column, Properties::default())?;
            }
            self.expect(Next::Colon);
            self.seek_flow_token()?;
            return match self.scan.here() {
                b':' | b',' | b']' | b'}' => self.empty(self.scan.at, Properties::default()),
                _ => self.flow_node(None),
            };
        }
        self.keyless &= self.scan.flow > 1;
        self.flow_node(Some(start))
    }

    /// The value of a key that was written with `?`.
    fn flow_colon(&mut self, form: Form) -> Outcome<()> {
        self.expect(match form {
            Form::FlowPair => Next::Entry,
            _ => Next::Separator,
        });
        if self.scan.here() != b':' {
            return self.empty(self.scan.at, Properties::default());
        }
        self.scan.at += 1;
        self.scan.key_allowed = false;
        self.flow_value()
    }

    fn flow_value(&mut self) -> Outcome<()> {
        self.seek_flow_token()?;
        match self.scan.here() {
            b',' | b']' | b'}' => self.empty(self.scan.at, Properties::default()),
            _ => self.flow_node(None),
        }
    }

    /// A value in brackets; with a `key` it may be a key without `?`.
    fn flow_node(&mut self, key: Option<Start>) -> Outcome<()> {
        let mut properties = Properties::default();
        while matches!(self.scan.here(), b'&' | b'!') {
            if !self.property(&mut properties)? {
                return two_kinds(self.scan.character(self.scan.at));
            }
            self.seek_flow_token()?;
        }
        let here = self.scan.here();
        let scalar = match here {
            b'*' if properties.is_empty() => {
                let (name, span) = self.scan.name()?;
                if self.begins_pair(key, true)? {
                    self.out.alias(name, span)?;
                    return self.flow_value();
                }
                self.out.alias(name, span)?;
                return self.end_key();
            }
            b'[' | b'{' => return self.open_flow(properties),
            b'\'' | b'"' => self.scan.quoted()?,
            _ if self.scan.at_plain() => self.scan.plain()?,
            _ if properties.is_empty() => return Err(self.scan.cannot_start()),
            _ => {
                let end = self.scan.at;
                let begins_pair = self.begins_pair(key, true)?;
                self.empty(end, properties)?;
                return if begins_pair {
                    self.flow_value()
                } else {
                    self.end_key()
                };
            }
        };
        if self.begins_pair(key, scalar.one_line)? {
            self.scalar(&scalar, properties)?;
            return self.flow_value();
        }
        self.scalar(&scalar, properties)?;
        self.end_key()
    }

    /// Whether a colon follows what may be a key; opens the mapping of one entry in a sequence.
    fn begins_pair(&mut self, key: Option<Start>, one_line: bool) -> Outcome<bool> {
        let Some(start) = key else { return Ok(false) };
        if !one_line || !self.scan.colon_follows(start.mark)? {
            return Ok(false);
        }
        let in_sequence = self.levels.last().map(|level| level.form) == Some(Form::FlowSequence);
        if in_sequence {
            self.open_at(Form::FlowPair, start, Properties::default())?;
        }
        Ok(true)
    }

    /// A key without a colon has no value.
    fn end_key(&mut self) -> Outcome<()> {
        let waits = self.levels.last().map(|level| level.next) == Some(Next::Separator);
        if waits && self.out.wants_value() {
            return self.empty(self.scan.at, Properties::default());
        }
        Ok(())
    }

    /// Goes to the next token, which has to belong to the document.
    fn seek_flow_token(&mut self) -> Outcome<()> {
        self.scan.seek_token();
        if self.scan.token_column() >= 0 {
            return Ok(());
        }
        let open = self.out.open_place().unwrap_or_default();
        fault(open, "this bracket is never closed")
    }

    fn no_separator(&self, closing: u8) -> Outcome<()> {
        let here = self.scan.character(self.scan.at);
        let fault_of =
            |message: &str| Err(Box::new(Fault::new(here, message).help("quote the text")));
        match self.scan.here() {
            b'?' => fault_of("kubectl reads no `?` in unquoted text inside brackets"),
            b':' => fault_of("this `:` follows no key"),
            _ if closing == b']' => fault(here, "`,` or `]` should stand here"),
            _ => fault(here, "`,` or `}` should stand here"),
        }
    }
}
