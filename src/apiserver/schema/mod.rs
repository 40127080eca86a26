//! Schemas as one flat table: what types there are, which kinds are served in which minor.
//!
//! The built-in table is `schemas/kubernetes.bin`; custom resources compile into a table of
//! the same shape at run time (`compile`). Reading needs no parsing: offsets and binary search.
//! Not here: how values are checked against a type (`apiserver::decode`).
//!
//! The shape (all words are 32 bits, little endian; a text is its offset):
//!
//! ```text
//! header   magic, kinds, number of kinds, lives, number of lives, type of ObjectMeta
//! text     length (16 bits), bytes
//! kind     group, version, kind, type, minors | flags << 16          sorted by the three texts
//! life     group, version, kind, minors | deprecated << 16 | removed << 24, then the group,
//!          version and kind of the replacement                       sorted likewise
//! type     a number below `FIRST_OFFSET` is a scalar; above, the offset of one of
//!   struct   tag | flags << 8, name, type of other keys, number of fields, fields sorted by name:
//!            name, type, minors | minors in which it is required << 16, Go type | nullable << 31
//!   list     tag | uniqueness << 8 | number of keys << 16, type of items, each key and its default
//!   enum     tag | number of values << 16, the type that values have, then the values
//! ```

pub mod compile;
mod lifecycle;
pub mod write;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use crate::minor::{Minor, Minors};
use crate::text::Sought;

pub use lifecycle::{Gvk, Lifecycle};

/// Types and kinds in their flat form.
#[derive(Debug)]
pub struct Table {
    bytes: Cow<'static, [u8]>,
}

static BUILTIN: Table = Table {
    bytes: Cow::Borrowed(include_bytes!(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/schemas/kubernetes.bin"
    ))),
};

/// A type in its table. Cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Type<'a> {
    table: &'a Table,
    at: u32,
}

