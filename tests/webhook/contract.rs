//! The contract between the API server and its webhooks, as its sources have it: what it asks (R)
//! and what it demands of answers (A).

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{Served, bad_deployment, deployment, head, review, strict};

fn strict_server() -> Served {
    let (_folder, config) = strict();
    Served::start(&["--config", &config])
}

/// R1: POST to the configured path, with a timeout in the query or without.
#[test]
fn r1_takes_the_timeout_of_the_query_as_its_deadline() {
    let served = Served::start(&[]);
    let body = review(json!({"object": deployment()}));
    let mut connection = served.client().connect();
    for target in ["/validate", "/validate?timeout=3s", "/validate?timeout=30s"] {
        let reply = connection.post(target, "application/json", &body);
        assert_eq!(reply.response()["allowed"], true);
    }
    // Half a body: the answer comes before the API server gives up.
    let begun = Instant::now();
    let late = head("/validate?timeout=1s", "application/json", body.len());
    connection.send(late.as_bytes()).unwrap();
    connection.send(&body[..10]).unwrap();
    let reply = connection.receive().unwrap();
    assert!(begun.elapsed() < Duration::from_secs(1));
    assert_eq!(reply.code, 503);
    reply.fault();
}

/// R2: HTTP/1.1 over TLS 1.2 or newer, verified by the name of the Service.
#[test]
fn r2_speaks_http_1_1_over_tls_under_its_name() {
    let served = Served::start(&[]);
    for tls12 in [true, false] {
        let mut client = served.client();
        client.tls12 = tls12;
        let mut connection = client.connect();
        let protocol = connection.stream.conn.alpn_protocol();
        assert_eq!(protocol, Some(&b"http/1.1"[..]));
        let reply = connection.review(&review(json!({"object": deployment()})));
        assert_eq!(reply.response()["allowed"], true);
    }
}

/// R3: the uid is new for every call, and comes back as it was.
#[test]
fn r3_echoes_the_uid() {
    let served = Served::start(&[]);
    for uid in ["705ab4f5-6393-11e8-b7cc-42010a800002", "x", "a\"b\\é"] {
        let reply = served.ask(json!({"uid": uid, "object": deployment()}));
        assert_eq!(reply.response()["uid"], uid);
    }
}

/// R4: what matched may be another version than what was sent.
#[test]
fn r4_judges_the_kind_that_matched() {
    let served = strict_server();
    let sent = json!({"group": "apps", "version": "v1beta1", "kind": "Deployment"});
    let reply = served.ask(json!({"requestKind": sent, "object": bad_deployment()}));
    let response = reply.response();
    assert_eq!(response["allowed"], false);
    assert_eq!(response["status"]["details"]["kind"], "Deployment");
}

/// R5: the name is empty where the server makes it up.
#[test]
fn r5_names_objects_without_a_name_by_what_it_is_made_of() {
    let served = strict_server();
    let mut object = bad_deployment();
    let metadata = object["metadata"].as_object_mut().unwrap();
    metadata.remove("name");
    metadata.insert("generateName".to_owned(), "web-".into());
    let response = served.ask(json!({"name": "", "object": object})).response();
    let message = response["status"]["message"].as_str().unwrap();
    assert!(message.contains("Deployment/web-*"), "{message}");
}

fn kinds() -> [Value; 4] {
    let mut set = deployment();
    set["kind"] = "StatefulSet".into();
    set["spec"]["serviceName"] = "web".into();
    let service = json!({
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": "http"}]},
    });
    let claim = json!({
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    });
    [deployment(), set, service, claim]
}

