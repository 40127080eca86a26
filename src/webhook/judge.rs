//! The findings on an object: those that `kubevet lint` gives for it as a file.
//!
//! They come out of `lint::run::judge`, given the object as the only target and what is around it
//! as files that are only in sight. So there is one verdict, and nothing about it is decided here.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::request::{Body, LOCATION};
use super::sight::Around;
use super::status::{Fault, FaultKind};
use crate::document::{Document, Reading};
use crate::finding::Finding;
use crate::lint::config::Config;
use crate::lint::load::{File, Loaded, OfCluster, load};
use crate::lint::run::{self, Job};
use crate::object::{Object, content};
use crate::project::files::Facts;
use crate::rule::Rule;
use crate::source::SourceId;
use crate::tree::Node;

/// What an object is judged by.
#[derive(Clone, Copy)]
pub struct Laws<'a> {
    /// Settings of rules, and the minor of the cluster.
    pub config: &'a Config,
    /// The rules to run.
    pub rules: &'a [&'static Rule],
}

/// An object in a body as `read` gives it.
pub fn part(body: &Body, object: Node<'_>) -> Loaded {
    let span = object.span();
    let start = |key| body.tree.node(key).span().start;
    let doubles = body.duplicates.iter();
    let doubles = doubles.filter(|d| (span.start..span.end).contains(&start(d.keys.first)));
    let reading = Reading {
        tree: Arc::clone(&body.tree),
        documents: vec![Document {
            span,
            root: Ok(Some(object.id())),
        }],
        duplicates: doubles.copied().collect(),
        is_json: true,
        ..Reading::default()
    };
    Loaded {
        source: body.source.clone(),
        facts: Facts::read(LOCATION, &body.source, &reading),
        reading,
        unopened: None,
    }
}

/// Reads an object from its JSON.
///
/// # Errors
/// It nests deeper than can be judged, or holds a number that no machine does.
pub fn read(json: &str) -> Result<Loaded, Fault> {
    let loaded = load(&file(LOCATION), &BTreeSet::new(), || Ok(json.into()));
    let mut documents = loaded.reading.documents.iter();
    match documents.find_map(|document| document.root.as_ref().err()) {
        None => Ok(loaded),
        Some(fault) => Err(Fault::new(
            FaultKind::Internal,
            format!("the object can't be judged: {}", fault.message),
        )),
    }
}

/// The object in what was read.
pub fn object(loaded: &Loaded) -> Option<Object<'_>> {
    let mut roots = loaded.reading.documents.iter();
    let root = roots.find_map(|document| *document.root.as_ref().ok()?)?;
    let content = content(SourceId(0), 0, loaded.reading.tree.node(root));
    content.objects.into_iter().next()
}

/// What `kubevet lint` finds in an object that is created, or replaces `old`.
pub fn findings(
    object: &Loaded,
    old: Option<&Loaded>,
    around: &Around,
    laws: Laws<'_>,
) -> Vec<Finding> {
    let target = File {
        target: true,
        ..file(LOCATION)
    };
    let in_sight = (1..=around.objects.len()).map(|number| file(&number.to_string()));
    let files: Vec<File> = std::iter::once(target).chain(in_sight).collect();
    let job = Job {
        files: &files,
        charts: &BTreeSet::new(),
        read: &|_| Err("is read already".to_owned()),
        configs: std::slice::from_ref(laws.config),
        rules: laws.rules,
        schemas: &[],
        covered: &BTreeMap::new(),
        old: &[],
    };
    let loaded = std::iter::once(object).chain(&around.objects);
    let loaded: Vec<&Loaded> = loaded.collect();
    let old: Vec<_> = old.into_iter().map(|old| (LOCATION, old)).collect();
    run::judge(&job, &loaded, &old).findings
}

fn file(location: &str) -> File {
    File {
        shown: location.to_owned(),
        location: location.to_owned(),
        config_path: location.to_owned(),
        // One bundle, of which what isn't in sight may be there all the same.
        of_cluster: Some(OfCluster::default()),
        ..File::default()
    }
}
