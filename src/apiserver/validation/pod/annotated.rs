//! Tolerations in an annotation, as Pods had them before they had the field.
//!
//! Mirrors `ValidateTolerationsInPodAnnotations` of `pkg/apis/core/validation/validation.go` and
//! `GetTolerationsFromPodAnnotations` of `pkg/apis/core/helper/helpers.go`. The annotation is
//! JSON; what Go's `encoding/json` says of texts that aren't is told here, too (`scanner.go` and
//! `decode.go` there).

use std::borrow::Cow;

use super::PodOptions;
use super::scheduling::{Toleration, validate_annotated_toleration};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::finding::Step;

/// `TolerationsAnnotationKey`.
const ANNOTATION: &str = "scheduler.alpha.kubernetes.io/tolerations";
/// Where reading gives up; Go does at ten thousand.
const DEPTH_MAX: usize = 200;

/// `ValidateTolerationsInPodAnnotations`.
pub fn validate_tolerations_in_pod_annotations(
    v: &mut Validation,
    annotations: &Field<'_, '_>,
    options: &PodOptions,
) {
    let annotation = annotations.entry(ANNOTATION);
    if annotation.text().is_empty() {
        return;
    }
    match tolerations(annotation.text()) {
        Err(fault) => {
            v.invalid("TPL-04", annotations, fault);
        }
        Ok(tolerations) => {
            let list = annotations.child(Step::Key(ANNOTATION), annotation.value());
            for (i, toleration) in tolerations.iter().enumerate() {
                let field = list.child(Step::Index(i), annotation.value());
                validate_annotated_toleration(v, toleration, &field, options);
            }
        }
    }
}

/// `GetTolerationsFromPodAnnotations`; the error is Go's.
fn tolerations(text: &str) -> Result<Vec<Toleration<'static>>, String> {
    let items = match read(text)? {
        Json::Null => return Ok(Vec::new()),
        Json::List(items) => items,
        other => return Err(mismatch(other.kind(), "value", "[]core.Toleration")),
    };
    let mut fault = None;
    let tolerations = items.into_iter().map(|item| match item {
        Json::Null => Toleration::default(),
        Json::Object(fields) => toleration(fields, &mut fault),
        other => {
            let words = mismatch(other.kind(), "value", "core.Toleration");
            fault.get_or_insert(words);
            Toleration::default()
        }
    });
    let tolerations = tolerations.collect();
    fault.map_or(Ok(tolerations), Err)
}

/// A toleration of an object; the names of Go's fields count, in any case.
fn toleration(fields: Vec<(String, Json)>, fault: &mut Option<String>) -> Toleration<'static> {
    let mut toleration = Toleration::default();
    for (name, value) in fields {
        let (place, field, go_type) = match name.to_lowercase().as_str() {
            "key" => (&mut toleration.key, "Key", "string"),
            "operator" => (
                &mut toleration.operator,
                "Operator",
                "core.TolerationOperator",
            ),
            "value" => (&mut toleration.value, "Value", "string"),
            "effect" => (&mut toleration.effect, "Effect", "core.TaintEffect"),
            "tolerationseconds" => {
                let words = seconds(&value, &mut toleration.has_seconds);
                *fault = fault.take().or(words);
                continue;
            }
            _ => continue,
        };
        match value {
            Json::Text(text) => *place = Cow::from(text),
            Json::Null => {}
            other => {
                let field = format!("struct field Toleration.{field}");
                fault.get_or_insert(mismatch(other.kind(), &field, go_type));
            }
        }
    }
    toleration
}

/// What is wrong with a number of seconds.
fn seconds(value: &Json, has_seconds: &mut bool) -> Option<String> {
    let kind = match value {
        Json::Null => {
            *has_seconds = false;
            return None;
        }
        Json::Number(number) if number.parse::<i64>().is_ok() => {
            *has_seconds = true;
            return None;
        }
        Json::Number(number) => format!("number {number}"),
        other => other.kind().to_owned(),
    };
    let field = "struct field Toleration.TolerationSeconds";
    Some(mismatch(&kind, field, "int64"))
}

fn mismatch(kind: &str, place: &str, go_type: &str) -> String {
    format!("json: cannot unmarshal {kind} into Go {place} of type {go_type}")
}

/// A value of JSON.
enum Json {
    Null,
    Bool,
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

impl Json {
    /// As Go calls it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "bool",
            Self::Number(_) => "number",
            Self::Text(_) => "string",
            Self::List(_) => "array",
            Self::Object(_) => "object",
        }
    }
}

