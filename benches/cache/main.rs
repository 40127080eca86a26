//! What it costs to look around in a cluster: memory for each object that is kept, and time for
//! each review, by how many objects there are and how many of them share the namespace.
//!
//! `cargo bench --features webhook --bench cache` prints a table; `benches/cache/run` writes it
//! into `benches/README.md`. The objects are of the size that a cluster stores: a Deployment has
//! 8 KiB, most of which no rule reads.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench stops where it can't go on"
)]

use std::fs;
use std::hint::black_box;
use std::time::{Duration, Instant};

use kubevet::lint::config::{Config, Day};
use kubevet::object::Object;
use kubevet::rules::RULES;
use kubevet::webhook::cache::kinds::{KINDS, Kind};
use kubevet::webhook::cache::prune::prune;
use kubevet::webhook::cache::store::Store;
use kubevet::webhook::judge::{Laws, part, read};
use kubevet::webhook::request::{Body, Request};
use kubevet::webhook::review::review;
use kubevet::webhook::sight::{Around, Nothing, Sight};
use serde_json::{Value, json};

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many objects the cluster has.
const OBJECTS: usize = 50_000;
/// How many share a namespace, unless that is what is measured.
const IN_NAMESPACE: usize = 100;
/// How many reviews are timed.
const REVIEWS: usize = 2000;
/// An application: a Deployment with what belongs to it.
const APPLICATION: [&str; 5] = [
    "Deployment",
    "Service",
    "PersistentVolumeClaim",
    "PodDisruptionBudget",
    "HorizontalPodAutoscaler",
];

fn main() {
    println!("| cluster | raw, KiB | JSON kept, bytes | resident, bytes |");
    println!("|---|---|---|---|");
    // The first one also pays for what the allocator sets up.
    drop(filled("any", 1000, IN_NAMESPACE, &APPLICATION));
    let row = |what: &str, kinds: &[&str]| {
        let before = resident();
        let (store, raw, kept) = filled("any", OBJECTS, IN_NAMESPACE, kinds);
        let grown = resident().saturating_sub(before);
        let objects = OBJECTS as f64;
        println!(
            "| {OBJECTS} objects, {what} | {:.1} | {:.0} | {:.0} |",
            raw as f64 / objects / 1024.0,
            kept as f64 / objects,
            grown as f64 / objects
        );
        store
    };
    // What was freed is used again, so each is measured while the other is there.
    let mixed = row("applications", &APPLICATION);
    let alone = row("all Deployments", &["Deployment"]);
    drop(alone);
    println!();
    println!("| review of a Deployment, medians | looking around, µs | all of it, µs |");
    println!("|---|---|---|");
    let sight = Kept(mixed);
    timed("alone", &Nothing, "namespace-0");
    timed(
        &format!("{OBJECTS} objects, {IN_NAMESPACE} in the namespace"),
        &sight,
        "namespace-0",
    );
    for crowd in [1000, 10_000] {
        let (store, ..) = filled("crowd", crowd, crowd, &APPLICATION);
        let name = format!("{crowd} objects in the namespace");
        timed(&name, &Kept(store), "crowd-0");
    }
}

/// A cluster of so many objects, with the bytes that came and those that are kept.
fn filled(
    name: &str,
    objects: usize,
    in_namespace: usize,
    kinds: &[&str],
) -> (Store, usize, usize) {
    let (mut store, mut raw, mut kept) = (Store::default(), 0, 0);
    for number in 0..objects {
        let prefix = if name == "any" { "namespace" } else { name };
        let namespace = format!("{prefix}-{}", number / in_namespace);
        let object = object(
            kinds[number % kinds.len()],
            number / kinds.len(),
            &namespace,
        );
        let json = object.to_string();
        let group = object["apiVersion"].as_str().unwrap().split_once('/');
        let group = group.map_or("", |(group, _)| group);
        let kind = Kind::number(group, object["kind"].as_str().unwrap()).unwrap();
        let pruned = prune(&KINDS[kind], &json).unwrap();
        raw += json.len();
        kept += pruned.json.len();
        store.put(kind, 1, &pruned).unwrap();
    }
    (store, raw, kept)
}

struct Kept(Store);

impl Sight for Kept {
    fn around(&self, object: &Object<'_>) -> Around {
        let around = self.0.around(object, |_| true);
        Around {
            objects: around.iter().map(|json| read(json).unwrap()).collect(),
            ..Around::default()
        }
    }
}

/// Times reviews of an application's Deployment in a namespace.
fn timed(what: &str, sight: &dyn Sight, namespace: &str) {
    let config = Config::default();
    let laws = Laws {
        config: &config,
        rules: RULES,
    };
    let today = Day::parse("2026-11-25").unwrap();
    let body = body(&object("Deployment", 3, namespace));
    let (mut looks, mut times) = (Vec::new(), Vec::new());
    for _ in 0..REVIEWS {
        let bytes = body.clone();
        let begun = Instant::now();
        let body = Body::read(bytes).unwrap();
        let request = Request::of(&body).unwrap();
        black_box(review(&request, laws, sight, today).unwrap());
        times.push(begun.elapsed());
        let loaded = part(&body, request.object.unwrap());
        let object = kubevet::webhook::judge::object(&loaded).unwrap();
        let begun = Instant::now();
        black_box(sight.around(&object));
        looks.push(begun.elapsed());
    }
    let (looks, all) = (median(&mut looks), median(&mut times));
    println!("| {what} | {looks:.0} | {all:.0} |");
}

