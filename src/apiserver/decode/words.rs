//! The words of verdicts: the server's, as exactly as is known, and ours, for people.
//!
//! Not here: what to do about a fault (`suggest`).

use super::scalar::{FORMAT_WRONG, Misfit, is_byte, number_text};
use crate::apiserver::schema::{Enum, List, Scalar, Shape, Table, Type};
use crate::finding::{Step, render_path};
use crate::minor::Minor;
use crate::tree::{Kind, Node};

/// Where a fault is.
pub(super) struct Place<'a, 't> {
    pub root: Type<'t>,
    pub steps: &'a [Step<'t>],
    pub minor: Minor,
    /// The value must not be shown.
    pub masked: bool,
}

// --- The server's words ------------------------------------------------------------------------

/// The strict decoder's words (`sigs.k8s.io/json`, `newFieldError`): map keys are joined with
/// dots like fields.
pub(super) fn unknown_field(steps: &[Step<'_>]) -> String {
    format!("unknown field {}", quote(&dotted(steps)))
}

fn dotted(steps: &[Step<'_>]) -> String {
    let mut path = String::new();
    for step in steps {
        match step {
            Step::Key(key) | Step::MapKey(key) => {
                if !path.is_empty() {
                    path.push('.');
                }
                path.push_str(key);
            }
            Step::Index(index) => path.push_str(&format!("[{index}]")),
        }
    }
    path
}

/// The decoder's words for a value that doesn't fit (`UnmarshalTypeError`, or what the type's
/// own `UnmarshalJSON` says).
pub(super) fn cannot_unmarshal(
    place: &Place<'_, '_>,
    of: Type<'_>,
    node: Node<'_>,
    misfit: &Misfit,
) -> String {
    match misfit {
        Misfit::Quantity(words) => return (*words).to_owned(),
        Misfit::Time(words) => return words.clone(),
        Misfit::Base64(at) => return format!("illegal base64 data at input byte {at}"),
        Misfit::Type | Misfit::Number => {}
    }
    // A list is read into bytes one by one, so the first item that is no byte is at fault.
    let bytes = of.is(Scalar::Bytes) && node.kind() == Kind::Sequence;
    let culprit = node.items().find(|item| !is_byte(*item));
    let node = culprit.filter(|_| bytes).unwrap_or(node);
    let got = match node.kind() {
        Kind::Null => "null".to_owned(),
        Kind::Bool => "bool".to_owned(),
        Kind::String => "string".to_owned(),
        Kind::Sequence => "array".to_owned(),
        Kind::Mapping => "object".to_owned(),
        Kind::Int | Kind::Float if bytes || matches!(misfit, Misfit::Number) => {
            format!("number {}", number_text(node))
        }
        Kind::Int | Kind::Float => "number".to_owned(),
    };
    let (holder, path, go_type) = go_place(place);
    let go_type = match of.shape() {
        Shape::Scalar(Scalar::Quantity) => return FORMAT_WRONG.to_owned(),
        // These types decode themselves, as a number or text.
        Shape::Scalar(Scalar::IntOrString) => "int32",
        Shape::Scalar(Scalar::Time | Scalar::MicroTime) => "string",
        _ if bytes => "uint8",
        _ => &go_type,
    };
    format!("json: cannot unmarshal {got} into Go struct field {holder}.{path} of type {go_type}")
}

/// What validation of custom resources says (`kube-openapi/pkg/validation`).
pub(super) fn must_be_of_type(place: &Place<'_, '_>, of: Type<'_>, node: Node<'_>) -> String {
    let wanted = match of.shape() {
        Shape::List(_) => "array",
        Shape::Struct(_) => "object",
        Shape::Enum(values) => json_type(values.base()),
        Shape::Scalar(scalar) => json_type(scalar),
    };
    let got = match node.kind() {
        Kind::Null => "null",
        Kind::Bool => "boolean",
        Kind::Int => "integer",
        Kind::Float => "number",
        Kind::String => "string",
        Kind::Sequence => "array",
        Kind::Mapping => "object",
    };
    let path = dotted(place.steps);
    format!("{path} in body must be of type {wanted}: {}", quote(got))
}

/// The rest of `Unsupported value: "x": …`.
pub(super) fn supported_values(values: Enum<'_>) -> String {
    let quoted: Vec<String> = values.values().map(quote).collect();
    format!("supported values: {}", quoted.join(", "))
}

/// Text as Go's `strconv.Quote` writes it, for text without exotic characters.
pub(in crate::apiserver) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() && (c as u32) < 0x80 => {
                quoted.push_str(&format!("\\x{:02x}", c as u32));
            }
            c if c.is_control() => quoted.push_str(&format!("\\u{:04x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

fn json_type(scalar: Scalar) -> &'static str {
    match scalar {
        Scalar::Bool => "boolean",
        Scalar::Int32 | Scalar::Int64 | Scalar::IntOrString => "integer",
        Scalar::Float | Scalar::NumberOrString => "number",
        _ => "string",
    }
}

/// The innermost Go struct, the path of JSON names without indexes, and the Go type of a value.
fn go_place(place: &Place<'_, '_>) -> (String, String, String) {
    let mut of = place.root;
    let (mut holder, mut path, mut go_type) = ("", Vec::new(), "");
    for step in place.steps {
        if of.is(Scalar::Meta) {
            of = Table::builtin().object_meta();
        }
        match (of.shape(), step) {
            (Shape::Struct(fields), Step::Key(name)) => {
                let Some(field) = fields.field(place.minor, name) else {
                    break;
                };
                let (inlined, plain) = field.go_type();
                (holder, go_type, of) = (fields.name(), plain, field.of());
                path.extend(inlined);
                path.push(*name);
            }
            (Shape::Struct(fields), _) => (go_type, of) = (element(go_type), fields.rest()),
            (Shape::List(list), _) => (go_type, of) = (element(go_type), list.item()),
            _ => break,
        }
    }
    let go_type = match go_type {
        "" => go_type_of(of),
        known => known.to_owned(),
    };
    (holder.to_owned(), path.join("."), go_type)
}

/// The type of the elements of a Go slice or map.
fn element(go_type: &str) -> &str {
    let inner = match go_type.strip_prefix("map[") {
        Some(map) => map.split_once(']').map_or("", |(_, value)| value),
        None => go_type.strip_prefix("[]").unwrap_or(""),
    };
    inner.trim_start_matches('*')
}

/// A likely Go type, where the exact one isn't known.
fn go_type_of(of: Type<'_>) -> String {
    match of.shape() {
        Shape::Struct(fields) if fields.is_map() => {
            format!("map[string]{}", go_type_of(fields.rest()))
        }
        Shape::Struct(fields) => format!("v1.{}", fields.name()),
        Shape::List(list) => format!("[]{}", go_type_of(list.item())),
        Shape::Enum(_) => "string".to_owned(),
        Shape::Scalar(scalar) => match scalar {
            Scalar::Bool => "bool",
            Scalar::Int32 => "int32",
            Scalar::Int64 => "int64",
            Scalar::Float => "float64",
            Scalar::Bytes => "[]uint8",
            _ => "string",
        }
        .to_owned(),
    }
}

// --- Our words ---------------------------------------------------------------------------------

pub(super) fn unknown(key: &str, holder: &str) -> String {
    match holder {
        "" => format!("`{}` is not a known field here", short(key)),
        holder => format!("`{}` is not a field of {holder}", short(key)),
    }
}

pub(super) fn missing(name: &str, holder: &str) -> String {
    match holder {
        "" => format!("the required field `{name}` is missing"),
        holder => format!("`{name}`, which {holder} requires, is missing"),
    }
}

pub(super) fn duplicate(steps: &[Step<'_>], of: List<'_>, item: Node<'_>) -> String {
    let list = label(steps);
    let keys: Vec<String> = of
        .keys()
        .map(|key| {
            let name = key.name();
            let value = item.get(name).map_or(key.default(), Node::text);
            format!("`{name}: {}`", short(value))
        })
        .collect();
    match keys.as_slice() {
        [] => format!("{list} has the item `{}` twice", short(item.text())),
        keys => format!("{list} has two items with {}", keys.join(" and ")),
    }
}

pub(super) fn unknown_value(steps: &[Step<'_>], values: Enum<'_>, node: Node<'_>) -> String {
    let known: Vec<String> = values.values().map(|value| format!("`{value}`")).collect();
    let known = match known.as_slice() {
        [one] => one.clone(),
        known => format!("one of {}", known.join(", ")),
    };
    format!(
        "{} takes {known}, not `{}`",
        label(steps),
        short(node.text())
    )
}

pub(super) fn misfit(
    place: &Place<'_, '_>,
    of: Type<'_>,
    node: Node<'_>,
    misfit: &Misfit,
) -> String {
    let label = label(place.steps);
    let wanted = wanted(of);
    let text = short(node.text());
    let is_text = matches!(wanted, "text");
    if node.kind() == Kind::Bool && is_text && !place.masked && is_yaml_1_1_bool(node.text()) {
        let value = node.as_bool().unwrap_or_default();
        return format!("{label} takes text, and YAML 1.1 reads `{text}` as the boolean `{value}`");
    }
    let got = match (node.kind(), place.masked) {
        (Kind::Sequence, _) => "a list".to_owned(),
        (Kind::Mapping, _) => "a mapping".to_owned(),
        (Kind::Null, _) => "nothing".to_owned(),
        (Kind::Bool, true) => "a boolean".to_owned(),
        (Kind::Int | Kind::Float, true) => "a number".to_owned(),
        (Kind::String, true) => "this text".to_owned(),
        (Kind::Bool, false) => format!("the boolean `{text}`"),
        (Kind::Int | Kind::Float, false) => format!("the number `{text}`"),
        (Kind::String, false) => format!("the text `{text}`"),
    };
    match misfit {
        Misfit::Number if node.as_i64().is_some() || node.kind() == Kind::Int => {
            format!(
                "{label} is too large: `{text}` does not fit into {} bits",
                bits(of)
            )
        }
        Misfit::Quantity(_) => format!("{label} takes {wanted}, and {got} is not one"),
        _ => format!("{label} takes {wanted}, not {got}"),
    }
}

/// Whether text is a boolean to YAML 1.1 alone.
pub(super) fn is_yaml_1_1_bool(text: &str) -> bool {
    !matches!(text, "true" | "True" | "TRUE" | "false" | "False" | "FALSE")
}

/// What a type takes, in words.
fn wanted(of: Type<'_>) -> &'static str {
    let scalar = match of.shape() {
        Shape::Struct(_) => return "a mapping",
        Shape::List(_) => return "a list",
        Shape::Enum(values) => values.base(),
        Shape::Scalar(scalar) => scalar,
    };
    match scalar {
        Scalar::Bool => "`true` or `false`",
        Scalar::Int32 | Scalar::Int64 => "a whole number",
        Scalar::Float => "a number",
        Scalar::IntOrString => "a whole number or text",
        Scalar::NumberOrString => "a number or text",
        Scalar::Quantity => "a quantity such as `500m` or `1Gi`",
        Scalar::Time => "a time such as `2006-01-02T15:04:05Z`",
        Scalar::MicroTime => "a time such as `2006-01-02T15:04:05.000000Z`",
        Scalar::Bytes => "base64",
        _ => "text",
    }
}

fn bits(of: Type<'_>) -> u8 {
    if of.is(Scalar::Int64) { 64 } else { 32 }
}

/// The last field and what follows it: `args[1]`, `data[key]`.
fn label(steps: &[Step<'_>]) -> String {
    let is_key = |step: &Step<'_>| matches!(step, Step::Key(_));
    let from = steps.iter().rposition(is_key).unwrap_or(0);
    format!(
        "`{}`",
        short(&render_path(steps.get(from..).unwrap_or_default()))
    )
}

/// Text that fits into a sentence.
fn short(text: &str) -> String {
    shortened(text, 60)
}

/// Text of so many characters at most.
pub(in crate::apiserver) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect(),
    }
}
