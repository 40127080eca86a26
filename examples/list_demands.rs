//! Lists what the schema demands of objects: for `e2e/enforced/record`.
//!
//! Reads lines `{"minor": "1.33", "object": {…}}` and writes for each a line: an array of
//! `[path, pattern, "required"|"enum"]`, one entry for each field in the object that its schema
//! requires or limits to some values. With `"object": {"apiVersion": …, "kind": …}` and `"all":
//! true` it lists the patterns of all such fields of the kind instead; where a type holds itself
//! it stops. An unknown kind is `null`. A second value on the line is the path of the kind's pod
//! template.
#![allow(clippy::print_stdout, clippy::unwrap_used, clippy::indexing_slicing)]

use std::io::BufRead;

use kubevet::apiserver::enforced::{pattern, prefix};
use kubevet::apiserver::schema::{ObjectKind, Shape, Table, Type};
use kubevet::finding::Step;
use kubevet::minor::Minor;
use serde_json::{Value, json};

fn main() {
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.unwrap()).unwrap();
        let minor = request["minor"].as_str().unwrap().parse().unwrap();
        let object = &request["object"];
        let version = object["apiVersion"].as_str().unwrap();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let name = object["kind"].as_str().unwrap();
        let Some(kind) = Table::builtin().kind(minor, group, version, name) else {
            println!("null");
            continue;
        };
        let mut walk = Walk {
            minor,
            kind: &kind,
            found: Vec::new(),
        };
        if request["all"] == true {
            walk.all(kind.root, &mut Vec::new(), &mut Vec::new());
        } else {
            walk.value(kind.root, object, &mut Vec::new());
        }
        println!("{}", json!([walk.found, prefix(&kind)]));
    }
}

struct Walk<'a> {
    minor: Minor,
    kind: &'a ObjectKind<'a>,
    found: Vec<Value>,
}

impl<'a> Walk<'a> {
    fn value(&mut self, of: Type<'a>, value: &'a Value, steps: &mut Vec<Step<'a>>) {
        match (of.shape(), value) {
            (Shape::Enum(_), Value::String(_)) => self.demand("enum", steps),
            (Shape::List(list), Value::Array(items)) => {
                for (i, item) in items.iter().enumerate() {
                    steps.push(Step::Index(i));
                    self.value(list.item(), item, steps);
                    steps.pop();
                }
            }
            (Shape::Struct(fields), Value::Object(entries)) => {
                for (key, value) in entries {
                    let field = fields.field(self.minor, key);
                    let required = field.is_some_and(|field| field.is_required(self.minor));
                    let of = field.map_or(fields.rest(), |field| field.of());
                    let in_map = field.is_none();
                    steps.push(if in_map {
                        Step::MapKey(key)
                    } else {
                        Step::Key(key)
                    });
                    if required {
                        self.demand("required", steps);
                    }
                    if steps.len() > 1 || key != "status" {
                        self.value(of, value, steps);
                    }
                    steps.pop();
                }
            }
            _ => {}
        }
    }

    fn all(&mut self, of: Type<'a>, steps: &mut Vec<Step<'a>>, inside: &mut Vec<&'a str>) {
        match of.shape() {
            Shape::Enum(_) => self.demand("enum", steps),
            Shape::List(list) => {
                steps.push(Step::Index(0));
                self.all(list.item(), steps, inside);
                steps.pop();
            }
            Shape::Struct(fields) if !inside.contains(&fields.name()) => {
                inside.push(fields.name());
                let minor = self.minor;
                for field in fields.fields().filter(|field| field.exists(minor)) {
                    steps.push(Step::Key(field.name()));
                    if field.is_required(self.minor) {
                        self.demand("required", steps);
                    }
                    if steps.len() > 1 || field.name() != "status" {
                        self.all(field.of(), steps, inside);
                    }
                    steps.pop();
                }
                inside.pop();
                steps.push(Step::MapKey(""));
                self.all(fields.rest(), steps, inside);
                steps.pop();
            }
            _ => {}
        }
    }

    fn demand(&mut self, what: &str, steps: &[Step<'_>]) {
        let path: Vec<Value> = steps
            .iter()
            .map(|step| match step {
                Step::Key(key) | Step::MapKey(key) => json!(key),
                Step::Index(index) => json!(index),
            })
            .collect();
        let pattern = pattern(steps, self.kind);
        self.found.push(json!([path, pattern, what]));
    }
}