/// In microseconds.
fn median(times: &mut [Duration]) -> f64 {
    times.sort_unstable();
    times[times.len() / 2].as_secs_f64() * 1e6
}

fn body(object: &Value) -> Vec<u8> {
    let review = json!({
        "apiVersion": "admission.k8s.io/v1",
        "kind": "AdmissionReview",
        "request": {
            "uid": "1",
            "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
            "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
            "operation": "CREATE",
            "userInfo": {},
            "object": object,
        },
    });
    review.to_string().into_bytes()
}

// --- Objects ------------------------------------------------------------------------------------

fn object(kind: &str, number: usize, namespace: &str) -> Value {
    let name = format!("application-{number}");
    let (api_version, spec) = match kind {
        "Deployment" => ("apps/v1", deployment(&name)),
        "Service" => ("v1", service(&name)),
        "PersistentVolumeClaim" => (
            "v1",
            json!({"accessModes": ["ReadWriteMany"], "resources": {"requests": {"storage": "8Gi"}},
                "storageClassName": "standard", "volumeMode": "Filesystem",
                "volumeName": format!("pvc-1f0c5b5e-5d5c-4f0e-8d0e-{number:012}")}),
        ),
        "PodDisruptionBudget" => (
            "policy/v1",
            json!({"maxUnavailable": 1, "selector": {"matchLabels": chosen(&name)}}),
        ),
        _ => (
            "autoscaling/v2",
            json!({"maxReplicas": 9, "minReplicas": 2, "scaleTargetRef": {
                "apiVersion": "apps/v1", "kind": "Deployment", "name": name}}),
        ),
    };
    json!({
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": namespace,
            "uid": format!("1f0c5b5e-5d5c-4f0e-8d0e-{number:012}"),
            "resourceVersion": "123456789",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": labels(&name),
            "annotations": {"meta.helm.sh/release-name": name},
            "managedFields": managed(),
        },
        "spec": spec,
        "status": {"conditions": conditions()},
    })
}

fn labels(name: &str) -> Value {
    json!({
        "app.kubernetes.io/name": name,
        "app.kubernetes.io/instance": name,
        "app.kubernetes.io/part-of": "shop",
        "app.kubernetes.io/managed-by": "Helm",
        "helm.sh/chart": "application-1.2.3",
    })
}

fn chosen(name: &str) -> Value {
    json!({"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name})
}

fn service(name: &str) -> Value {
    json!({
        "clusterIP": "10.0.0.1",
        "clusterIPs": ["10.0.0.1"],
        "internalTrafficPolicy": "Cluster",
        "ipFamilies": ["IPv4"],
        "ipFamilyPolicy": "SingleStack",
        "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": "http"}],
        "selector": chosen(name),
        "sessionAffinity": "None",
        "type": "ClusterIP",
    })
}

fn deployment(name: &str) -> Value {
    let env = |number: usize| {
        json!({"name": format!("SETTING_{number}"), "valueFrom": {"configMapKeyRef": {
            "name": name, "key": format!("setting-{number}")}}})
    };
    let container = |of: &str, port: u16| {
        let probe = json!({"failureThreshold": 3, "periodSeconds": 10, "successThreshold": 1,
            "httpGet": {"path": "/healthz", "port": of, "scheme": "HTTP"}, "timeoutSeconds": 1});
        json!({
            "name": of,
            "image": format!("registry.example/{name}/{of}:1.2.3"),
            "imagePullPolicy": "IfNotPresent",
            "env": (0..12).map(env).collect::<Vec<_>>(),
            "ports": [{"containerPort": port, "name": of, "protocol": "TCP"}],
            "livenessProbe": probe,
            "readinessProbe": probe,
            "resources": {"limits": {"memory": "256Mi"}, "requests": {"cpu": "100m"}},
            "securityContext": {"capabilities": {"drop": ["ALL"]}, "runAsNonRoot": true},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "volumeMounts": [{"mountPath": "/data", "name": "data"}],
        })
    };
    json!({
        "replicas": 3,
        "progressDeadlineSeconds": 600,
        "revisionHistoryLimit": 10,
        "selector": {"matchLabels": chosen(name)},
        "strategy": {"type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
        "template": {
            "metadata": {"labels": labels(name),
                "annotations": {"checksum/config": "0".repeat(64)}},
            "spec": {
                "containers": [container("http", 8080), container("metrics", 9090)],
                "dnsPolicy": "ClusterFirst",
                "restartPolicy": "Always",
                "schedulerName": "default-scheduler",
                "serviceAccountName": name,
                "terminationGracePeriodSeconds": 30,
                "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": name}}],
            },
        },
    })
}

fn managed() -> Value {
    let fields = |number: usize| (format!("f:field-{number}"), json!({".": {}, "f:value": {}}));
    let fields: serde_json::Map<String, Value> = (0..40).map(fields).collect();
    json!([{"apiVersion": "apps/v1", "fieldsType": "FieldsV1", "fieldsV1": {"f:spec": fields},
        "manager": "helm", "operation": "Update", "time": "2026-01-01T00:00:00Z"}])
}

fn conditions() -> Value {
    json!([{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable",
        "message": "Deployment has minimum availability.",
        "lastTransitionTime": "2026-01-01T00:00:00Z", "lastUpdateTime": "2026-01-01T00:00:00Z"}])
}

/// How much memory the process holds, in bytes.
fn resident() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    let kib: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kib * 1024
}
