//! The pure part: lists of objects in, findings out.

use kubevet::audit::inventory::Inventory;
use kubevet::audit::kinds::{KINDS, Kind};
use kubevet::audit::{Audited, Laws, audit};
use kubevet::finding::Severity;
use kubevet::lint::config::{CommandLine, Config};
use kubevet::lint::run::all_metas;
use kubevet::minor::Minors;
use kubevet::report::{Format, Options, Report, render};
use kubevet::rules::RULES;
use kubevet::source::Source;
use serde_json::{Value, json};

/// 2026-11-26T00:10:00Z.
const NOW: u64 = 1_795_651_800;
const OLD: &str = "2026-11-26T00:04:59Z";
const YOUNG: &str = "2026-11-26T00:05:01Z";

fn kind(name: &str) -> &'static Kind {
    KINDS
        .iter()
        .find(|kind| kind.resource.kind == name)
        .unwrap()
}

/// Lists objects in the order in which a cluster would be asked.
fn inventory(objects: &[Value], refused: &[(&str, Option<&str>)]) -> Inventory {
    let mut inventory = Inventory::default();
    inventory.enter(None);
    for kind in KINDS {
        let listed = objects.iter().filter(|o| o["kind"] == kind.resource.kind);
        let taken = listed.filter_map(|object| inventory.take(kind, object.clone()));
        let taken = taken.collect();
        inventory.add(taken);
    }
    for (name, namespace) in refused {
        let namespace = namespace.map(str::to_owned);
        inventory.refuse(kind(name), namespace, "is forbidden".to_owned());
    }
    inventory
}

fn audited(objects: &[Value], refused: &[(&str, Option<&str>)], config: &str) -> Audited {
    let metas = all_metas(RULES);
    let (config, faults) = Config::parse(&Source::new("config", config), &metas);
    assert!(faults.is_empty(), "{faults:?}");
    let minors = Minors::one("1.37".parse().unwrap());
    let config = config.under(CommandLine {
        minors: Some(minors),
        ..CommandLine::default()
    });
    let laws = Laws {
        config: &config,
        rules: RULES,
        now: NOW,
        settled: 300,
    };
    audit(inventory(objects, refused), laws)
}

/// `severity rule file path` of each finding.
fn told(audited: &Audited) -> Vec<String> {
    let outcome = &audited.outcome;
    let line = |finding: &kubevet::finding::Finding| {
        let file = &outcome.sources[finding.place.source.0 as usize].name;
        let (severity, rule) = (finding.severity, finding.rule.id);
        format!("{severity} {rule} {file} {}", finding.place.path)
    };
    outcome.findings.iter().map(line).collect()
}

fn findings(objects: &[Value]) -> Vec<String> {
    told(&audited(objects, &[], ""))
}

fn deployment(name: &str) -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "shop", "uid": name, "creationTimestamp": OLD},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": template(name),
        },
        "status": {"replicas": 1}
    })
}

fn template(name: &str) -> Value {
    let container = json!({"name": "web", "image": "registry.example/web:1"});
    json!({"metadata": {"labels": {"app": name}}, "spec": {"containers": [container]}})
}

fn paused(name: &str) -> Value {
    with(deployment(name), "/spec/paused", json!(true))
}

/// A Deployment whose pods need a ConfigMap.
fn needing(name: &str, config_map: &str) -> Value {
    let from = json!([{"configMapRef": {"name": config_map}}]);
    with(
        deployment(name),
        "/spec/template/spec/containers/0/envFrom",
        from,
    )
}

fn service(name: &str, selector: Value) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": OLD},
        "spec": {"selector": selector, "ports": [{"port": 80}]}
    })
}

fn named(kind: &str, namespace: &str, name: &str) -> Value {
    let meta = json!({"name": name, "namespace": namespace, "annotations": {"a": "hunter2"}});
    json!({"apiVersion": "v1", "kind": kind, "metadata": meta, "data": {"password": "hunter2"}})
}

/// An object that a controller made.
fn owned(object: Value, uid: &str) -> Value {
    let owner =
        json!([{"apiVersion": "x/v1", "kind": "X", "name": "x", "uid": uid, "controller": true}]);
    with(object, "/metadata/ownerReferences", owner)
}

fn pod(name: &str, labels: Value) -> Value {
    let mut pod = template(name);
    pod["apiVersion"] = json!("v1");
    pod["kind"] = json!("Pod");
    let meta = json!({"name": name, "namespace": "shop", "uid": name, "creationTimestamp": OLD});
    pod["metadata"] = meta;
    with(pod, "/metadata/labels", labels)
}

