//! Compiles schemas that users bring into a table: CustomResourceDefinitions and JSON Schemas.
//!
//! Lives here: the reading of structural schemas (`apiextensions.k8s.io`, with its
//! `x-kubernetes-*` extensions) and of the plain JSON Schemas that kubeconform's users have.
//! Not here: finding the files, and the built-in kinds (`schemas/generate`). Patterns, limits
//! and CEL rules are not compiled.

use std::collections::HashMap;

use super::write::{Def, FieldDef, KindDef, Ref, Writer};
use super::{Scalar, Table, Unique};
use crate::tree::{Kind, Node};

/// Collects the schemas of custom resources.
#[derive(Debug, Default)]
pub struct Compiler {
    writer: Writer,
}

/// Custom resources are the same in all minors.
const ALL_MINORS: u16 = u16::MAX;

impl Compiler {
    /// Adds a CustomResourceDefinition, `v1` or `v1beta1`: one kind for each served version.
    /// Versions without a schema let everything pass; stubs say nothing. Gives the number of
    /// kinds added: 0 for what isn't a CustomResourceDefinition.
    pub fn crd(&mut self, crd: Node<'_>) -> usize {
        let text = |path: &[&str]| crd.at(path).and_then(Node::as_str);
        let (Some(group), Some(kind)) =
            (text(&["spec", "group"]), text(&["spec", "names", "kind"]))
        else {
            return 0;
        };
        let namespaced = text(&["spec", "scope"]) != Some("Cluster");
        let shared = crd.at(&["spec", "validation", "openAPIV3Schema"]);
        let keeps_unknown = self::keeps_unknown(crd);
        let mut versions = Vec::new();
        for version in crd
            .at(&["spec", "versions"])
            .into_iter()
            .flat_map(Node::items)
        {
            let served = version.at(&["served"]).and_then(Node::as_bool) != Some(false);
            let name = version.at(&["name"]).and_then(Node::as_str);
            let schema = version.at(&["schema", "openAPIV3Schema"]).or(shared);
            let says_something = !schema.is_some_and(is_stub);
            let known = name.filter(|_| served && says_something);
            versions.extend(known.map(|name| (name, schema)));
        }
        // The oldest definitions have one version, and `versions` not at all.
        let only = text(&["spec", "version"]).filter(|_| crd.at(&["spec", "versions"]).is_none());
        versions.extend(
            only.filter(|_| !shared.is_some_and(is_stub))
                .map(|name| (name, shared)),
        );
        for (version, schema) in &versions {
            let root = self.object(*schema, keeps_unknown);
            self.add(group, version, kind, root, namespaced);
        }
        versions.len()
    }

    /// Adds a JSON Schema for the objects of one kind.
    pub fn json_schema(&mut self, group: &str, version: &str, kind: &str, schema: Node<'_>) {
        let mut reader = Reader {
            writer: &mut self.writer,
            root: schema,
            seen: HashMap::new(),
            flavour: Flavour::Json,
            depth: 0,
        };
        let root = reader.root(schema);
        self.add(group, version, kind, root, true);
    }

    /// The table of all that was added.
    pub fn finish(self) -> Table {
        self.writer.finish()
    }

    fn object(&mut self, schema: Option<Node<'_>>, keeps_unknown: bool) -> Ref {
        let Some(schema) = schema else {
            return Scalar::Any.into();
        };
        let flavour = match keeps_unknown {
            true => Flavour::Unpruned,
            false => Flavour::Structural,
        };
        let mut reader = Reader {
            writer: &mut self.writer,
            root: schema,
            seen: HashMap::new(),
            flavour,
            depth: 0,
        };
        reader.root(schema)
    }

    fn add(&mut self, group: &str, version: &str, kind: &str, root: Ref, namespaced: bool) {
        self.writer.kind(KindDef {
            gvk: [group, version, kind].map(str::to_owned),
            root,
            minors: ALL_MINORS,
            namespaced,
            custom: true,
        });
    }
}

/// `spec.preserveUnknownFields`, which `v1beta1` has as its default.
fn keeps_unknown(crd: Node<'_>) -> bool {
    let said = crd
        .at(&["spec", "preserveUnknownFields"])
        .and_then(Node::as_bool);
    let version = crd.at(&["apiVersion"]).and_then(Node::as_str);
    said.unwrap_or(version == Some("apiextensions.k8s.io/v1beta1"))
}

