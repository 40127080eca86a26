//! Walks an object along its type and says what the server's decoder, or the schema, minds.
//!
//! Lives here: the walk, and which rule a fault belongs to. Not here: what scalars look like
//! (`scalar`), the words (`words`) and what was probably meant (`suggest`). A sound object costs
//! one look for a field by each key and no allocation.

mod annotated;
mod scalar;
mod suggest;
mod words;

pub(super) use words::{quote, shortened};

use std::collections::BTreeMap;

use crate::apiserver::errors::Room;
use crate::apiserver::schema::{
    Enum, ItemKey, List, ObjectKind, Scalar, Shape, Struct, Table, Type, Unique,
};
use crate::apiserver::{CutOff, Stage, Verdict};
use crate::finding::Step;
use crate::minor::Minor;
use crate::text;
use crate::tree::{Children, Kind, Node};
use scalar::Misfit;

/// Compares an object with the type of its kind in `minor`, in the order of the document.
///
/// `is_unknown` says of a scalar or key whether its value can't be known (a placeholder): then
/// neither it nor what depends on it is judged. It is asked only where there is a fault.
///
/// Where too much is wrong, the fault that the server tells first is still among the verdicts.
pub fn check<'t>(
    object: Node<'t>,
    kind: &ObjectKind<'t>,
    minor: Minor,
    is_unknown: &dyn Fn(Node<'t>) -> bool,
) -> (Vec<Verdict<'t>>, CutOff) {
    let mut walk = Walk {
        minor,
        is_unknown,
        root: kind.root,
        custom: kind.custom,
        // The values of Secrets must not be repeated anywhere.
        masked: !kind.custom && kind.group().is_empty() && kind.name() == "Secret",
        structure_only: false,
        // Deeper than nearly all go.
        steps: Vec::with_capacity(16),
        found: Vec::new(),
        decoding: Room::default(),
        later: Room::default(),
        first_beyond: None,
    };
    walk.object(kind.root, object);
    let mut found = walk.found;
    found.extend(walk.first_beyond);
    found.extend(annotated::check(object, kind, is_unknown));
    let cut_off = CutOff {
        decode: walk.decoding.is_over,
        later: walk.later.is_over,
    };
    (found, cut_off)
}

struct Walk<'a, 't> {
    minor: Minor,
    is_unknown: &'a dyn Fn(Node<'t>) -> bool,
    root: Type<'t>,
    custom: bool,
    masked: bool,
    /// Inside `status`: the server wipes it after decoding, so only decoding can fail.
    structure_only: bool,
    steps: Vec<Step<'t>>,
    found: Vec<Verdict<'t>>,
    /// Room for faults of decoding, and for all others.
    decoding: Room,
    later: Room,
    /// The fatal fault that comes first for the server, of those without room.
    first_beyond: Option<Verdict<'t>>,
}

/// A collection on the way, of which some values are still to be looked at. They wait here, not on
/// the stack: some types contain themselves, and objects may nest deeper than any stack.
struct Open<'t> {
    of: Collection<'t>,
    node: Node<'t>,
    rest: Children<'t>,
    /// How many steps lead to it.
    depth: usize,
    /// The state of the walk in it.
    custom: bool,
    structure_only: bool,
}

