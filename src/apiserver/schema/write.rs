//! Writes tables: texts once, types with forward references, kinds sorted.
//!
//! Not here: where types come from (`compile`, `examples/compile_schemas.rs`).

use std::collections::HashMap;

use super::{
    FIRST_OFFSET, FLAG_CUSTOM, FLAG_NAMESPACED, MAGIC, NULLABLE, Scalar, TAG_ENUM, TAG_LIST,
    TAG_STRUCT, Table, Unique,
};
use crate::text::hint_of;

/// A type while a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ref {
    /// A type without parts.
    Scalar(Scalar),
    /// The type of this number, see `Writer::reserve`.
    Type(usize),
}

impl From<Scalar> for Ref {
    fn from(scalar: Scalar) -> Self {
        Self::Scalar(scalar)
    }
}

/// A type to be written.
#[derive(Clone, Debug)]
pub enum Def {
    /// A mapping.
    Struct {
        /// The name in Go, where there is one.
        name: String,
        /// Its fields, in any order.
        fields: Vec<FieldDef>,
        /// The type of other keys; `Scalar::Never` if there are none.
        rest: Ref,
    },
    /// A sequence.
    List {
        /// The type of its items.
        item: Ref,
        /// What may stand only once.
        unique: Unique,
        /// Names and defaults of the keys that are unique together.
        keys: Vec<(String, String)>,
    },
    /// One of some texts.
    Enum {
        /// The type that its values have.
        base: Scalar,
        /// The values.
        values: Vec<String>,
    },
}

/// A field to be written.
#[derive(Clone, Debug)]
pub struct FieldDef {
    /// Its name in manifests.
    pub name: String,
    /// Its type.
    pub of: Ref,
    /// The minors that have it, a bit for each from the oldest.
    pub minors: u16,
    /// The minors that require it.
    pub required: u16,
    /// The type in Go, where it is known.
    pub go_type: String,
    /// Whether `null` is a value of its own.
    pub nullable: bool,
}

/// A kind to be written.
#[derive(Clone, Debug)]
pub struct KindDef {
    /// Group, version and kind.
    pub gvk: [String; 3],
    /// The type of its objects.
    pub root: Ref,
    /// The minors that serve it.
    pub minors: u16,
    /// Whether its objects live in namespaces.
    pub namespaced: bool,
    /// Whether it is a custom resource.
    pub custom: bool,
}

/// A deprecation to be written.
#[derive(Clone, Debug)]
pub struct LifeDef {
    /// Group, version and kind.
    pub gvk: [String; 3],
    /// The minors whose servers say so.
    pub minors: u16,
    /// The number of the minor that deprecates it.
    pub deprecated: u8,
    /// The number of the minor that removes it; 0 if none does.
    pub removed: u8,
    /// Group, version and kind of the replacement; empty if there is none.
    pub replacement: [String; 3],
}

/// Collects what a table holds.
#[derive(Debug, Default)]
pub struct Writer {
    types: Vec<Option<Def>>,
    kinds: Vec<KindDef>,
    lives: Vec<LifeDef>,
    meta: Option<Ref>,
}

impl Writer {
    /// A type that is defined later, so that types may contain themselves.
    pub fn reserve(&mut self) -> usize {
        self.types.push(None);
        self.types.len() - 1
    }

    /// Says what a reserved type is.
    pub fn define(&mut self, number: usize, def: Def) {
        if let Some(slot) = self.types.get_mut(number) {
            *slot = Some(def);
        }
    }

    /// Adds a type.
    pub fn add(&mut self, def: Def) -> Ref {
        self.types.push(Some(def));
        Ref::Type(self.types.len() - 1)
    }

    /// Adds a kind; of two with the same name and minors the first one counts.
    pub fn kind(&mut self, kind: KindDef) {
        self.kinds.push(kind);
    }

    /// Adds a deprecation.
    pub fn life(&mut self, life: LifeDef) {
        self.lives.push(life);
    }

    /// Says which type `metadata` has.
    pub fn object_meta(&mut self, meta: Ref) {
        self.meta = Some(meta);
    }

    /// The table.
    pub fn finish(self) -> Table {
        Table::new(self.bytes())
    }

    /// The table's bytes; the same for the same content.
    pub fn bytes(mut self) -> Vec<u8> {
        self.kinds.sort_by(|a, b| a.gvk.cmp(&b.gvk));
        self.lives.sort_by(|a, b| a.gvk.cmp(&b.gvk));
        let mut out = Output::new();
        for at in 0..self.types.len() {
            let size = self
                .types
                .get(at)
                .map_or(0, |def| size_of_def(def.as_ref()));
            out.offsets.push(out.next_offset);
            out.next_offset += size;
        }
        for def in &self.types {
            out.def(def.as_ref());
        }
        let kinds_at = out.words.len();
        for kind in &self.kinds {
            out.kind(kind);
        }
        let lives_at = out.words.len();
        for life in &self.lives {
            out.life(life);
        }
        let meta = self
            .meta
            .map_or(Scalar::Any as u32, |meta| out.reference(meta));
        let header = [
            MAGIC,
            kinds_at as u32 * 4,
            self.kinds.len() as u32,
            lives_at as u32 * 4,
            self.lives.len() as u32,
            meta,
        ];
        out.finish(header)
    }
}