/// The object with a value at a JSON pointer.
fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').unwrap();
    object.pointer_mut(parent).unwrap()[key] = value;
    object
}

#[test]
fn what_people_wrote_is_judged() {
    assert_eq!(
        findings(&[paused("web")]),
        ["warning paused-at-creation shop/Deployment/web spec.paused"]
    );
    assert_eq!(findings(&[deployment("web")]), Vec::<String>::new());
}

#[test]
fn what_controllers_made_or_is_going_is_not() {
    let deleted = with(paused("web"), "/metadata/deletionTimestamp", json!(OLD));
    for object in [owned(paused("web"), "unseen"), deleted] {
        let audited = audited(&[object], &[], "");
        assert_eq!(told(&audited), Vec::<String>::new());
        assert_eq!(audited.outcome.summary.objects, 0);
        assert_eq!(audited.targets, []);
    }
}

#[test]
fn what_has_ended_asks_for_nothing() {
    let job = json!({
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once", "namespace": "shop", "creationTimestamp": OLD},
        "spec": {"template": needing("x", "gone")["spec"]["template"]}
    });
    let job = with(job, "/spec/template/spec/restartPolicy", json!("Never"));
    let missing = "error missing-config-map shop/Job/once \
                   spec.template.spec.containers[0].envFrom[0].configMapRef.name";
    assert_eq!(findings(std::slice::from_ref(&job)), [missing]);
    let ended = json!({"conditions": [{"type": "Complete", "status": "True"}]});
    assert_eq!(
        findings(&[with(job, "/status", ended)]),
        Vec::<String>::new()
    );
}

#[test]
fn what_an_owner_tells_is_told_once() {
    // An old ReplicaSet lacks the port that the Service asks for now.
    let ports = json!([{"name": "http", "containerPort": 8080}]);
    let web = with(
        deployment("web"),
        "/spec/template/spec/containers/0/ports",
        ports,
    );
    let mut old = owned(deployment("web-1"), "web");
    old["kind"] = json!("ReplicaSet");
    old["spec"]["selector"]["matchLabels"] = json!({"app": "web", "pod-template-hash": "1"});
    old["spec"]["template"]["metadata"]["labels"] = json!({"app": "web", "pod-template-hash": "1"});
    let mut front = service("front", json!({"app": "web"}));
    front["spec"]["ports"][0]["targetPort"] = json!("http");
    let of_old = owned(
        pod("web-1-a", json!({"app": "web", "pod-template-hash": "1"})),
        "web-1",
    );
    let objects = [web, old, front.clone(), of_old.clone()];
    assert_eq!(findings(&objects), Vec::<String>::new());
    let audited = audited(&objects, &[], "");
    assert_eq!(
        audited.outcome.sources.len(),
        2,
        "the Deployment and the Service"
    );
    // Whose owner isn't listed is all that tells of its pods.
    assert_eq!(
        findings(&[front, of_old]),
        ["warning undeclared-target-port shop/Service/front spec.ports[0].targetPort"]
    );
}

#[test]
fn labels_that_pods_gave_themselves_count() {
    let leader = service("leader", json!({"app": "db", "role": "leader"}));
    let set = with(deployment("db"), "/kind", json!("StatefulSet"));
    let nothing = ["error service-selects-nothing shop/Service/leader spec.selector"];
    assert_eq!(findings(&[leader.clone(), set.clone()]), nothing);
    let leads = owned(pod("db-0", json!({"app": "db", "role": "leader"})), "db");
    assert_eq!(findings(&[leader, set, leads]), Vec::<String>::new());
}

#[test]
fn absence_is_told_of_objects_that_have_settled() {
    let missing = "error missing-config-map shop/Deployment/web \
                   spec.template.spec.containers[0].envFrom[0].configMapRef.name";
    let web = needing("web", "settings");
    assert_eq!(findings(std::slice::from_ref(&web)), [missing]);
    let elsewhere = named("ConfigMap", "other", "settings");
    assert_eq!(findings(&[web.clone(), elsewhere]), [missing]);
    let there = named("ConfigMap", "shop", "settings");
    assert_eq!(findings(&[web.clone(), there]), Vec::<String>::new());
    let young = with(web, "/metadata/creationTimestamp", json!(YOUNG));
    let audited = audited(&[young], &[], "");
    assert_eq!(told(&audited), Vec::<String>::new());
    let undecided = &audited.outcome.summary.undecided;
    let why = "an object that is younger than 300 s may still get it";
    assert!(
        undecided
            .iter()
            .any(|u| u.rule == "missing-config-map" && u.why == why)
    );
}

