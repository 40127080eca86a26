//! The objects that are kept, and which of them relate to another one.
//!
//! An index by label, selector and name gives them in about as many steps as there are of them,
//! however many others share the namespace. Where a Service selects very many, it stays out of
//! sight itself: of its pods it would be told what is only true of some.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use super::facts::{Facts, Pair};
use super::kinds::{KINDS, Kind};
use super::prune::Pruned;
use crate::object::Object;
use crate::webhook::judge;

/// How many objects are in sight because they select or name another one, or are selected by it.
const SELECTED_MAX: usize = 64;
/// How many workloads are in sight because the same Services select them, before more of these stay
/// out of sight.
const OTHERS_MAX: usize = 192;

/// The objects of a cluster.
#[derive(Debug, Default)]
pub struct Store {
    /// Secret, so that nobody makes up names that fall together.
    keys: RandomState,
    slots: Vec<Option<Kept>>,
    free: Vec<u32>,
    by_name: HashMap<u64, u32>,
    /// The slots under each topic.
    topics: HashMap<u64, Vec<u32>>,
    counts: [usize; KINDS.len()],
}

/// An object that is kept.
#[derive(Debug)]
struct Kept {
    kind: usize,
    /// In which round of listing it was last seen.
    round: u32,
    name: u64,
    json: Arc<str>,
    relations: Relations,
}

/// `Facts`, as topics.
#[derive(Debug, Default, PartialEq, Eq)]
struct Relations {
    /// The labels of its pods.
    labels: Box<[u64]>,
    /// The labels that it selects.
    asks: Option<Box<[u64]>>,
    /// What it names.
    names: Box<[u64]>,
    /// The topics by which it is found, besides `labels`.
    found_by: Box<[u64]>,
    /// The topic of all in its namespace that have pods with labels.
    labelled: u64,
}

/// What an index lists objects under, in a namespace.
#[derive(Hash)]
enum Topic<'a> {
    /// Their pods have the label.
    Label(Pair<'a>),
    /// They have pods with labels.
    Labelled,
    /// They select by the label, and perhaps by others.
    Selects(u64),
    /// They select, but not by the value of a label.
    SelectsOtherwise,
    /// Their kind and name.
    Name(&'a str, &'a str),
    /// They name this.
    Names(u64),
}