fn size_of_def(def: Option<&Def>) -> u32 {
    let words = match def {
        None => 0,
        Some(Def::Struct { fields, .. }) => {
            let required = fields.iter().filter(|field| field.required != 0).count();
            4 + fields.len() * 4 + fields.len().div_ceil(4) + 1 + required
        }
        Some(Def::List { keys, .. }) => 2 + keys.len() * 2,
        Some(Def::Enum { values, .. }) => 2 + values.len(),
    };
    words as u32 * 4
}

/// Words are written with texts as numbers; at the end, when it is clear where texts start,
/// the numbers become offsets.
struct Output {
    words: Vec<u32>,
    /// Positions in `words` that hold the number of a text in the low 31 bits.
    texts_at: Vec<usize>,
    texts: Vec<u8>,
    text_offsets: HashMap<String, u32>,
    offsets: Vec<u32>,
    next_offset: u32,
}

impl Output {
    fn new() -> Self {
        Self {
            words: vec![0; FIRST_OFFSET as usize / 4],
            texts_at: Vec::new(),
            texts: Vec::new(),
            text_offsets: HashMap::new(),
            offsets: Vec::new(),
            next_offset: FIRST_OFFSET,
        }
    }

    fn def(&mut self, def: Option<&Def>) {
        match def {
            None => {}
            Some(Def::Struct { name, fields, rest }) => {
                let mut fields: Vec<&FieldDef> = fields.iter().collect();
                fields.sort_by(|a, b| a.name.cmp(&b.name).then(a.minors.cmp(&b.minors)));
                self.words.push(TAG_STRUCT);
                self.text(name, 0);
                let rest = self.reference(*rest);
                self.words.extend([rest, fields.len() as u32]);
                for field in &fields {
                    self.field(field);
                }
                let mut hints: Vec<u8> = fields.iter().map(|f| hint_of(&f.name)).collect();
                hints.resize(hints.len().next_multiple_of(4), 0);
                let (hints, _) = hints.as_chunks();
                self.words
                    .extend(hints.iter().map(|four| u32::from_le_bytes(*four)));
                let numbered = (0..).zip(&fields);
                let required = numbered.filter(|(_, field)| field.required != 0);
                let required: Vec<u32> = required.map(|(number, _)| number).collect();
                self.words.push(required.len() as u32);
                self.words.extend(required);
            }
            Some(Def::List { item, unique, keys }) => {
                let head = TAG_LIST | (*unique as u32) << 8 | (keys.len() as u32) << 16;
                let item = self.reference(*item);
                self.words.extend([head, item]);
                for (name, default) in keys {
                    self.text(name, 0);
                    self.text(default, 0);
                }
            }
            Some(Def::Enum { base, values }) => {
                let head = TAG_ENUM | (values.len() as u32) << 16;
                self.words.extend([head, *base as u32]);
                for value in values {
                    self.text(value, 0);
                }
            }
        }
    }

    fn field(&mut self, field: &FieldDef) {
        self.text(&field.name, 0);
        let of = self.reference(field.of);
        let minors = u32::from(field.minors) | u32::from(field.required) << 16;
        self.words.extend([of, minors]);
        self.text(&field.go_type, if field.nullable { NULLABLE } else { 0 });
    }

    fn kind(&mut self, kind: &KindDef) {
        for part in &kind.gvk {
            self.text(part, 0);
        }
        let namespaced = if kind.namespaced { FLAG_NAMESPACED } else { 0 };
        let custom = if kind.custom { FLAG_CUSTOM } else { 0 };
        let root = self.reference(kind.root);
        let marks = u32::from(kind.minors) | (namespaced | custom) << 16;
        self.words.extend([root, marks]);
    }

    fn life(&mut self, life: &LifeDef) {
        for part in &life.gvk {
            self.text(part, 0);
        }
        let removed = u32::from(life.removed) << 24;
        let facts = u32::from(life.minors) | u32::from(life.deprecated) << 16 | removed;
        self.words.push(facts);
        for part in &life.replacement {
            self.text(part, 0);
        }
    }

    fn reference(&self, of: Ref) -> u32 {
        match of {
            Ref::Scalar(scalar) => scalar as u32,
            Ref::Type(number) => self.offsets.get(number).copied().unwrap_or(1),
        }
    }

    fn text(&mut self, text: &str, flags: u32) {
        let offset = match self.text_offsets.get(text) {
            Some(offset) => *offset,
            None => {
                let offset = self.texts.len() as u32;
                // A longer text can't be a field's name or fit a message; `compile` leaves
                // longer values out.
                let len = text.len().min(usize::from(u16::MAX));
                self.texts.extend((len as u16).to_le_bytes());
                self.texts.extend(text.bytes().take(len));
                self.text_offsets.insert(text.to_owned(), offset);
                offset
            }
        };
        self.texts_at.push(self.words.len());
        self.words.push(offset | flags);
    }

    fn finish(mut self, header: [u32; 6]) -> Vec<u8> {
        let start = self.words.len() as u32 * 4;
        for at in self.texts_at {
            if let Some(word) = self.words.get_mut(at) {
                *word += start;
            }
        }
        for (word, value) in self.words.iter_mut().zip(header) {
            *word = value;
        }
        let mut bytes: Vec<u8> = self
            .words
            .iter()
            .flat_map(|word| word.to_le_bytes())
            .collect();
        bytes.extend(self.texts);
        bytes
    }
}
