//! What types are made of: fields, items, values.
//!
//! Not here: where a table holds them (`schema`).

use super::{NULLABLE, Scalar, Table, Type, bit, minors};
use crate::minor::{Minor, Minors};
use crate::text::{hint_of, same};

/// A mapping.
#[derive(Clone, Copy, Debug)]
pub struct Struct<'a> {
    pub(super) table: &'a Table,
    pub(super) at: u32,
    pub(super) fields: &'a [Row],
}

/// A field as the table holds it.
type Row = [u8; 16];

impl<'a> Struct<'a> {
    /// The name of the Go struct; empty for maps and in custom resources.
    #[inline]
    pub fn name(self) -> &'a str {
        self.table.text(self.table.word(self.at + 4))
    }

    /// The type of keys that are no fields; `Never` if there are no others.
    pub fn rest(self) -> Type<'a> {
        self.table.type_at(self.table.word(self.at + 8))
    }

    /// Whether it has no fields of its own: all keys are data.
    pub fn is_map(self) -> bool {
        self.fields.is_empty() && !self.rest().is(Scalar::Never)
    }

    /// The field of this name, if it exists in `minor`.
    pub fn field(self, minor: Minor, name: &str) -> Option<Field<'a>> {
        self.named(name).find(|field| field.exists(minor))
    }

    /// The fields of this name: one for each type that it has had.
    #[inline]
    pub fn named(self, name: &str) -> impl Iterator<Item = Field<'a>> {
        let first = self.first_named(name).unwrap_or(self.fields.len());
        let mut fields = self.fields_from(first);
        let first = fields.next();
        let others = fields.take_while(move |field| same(field.raw_name(), name));
        first.into_iter().chain(others)
    }

    fn first_named(self, name: &str) -> Option<usize> {
        // In a long list many names have one hint.
        const MANY: usize = 256;
        if self.fields.len() > MANY {
            let name_of = |row: &Row| self.table.raw_text(word(row, 0));
            let first = self
                .fields
                .partition_point(|row| name_of(row) < name.as_bytes());
            let found = self.fields.get(first)?;
            return same(name_of(found), name).then_some(first);
        }
        let (hint, hints) = (hint_of(name), self.hints());
        let mut from = 0;
        loop {
            let found = from + memchr::memchr(hint, hints.get(from..)?)?;
            let field = self.fields_from(found).next()?;
            if same(field.raw_name(), name) {
                return Some(found);
            }
            from = found + 1;
        }
    }

    /// All fields of all minors, by name.
    pub fn fields(self) -> impl Iterator<Item = Field<'a>> {
        self.fields_from(0)
    }

    /// The fields that are required in `minor`.
    pub fn required(self, minor: Minor) -> impl Iterator<Item = Field<'a>> {
        let numbers = self.hints_at() + (self.fields.len() as u32).next_multiple_of(4);
        let count = self.table.word(numbers);
        let numbers = self.table.rows_at(numbers + 4, count).iter();
        let fields = numbers.filter_map(move |number| {
            let number = u32::from_le_bytes(*number) as usize;
            self.fields_from(number).next()
        });
        fields.filter(move |field| field.is_required(minor))
    }

    fn fields_from(self, first: usize) -> impl Iterator<Item = Field<'a>> {
        let rows = self.fields.get(first..).unwrap_or_default().iter();
        rows.map(move |row| Field {
            table: self.table,
            row,
        })
    }

    /// A hint for each field, by which most are told apart without a look at their names.
    #[inline]
    fn hints(self) -> &'a [u8] {
        let count = self.fields.len() as u32;
        let hints: &[[u8; 1]] = self.table.rows_at(self.hints_at(), count);
        hints.as_flattened()
    }

    #[inline]
    fn hints_at(self) -> u32 {
        self.at + 16 + size_of_val(self.fields) as u32
    }
}

/// A field of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    table: &'a Table,
    row: &'a Row,
}