impl Store {
    /// How many objects of a kind there are, by its number in `KINDS`.
    pub fn count(&self, kind: usize) -> usize {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    /// Puts an object in, or over an older one of its name.
    ///
    /// # Errors
    /// It can't be read.
    pub fn put(&mut self, kind: usize, round: u32, pruned: &Pruned) -> Result<(), String> {
        let Some(known) = KINDS.get(kind) else {
            return Ok(());
        };
        let name = self.name(&pruned.namespace, known.resource.kind, &pruned.name);
        let old = self.by_name.get(&name).copied();
        if let Some(kept) = old.and_then(|slot| self.kept_mut(slot)) {
            kept.round = round;
            // Most changes are of what isn't kept: the status.
            if *kept.json == *pruned.json {
                return Ok(());
            }
        }
        let loaded = judge::read(&pruned.json).map_err(|fault| fault.message)?;
        let object = judge::object(&loaded).ok_or("it isn't an object")?;
        if let Some(slot) = old {
            self.take(slot);
        }
        let relations = self.relations(&Facts::of(&object));
        self.insert(Kept {
            kind,
            round,
            name,
            json: pruned.json.as_str().into(),
            relations,
        });
        Ok(())
    }

    /// Takes an object out.
    pub fn remove(&mut self, kind: usize, namespace: &str, name: &str) {
        let Some(known) = KINDS.get(kind) else {
            return;
        };
        let name = self.name(namespace, known.resource.kind, name);
        if let Some(slot) = self.by_name.get(&name) {
            self.take(*slot);
        }
    }

    /// Takes the objects of a kind out that weren't seen in a round of listing.
    pub fn sweep(&mut self, kind: usize, round: u32) {
        let slots = self.slots.iter().enumerate();
        let is_gone = |kept: &Kept| kept.kind == kind && kept.round != round;
        let gone = slots.filter(|(_, kept)| kept.as_ref().is_some_and(is_gone));
        let gone: Vec<u32> = gone.map(|(slot, _)| slot as u32).collect();
        for slot in gone {
            self.take(slot);
        }
    }

    /// What relates to an object, of the kinds that are wanted by their number, as JSON. The object
    /// itself isn't among it.
    pub fn around(&self, object: &Object<'_>, wanted: impl Fn(usize) -> bool) -> Vec<Arc<str>> {
        let facts = Facts::of(object);
        let own = self.relations(&facts);
        let mut found = self.selecting(&facts, &own);
        let services = KINDS
            .iter()
            .position(|kind| kind.resource.kind == "Service");
        // What is told of a Service, is told of all that it selects.
        let mut others = Vec::new();
        found.retain(|slot| {
            let Some(kept) = self.kept(*slot).filter(|kept| Some(kept.kind) == services) else {
                return true;
            };
            let selected = self.selected(&kept.relations);
            let fits = selected.len() <= SELECTED_MAX && others.len() <= OTHERS_MAX;
            others.extend(selected.into_iter().filter(|_| fits));
            fits
        });
        found.extend(others);
        let selected = self.selected(&own);
        let service = Kind::number(object.group, object.kind) == services;
        if !service || selected.len() <= SELECTED_MAX {
            found.extend(selected);
        }
        let named = own.names.iter().filter_map(|name| self.by_name.get(name));
        found.extend(named.copied());
        let itself = self.name(facts.namespace, object.kind, object.name);
        let itself = Kind::number(object.group, object.kind).map(|_| itself);
        if let Some(name) = itself {
            let users = self.under(self.topic(facts.namespace, Topic::Names(name)));
            found.extend(users.iter().take(SELECTED_MAX));
        }
        found.sort_unstable();
        found.dedup();
        let kept = found.into_iter().filter_map(|slot| self.kept(slot));
        let kept = kept.filter(|kept| wanted(kept.kind) && Some(kept.name) != itself);
        let mut around: Vec<_> = kept.map(|kept| Arc::clone(&kept.json)).collect();
        // The same objects give the same answer, however they came here.
        around.sort_unstable();
        around
    }

    /// What may select the pods of an object.
    fn selecting(&self, facts: &Facts<'_>, own: &Relations) -> Vec<u32> {
        if own.labels.is_empty() {
            return Vec::new();
        }
        let by_label = own.labels.iter().flat_map(|label| {
            let topic = self.topic(facts.namespace, Topic::Selects(*label));
            self.under(topic).iter().copied()
        });
        let selects = |slot: &u32| {
            let asks = self
                .kept(*slot)
                .and_then(|kept| kept.relations.asks.as_ref());
            asks.is_some_and(|asks| asks.iter().all(|label| own.labels.contains(label)))
        };
        let otherwise = self.topic(facts.namespace, Topic::SelectsOtherwise);
        let otherwise = self.under(otherwise).iter().copied().take(SELECTED_MAX);
        let by_label = by_label.filter(selects).take(SELECTED_MAX);
        by_label.chain(otherwise).collect()
    }

    /// The workloads that may be selected; where they are more than `SELECTED_MAX`, one more than
    /// that. A selector that asks for no label by value may select any.
    fn selected(&self, relations: &Relations) -> Vec<u32> {
        let Some(asks) = &relations.asks else {
            return Vec::new();
        };
        let lists = asks.iter().map(|label| self.under(*label));
        let all = || self.under(relations.labelled);
        let rarest = lists.min_by_key(|slots| slots.len()).unwrap_or_else(all);
        let meets = |slot: &u32| {
            let kept = self.kept(*slot);
            kept.is_some_and(|kept| asks.iter().all(|ask| kept.relations.labels.contains(ask)))
        };
        let selected = rarest.iter().copied().filter(meets);
        selected.take(SELECTED_MAX + 1).collect()
    }

    fn relations(&self, facts: &Facts<'_>) -> Relations {
        let label = |pair: &Pair<'_>| self.topic(facts.namespace, Topic::Label(*pair));
        let labels: Box<[u64]> = facts.labels.iter().map(label).collect();
        let asks = facts
            .asks
            .as_ref()
            .map(|asks| asks.iter().map(label).collect());
        let names = facts.names.iter().map(|(kind, name)| {
            let cluster_wide = *kind == "StorageClass";
            self.name(if cluster_wide { "" } else { facts.namespace }, kind, name)
        });
        let names: Box<[u64]> = names.collect();
        let by_name = names
            .iter()
            .map(|name| self.topic(facts.namespace, Topic::Names(*name)));
        let by_selector = asks.as_deref().map(|asks: &[u64]| {
            // By the label that fewest others select by: it is looked through for each such label.
            let topics = asks
                .iter()
                .map(|ask| self.topic(facts.namespace, Topic::Selects(*ask)));
            let rarest = topics.min_by_key(|topic| self.under(*topic).len());
            rarest.unwrap_or_else(|| self.topic(facts.namespace, Topic::SelectsOtherwise))
        });
        let labelled = self.topic(facts.namespace, Topic::Labelled);
        let as_labelled = (!labels.is_empty()).then_some(labelled);
        let found_by = by_name.chain(by_selector).chain(as_labelled);
        Relations {
            labels,
            asks,
            found_by: found_by.collect(),
            names,
            labelled,
        }
    }

    fn insert(&mut self, kept: Kept) {
        let slot = self.free.pop().unwrap_or(self.slots.len() as u32);
        for topic in kept.relations.topics() {
            self.topics.entry(topic).or_default().push(slot);
        }
        self.by_name.insert(kept.name, slot);
        if let Some(count) = self.counts.get_mut(kept.kind) {
            *count += 1;
        }
        match self.slots.get_mut(slot as usize) {
            Some(place) => *place = Some(kept),
            None => self.slots.push(Some(kept)),
        }
    }

    fn take(&mut self, slot: u32) {
        let place = self.slots.get_mut(slot as usize);
        let Some(kept) = place.and_then(Option::take) else {
            return;
        };
        for topic in kept.relations.topics() {
            let Some(slots) = self.topics.get_mut(&topic) else {
                continue;
            };
            if let Some(at) = slots.iter().position(|other| *other == slot) {
                slots.swap_remove(at);
            }
            if slots.is_empty() {
                self.topics.remove(&topic);
            }
        }
        self.by_name.remove(&kept.name);
        if let Some(count) = self.counts.get_mut(kept.kind) {
            *count -= 1;
        }
        self.free.push(slot);
    }

    fn kept(&self, slot: u32) -> Option<&Kept> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn kept_mut(&mut self, slot: u32) -> Option<&mut Kept> {
        self.slots.get_mut(slot as usize)?.as_mut()
    }

    fn under(&self, topic: u64) -> &[u32] {
        self.topics.get(&topic).map_or(&[], Vec::as_slice)
    }

    fn name(&self, namespace: &str, kind: &str, name: &str) -> u64 {
        self.topic(namespace, Topic::Name(kind, name))
    }

    fn topic(&self, namespace: &str, topic: Topic<'_>) -> u64 {
        self.keys.hash_one((namespace, topic))
    }
}

impl Relations {
    fn topics(&self) -> impl Iterator<Item = u64> {
        self.labels.iter().chain(&self.found_by).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::super::prune::prune;
    use super::*;
    use serde_json::{Value, json};

    /// A store of these objects.
    fn store(objects: &[Value]) -> Store {
        let mut store = Store::default();
        for object in objects {
            put(&mut store, 0, object);
        }
        store
    }

    fn put(store: &mut Store, round: u32, object: &Value) {
        let kind = KINDS
            .iter()
            .position(|kind| object["kind"] == kind.resource.kind);
        let kind = kind.unwrap();
        let pruned = prune(&KINDS[kind], &object.to_string()).unwrap();
        store.put(kind, round, &pruned).unwrap();
    }

    /// The kinds and names of what relates to an object.
    fn around(store: &Store, object: &Value) -> Vec<String> {
        let loaded = judge::read(&object.to_string()).unwrap();
        let object = judge::object(&loaded).unwrap();
        let named = |json: &Arc<str>| {
            let value: Value = serde_json::from_str(json).unwrap();
            let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
            format!(
                "{}/{}",
                text(&value["kind"]),
                text(&value["metadata"]["name"])
            )
        };
        let around = store.around(&object, |_| true);
        let mut names: Vec<_> = around.iter().map(named).collect();
        names.sort();
        names
    }

    fn object(api_version: &str, kind: &str, name: &str, spec: Value) -> Value {
        let metadata = json!({"name": name, "namespace": "shop"});
        json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
    }

    fn deployment(name: &str, labels: Value) -> Value {
        let template = json!({"metadata": {"labels": labels}, "spec": {"containers": []}});
        let selector = json!({"matchLabels": {"app": name}});
        let spec = json!({"selector": selector, "template": template});
        object("apps/v1", "Deployment", name, spec)
    }

    fn service(name: &str, selector: Value) -> Value {
        object("v1", "Service", name, json!({"selector": selector}))
    }

    fn claim(name: &str) -> Value {
        let spec = json!({"storageClassName": "fast"});
        object("v1", "PersistentVolumeClaim", name, spec)
    }

    #[test]
    fn finds_what_selects_and_what_is_selected_beside() {
        let web = deployment("web", json!({"app": "web", "part": "shop"}));
        let mut elsewhere = service("elsewhere", json!({"app": "web"}));
        elsewhere["metadata"]["namespace"] = "other".into();
        let store = store(&[
            web.clone(),
            deployment("db", json!({"app": "db", "part": "shop"})),
            deployment("lone", json!({"app": "lone"})),
            service("web", json!({"app": "web"})),
            service("all", json!({"part": "shop"})),
            service("other", json!({"app": "web", "part": "other"})),
            elsewhere,
        ]);
        let expected = ["Deployment/db", "Service/all", "Service/web"];
        assert_eq!(around(&store, &web), expected);
        let all = service("all", json!({"part": "shop"}));
        assert_eq!(around(&store, &all), ["Deployment/db", "Deployment/web"]);
        let new = service("new", json!({"app": "none"}));
        assert_eq!(around(&store, &new), [""; 0]);
    }

    #[test]
    fn finds_whom_names_lead_to_and_from() {
        let set = object(
            "apps/v1",
            "StatefulSet",
            "db",
            json!({
                "serviceName": "db",
                "selector": {"matchExpressions": [{"key": "app", "operator": "Exists"}]},
                "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [],
                    "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]}},
            }),
        );
        let target = json!({"kind": "StatefulSet", "name": "db"});
        let scaler = json!({"scaleTargetRef": target, "maxReplicas": 3});
        let class =
            json!({"kind": "StorageClass", "metadata": {"name": "fast"}, "provisioner": "p"});
        let store = store(&[
            set.clone(),
            service("db", json!({"app": "x"})),
            service(
                "db-0",
                json!({"statefulset.kubernetes.io/pod-name": "db-0"}),
            ),
            claim("data"),
            claim("other"),
            object("autoscaling/v2", "HorizontalPodAutoscaler", "db", scaler),
            class,
        ]);
        let expected = [
            "HorizontalPodAutoscaler/db",
            "PersistentVolumeClaim/data",
            "Service/db",
            "Service/db-0",
        ];
        assert_eq!(around(&store, &set), expected);
        let expected = ["StatefulSet/db", "StorageClass/fast"];
        assert_eq!(around(&store, &claim("data")), expected);
        // It selects by more than values, so whoever has labels may be meant.
        let web = deployment("web", json!({"app": "web"}));
        assert_eq!(around(&store, &web), ["StatefulSet/db"]);
    }

    #[test]
    fn follows_changes_and_forgets_without_a_trace() {
        let web = deployment("web", json!({"app": "web"}));
        let mut store = store(&[service("web", json!({"app": "web"}))]);
        assert_eq!(around(&store, &web), ["Service/web"]);
        put(&mut store, 0, &service("web", json!({"app": "other"})));
        assert_eq!(around(&store, &web), [""; 0]);
        put(&mut store, 1, &service("more", json!({"app": "web"})));
        assert_eq!(
            (store.count(0), around(&store, &web)),
            (2, vec!["Service/more".into()])
        );
        store.sweep(0, 1);
        assert_eq!(
            (store.count(0), around(&store, &web)),
            (1, vec!["Service/more".into()])
        );
        store.remove(0, "shop", "none");
        store.remove(0, "shop", "more");
        assert_eq!((store.count(0), around(&store, &web)), (0, Vec::new()));
        assert!(store.topics.is_empty() && store.by_name.is_empty());
        assert!(store.slots.iter().all(Option::is_none));
    }

    #[test]
    fn leaves_a_service_out_that_selects_very_many() {
        let labels = |i: usize| json!({"app": format!("web-{i}"), "part": "shop"});
        let many = (0..=SELECTED_MAX).map(|i| deployment(&format!("web-{i}"), labels(i)));
        let mut objects: Vec<Value> = many.collect();
        objects.push(service("all", json!({"part": "shop"})));
        objects.push(service("one", json!({"app": "web-7"})));
        let store = store(&objects);
        assert_eq!(around(&store, &objects[7]), ["Service/one"]);
        assert_eq!(
            around(&store, &service("all", json!({"part": "shop"}))),
            [""; 0]
        );
    }
}