/// R6: `object` is null on DELETE, `oldObject` on CREATE; a collection is deleted one by one.
#[test]
fn r6_answers_all_operations_on_all_kinds() {
    let served = Served::start(&[]);
    let mut connection = served.client().connect();
    for object in kinds() {
        let version = object["apiVersion"].as_str().unwrap();
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let kind = json!({"group": group, "version": version, "kind": object["kind"]});
        for (operation, new, old) in [
            ("CREATE", &object, &Value::Null),
            ("UPDATE", &object, &object),
            ("DELETE", &Value::Null, &object),
            ("DELETE", &Value::Null, &Value::Null),
            ("CONNECT", &object, &Value::Null),
            ("CREATE", &Value::Null, &Value::Null),
        ] {
            let request = json!({
                "operation": operation, "kind": kind, "object": new, "oldObject": old,
            });
            let response = connection.review(&review(request)).response();
            assert_eq!(response["allowed"], true, "{operation} {object}");
        }
    }
}

/// R7: PATCH and apply come as UPDATE, or as CREATE.
#[test]
fn r7_takes_patches_for_updates() {
    let served = strict_server();
    let options = json!({
        "kind": "PatchOptions", "apiVersion": "meta.k8s.io/v1", "fieldManager": "kubectl",
        "force": true,
    });
    for (operation, old) in [("UPDATE", deployment()), ("CREATE", Value::Null)] {
        let reply = served.ask(json!({
            "operation": operation, "object": bad_deployment(), "oldObject": old,
            "options": options,
        }));
        assert_eq!(reply.response()["allowed"], false);
    }
}

/// R8: `dryRun` is always there, and changes nothing about the answer.
#[test]
fn r8_answers_a_dry_run_alike() {
    let served = strict_server();
    let answer = |dry: bool| {
        let request = json!({"dryRun": dry, "object": bad_deployment()});
        served.ask(request).response()
    };
    assert_eq!(answer(true), answer(false));
    let metrics = served.get("/metrics");
    assert!(metrics.text().contains("kubevet_dry_runs_total 1\n"));
}

/// R9: of who asks, all but the name may be missing, and even that.
#[test]
fn r9_takes_any_user() {
    let served = Served::start(&[]);
    for user in [
        json!({}),
        json!({"username": "admin"}),
        json!({"username": "a", "uid": "1", "groups": ["g"], "extra": {"k": ["v"]}}),
    ] {
        let reply = served.ask(json!({"userInfo": user, "object": deployment()}));
        assert_eq!(reply.response()["allowed"], true);
    }
}

/// R10: a scale is no Deployment, though its resource is `deployments`.
#[test]
fn r10_lets_subresources_pass() {
    let served = strict_server();
    let scale = json!({
        "apiVersion": "autoscaling/v1", "kind": "Scale",
        "metadata": {"name": "web", "namespace": "shop"}, "spec": {"replicas": 0},
    });
    let kind = json!({"group": "autoscaling", "version": "v1", "kind": "Scale"});
    let reply = served.ask(json!({
        "operation": "UPDATE", "kind": kind, "subResource": "scale", "object": scale,
        "oldObject": scale,
    }));
    assert_eq!(
        reply.response(),
        json!({
            "uid": "705ab4f5-6393-11e8-b7cc-42010a800002", "allowed": true,
        })
    );
    // Whatever it holds.
    let reply = served.ask(json!({
        "operation": "UPDATE", "subResource": "status", "object": bad_deployment(),
        "oldObject": deployment(),
    }));
    assert_eq!(reply.response()["allowed"], true);
}

/// A Deployment with an annotation of this many bytes.
fn padded(bytes: usize) -> Value {
    let mut object = deployment();
    object["metadata"]["annotations"] = json!({"padding": "x".repeat(bytes)});
    object
}

/// R11: two objects of 3 MiB each, and more, since the server fills them in.
#[test]
fn r11_takes_what_the_api_server_can_send() {
    const MIB: usize = 1 << 20;
    let served = Served::start(&[]);
    let mut connection = served.client().connect();
    let request = json!({
        "operation": "UPDATE", "object": padded(3 * MIB), "oldObject": padded(3 * MIB),
    });
    assert_eq!(
        connection.review(&review(request)).response()["allowed"],
        true
    );
    let large = review(json!({"object": padded(16 * MIB - 4096)}));
    assert!(large.len() > 15 * MIB + MIB / 2);
    assert_eq!(connection.review(&large).response()["allowed"], true);
    let larger = review(json!({"object": padded(16 * MIB)}));
    let status = connection.review(&larger).fault();
    assert_eq!(status["code"], 413);
    assert_eq!(status["reason"], "RequestEntityTooLarge");
}

