//! The JSON Schema of the config, for editors: `schemas/config.schema.json`.
//!
//! Lives here: how the table of keys is written as a schema. A test holds the file to it.

use super::enforcement::Action;
use super::shape::{Key, ROOT, Shape};
use super::value::Setting;
use crate::finding::Severity;
use crate::minor::Minor;

/// The schema as JSON text (draft 2020-12), ending in a line break. Rule ids are not listed: it
/// stays the same when a rule is added.
pub fn json_schema() -> String {
    let mut out = String::from("{\n");
    out.push_str("  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n");
    out.push_str("  \"title\": \"The config of kubevet, .kubevet.yaml\",\n");
    out.push_str(&members(&ROOT, 1));
    out.push_str("\n}\n");
    out
}

/// What is said of a shape, as the members of a JSON object.
fn shape_members(shape: &Shape, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    match shape {
        Shape::Bool => format!("{pad}\"type\": \"boolean\""),
        Shape::Text => format!("{pad}\"type\": \"string\",\n{pad}\"pattern\": \"\\\\S\""),
        Shape::Minor => format!(
            "{pad}\"type\": [\"string\", \"number\"],\n{pad}\"examples\": {}",
            list(Minor::all().map(|minor| minor.to_string()))
        ),
        Shape::Severity => format!(
            "{pad}\"enum\": {}",
            list(Severity::ALL.map(|s| s.name().to_owned()))
        ),
        Shape::Action => format!(
            "{pad}\"enum\": {}",
            list(Action::ALL.map(|action| action.name().to_owned()))
        ),
        Shape::Day => format!(
            "{pad}\"type\": \"string\",\n\
             {pad}\"pattern\": \"^[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}$\""
        ),
        // YAML 1.1 reads `on` and `off` as booleans, YAML 1.2 as text.
        Shape::Setting => {
            let words = list(Setting::WORDS.map(str::to_owned));
            format!(
                "{pad}\"enum\": {}, true, false]",
                words.trim_end_matches(']')
            )
        }
        Shape::Selector => {
            format!("{pad}\"type\": \"string\",\n{pad}\"pattern\": \"^[a-z0-9-]+$\"")
        }
        Shape::PathPattern => format!("{pad}\"type\": \"string\",\n{pad}\"pattern\": \"^[^!/]\""),
        Shape::NamePattern => format!("{pad}\"type\": \"string\",\n{pad}\"pattern\": \"^[^!]\""),
        Shape::Placeholder => {
            format!("{pad}\"type\": \"string\",\n{pad}\"pattern\": \".(…|\\\\.\\\\.\\\\.).\"")
        }
        Shape::List(item) => format!(
            "{pad}\"type\": [\"array\", \"null\"],\n{pad}\"items\": {}",
            object(item, depth)
        ),
        Shape::OneOrList(item) => either(
            [
                object(item, depth + 1),
                object(&Shape::List(item), depth + 1),
            ],
            depth,
        ),
        Shape::WordOrMap(word, keys) => either(
            [
                object(word, depth + 1),
                object(&Shape::Map(keys), depth + 1),
            ],
            depth,
        ),
        Shape::ByRule(setting) => format!(
            "{pad}\"type\": [\"object\", \"null\"],\n\
             {pad}\"propertyNames\": {{ \"pattern\": \"^[a-z0-9-]+$\" }},\n\
             {pad}\"additionalProperties\": {}",
            object(setting, depth)
        ),
        Shape::Map(keys) => members(keys, depth),
    }
}

fn members(keys: &[Key], depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let inner = "  ".repeat(depth + 1);
    let properties: Vec<String> = keys
        .iter()
        .map(|key| {
            let about = format!("{inner}  \"description\": {},\n", quoted(key.about));
            let shape = shape_members(&key.shape, depth + 2);
            format!("{inner}{}: {{\n{about}{shape}\n{inner}}}", quoted(key.name))
        })
        .collect();
    let required = keys.iter().filter(|key| key.required);
    let required: Vec<String> = required.map(|key| key.name.to_owned()).collect();
    let required = match required.is_empty() {
        true => String::new(),
        false => format!("{pad}\"required\": {},\n", list(required)),
    };
    format!(
        "{pad}\"type\": \"object\",\n{required}\
         {pad}\"additionalProperties\": false,\n\
         {pad}\"properties\": {{\n{}\n{pad}}}",
        properties.join(",\n")
    )
}

fn object(shape: &Shape, depth: usize) -> String {
    let pad = "  ".repeat(depth);
    format!("{{\n{}\n{pad}}}", shape_members(shape, depth + 1))
}

fn either(shapes: [String; 2], depth: usize) -> String {
    let pad = "  ".repeat(depth);
    let [one, other] = shapes;
    format!("{pad}\"anyOf\": [\n{pad}  {one},\n{pad}  {other}\n{pad}]")
}

fn list(names: impl IntoIterator<Item = String>) -> String {
    let names: Vec<String> = names.into_iter().map(|name| quoted(&name)).collect();
    format!("[{}]", names.join(", "))
}

/// The texts here are our own: only quotes and backslashes need an escape.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