#[test]
fn what_cant_be_listed_isnt_missing() {
    let web = needing("web", "settings");
    let objects = [web, service("front", json!({"app": "none"}))];
    let nothing = "error service-selects-nothing shop/Service/front spec.selector";
    for namespace in [None, Some("shop")] {
        let audited = audited(&objects, &[("ConfigMap", namespace)], "");
        // Other questions still have answers.
        assert_eq!(told(&audited), [nothing]);
        let summary = &audited.outcome.summary;
        assert_eq!(summary.undecided.len(), 1);
        assert_eq!(summary.undecided[0].rule, "missing-config-map");
        assert_eq!(summary.skipped[0].why, "can't be listed: is forbidden");
        assert!(!audited.outcome.unread, "ConfigMaps are never judged");
    }
    let elsewhere = audited(&objects, &[("ConfigMap", Some("other"))], "");
    assert_eq!(told(&elsewhere).len(), 2);
    let audited = audited(&objects, &[("StatefulSet", None)], "");
    assert!(audited.outcome.unread);
    assert!(
        !told(&audited).contains(&nothing.to_owned()),
        "a StatefulSet may have the pods"
    );
}

#[test]
fn relations_with_what_cant_be_listed_are_undecided() {
    let mut set = with(deployment("db"), "/kind", json!("StatefulSet"));
    set["spec"]["updateStrategy"] =
        json!({"type": "RollingUpdate", "rollingUpdate": {"partition": 1}});
    let held = ["warning partition-holds-all-pods shop/StatefulSet/db \
                 spec.updateStrategy.rollingUpdate.partition"];
    let objects = [set];
    assert_eq!(findings(&objects), held);
    let hidden = audited(&objects, &[("HorizontalPodAutoscaler", None)], "");
    assert_eq!(told(&hidden), Vec::<String>::new());
    assert_eq!(hidden.outcome.summary.undecided.len(), 1);
}

#[test]
fn the_servers_own_verdict_is_counted_and_not_told() {
    let web = with(deployment("web"), "/spec/template/spec/nonsense", json!(1));
    let audited = audited(&[web], &[], "");
    assert_eq!(told(&audited), Vec::<String>::new());
    assert_eq!(
        audited.outcome.summary.disagreements,
        [("unknown-field", 1)]
    );
    // Whether an address is free was the server's to know.
    let front = service("front", json!({"app": "web"}));
    let front = with(front, "/spec/clusterIP", json!("10.0.0.1"));
    let audited = self::audited(&[front, deployment("web")], &[], "");
    assert_eq!(told(&audited), Vec::<String>::new());
    assert_eq!(audited.outcome.summary.undecided, []);
}

#[test]
fn the_config_and_annotations_allow_what_they_do_elsewhere() {
    let web = paused("web");
    let exempt = "admission: {exemptions: [{rules: [paused-at-creation], namespaces: [shop], \
                  until: 2026-11-26, reason: moves}]}";
    let off = "rules: {paused-at-creation: off}";
    let annotation = json!({"allow.kubevet.dev/paused-at-creation": "released by hand"});
    let allowed = with(web.clone(), "/metadata/annotations", annotation);
    for (object, config, suppressed) in [(&web, exempt, 1), (&web, off, 0), (&allowed, "", 1)] {
        let audited = audited(std::slice::from_ref(object), &[], config);
        assert_eq!(told(&audited), Vec::<String>::new(), "{config}");
        assert_eq!(audited.outcome.summary.suppressed, suppressed, "{config}");
    }
    let yesterday = exempt.replace("11-26", "11-25");
    assert_eq!(
        told(&audited(std::slice::from_ref(&web), &[], &yesterday)).len(),
        1
    );
    // Paths are those of files.
    for config in [
        "exclude: [shop/]",
        "rules: {paused-at-creation: {severity: off, paths: [shop/]}}",
    ] {
        assert_eq!(
            told(&audited(std::slice::from_ref(&web), &[], config)).len(),
            1
        );
    }
    // What has nothing left to allow in a cluster may have in files.
    let idle = with(
        deployment("web"),
        "/metadata/annotations",
        allowed["metadata"]["annotations"].clone(),
    );
    assert_eq!(findings(&[idle]), Vec::<String>::new());
    let raised = audited(&[web], &[], "rules: {paused-at-creation: error}");
    assert_eq!(raised.outcome.findings[0].severity, Severity::Error);
}