/// Whether a schema is a stub for tests or examples: an object and no word about what is in it. A
/// server would prune all of it, so no definition that is in use looks like this.
fn is_stub(schema: Node<'_>) -> bool {
    let says_little = |(key, _): (Node<'_>, Node<'_>)| matches!(key.text(), "type" | "description");
    schema.kind() == Kind::Mapping && schema.entries().all(says_little)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Flavour {
    /// A structural schema: unknown fields are pruned, so a strict server rejects them.
    Structural,
    /// The same, but the definition keeps unknown fields.
    Unpruned,
    /// JSON Schema: unknown fields are fine unless `additionalProperties` is false.
    Json,
}

struct Reader<'w, 't> {
    writer: &'w mut Writer,
    root: Node<'t>,
    /// Types of local references, so that schemas may contain themselves.
    seen: HashMap<&'t str, Ref>,
    flavour: Flavour,
    depth: usize,
}

/// How deep types may nest, references included; what is deeper may be anything.
const DEPTH_MAX: usize = 250;

impl<'t> Reader<'_, 't> {
    /// The type of whole objects: whatever the schema says, they have a kind and metadata.
    fn root(&mut self, schema: Node<'t>) -> Ref {
        self.mapping(schema, true)
    }

    fn type_of(&mut self, schema: Node<'t>) -> Ref {
        if self.depth == DEPTH_MAX {
            return Scalar::Any.into();
        }
        self.depth += 1;
        let of = self.shallow_type_of(schema);
        self.depth -= 1;
        of
    }

    fn shallow_type_of(&mut self, schema: Node<'t>) -> Ref {
        if let Some(target) = schema.at(&["$ref"]).and_then(Node::as_str) {
            return self.reference(target);
        }
        if is_int_or_string(schema) {
            return Scalar::IntOrString.into();
        }
        let types = Types::of(schema);
        match types.one() {
            Some("object") => self.mapping(schema, false),
            Some("array") => self.list(schema),
            Some(name) => self.scalar(schema, name),
            None if types.is_number_or_string() => Scalar::NumberOrString.into(),
            None if types.names.is_empty() && has_properties(schema) => self.mapping(schema, false),
            None => Scalar::Any.into(),
        }
    }

    fn reference(&mut self, target: &'t str) -> Ref {
        if let Some(known) = self.seen.get(target) {
            return *known;
        }
        let Some(path) = target.strip_prefix("#/") else {
            return Scalar::Any.into();
        };
        let mut found = Some(self.root);
        for part in path.split('/') {
            found = found.and_then(|node| node.get(part));
        }
        // A reference to a reference may lead back here: until it is read it means anything.
        self.seen.insert(target, Scalar::Any.into());
        let Some(schema) = found else {
            return Scalar::Any.into();
        };
        if Types::of(schema).one() != Some("object") && !has_properties(schema) {
            let of = self.type_of(schema);
            self.seen.insert(target, of);
            return of;
        }
        let number = self.writer.reserve();
        self.seen.insert(target, Ref::Type(number));
        let def = self.mapping_def(schema, false);
        self.writer.define(number, def);
        Ref::Type(number)
    }

    fn mapping(&mut self, schema: Node<'t>, whole_object: bool) -> Ref {
        let def = self.mapping_def(schema, whole_object);
        self.writer.add(def)
    }

    fn mapping_def(&mut self, schema: Node<'t>, whole_object: bool) -> Def {
        let embedded = flag(schema, "x-kubernetes-embedded-resource");
        let required: Vec<&str> = strings(schema.at(&["required"])).collect();
        // Defaults are filled in before anything is found missing.
        let must_be_there = |name: &str, value: Node<'_>| {
            required.contains(&name) && value.get("default").is_none()
        };
        let mut fields = Vec::new();
        for (key, value) in schema
            .at(&["properties"])
            .into_iter()
            .flat_map(Node::entries)
        {
            let name = key.text();
            if (whole_object || embedded) && OBJECT_FIELDS.contains(&name) {
                continue;
            }
            fields.push(FieldDef {
                name: name.to_owned(),
                of: self.type_of(value),
                minors: ALL_MINORS,
                required: if must_be_there(name, value) {
                    ALL_MINORS
                } else {
                    0
                },
                go_type: String::new(),
                nullable: flag(value, "nullable") || Types::of(value).null,
            });
        }
        if whole_object || embedded {
            fields.extend(object_fields());
        }
        let rest = self.rest(schema);
        Def::Struct {
            name: String::new(),
            fields,
            rest,
        }
    }

    /// The type of keys that aren't properties.
    fn rest(&mut self, schema: Node<'t>) -> Ref {
        let open = flag(schema, "x-kubernetes-preserve-unknown-fields")
            || self.flavour == Flavour::Unpruned;
        match schema.at(&["additionalProperties"]) {
            Some(more) if more.kind() == Kind::Mapping => self.type_of(more),
            Some(more) if more.as_bool() == Some(true) => Scalar::Any.into(),
            Some(_) if self.flavour == Flavour::Json => Scalar::Never.into(),
            _ if open || self.flavour == Flavour::Json => Scalar::Any.into(),
            _ => Scalar::Never.into(),
        }
    }

    fn list(&mut self, schema: Node<'t>) -> Ref {
        let items = schema.at(&["items"]);
        let item = items.map_or(Scalar::Any.into(), |items| self.type_of(items));
        let unique = match schema
            .at(&["x-kubernetes-list-type"])
            .and_then(Node::as_str)
        {
            Some("set") => Unique::Items,
            Some("map") => Unique::Keys,
            _ => Unique::No,
        };
        let default = |key: &str| {
            let default = items.and_then(|items| items.at(&["properties", key, "default"]));
            default.map(Node::text).unwrap_or_default().to_owned()
        };
        let keys = strings(schema.at(&["x-kubernetes-list-map-keys"]))
            .map(|key| (key.to_owned(), default(key)))
            .collect();
        self.writer.add(Def::List { item, unique, keys })
    }

    fn scalar(&mut self, schema: Node<'t>, name: &str) -> Ref {
        let base = match (name, schema.at(&["format"]).and_then(Node::as_str)) {
            ("string", _) => Scalar::String,
            ("boolean", _) => Scalar::Bool,
            ("integer", Some("int32")) => Scalar::Int32,
            ("integer", _) => Scalar::Int64,
            ("number", _) => Scalar::Float,
            _ => return Scalar::Any.into(),
        };
        let Some(values) = schema.at(&["enum"]) else {
            return base.into();
        };
        let is_plain = |value: &Node<'_>| !matches!(value.kind(), Kind::Mapping | Kind::Sequence);
        // `null` among the values only says that the field is nullable.
        let values = values.items().filter(|value| !value.is_null());
        if !values.clone().all(|value| is_plain(&value)) || values.clone().next().is_none() {
            return base.into();
        }
        let values = values.map(|value| value.text().to_owned()).collect();
        self.writer.add(Def::Enum { base, values })
    }
}

