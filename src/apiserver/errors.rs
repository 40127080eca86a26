//! What validation finds: errors and warnings in the server's words.
//!
//! Mirrors `field.Error` and its constructors (apimachinery `pkg/util/validation/field/errors.go`).
//! Each error names its row: what is checked, by a name that `e2e/parity/rows.tsv` counts by.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashSet};

use super::effective::Spot;
use super::field::Field;
use super::gates::Gates;
use crate::finding::{Step, render_path};

/// The type of an error: `details.causes[].reason` in the server's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// `FieldValueRequired`.
    Required,
    /// `FieldValueInvalid`.
    Invalid,
    /// `FieldValueForbidden`.
    Forbidden,
    /// `FieldValueNotSupported`.
    NotSupported,
    /// `FieldValueDuplicate`.
    Duplicate,
    /// `FieldValueNotFound`.
    NotFound,
    /// `FieldValueTooLong`.
    TooLong,
    /// `FieldValueTooMany`.
    TooMany,
    /// `FieldValueTypeInvalid`.
    TypeInvalid,
    /// `InternalError`.
    Internal,
}

impl Reason {
    /// All of them.
    pub const ALL: [Reason; 10] = [
        Self::Required,
        Self::Invalid,
        Self::Forbidden,
        Self::NotSupported,
        Self::Duplicate,
        Self::NotFound,
        Self::TooLong,
        Self::TooMany,
        Self::TypeInvalid,
        Self::Internal,
    ];

    /// As the server's answer has it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Required => "FieldValueRequired",
            Self::Invalid => "FieldValueInvalid",
            Self::Forbidden => "FieldValueForbidden",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Duplicate => "FieldValueDuplicate",
            Self::NotFound => "FieldValueNotFound",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::TypeInvalid => "FieldValueTypeInvalid",
            Self::Internal => "InternalError",
        }
    }
}

/// One fault that validation finds.
#[derive(Clone, Debug)]
pub struct Error {
    /// The row of what is checked: `DEP-01`.
    pub row: &'static str,
    /// Its type.
    pub reason: Reason,
    /// The field as the server names it.
    pub field: String,
    /// The server's words after the field and the value.
    pub detail: Cow<'static, str>,
    /// The value that is wrong, where several values are judged under the path of one field.
    pub value: String,
    /// The field or its nearest ancestor that is set.
    pub spot: Option<Spot>,
    /// Keys from `spot` to the field, where the field itself isn't set.
    pub missing: Vec<String>,
    /// Other fields that the fault depends on, with what they are.
    pub related: Vec<(Spot, &'static str)>,
}

/// One warning that comes with the server's answer.
#[derive(Clone, Debug)]
pub struct Warning {
    /// The row of what is checked: `WRN-25`.
    pub row: &'static str,
    /// The text of the `Warning` header, as kubectl prints it.
    pub text: String,
    /// The field that it is about or its nearest ancestor that is set.
    pub spot: Option<Spot>,
}

/// What is told of the faults of one object may take so many bytes at each stage: some thousand
/// faults. The server tells all; nobody reads as much, and an object that holds nothing but faults
/// would take a thousand times its length.
const TOLD_MAX: usize = 1 << 20;

/// The most warnings of one object that are told: pairs among many ports or paths would otherwise
/// fill the memory. Upstream has no such limit.
const WARNINGS_MAX: usize = 1000;

/// What may still be told of an object.
#[derive(Debug)]
pub struct Room {
    left: usize,
    /// Something found no room.
    pub is_over: bool,
}

impl Default for Room {
    fn default() -> Self {
        Self {
            left: TOLD_MAX,
            is_over: false,
        }
    }
}

impl Room {
    /// Whether there is room left; what takes more than that is still told.
    pub fn take(&mut self, bytes: usize) -> bool {
        let fits = self.left > 0;
        self.left = self.left.saturating_sub(bytes);
        self.is_over |= !fits;
        fits
    }
}

/// A validation under way: what it found so far, and what it may ask.
#[derive(Debug)]
pub struct Validation {
    /// What the minor has.
    pub gates: Gates,
    /// The faults so far, in the server's order.
    pub errors: Vec<Error>,
    room: Room,
    /// The last fault that found no room.
    beyond: Option<Error>,
    /// The warnings so far, in the server's order.
    pub warnings: Vec<Warning>,
    /// The texts of `warnings`.
    warned: HashSet<String>,
    warns_more: bool,
}

impl Validation {
    /// A validation that has found nothing yet.
    pub fn new(gates: Gates) -> Self {
        Self {
            gates,
            errors: Vec::new(),
            room: Room::default(),
            beyond: None,
            warnings: Vec::new(),
            warned: HashSet::new(),
            warns_more: false,
        }
    }

    /// A fault that isn't among `errors`, as there was no room for all: there may be any other.
    pub fn beyond(&self) -> Option<&Error> {
        self.beyond.as_ref()
    }

    /// Whether there are more warnings than `warnings`: no point in looking for others.
    pub fn warns_more(&self) -> bool {
        self.warns_more
    }

    /// Takes faults out by their rows, and gives their room to those that come.
    pub fn take_out(&mut self, rows: &[&str]) -> Vec<Error> {
        let errors = std::mem::take(&mut self.errors).into_iter();
        let (taken, rest) = errors.partition(|error| rows.contains(&error.row));
        self.errors = rest;
        self.room = Room::default();
        for error in &self.errors {
            self.room.take(error.size());
        }
        taken
    }