/// A1: an answer in another version than v1, or with another uid, is a failure of the call.
#[test]
fn a1_answers_v1_alone() {
    let served = Served::start(&[]);
    let mut connection = served.client().connect();
    let body = String::from_utf8(review(json!({"object": deployment()}))).unwrap();
    for (from, to) in [
        ("admission.k8s.io/v1", "admission.k8s.io/v1beta1"),
        ("AdmissionReview", "ConversionReview"),
        ("705ab4f5-6393-11e8-b7cc-42010a800002", ""),
    ] {
        let body = body.replace(from, to);
        assert_eq!(connection.review(body.as_bytes()).fault()["code"], 400);
    }
    assert_eq!(
        connection.review(body.as_bytes()).response()["allowed"],
        true
    );
}

/// A2: an answer without a response, or without a body, is a failure of the call.
#[test]
fn a2_answers_nonsense_with_a_status() {
    let served = Served::start(&[]);
    let mut connection = served.client().connect();
    for body in [
        &b""[..],
        b"{}",
        b"null",
        b"[",
        b"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}",
        b"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":null}",
        b"\xff\xfe",
    ] {
        assert_eq!(connection.review(body).fault()["code"], 400);
    }
}

/// A3: a fault is no decision, and its Status tells the user why.
#[test]
fn a3_answers_a_panic_with_a_status_and_goes_on() {
    let served = Served::slow();
    let mut object = deployment();
    object["metadata"]["annotations"] = json!({"slow.kubevet.dev/panics": "yes"});
    let mut connection = served.client().connect();
    let status = connection
        .review(&review(json!({"object": object})))
        .fault();
    assert_eq!(
        (status["code"].as_u64(), &status["reason"]),
        (Some(500), &"InternalError".into())
    );
    let what = served.logged("panicked")["what"].clone();
    assert_eq!(what, "the object asks for it");
    let uid = served.logged("no decision")["uid"].clone();
    assert_eq!(uid, "705ab4f5-6393-11e8-b7cc-42010a800002");
    let reply = connection.review(&review(json!({"object": deployment()})));
    assert_eq!(reply.response()["allowed"], true);
    assert_eq!(served.get("/readyz").code, 200);
}

/// A4: 429 with whole seconds in `Retry-After` makes the API server ask again.
#[test]
fn a4_sheds_what_it_cannot_do_in_time() {
    let served = Served::slow();
    let mut object = deployment();
    object["metadata"]["annotations"] = json!({"slow.kubevet.dev/microseconds": "300000"});
    let body = review(json!({"object": object}));
    let request = [
        head("/validate?timeout=3s", "application/json", body.len()).as_bytes(),
        &body,
    ]
    .concat();
    let client = served.client();
    let ask = || {
        let mut connection = client.connect();
        let begun = Instant::now();
        let reply = connection.exchange(&request);
        assert!(begun.elapsed() < Duration::from_secs(3), "{reply:?}");
        reply
    };
    // What reviews cost is learned from them.
    let mut first = client.connect();
    for _ in 0..6 {
        first.exchange(&request).response();
    }
    let replies = std::thread::scope(|scope| {
        let asked: Vec<_> = (0..60).map(|_| scope.spawn(ask)).collect();
        let replies = asked.into_iter().map(|thread| thread.join().unwrap());
        replies.collect::<Vec<_>>()
    });
    let served_well = replies.iter().filter(|reply| reply.code == 200).count();
    let shed: Vec<_> = replies.iter().filter(|reply| reply.code == 429).collect();
    let codes: Vec<_> = replies.iter().map(|reply| reply.code).collect();
    assert!(served_well > 4, "{codes:?}");
    assert!(!shed.is_empty());
    for reply in shed {
        assert_eq!(reply.fault()["reason"], "TooManyRequests");
        assert_eq!(reply.header("retry-after"), Some("1"));
    }
    assert!(
        replies
            .iter()
            .all(|reply| [200, 429, 503].contains(&reply.code))
    );
}