/// What a type is.
#[derive(Clone, Copy, Debug)]
pub enum Shape<'a> {
    /// A value that the decoder itself reads.
    Scalar(Scalar),
    /// A mapping with known fields, other keys, or both.
    Struct(Struct<'a>),
    /// A sequence.
    List(List<'a>),
    /// One of some texts.
    Enum(Enum<'a>),
}

/// Types without parts. The numbers are those of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Scalar {
    /// Nothing: as the type of other keys it means that there are none.
    Never = 0,
    /// Anything.
    Any = 1,
    /// Text.
    String = 2,
    /// `true` or `false`.
    Bool = 3,
    /// A whole number of 32 bits.
    Int32 = 4,
    /// A whole number of 64 bits.
    Int64 = 5,
    /// Any number.
    Float = 6,
    /// A whole number or text (`intstr.IntOrString`).
    IntOrString = 7,
    /// An amount such as `500m` (`resource.Quantity`).
    Quantity = 8,
    /// RFC 3339 (`metav1.Time`).
    Time = 9,
    /// RFC 3339 with six fractional digits (`metav1.MicroTime`).
    MicroTime = 10,
    /// Base64 (`[]byte`).
    Bytes = 11,
    /// The metadata of any object (`metav1.ObjectMeta`), to be looked up in the built-in table.
    Meta = 12,
    /// Any number or text.
    NumberOrString = 13,
    /// An enumeration whose values aren't all texts: they are compared by their text.
    Literal = 14,
}

/// Offsets start here, so that smaller numbers can be scalars.
pub(crate) const FIRST_OFFSET: u32 = 24;
pub(crate) const MAGIC: u32 = 0x3176_626b;
pub(crate) const TAG_STRUCT: u32 = 1;
pub(crate) const TAG_LIST: u32 = 2;
pub(crate) const TAG_ENUM: u32 = 3;
pub(crate) const FLAG_REQUIRED: u32 = 1;
pub(crate) const FLAG_NAMESPACED: u32 = 1;
pub(crate) const FLAG_CUSTOM: u32 = 2;
pub(crate) const NULLABLE: u32 = 1 << 31;

impl Table {
    /// What Kubernetes itself serves, in all supported minors.
    pub fn builtin() -> &'static Table {
        &BUILTIN
    }

    /// A table that `write::Writer` made.
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        Self {
            bytes: Cow::Owned(bytes),
        }
    }

    /// The kind under this name that is served in `minor`.
    pub fn kind(
        &self,
        minor: Minor,
        group: &str,
        version: &str,
        kind: &str,
    ) -> Option<ObjectKind<'_>> {
        self.kinds(group, version, kind)
            .find(|found| found.minors.contains(minor))
    }

    /// All definitions of a kind: definitions of custom resources may be in sight more than once.
    pub fn definitions<'a>(
        &'a self,
        minor: Minor,
        group: &str,
        version: &str,
        kind: &str,
    ) -> impl Iterator<Item = ObjectKind<'a>> + use<'a> {
        self.kinds(group, version, kind)
            .filter(move |found| found.minors.contains(minor))
    }

    /// The minors in which this kind is served.
    pub fn minors(&self, group: &str, version: &str, kind: &str) -> Minors {
        self.kinds(group, version, kind)
            .fold(Minors::default(), |all, kind| all.with(kind.minors))
    }

    /// Whether any kind, in any minor, belongs to this group, or did once.
    pub fn has_group(&self, group: &str) -> bool {
        let has = |list| !self.rows(list, [group]).is_empty();
        has(KINDS) || has(LIVES)
    }

    /// All kinds, by group, version and name.
    pub fn all_kinds(&self) -> impl Iterator<Item = ObjectKind<'_>> {
        (0..self.word(8)).map(|i| self.kind_at(i))
    }

    /// The type of `metadata`.
    pub fn object_meta(&self) -> Type<'_> {
        self.type_at(self.word(20))
    }

    /// The kinds of this name, one for each type that they have had.
    fn kinds<'a>(
        &'a self,
        group: &str,
        version: &str,
        kind: &str,
    ) -> impl Iterator<Item = ObjectKind<'a>> + use<'a> {
        let rows = self.rows(KINDS, [group, version, kind]);
        rows.map(|i| self.kind_at(i))
    }

    /// The rows of a list whose first texts are these.
    fn rows<const N: usize>(&self, list: Rows, texts: [&str; N]) -> Range<u32> {
        let sought = texts.map(Sought::new);
        let order = |i| self.compare(&sought, self.row(list, i));
        let len = self.word(list.header + 4);
        let (mut first, mut high) = (0, len);
        while first < high {
            let middle = first + (high - first) / 2;
            match order(middle) {
                Ordering::Greater => first = middle + 1,
                _ => high = middle,
            }
        }
        // A name has one row for each type that it has had, a group a few dozen.
        let same = (first..len).take_while(|i| order(*i) == Ordering::Equal);
        first..first + same.count() as u32
    }

    /// Where a row starts.
    #[inline]
    fn row(&self, list: Rows, i: u32) -> u32 {
        let start = self.word(list.header);
        start.wrapping_add(i.wrapping_mul(list.size))
    }

    fn compare(&self, sought: &[Sought<'_>], row: u32) -> Ordering {
        let mut at = row;
        for text in sought {
            let order = text.compare(self.raw_text(self.word(at)));
            if order != Ordering::Equal {
                return order;
            }
            at = at.wrapping_add(4);
        }
        Ordering::Equal
    }

    fn kind_at(&self, i: u32) -> ObjectKind<'_> {
        let at = self.row(KINDS, i);
        let marks = self.word(at + 16);
        ObjectKind {
            root: self.type_at(self.word(at + 12)),
            namespaced: marks >> 16 & FLAG_NAMESPACED != 0,
            custom: marks >> 16 & FLAG_CUSTOM != 0,
            minors: minors(marks),
            at,
        }
    }

    fn type_at(&self, at: u32) -> Type<'_> {
        Type { table: self, at }
    }

    #[inline]
    fn word(&self, at: u32) -> u32 {
        let at = at as usize;
        let word = self.bytes.get(at..at.wrapping_add(4));
        word.and_then(|word| word.try_into().ok())
            .map_or(0, u32::from_le_bytes)
    }

    #[inline]
    fn raw_text(&self, at: u32) -> &[u8] {
        let at = at as usize;
        let Some(&[low, high]) = self.bytes.get(at..at.wrapping_add(2)) else {
            return &[];
        };
        let len = usize::from(u16::from_le_bytes([low, high]));
        self.bytes.get(at + 2..at + 2 + len).unwrap_or_default()
    }

    #[inline]
    fn text(&self, at: u32) -> &str {
        std::str::from_utf8(self.raw_text(at)).unwrap_or_default()
    }
}