/// What every object has, whatever its schema says.
const OBJECT_FIELDS: [&str; 3] = ["apiVersion", "kind", "metadata"];

fn object_fields() -> [FieldDef; 3] {
    let types = [Scalar::String, Scalar::String, Scalar::Meta];
    let mut types = types.into_iter();
    OBJECT_FIELDS.map(|name| FieldDef {
        name: name.to_owned(),
        of: types.next().unwrap_or(Scalar::Any).into(),
        minors: ALL_MINORS,
        required: 0,
        go_type: String::new(),
        nullable: false,
    })
}

/// The types that a schema allows.
struct Types<'t> {
    names: Vec<&'t str>,
    null: bool,
    /// They stand in branches (`oneOf`, `anyOf`), which may say more than their types.
    in_branches: bool,
}

impl<'t> Types<'t> {
    fn of(schema: Node<'t>) -> Self {
        let said = schema.at(&["type"]);
        let all: Vec<&str> = match said.and_then(Node::as_str) {
            Some(one) => vec![one],
            None if said.is_some() => strings(said).collect(),
            None => ["oneOf", "anyOf"]
                .into_iter()
                .filter_map(|word| schema.at(&[word]))
                .flat_map(Node::items)
                .map(|branch| branch.at(&["type"]).and_then(Node::as_str).unwrap_or("any"))
                .collect(),
        };
        Self {
            in_branches: said.is_none(),
            null: all.contains(&"null"),
            names: all.into_iter().filter(|name| *name != "null").collect(),
        }
    }

    fn one(&self) -> Option<&'t str> {
        match self.names.as_slice() {
            [one] if !self.in_branches => Some(one),
            _ => None,
        }
    }

    fn is_number_or_string(&self) -> bool {
        let fits = |name: &&str| matches!(*name, "string" | "number" | "integer");
        self.names.len() > 1 && self.names.iter().all(fits)
    }
}

fn is_int_or_string(schema: Node<'_>) -> bool {
    let format = schema.at(&["format"]).and_then(Node::as_str);
    flag(schema, "x-kubernetes-int-or-string") || format == Some("int-or-string")
}

fn has_properties(schema: Node<'_>) -> bool {
    schema.at(&["properties"]).is_some()
}

fn flag(schema: Node<'_>, name: &str) -> bool {
    schema.at(&[name]).and_then(Node::as_bool) == Some(true)
}

fn strings<'t>(list: Option<Node<'t>>) -> impl Iterator<Item = &'t str> {
    list.into_iter()
        .flat_map(Node::items)
        .filter_map(Node::as_str)
}