    /// `field.Required`.
    pub fn required(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        detail: impl Into<Cow<'static, str>>,
    ) -> &mut Error {
        self.error(row, Reason::Required, field, detail)
    }

    /// `field.Invalid`.
    pub fn invalid(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        detail: impl Into<Cow<'static, str>>,
    ) -> &mut Error {
        self.error(row, Reason::Invalid, field, detail)
    }

    /// One `field.Invalid` for each message of a format check.
    pub fn invalid_each<M: Into<Cow<'static, str>>>(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        messages: impl IntoIterator<Item = M>,
    ) {
        for message in messages {
            self.invalid(row, field, message);
        }
    }

    /// `invalid_each` for one of the values that are judged under the path of one field.
    pub fn invalid_value<M: Into<Cow<'static, str>>>(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        value: &str,
        messages: impl IntoIterator<Item = M>,
    ) {
        for message in messages {
            self.invalid(row, field, message).value = value.to_owned();
        }
    }

    /// Keeps one of several errors that read alike, as the server does once it goes through them
    /// for those that declarative validation tells, too (`ErrorList.Filter`).
    pub fn merge_alike(&mut self) {
        let mut told = BTreeSet::new();
        self.errors.retain(|error| {
            let Error {
                field,
                detail,
                value,
                ..
            } = error;
            told.insert((error.reason, field.clone(), detail.clone(), value.clone()))
        });
    }

    /// `field.Forbidden`.
    pub fn forbidden(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        detail: impl Into<Cow<'static, str>>,
    ) -> &mut Error {
        self.error(row, Reason::Forbidden, field, detail)
    }

    /// `field.NotSupported`; the values in the order in which upstream lists them.
    pub fn not_supported(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        supported: &[&str],
    ) -> &mut Error {
        let quoted: Vec<String> = supported.iter().map(|v| format!("\"{v}\"")).collect();
        let detail = format!("supported values: {}", quoted.join(", "));
        self.error(row, Reason::NotSupported, field, detail)
    }

    /// `field.Duplicate`.
    pub fn duplicate(&mut self, row: &'static str, field: &Field<'_, '_>) -> &mut Error {
        self.error(row, Reason::Duplicate, field, "")
    }

    /// `field.NotFound`.
    pub fn not_found(&mut self, row: &'static str, field: &Field<'_, '_>) -> &mut Error {
        self.error(row, Reason::NotFound, field, "")
    }

    /// `field.TooLong`.
    pub fn too_long(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        bytes_max: usize,
    ) -> &mut Error {
        let unit = if bytes_max == 1 { "byte" } else { "bytes" };
        let detail = if self.gates.too_long_says_bytes {
            format!("may not be more than {bytes_max} {unit}")
        } else {
            format!("must have at most {bytes_max} {unit}")
        };
        self.error(row, Reason::TooLong, field, detail)
    }

    /// `field.TooLongMaxLength`, which later is `field.TooLong`.
    pub fn too_long_max_length(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        bytes_max: usize,
    ) -> &mut Error {
        if self.gates.too_long_says_bytes {
            return self.too_long(row, field, bytes_max);
        }
        let detail = format!("may not be longer than {bytes_max}");
        self.error(row, Reason::TooLong, field, detail)
    }

    /// `field.TooMany`.
    pub fn too_many(
        &mut self,
        row: &'static str,
        field: &Field<'_, '_>,
        items_max: usize,
    ) -> &mut Error {
        let unit = if items_max == 1 { "item" } else { "items" };
        let detail = format!("must have at most {items_max} {unit}");
        self.error(row, Reason::TooMany, field, detail)
    }

    /// An error of any type.
    pub fn error(
        &mut self,
        row: &'static str,
        reason: Reason,
        field: &Field<'_, '_>,
        detail: impl Into<Cow<'static, str>>,
    ) -> &mut Error {
        let steps = field.steps();
        let error = Error {
            row,
            reason,
            field: render_path(&steps),
            detail: detail.into(),
            value: String::new(),
            spot: field.spot(),
            missing: field.missing().into_iter().map(str::to_owned).collect(),
            related: Vec::new(),
        };
        match self.room.take(error.size()) {
            true => self.errors.push_mut(error),
            false => self.beyond.insert(error),
        }
    }

    /// A warning about a field; `text` begins with the path, where upstream's does. The server
    /// tells each text once.
    pub fn warn(&mut self, row: &'static str, field: &Field<'_, '_>, text: String) {
        if self.warned.contains(&text) {
            return;
        }
        if self.warnings.len() >= WARNINGS_MAX {
            self.warns_more = true;
            return;
        }
        self.warned.insert(text.clone());
        self.warnings.push(Warning {
            row,
            text,
            spot: field.spot(),
        });
    }
}

impl Error {
    /// About how much it takes, in bytes.
    fn size(&self) -> usize {
        size_of_val(self) + self.field.len() + self.detail.len()
    }

    /// Says which of several values under the path of one field is wrong.
    pub fn of(&mut self, value: &str) -> &mut Self {
        value.clone_into(&mut self.value);
        self
    }

    /// Names another field that the fault depends on: it is shown beside it, and what can't be
    /// known of it makes the fault undecided.
    pub fn with(&mut self, field: &Field<'_, '_>, what: &'static str) -> &mut Self {
        self.related.extend(field.spot().map(|spot| (spot, what)));
        self
    }
}

/// The path of a field as the server renders it.
pub fn path(field: &Field<'_, '_>) -> String {
    let steps: Vec<Step<'_>> = field.steps();
    render_path(&steps)
}