/// A list of rows that start with group, version and kind, sorted by them: where the header has
/// its offset, before its length, and the size of a row.
#[derive(Clone, Copy)]
struct Rows {
    header: u32,
    size: u32,
}

const KINDS: Rows = Rows {
    header: 4,
    size: 20,
};
const LIVES: Rows = Rows {
    header: 12,
    size: 28,
};

fn minors(bits: u32) -> Minors {
    Minor::all().filter(|m| bits & bit(*m) != 0).collect()
}

/// The bit of a minor in the table's sets of minors.
fn bit(minor: Minor) -> u32 {
    1 << minor.index()
}

/// A kind of object and the type of its manifests.
#[derive(Clone, Copy, Debug)]
pub struct ObjectKind<'a> {
    /// The type of the whole object.
    pub root: Type<'a>,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it is a custom resource: then its schema is enforced by the server as it stands.
    pub custom: bool,
    /// The minors in which it is served with this type.
    pub minors: Minors,
    at: u32,
}

impl<'a> ObjectKind<'a> {
    /// The group; empty for the core group.
    pub fn group(&self) -> &'a str {
        self.part(0)
    }

    /// The version, `v1`.
    pub fn version(&self) -> &'a str {
        self.part(1)
    }

    /// The name, `Deployment`.
    #[inline]
    pub fn name(&self) -> &'a str {
        self.part(2)
    }

    fn part(&self, i: u32) -> &'a str {
        let table = self.root.table;
        table.text(table.word(self.at + i * 4))
    }
}

impl<'a> Type<'a> {
    /// What it is.
    #[inline]
    pub fn shape(self) -> Shape<'a> {
        if self.at < FIRST_OFFSET {
            return Shape::Scalar(Scalar::of(self.at));
        }
        let Type { table, at } = self;
        let head = table.word(at);
        match head & 0xff {
            TAG_STRUCT => Shape::Struct(Struct {
                table,
                at,
                len: table.word(at + 12),
            }),
            TAG_LIST => Shape::List(List { table, at, head }),
            TAG_ENUM => Shape::Enum(Enum { table, at, head }),
            _ => Shape::Scalar(Scalar::Any),
        }
    }

    /// Whether this is that scalar.
    pub fn is(self, scalar: Scalar) -> bool {
        self.at == scalar as u32
    }
}

impl Scalar {
    #[inline]
    fn of(number: u32) -> Self {
        const ALL: [Scalar; 15] = [
            Scalar::Never,
            Scalar::Any,
            Scalar::String,
            Scalar::Bool,
            Scalar::Int32,
            Scalar::Int64,
            Scalar::Float,
            Scalar::IntOrString,
            Scalar::Quantity,
            Scalar::Time,
            Scalar::MicroTime,
            Scalar::Bytes,
            Scalar::Meta,
            Scalar::NumberOrString,
            Scalar::Literal,
        ];
        ALL.get(number as usize).copied().unwrap_or(Scalar::Any)
    }
}

/// A mapping.
#[derive(Clone, Copy, Debug)]
pub struct Struct<'a> {
    table: &'a Table,
    at: u32,
    len: u32,
}