fn webhook() -> Value {
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "policy", "creationTimestamp": OLD},
        "webhooks": [{
            "name": "policy.example.com",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Ignore",
            "timeoutSeconds": 3,
            "clientConfig": {"service": {"name": "policy", "namespace": "shop", "port": 443}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                       "resources": ["services"], "scope": "*"}]
        }]
    })
}

#[test]
fn webhooks_are_judged_with_what_they_call() {
    let objects = [
        webhook(),
        service("policy", json!({"app": "web"})),
        deployment("web"),
    ];
    let port = "warning undeclared-webhook-port ValidatingWebhookConfiguration/policy \
                webhooks[0].clientConfig.service.port";
    assert_eq!(findings(&objects), [port]);
    let audited = audited(&objects[..1], &[("Service", None)], "");
    assert_eq!(told(&audited), Vec::<String>::new());
    let undecided = audited.outcome.summary.undecided.iter();
    let undecided: Vec<_> = undecided.map(|undecided| undecided.rule.as_str()).collect();
    assert_eq!(
        undecided,
        ["missing-webhook-service", "undeclared-webhook-port"]
    );
}

#[test]
fn what_webhooks_call_is_known_to_be_gone() {
    let missing = |severity| {
        format!(
            "{severity} missing-webhook-service ValidatingWebhookConfiguration/policy \
             webhooks[0].clientConfig.service.name"
        )
    };
    let elsewhere = {
        let mut service = service("policy", Value::Null);
        service["metadata"]["namespace"] = json!("quiet");
        service
    };
    let mut hook = webhook();
    assert_eq!(
        findings(&[hook.clone(), elsewhere.clone()]),
        [missing("warning")]
    );
    hook["webhooks"][0]["failurePolicy"] = json!("Fail");
    assert_eq!(
        findings(&[hook.clone(), elsewhere.clone()]),
        [missing("error")]
    );
    let young = with(hook, "/metadata/creationTimestamp", json!(YOUNG));
    assert_eq!(findings(&[young, elsewhere]), Vec::<String>::new());
}

#[test]
fn objects_are_written_as_kubectl_shows_them() {
    let secret = named("Secret", "shop", "token");
    let mut web = deployment("web");
    web["metadata"]["managedFields"] = json!([{"manager": "kubectl"}]);
    let audited = audited(&[web, secret], &[], "");
    let texts: Vec<&str> = audited
        .outcome
        .sources
        .iter()
        .map(|s| s.text.as_str())
        .collect();
    let start = [
        "{",
        "    \"apiVersion\": \"apps/v1\",",
        "    \"kind\": \"Deployment\",",
        "    \"metadata\": {",
        "        \"creationTimestamp\": \"2026-11-26T00:04:59Z\",",
        "        \"name\": \"web\",",
    ];
    let start = start.join("\n");
    assert!(texts[0].starts_with(&start), "{}", texts[0]);
    assert!(!texts[0].contains("managedFields") && !texts[0].contains("status"));
    assert!(!texts.concat().contains("hunter2"), "{texts:?}");
}

#[test]
fn there_is_a_policy_report_for_every_namespace() {
    let mut quiet = deployment("quiet");
    quiet["metadata"]["namespace"] = json!("quiet");
    let audited = audited(
        &[paused("web"), needing("api", "gone"), quiet, webhook()],
        &[],
        "",
    );
    let outcome = &audited.outcome;
    let report = Report {
        findings: &outcome.findings,
        sources: &outcome.sources,
        targets: &audited.targets,
        rules: &all_metas(RULES),
        masked: &[],
        summary: &outcome.summary,
    };
    let text = render(&report, Format::PolicyReport, &Options::default());
    let list: Value = serde_json::from_str(&text).unwrap();
    let reports: Vec<(&str, &Value, &Value)> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|r| {
            (
                r["kind"].as_str().unwrap(),
                &r["metadata"]["namespace"],
                &r["summary"],
            )
        })
        .collect();
    let summary = |fail: u32, warn: u32| {
        let others = json!(0);
        json!({"pass": others, "fail": fail, "warn": warn, "error": others, "skip": others})
    };
    assert_eq!(
        reports,
        [
            // What the webhook calls isn't there.
            ("ClusterPolicyReport", &Value::Null, &summary(0, 1)),
            ("PolicyReport", &json!("quiet"), &summary(0, 0)),
            ("PolicyReport", &json!("shop"), &summary(1, 1)),
        ]
    );
    assert_eq!(
        list["items"][2]["results"][1]["resources"][0],
        json!({
            "apiVersion": "apps/v1", "kind": "Deployment", "namespace": "shop", "name": "web",
            "fieldPath": "spec.paused"
        })
    );
}