impl<'a> Field<'a> {
    /// Its name in manifests.
    #[inline]
    pub fn name(self) -> &'a str {
        self.table.text(word(self.row, 0))
    }

    /// The same, as bytes: to compare it with.
    #[inline]
    pub fn raw_name(self) -> &'a [u8] {
        self.table.raw_text(word(self.row, 0))
    }

    /// The type of its value.
    #[inline]
    pub fn of(self) -> Type<'a> {
        self.table.type_at(word(self.row, 1))
    }

    /// Whether it exists, with this type, in `minor`.
    #[inline]
    pub fn exists(self, minor: Minor) -> bool {
        word(self.row, 2) & bit(minor) != 0
    }

    /// The minors in which it exists with this type.
    pub fn minors(self) -> Minors {
        minors(word(self.row, 2))
    }

    /// Whether its OpenAPI calls it required in `minor`.
    #[inline]
    pub fn is_required(self, minor: Minor) -> bool {
        word(self.row, 2) >> 16 & bit(minor) != 0
    }

    /// Whether `null` is a value of its own (`nullable`) and not the same as absent.
    pub fn nullable(self) -> bool {
        word(self.row, 3) & NULLABLE != 0
    }

    /// The inlined Go struct that declares it, where the decoder's messages name that, and its
    /// type as Go's reflection prints it; empty where that isn't known.
    pub fn go_type(self) -> (Option<&'a str>, &'a str) {
        let text = self.table.text(word(self.row, 3) & !NULLABLE);
        match text.split_once('|') {
            Some((inlined, go_type)) => (Some(inlined), go_type),
            None => (None, text),
        }
    }
}

#[inline]
fn word(row: &Row, number: usize) -> u32 {
    let (words, _) = row.as_chunks();
    words
        .get(number)
        .map_or(0, |word| u32::from_le_bytes(*word))
}

/// A sequence.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    pub(super) table: &'a Table,
    pub(super) at: u32,
    pub(super) head: u32,
}

/// What may stand only once in a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Unique {
    /// Nothing.
    No = 0,
    /// A value (`x-kubernetes-list-type: set`).
    Items = 1,
    /// The values of some keys together (`x-kubernetes-list-type: map`).
    Keys = 2,
}

impl<'a> List<'a> {
    /// The type of its items.
    pub fn item(self) -> Type<'a> {
        self.table.type_at(self.table.word(self.at + 4))
    }

    /// What may stand only once.
    pub fn unique(self) -> Unique {
        match self.head >> 8 & 0xff {
            1 => Unique::Items,
            // Without keys no two items can be compared.
            2 if self.head >> 16 > 0 => Unique::Keys,
            _ => Unique::No,
        }
    }

    /// The keys that together are unique.
    pub fn keys(self) -> impl Iterator<Item = ItemKey<'a>> + Clone {
        let table = self.table;
        let at = move |i| self.at + 8 + i * 8;
        (0..self.head >> 16).map(move |i| ItemKey { table, at: at(i) })
    }
}

/// One of the keys by which the items of a list are told apart.
#[derive(Clone, Copy, Debug)]
pub struct ItemKey<'a> {
    table: &'a Table,
    at: u32,
}

impl<'a> ItemKey<'a> {
    /// Its name.
    pub fn name(self) -> &'a str {
        self.table.text(self.table.word(self.at))
    }

    /// The same, as bytes: to compare it with.
    #[inline]
    pub fn raw_name(self) -> &'a [u8] {
        self.table.raw_text(self.table.word(self.at))
    }

    /// The value that an item has without it.
    pub fn default(self) -> &'a str {
        self.table.text(self.table.word(self.at + 4))
    }
}

/// One of some texts.
#[derive(Clone, Copy, Debug)]
pub struct Enum<'a> {
    pub(super) table: &'a Table,
    pub(super) at: u32,
    pub(super) head: u32,
}

impl<'a> Enum<'a> {
    /// The type that its values have.
    pub fn base(self) -> Scalar {
        Scalar::of(self.table.word(self.at + 4))
    }

    /// The values, in the order of the schema.
    pub fn values(self) -> impl Iterator<Item = &'a str> + Clone {
        let text = move |at| self.table.text(self.table.word(at));
        (0..self.head >> 16).map(move |i| text(self.at + 8 + i * 4))
    }
}