enum Collection<'t> {
    Mapping(Struct<'t>),
    /// With the index of the next item.
    List(List<'t>, usize),
}

impl<'t> Walk<'_, 't> {
    fn object(&mut self, of: Type<'t>, node: Node<'t>) {
        let mut open = Vec::with_capacity(16);
        open.extend(self.value(of, node));
        while let Some(around) = open.last_mut() {
            self.steps.truncate(around.depth);
            self.custom = around.custom;
            self.structure_only = around.structure_only;
            let inside = match &mut around.of {
                Collection::Mapping(of) => self.entries(*of, &mut around.rest),
                Collection::List(of, i) => self.items(*of, i, &mut around.rest),
            };
            match inside {
                Some(inside) => open.push(inside),
                None => {
                    self.end(around);
                    open.pop();
                }
            }
        }
    }

    /// Judges a value by itself; what it holds is still to be looked at.
    fn value(&mut self, of: Type<'t>, node: Node<'t>) -> Option<Open<'t>> {
        match of.shape() {
            Shape::Scalar(Scalar::Meta) => {
                // The server decodes metadata of custom resources as it does any other.
                let custom = std::mem::replace(&mut self.custom, false);
                let inside = self.value(Table::builtin().object_meta(), node);
                self.custom = custom;
                return inside;
            }
            Shape::Scalar(scalar) => {
                if let Err(misfit) = scalar::check(scalar, node, self.custom) {
                    self.misfit(of, node, misfit);
                }
            }
            Shape::Enum(values) => self.one_of(of, values, node),
            Shape::List(list) if node.kind() == Kind::Sequence => {
                return Some(self.open(Collection::List(list, 0), node));
            }
            Shape::Struct(fields) if node.kind() == Kind::Mapping => {
                return Some(self.open(Collection::Mapping(fields), node));
            }
            Shape::List(_) | Shape::Struct(_) => self.misfit(of, node, Misfit::Type),
        }
        None
    }

    fn open(&self, of: Collection<'t>, node: Node<'t>) -> Open<'t> {
        Open {
            of,
            node,
            rest: node.children(),
            depth: self.steps.len(),
            custom: self.custom,
            structure_only: self.structure_only,
        }
    }

    /// Looks at the next entries of a mapping, up to one whose value is a collection.
    fn entries(&mut self, of: Struct<'t>, rest: &mut Children<'t>) -> Option<Open<'t>> {
        let others = of.rest();
        while let (Some(key), Some(value)) = (rest.next(), rest.next()) {
            let inside = match of.field(self.minor, key.text()) {
                Some(field) => {
                    self.steps.push(Step::Key(key.text()));
                    field.of()
                }
                None if others.is(Scalar::Never) => {
                    self.unknown_field(of, key);
                    continue;
                }
                None => {
                    self.steps.push(Step::MapKey(key.text()));
                    others
                }
            };
            // `null` is the same as absent, wherever it stands.
            if !value.is_null() {
                let in_status = self.steps.len() == 1 && key.text() == "status";
                let before = self.structure_only;
                self.structure_only |= in_status;
                let open = self.value(inside, value);
                self.structure_only = before;
                if open.is_some() {
                    return open;
                }
            }
            self.steps.pop();
        }
        None
    }

    /// Looks at the next items of a list, up to one that is a collection.
    fn items(
        &mut self,
        of: List<'t>,
        index: &mut usize,
        rest: &mut Children<'t>,
    ) -> Option<Open<'t>> {
        let item = of.item();
        for value in rest {
            let i = std::mem::replace(index, *index + 1);
            if !value.is_null() {
                self.steps.push(Step::Index(i));
                let open = self.value(item, value);
                if open.is_some() {
                    return open;
                }
                self.steps.pop();
            }
        }
        None
    }

    /// Judges what only a whole collection shows.
    fn end(&mut self, open: &Open<'t>) {
        match open.of {
            _ if self.structure_only => {}
            Collection::Mapping(of) => self.required_fields(of, open.node),
            Collection::List(of, _) if of.unique() != Unique::No && open.node.len() > 1 => {
                self.unique_items(of, open.node);
            }
            _ => {}
        }
    }

    fn required_fields(&mut self, of: Struct<'t>, node: Node<'t>) {
        let minor = self.minor;
        let mut holds_unknown = None;
        let mut keys = node.entries().map(|(key, _)| key);
        for field in of.required(minor) {
            let value = node.get(field.raw_name());
            let is_there = value.is_some_and(|value| !value.is_null() || field.nullable());
            if is_there || *holds_unknown.get_or_insert_with(|| keys.any(self.is_unknown)) {
                continue;
            }
            let message = words::missing(field.name(), of.name());
            self.steps.push(Step::Key(field.name()));
            self.report(
                "missing-field",
                "FieldValueRequired",
                node,
                String::new(),
                message,
                None,
            );
            self.steps.pop();
        }
    }

    fn unknown_field(&mut self, of: Struct<'t>, key: Node<'t>) {
        if (self.is_unknown)(key) {
            return;
        }
        self.steps.push(Step::Key(key.text()));
        let detail = words::unknown_field(&self.steps);
        let message = words::unknown(key.text(), of.name());
        let help = suggest::field(self.root, &self.steps, of, key.text(), self.minor);
        self.report("unknown-field", "BadRequest", key, detail, message, help);
        self.steps.pop();
    }

    /// Small lists are compared each with each, without allocation.
    fn unique_items(&mut self, of: List<'t>, node: Node<'t>) {
        const SMALL: usize = 16;
        if node.len() <= SMALL {
            let mut items = [None; SMALL];
            for (slot, item) in items.iter_mut().zip(node.items()) {
                *slot = first_text(of, item).map(|text| (text, item));
            }
            let told = items.iter().enumerate();
            let told = told.filter_map(|(i, told)| Some((i, told.as_ref()?)));
            for (i, (text, item)) in told.clone() {
                let mut before = told.clone().take_while(|(j, _)| *j < i);
                if before
                    .any(|(_, (other, twin))| text::same(text, other) && same(of, *twin, *item))
                {
                    self.duplicate_item(of, i, *item);
                }
            }
            return;
        }
        let mut seen = BTreeMap::new();
        for (i, item) in node.items().enumerate() {
            let parts: Option<Vec<&str>> = match of.unique() {
                Unique::Keys => of.keys().map(|key| key_text(item, key)).collect(),
                _ => is_scalar(item).then(|| vec![item.text()]),
            };
            if let Some(parts) = parts
                && seen.insert(parts, i).is_some()
            {
                self.duplicate_item(of, i, item);
            }
        }
    }

    fn duplicate_item(&mut self, of: List<'t>, i: usize, item: Node<'t>) {
        let keys = of.keys().filter_map(|key| item.get(key.raw_name()));
        if (self.is_unknown)(item) || keys.clone().any(|value| (self.is_unknown)(value)) {
            return;
        }
        let message = words::duplicate(&self.steps, of, item);
        self.steps.push(Step::Index(i));
        self.report(
            "duplicate-item",
            "FieldValueDuplicate",
            item,
            String::new(),
            message,
            None,
        );
        self.steps.pop();
    }

    fn one_of(&mut self, of: Type<'t>, values: Enum<'t>, node: Node<'t>) {
        if let Err(misfit) = scalar::check(values.base(), node, self.custom) {
            self.misfit(of, node, misfit);
            return;
        }
        // Go can't tell an empty string from an absent one, so defaulting replaces both.
        let absent = node.text().is_empty() && !self.custom;
        if absent || self.structure_only || values.values().any(|v| scalar::equals(node, v)) {
            return;
        }
        if !(self.is_unknown)(node) {
            let message = words::unknown_value(&self.steps, values, node);
            let help = suggest::value(values, node.text());
            let detail = words::supported_values(values);
            let reason = "FieldValueNotSupported";
            self.report("unknown-value", reason, node, detail, message, help);
        }
    }

    fn misfit(&mut self, of: Type<'t>, node: Node<'t>, misfit: Misfit) {
        if self.custom && self.structure_only || (self.is_unknown)(node) {
            return;
        }
        let place = words::Place {
            root: self.root,
            steps: &self.steps,
            minor: self.minor,
            masked: self.masked,
        };
        let rule = match misfit {
            Misfit::Type | Misfit::Number => "wrong-type",
            Misfit::Quantity(_) => "bad-quantity",
            Misfit::Time(_) => "bad-time",
            Misfit::Base64(_) => "bad-base64",
        };
        let (reason, detail) = if self.custom {
            (
                "FieldValueTypeInvalid",
                words::must_be_of_type(&place, of, node),
            )
        } else {
            (
                "BadRequest",
                words::cannot_unmarshal(&place, of, node, &misfit),
            )
        };
        let message = words::misfit(&place, of, node, &misfit);
        let shows_value = !matches!(misfit, Misfit::Base64(_));
        let help = suggest::repair(of, node, &misfit).filter(|_| !(self.masked && shows_value));
        self.report(rule, reason, node, detail, message, help);
    }

    fn report(
        &mut self,
        rule: &'static str,
        reason: &'static str,
        node: Node<'t>,
        detail: String,
        message: String,
        help: Option<String>,
    ) {
        let stage = match reason {
            "BadRequest" => Stage::Decode,
            _ => Stage::Schema,
        };
        let verdict = Verdict {
            rule,
            stage,
            reason,
            steps: self.steps.clone(),
            field: None,
            node: node.id(),
            detail,
            message,
            help,
        };
        let room = match stage {
            Stage::Decode => &mut self.decoding,
            Stage::Validate | Stage::Schema => &mut self.later,
        };
        let known = self.first_beyond.as_ref();
        if room.take(verdict.size()) {
            self.found.push(verdict);
        } else if verdict.is_fatal() && known.is_none_or(|v| verdict.fatal_order(v).is_lt()) {
            self.first_beyond = Some(verdict);
        }
    }
}

