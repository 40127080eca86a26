#![allow(
    clippy::all,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::expect_used,
    missing_docs
)]
use kubevet::apiserver::registry::Strategy;
use kubevet::minor::Minor;
use kubevet::source::Source;
use kubevet::yaml;
use std::io::BufRead;

fn main() {
    let minor: u8 = std::env::args().nth(1).unwrap().parse().unwrap();
    let minor = Minor::new(minor).unwrap();
    for line in std::io::stdin().lock().lines() {
        let line = line.unwrap();
        if line.trim().is_empty() {
            continue;
        }
        let id: serde_json::Value = serde_json::from_str(&line).unwrap();
        let source = Source::decode("x.json", line.into_bytes());
        let reading = yaml::read(&source);
        let root = reading
            .tree
            .node(reading.documents[0].root.clone().unwrap().unwrap());
        let object = root.get("object").unwrap();
        let api = object.get("apiVersion").unwrap().text();
        let (group, version) = api.split_once('/').unwrap_or(("", api));
        let Some(s) = Strategy::of(group, version, object.get("kind").unwrap().text()) else {
            println!("{}", serde_json::json!({"id": id["id"], "code": 0}));
            continue;
        };
        let answer = match root.get("old") {
            Some(old) => s.update(object, old, minor),
            None => s.create(object, minor),
        };
        let v = answer.validation;
        let causes: Vec<_> = v.errors.iter().map(|e| serde_json::json!({"reason": e.reason.name(), "field": e.field, "detail": e.detail, "row": e.row})).collect();
        let warnings: Vec<_> = v.warnings.iter().map(|e| e.text.clone()).collect();
        let code = if !causes.is_empty() {
            422
        } else if root.get("old").is_some() {
            200
        } else {
            201
        };
        println!(
            "{}",
            serde_json::json!({"id": id["id"], "code": code, "causes": causes, "warnings": warnings})
        );
    }
}
