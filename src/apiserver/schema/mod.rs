//! Schemas as one flat table: what types there are, which kinds are served in which minor.
//!
//! The built-in table is `schemas/kubernetes.bin`; custom resources compile into a table of
//! the same shape at run time (`compile`). Reading needs no parsing: offsets, hints and binary
//! search.
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
//!   struct   tag, name, type of other keys, number of fields, fields sorted by name:
//!            name, type, minors | minors in which it is required << 16, Go type | nullable << 31;
//!            then a byte for each, `hint_of` its name, up to a whole word; then the number of
//!            those that any minor requires, and which these are
//!   list     tag | uniqueness << 8 | number of keys << 16, type of items, each key and its default
//!   enum     tag | number of values << 16, the type that values have, then the values
//! ```

pub mod compile;
mod lifecycle;
mod parts;
pub mod write;

use std::borrow::Cow;
use std::cmp::Ordering;
use std::ops::Range;

use crate::minor::{Minor, Minors};
use crate::text::Sought;

pub use lifecycle::{Gvk, Lifecycle};
pub use parts::{Enum, Field, ItemKey, List, Struct, Unique};

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

    /// Whether objects of a kind live in namespaces, if any minor serves it.
    pub fn is_namespaced(&self, group: &str, version: &str, kind: &str) -> Option<bool> {
        let mut kinds = self.kinds(group, version, kind);
        kinds.next().map(|kind| kind.namespaced)
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

    /// So many pieces of N bytes from there on.
    #[inline]
    fn rows_at<const N: usize>(&self, at: u32, count: u32) -> &[[u8; N]] {
        let bytes = self.bytes.get(at as usize..).unwrap_or_default();
        let rows = bytes.as_chunks().0;
        rows.get(..count as usize).unwrap_or_default()
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
                fields: table.rows_at(at + 16, table.word(at + 12)),
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

#[cfg(test)]
mod tests;