/// The text by which most items of a list are told apart. `None` if it can't be compared.
fn first_text<'t>(of: List<'t>, item: Node<'t>) -> Option<&'t str> {
    match of.unique() {
        Unique::No => None,
        Unique::Items => is_scalar(item).then(|| item.text()),
        Unique::Keys => key_text(item, of.keys().next()?),
    }
}

/// Whether two items of a list are the same to the server.
fn same<'t>(of: List<'t>, a: Node<'t>, b: Node<'t>) -> bool {
    match of.unique() {
        Unique::No => false,
        Unique::Items => is_scalar(a) && a.kind() == b.kind() && a.text() == b.text(),
        Unique::Keys => {
            let both = |key| Some((key_text(a, key)?, key_text(b, key)?));
            of.keys()
                .map(both)
                .all(|pair| pair.is_some_and(|(a, b)| a == b))
        }
    }
}

/// The text of a key of an item, or the key's default. `None` if it can't be compared.
fn key_text<'t>(item: Node<'t>, key: ItemKey<'t>) -> Option<&'t str> {
    if item.kind() != Kind::Mapping {
        return None;
    }
    match item.get(key.raw_name()).filter(|value| !value.is_null()) {
        Some(value) => is_scalar(value).then(|| value.text()),
        None => Some(key.default()),
    }
}

fn is_scalar(node: Node<'_>) -> bool {
    !matches!(node.kind(), Kind::Null | Kind::Mapping | Kind::Sequence)
}