/// Reads a text that holds one value; the error is that of Go's scanner.
fn read(text: &str) -> Result<Json, String> {
    let mut reader = Reader { text, at: 0 };
    let value = reader.value(0)?;
    reader.skip_space();
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.unexpected("after top-level value")),
    }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Json, String> {
        self.skip_space();
        match self.peek() {
            Some(b'{' | b'[') if depth > DEPTH_MAX => Err("exceeded max depth".to_owned()),
            Some(b'{') => self.object(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => self.string().map(Json::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal("true", Json::Bool),
            Some(b'f') => self.literal("false", Json::Bool),
            Some(b'n') => self.literal("null", Json::Null),
            _ => Err(self.unexpected("looking for beginning of value")),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut items = Vec::new();
        self.skip_space();
        if self.take(b']') {
            return Ok(Json::List(items));
        }
        loop {
            items.push(self.value(depth + 1)?);
            self.skip_space();
            if self.take(b']') {
                return Ok(Json::List(items));
            }
            if !self.take(b',') {
                return Err(self.unexpected("after array element"));
            }
        }
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.at += 1;
        let mut fields = Vec::new();
        self.skip_space();
        if self.take(b'}') {
            return Ok(Json::Object(fields));
        }
        loop {
            self.skip_space();
            if self.peek() != Some(b'"') {
                return Err(self.unexpected("looking for beginning of object key string"));
            }
            let name = self.string()?;
            self.skip_space();
            if !self.take(b':') {
                return Err(self.unexpected("after object key"));
            }
            fields.push((name, self.value(depth + 1)?));
            self.skip_space();
            if self.take(b'}') {
                return Ok(Json::Object(fields));
            }
            if !self.take(b',') {
                return Err(self.unexpected("after object key:value pair"));
            }
        }
    }

    /// A string, with what escapes mean but for surrogates, which no toleration may hold.
    fn string(&mut self) -> Result<String, String> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let end = rest
                .find(|c: char| matches!(c, '"' | '\\') || c < ' ')
                .unwrap_or(rest.len());
            text.push_str(rest.get(..end).unwrap_or_default());
            self.at += end;
            if self.take(b'"') {
                return Ok(text);
            }
            if !self.take(b'\\') {
                return Err(self.unexpected("in string literal"));
            }
            text.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let escaped = match self.peek() {
            Some(c @ (b'"' | b'\\' | b'/')) => char::from(c),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                return self.hexadecimal();
            }
            _ => return Err(self.unexpected_in_token("in string escape code")),
        };
        self.at += 1;
        Ok(escaped)
    }

    fn hexadecimal(&mut self) -> Result<char, String> {
        let mut code = 0;
        for _ in 0..4 {
            let digit = self.peek().and_then(|b| char::from(b).to_digit(16));
            let Some(digit) = digit else {
                return Err(self.unexpected_in_token("in \\u hexadecimal character escape"));
            };
            code = code * 16 + digit;
            self.at += 1;
        }
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.at;
        self.take(b'-');
        if !self.take(b'0') {
            self.digits("in numeric literal")?;
        }
        if self.take(b'.') {
            self.digits("after decimal point in numeric literal")?;
        }
        if self.take(b'e') || self.take(b'E') {
            let _ = self.take(b'+') || self.take(b'-');
            self.digits("in exponent of numeric literal")?;
        }
        let number = self.text.get(start..self.at).unwrap_or_default();
        Ok(Json::Number(number.to_owned()))
    }

    /// At least one digit.
    fn digits(&mut self, context: &str) -> Result<(), String> {
        if !self.peek().is_some_and(|b| b.is_ascii_digit()) {
            return Err(self.unexpected_in_token(context));
        }
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self, name: &str, value: Json) -> Result<Json, String> {
        for expected in name.bytes() {
            if !self.take(expected) {
                let expected = char::from(expected);
                let context = format!("in literal {name} (expecting '{expected}')");
                return Err(self.unexpected_in_token(&context));
            }
        }
        Ok(value)
    }

    fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// The byte at hand, where a token could begin or a string go on.
    fn unexpected(&self, context: &str) -> String {
        match self.peek() {
            Some(byte) => Self::invalid_character(byte, context),
            None => "unexpected end of JSON input".to_owned(),
        }
    }

    /// The byte at hand within a token: Go tries a blank at the end.
    fn unexpected_in_token(&self, context: &str) -> String {
        Self::invalid_character(self.peek().unwrap_or(b' '), context)
    }

    /// A byte in Go's words: as if it were a character of Latin 1.
    fn invalid_character(byte: u8, context: &str) -> String {
        let quoted = match byte {
            b'\'' => "\\'".to_owned(),
            b'\\' => "\\\\".to_owned(),
            0x07 => "\\a".to_owned(),
            0x08 => "\\b".to_owned(),
            b'\t' => "\\t".to_owned(),
            b'\n' => "\\n".to_owned(),
            0x0b => "\\v".to_owned(),
            0x0c => "\\f".to_owned(),
            b'\r' => "\\r".to_owned(),
            0..0x20 | 0x7f => format!("\\x{byte:02x}"),
            0x80..=0xa0 | 0xad => format!("\\u{byte:04x}"),
            _ => char::from(byte).to_string(),
        };
        format!("invalid character '{quoted}' {context}")
    }
}
