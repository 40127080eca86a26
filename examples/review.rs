//! Reviews without a server: reads an `AdmissionReview` a line and prints the findings on the
//! object behind its answer: `[[rule, severity, path, message, [related path, …]], …]`. A line that
//! is a list of objects is the cluster of those that follow; printed is the order in which they
//! would come in sight. The command `e2e/corpus/one-verdict` holds the findings to those of
//! `kubevet lint`.
#![allow(clippy::print_stdout, reason = "it is a program")]

use std::io::{BufRead, Error, stdin};

use kubevet::lint::config::{Config, Day};
use kubevet::object::Object;
use kubevet::rules::RULES;
use kubevet::source::SourceId;
use kubevet::webhook::cache::kinds::{KINDS, Kind};
use kubevet::webhook::cache::prune::prune;
use kubevet::webhook::cache::store::Store;
use kubevet::webhook::judge::{Laws, read};
use kubevet::webhook::request::{Body, Request};
use kubevet::webhook::review::review;
use kubevet::webhook::sight::{Around, Sight};
use serde_json::Value;

/// What is kept of a cluster.
#[derive(Default)]
struct Kept(Store);

impl Kept {
    /// Keeps objects; and their numbers, in the order of what is kept of them.
    fn of(objects: &[Value]) -> Result<(Self, Vec<usize>), String> {
        let mut store = Store::default();
        let mut kept = Vec::new();
        for (at, object) in objects.iter().enumerate() {
            let text = |path| object.pointer(path).and_then(Value::as_str).unwrap_or("");
            let (group, _) = text("/apiVersion").split_once('/').unwrap_or_default();
            if let Some(number) = Kind::number(group, text("/kind"))
                && let Some(kind) = KINDS.get(number)
            {
                let pruned = prune(kind, &object.to_string())?;
                store.put(number, 0, &pruned)?;
                kept.push((pruned.json, at));
            }
        }
        kept.sort_unstable();
        Ok((Self(store), kept.into_iter().map(|(_, at)| at).collect()))
    }
}

impl Sight for Kept {
    fn around(&self, object: &Object<'_>) -> Around {
        let around = self.0.around(object, |_| true);
        Around {
            objects: around.iter().filter_map(|json| read(json).ok()).collect(),
            age: Some(0),
            ..Around::default()
        }
    }
}

fn main() -> Result<(), Error> {
    let config = Config::default();
    let laws = Laws {
        config: &config,
        rules: RULES,
    };
    // Exemptions have days; there are none here.
    let today = Day::parse("2026-01-01").ok_or_else(|| Error::other("no day"))?;
    let mut cluster = Kept::default();
    for line in stdin().lock().lines() {
        let line = line?;
        if line.starts_with('[') {
            let objects: Vec<Value> = serde_json::from_str(&line)?;
            let (kept, order) = Kept::of(&objects).map_err(Error::other)?;
            println!("{order:?}");
            cluster = kept;
            continue;
        }
        let of_fault = |fault| Error::other(format!("{fault:?}: {line}"));
        let body = Body::read(line.clone().into()).map_err(of_fault)?;
        let request = Request::of(&body).map_err(of_fault)?;
        let answer = review(&request, laws, &cluster, today).map_err(of_fault)?;
        let findings = answer.told().iter().map(|told| &told.finding);
        let findings = findings.filter(|finding| finding.place.source == SourceId(0));
        let list = findings.map(|finding| {
            let related = finding.related.iter();
            let related: Vec<_> = related.map(|related| &related.place.path).collect();
            let (rule, severity) = (finding.rule.id, finding.severity.name());
            (
                rule,
                severity,
                &finding.place.path,
                &finding.message,
                related,
            )
        });
        println!("{}", serde_json::to_string(&list.collect::<Vec<_>>())?);
    }
    Ok(())
}