/// A5: JSON is asked for, and answered.
#[test]
fn a5_takes_and_gives_json() {
    let served = Served::start(&[]);
    let mut connection = served.client().connect();
    let body = review(json!({"object": deployment()}));
    for media in ["application/json", "application/json; charset=utf-8"] {
        let reply = connection.post("/validate", media, &body);
        assert_eq!(reply.response()["allowed"], true);
    }
    for media in ["application/yaml", "application/vnd.kubernetes.protobuf"] {
        assert_eq!(
            connection.post("/validate", media, &body).fault()["code"],
            415
        );
    }
    assert_eq!(served.get("/validate").fault()["code"], 405);
    assert_eq!(served.get("/elsewhere").fault()["code"], 404);
}

/// A6: who only validates sends no patch. (`Reply::response` holds that for all answers.)
#[test]
fn a6_sends_no_patch() {
    let served = strict_server();
    for object in [deployment(), bad_deployment()] {
        let response = served.ask(json!({"object": object})).response();
        assert!(response.get("patch").is_none() && response.get("patchType").is_none());
    }
}

/// A7: a denial says why, with a code that stays what it is.
#[test]
fn a7_denies_with_code_reason_message_and_causes() {
    let served = strict_server();
    let status = served.ask(json!({"object": bad_deployment()})).response()["status"].clone();
    assert_eq!(status["code"], 403);
    assert_eq!(status["status"], "Failure");
    assert_eq!(status["reason"], "Forbidden");
    let message = status["message"].as_str().unwrap();
    let command = "kubevet lint --kubernetes-version 1.36 --select undeclared-probe-port FILE";
    assert!(message.contains(command), "{message}");
    let cause = &status["details"]["causes"][0];
    let field = "spec.template.spec.containers[0].livenessProbe.httpGet.port";
    assert_eq!(cause["field"], field);
    assert_eq!(cause["reason"], "undeclared-probe-port");
    assert!(cause["message"].as_str().unwrap().contains("`admin`"));
}

/// A8: the status of what is allowed would be ignored.
#[test]
fn a8_allows_without_a_status() {
    let served = Served::start(&[]);
    let response = served.ask(json!({"object": bad_deployment()})).response();
    assert_eq!(response["allowed"], true);
    assert!(response.get("status").is_none());
}

/// A9: warnings are cut at 256 characters each, and lost with any control character.
#[test]
fn a9_warns_within_the_limits() {
    let served = Served::start(&[]);
    let mut object = bad_deployment();
    let containers = &mut object["spec"]["template"]["spec"]["containers"];
    for number in 1..6 {
        let mut container = containers[0].clone();
        container["name"] = format!("c{number}").into();
        let port = format!("\u{7}é\n{}{number}", "long".repeat(100));
        container["livenessProbe"]["httpGet"]["port"] = port.into();
        containers.as_array_mut().unwrap().push(container);
    }
    let response = served.ask(json!({"object": object})).response();
    let warnings = response["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 4);
    for warning in warnings {
        let warning = warning.as_str().unwrap();
        assert!(warning.chars().count() <= 256 && !warning.contains(char::is_control));
    }
    assert_eq!(warnings[3], "kubevet: and 3 more");
}

/// A10: keys of annotations are qualified names without a prefix, which the server adds.
#[test]
fn a10_annotates_by_rule() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("audit.yaml");
    std::fs::write(&config, "admission: {actions: [{action: audit}]}\n").unwrap();
    let served = Served::start(&["--config", config.to_str().unwrap()]);
    let response = served.ask(json!({"object": bad_deployment()})).response();
    assert_eq!(response["allowed"], true);
    assert!(response.get("warnings").is_none());
    let annotations = response["auditAnnotations"].as_object().unwrap();
    assert_eq!(annotations.len(), 1);
    for (key, value) in annotations {
        let named = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        assert!(key.len() <= 63 && key.chars().all(named), "{key}");
        assert!(!value.as_str().unwrap().is_empty());
    }
}