const FIELD_SIZE: u32 = 16;

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
        self.len == 0 && !self.rest().is(Scalar::Never)
    }

    /// The field of this name, if it exists in `minor`.
    pub fn field(self, minor: Minor, name: &str) -> Option<Field<'a>> {
        self.named(name).find(|field| field.exists(minor))
    }

    /// The fields of this name: one for each type that it has had.
    pub fn named(self, name: &str) -> impl Iterator<Item = Field<'a>> {
        let sought = Sought::new(name);
        let order = move |i| sought.compare(self.raw_name(i));
        let (mut low, mut high) = (0, self.len);
        while low < high {
            let middle = low + (high - low) / 2;
            match order(middle) {
                Ordering::Greater => low = middle + 1,
                _ => high = middle,
            }
        }
        (low..self.len)
            .take_while(move |i| order(*i) == Ordering::Equal)
            .map(move |i| self.field_at(i))
    }

    /// All fields of all minors, by name.
    pub fn fields(self) -> impl Iterator<Item = Field<'a>> {
        (0..self.len).map(move |i| self.field_at(i))
    }

    /// Whether any field is required in any minor.
    pub fn requires(self) -> bool {
        self.table.word(self.at) >> 8 & FLAG_REQUIRED != 0
    }

    #[inline]
    fn raw_name(self, i: u32) -> &'a [u8] {
        self.table.raw_text(self.table.word(self.field_at(i).at))
    }

    #[inline]
    fn field_at(self, i: u32) -> Field<'a> {
        Field {
            table: self.table,
            at: self
                .at
                .wrapping_add(16)
                .wrapping_add(i.wrapping_mul(FIELD_SIZE)),
        }
    }
}

/// A field of a mapping.
#[derive(Clone, Copy, Debug)]
pub struct Field<'a> {
    table: &'a Table,
    at: u32,
}

impl<'a> Field<'a> {
    /// Its name in manifests.
    #[inline]
    pub fn name(self) -> &'a str {
        self.table.text(self.table.word(self.at))
    }

    /// The type of its value.
    #[inline]
    pub fn of(self) -> Type<'a> {
        self.table.type_at(self.table.word(self.at + 4))
    }

    /// Whether it exists, with this type, in `minor`.
    #[inline]
    pub fn exists(self, minor: Minor) -> bool {
        self.table.word(self.at + 8) & bit(minor) != 0
    }

    /// The minors in which it exists with this type.
    pub fn minors(self) -> Minors {
        minors(self.table.word(self.at + 8))
    }

    /// Whether its OpenAPI calls it required in `minor`.
    #[inline]
    pub fn required(self, minor: Minor) -> bool {
        self.table.word(self.at + 8) >> 16 & bit(minor) != 0
    }

    /// Whether `null` is a value of its own (`nullable`) and not the same as absent.
    pub fn nullable(self) -> bool {
        self.table.word(self.at + 12) & NULLABLE != 0
    }

    /// The inlined Go struct that declares it, where the decoder's messages name that, and its
    /// type as Go's reflection prints it; empty where that isn't known.
    pub fn go_type(self) -> (Option<&'a str>, &'a str) {
        let text = self.table.text(self.table.word(self.at + 12) & !NULLABLE);
        match text.split_once('|') {
            Some((inlined, go_type)) => (Some(inlined), go_type),
            None => (None, text),
        }
    }
}

/// A sequence.
#[derive(Clone, Copy, Debug)]
pub struct List<'a> {
    table: &'a Table,
    at: u32,
    head: u32,
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
            2 => Unique::Keys,
            _ => Unique::No,
        }
    }

    /// Names and defaults of the keys that together are unique.
    pub fn keys(self) -> impl Iterator<Item = (&'a str, &'a str)> + Clone {
        let text = move |at| self.table.text(self.table.word(at));
        (0..self.head >> 16).map(move |i| {
            let at = self.at + 8 + i * 8;
            (text(at), text(at + 4))
        })
    }
}

/// One of some texts.
#[derive(Clone, Copy, Debug)]
pub struct Enum<'a> {
    table: &'a Table,
    at: u32,
    head: u32,
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

#[cfg(test)]
mod tests;
