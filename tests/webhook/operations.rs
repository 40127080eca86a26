//! What a server is held to by those who keep it: certificates and configs that change, clients
//! that hang, and an end that loses nothing.

use std::fs;
use std::io::Read;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::kit::{
    Authority, Connection, Leaf, Mount, NAME, Reply, Served, bad_deployment, deployment, head,
    review, strict,
};

fn allowed(connection: &mut Connection) -> Reply {
    let reply = connection.review(&review(json!({"object": deployment()})));
    assert_eq!(reply.response()["allowed"], true);
    reply
}

/// Tries until it holds, for some seconds.
fn soon(mut holds: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(15), "it never holds");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn exit_code(served: &mut Served) -> Option<i32> {
    let mut code = None;
    soon(|| {
        code = served.process.try_wait().unwrap();
        code.is_some()
    });
    code.unwrap().code()
}

#[test]
fn stops_in_the_order_that_loses_nothing() {
    let mut served = Served::start(&["--drain-delay", "3"]);
    let mut open = served.client().connect();
    assert_eq!(allowed(&mut open).header("connection"), None);
    assert_eq!(served.get("/readyz").code, 200);
    served.signal("TERM");
    served.logged("stopping");
    let reply = served.get("/readyz");
    assert_eq!((reply.code, reply.text()), (503, "stopping\n"));
    // Whoever comes, on an open connection or a new one, is served and told not to come back.
    let mut new = served.client().connect();
    for connection in [&mut open, &mut new] {
        assert_eq!(allowed(connection).header("connection"), Some("close"));
        assert_eq!(connection.stream.read(&mut [0]).unwrap(), 0);
    }
    assert_eq!(exit_code(&mut served), Some(0));
    assert!(TcpStream::connect(served.address).is_err());
}

#[test]
fn answers_what_it_began_before_it_ends() {
    let mut served = Served::slow();
    let mut object = deployment();
    object["metadata"]["annotations"] = json!({"slow.kubevet.dev/microseconds": "3000000"});
    let body = review(json!({"object": object}));
    let mut connection = served.client().connect();
    let mut idle = served.client().connect();
    connection
        .send(head("/validate", "application/json", body.len()).as_bytes())
        .unwrap();
    connection.send(&body).unwrap();
    // It waits for a second after the signal, then only for what is in flight.
    served.signal("TERM");
    assert_eq!(connection.receive().unwrap().response()["allowed"], true);
    assert_eq!(idle.stream.read(&mut [0]).unwrap_or(0), 0);
    assert_eq!(exit_code(&mut served), Some(0));
}

#[test]
fn ends_at_once_at_the_second_signal() {
    let mut served = Served::start(&["--drain-delay", "60"]);
    served.signal("TERM");
    served.logged("stopping");
    served.signal("INT");
    served.logged("stopped at once");
    assert_eq!(exit_code(&mut served), Some(0));
}

#[test]
fn keeps_silent_connections_and_ends_heads_that_dont() {
    let served = Served::start(&[]);
    let mut silent = served.client().connect();
    let mut used = served.client().connect();
    allowed(&mut used);
    let mut slow = served.client().connect();
    slow.send(b"POST /validate HTTP/1.1\r\nHost: ").unwrap();
    let begun = Instant::now();
    assert_eq!(slow.stream.read(&mut [0]).unwrap_or(0), 0);
    let took = begun.elapsed();
    assert!(
        (Duration::from_secs(8)..Duration::from_secs(15)).contains(&took),
        "{took:?}"
    );
    allowed(&mut silent);
    allowed(&mut used);
}

#[test]
fn ends_handshakes_that_never_do() {
    let served = Served::start(&[]);
    let mut stream = TcpStream::connect(served.address).unwrap();
    let begun = Instant::now();
    assert_eq!(stream.read(&mut [0]).unwrap_or(0), 0);
    let took = begun.elapsed();
    assert!(
        (Duration::from_secs(4)..Duration::from_secs(10)).contains(&took),
        "{took:?}"
    );
    let metrics = served.get("/metrics");
    assert!(
        metrics
            .text()
            .contains("kubevet_handshakes_failed_total 1\n")
    );
}

#[test]
fn serves_beside_a_crowd_that_says_nothing() {
    let served = Served::start(&[]);
    let mut known = served.client().connect();
    allowed(&mut known);
    let crowd: Vec<TcpStream> = (0..2200)
        .map_while(|_| TcpStream::connect(served.address).ok())
        .collect();
    // Where the system gives fewer files, less can be shown.
    if crowd.len() == 2200 {
        soon(|| {
            !served
                .get("/metrics")
                .text()
                .contains("connections_evicted_total 0\n")
        });
    }
    allowed(&mut served.client().connect());
    allowed(&mut known);
}

#[test]
fn bodies_that_never_come_keep_none_out() {
    let served = Served::start(&[]);
    // More than there is room for, of both sizes.
    let bodies: Vec<Connection> = (0..12)
        .map(|_| begun(&served, 16 << 20, 1 << 10))
        .chain((0..200).map(|_| begun(&served, 256 << 10, 1 << 10)))
        .collect();
    allowed(&mut served.client().connect());
    let mut object = deployment();
    object["metadata"]["annotations"] = json!({"long": "x".repeat(1 << 20)});
    let reply = served.ask(json!({"object": object}));
    assert_eq!(reply.response()["allowed"], true);
    drop(bodies);
}

#[test]
fn large_bodies_that_stop_keep_no_small_one_out_and_end() {
    let served = Served::start(&[]);
    let mut first = served.client().connect();
    // As many as may wait for its room, and one more.
    let mut others: Vec<Connection> = (0..65).map(|_| served.client().connect()).collect();
    let begun_at = Instant::now();
    send_begin(&mut first, 16 << 20, 256 << 10);
    for other in &mut others {
        send_begin(other, 16 << 20, 16 << 10);
    }
    allowed(&mut served.client().connect());
    let replies = others.into_iter().map(|mut other| {
        std::thread::spawn(move || {
            let wait = Some(Duration::from_secs(3));
            other.stream.sock.set_read_timeout(wait).unwrap();
            other.receive().ok()
        })
    });
    let replies: Vec<_> = replies.collect();
    let replies = replies
        .into_iter()
        .filter_map(|reply| reply.join().unwrap());
    let refused: Vec<Reply> = replies.collect();
    assert_eq!(refused.len(), 1, "one is refused");
    assert_eq!(refused[0].fault()["code"], 429);
    assert_eq!(refused[0].header("retry-after"), Some("1"));
    assert_eq!(first.receive().unwrap().fault()["code"], 503);
    let took = begun_at.elapsed();
    assert!(took > Duration::from_secs(4), "{took:?}");
}

/// A connection on which a body of this length has begun to come.
fn begun(served: &Served, length: usize, part: usize) -> Connection {
    let mut connection = served.client().connect();
    send_begin(&mut connection, length, part);
    connection
}

fn send_begin(connection: &mut Connection, length: usize, part: usize) {
    let head = head("/validate?timeout=30s", "application/json", length);
    connection.send(head.as_bytes()).unwrap();
    connection.send(&vec![b' '; part]).unwrap();
}

#[test]
fn refuses_what_would_take_too_much_memory_to_read() {
    let served = Served::start(&[]);
    let mut object = deployment();
    let with_args = |object: &mut Value, count| {
        let args = vec!["1"; count];
        object["spec"]["template"]["spec"]["containers"][0]["args"] = args.into();
    };
    with_args(&mut object, 2 << 20);
    let reply = served.ask(json!({"object": object}));
    assert_eq!(reply.fault()["code"], 413);
    // An update takes twice as much.
    with_args(&mut object, 300 << 10);
    let (old, update) = (&object, "UPDATE");
    let reply = served.ask(json!({"operation": update, "object": object, "oldObject": old}));
    assert_eq!(reply.fault()["code"], 413);
    with_args(&mut object, 450 << 10);
    let reply = served.ask(json!({"object": object}));
    assert_eq!(reply.response()["allowed"], true);
    // As long as the first, and no trouble.
    object["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["1".repeat(4 << 20)]);
    let reply = served.ask(json!({"object": object}));
    assert_eq!(reply.response()["allowed"], true);
}

#[test]
fn takes_over_certificates_by_the_exchange_of_a_link() {
    let mut served = Served::start(&[]);
    let mut open = served.client().connect();
    allowed(&mut open);
    let new = Authority::new();
    served.mount.swap(&new.leaf(NAME));
    assert_eq!(served.logged("replaced")["what"], "certificate");
    assert!(served.client().try_connect().is_err());
    served.authority = new;
    allowed(&mut served.client().connect());
    // A key of another certificate can't be used.
    let broken = Leaf {
        certificate: served.authority.leaf(NAME).certificate,
        key: served.authority.leaf(NAME).key,
    };
    served.mount.swap(&broken);
    assert_eq!(
        served.logged("kept the last good one")["what"],
        "certificate"
    );
    allowed(&mut served.client().connect());
    allowed(&mut open);
    assert_eq!(served.get("/readyz").code, 200);
    let metrics = served.get("/metrics");
    assert!(metrics.text().contains("kubevet_reloads_total 1\n"));
    assert!(metrics.text().contains("kubevet_reloads_failed_total 1\n"));
    // What `rcgen` makes holds until the year 4096.
    assert!(
        metrics
            .text()
            .contains("kubevet_certificate_not_after_seconds 67090118400\n")
    );
}

#[test]
fn serves_the_chain_that_signed_its_certificate() {
    let served = Served::start(&[]);
    let root = Authority::new();
    let middle = root.authority();
    let mut leaf = middle.leaf(NAME);
    leaf.certificate.push_str(&middle.pem);
    served.mount.swap(&leaf);
    served.logged("replaced");
    let mut client = served.client();
    client.roots = vec![root.pem.clone()];
    allowed(&mut client.connect());
}

#[test]
fn takes_over_configs_and_keeps_the_last_good_one() {
    let (_folder, config) = strict();
    let served = Served::start(&["--config", &config]);
    let denied = || served.ask(json!({"object": bad_deployment()})).response()["allowed"] == false;
    assert!(denied());
    fs::write(&config, "rules: {undeclared-probe-port: eror}\n").unwrap();
    let line = served.logged("kept the last good one");
    assert!(line["why"].as_str().unwrap().contains(":1:"), "{line}");
    assert!(denied());
    fs::write(&config, "rules: {undeclared-probe-port: off}\n").unwrap();
    served.logged("replaced");
    assert!(!denied());
}

#[test]
fn what_cannot_be_read_is_told_and_holds_up_nothing_else() {
    let (_folder, config) = strict();
    let mut served = Served::start(&["--config", &config]);
    fs::remove_file(&config).unwrap();
    let new = Authority::new();
    served.mount.swap(&new.leaf(NAME));
    assert_eq!(served.logged("replaced")["what"], "certificate");
    served.authority = new;
    let refused = |served: &Served, refused: u8| {
        let line = format!("kubevet_files_refused{{file=\"config\"}} {refused}\n");
        served.get("/metrics").text().contains(&line)
    };
    assert!(refused(&served, 0), "it may be being replaced");
    assert_eq!(served.logged("kept the last good one")["what"], "config");
    assert!(refused(&served, 1));
    let answer = served.ask(json!({"object": bad_deployment()}));
    assert_eq!(answer.response()["allowed"], false);
    fs::write(&config, "rules: {undeclared-probe-port: off}\n").unwrap();
    assert_eq!(served.logged("replaced")["what"], "config");
    assert!(refused(&served, 0));
}

#[test]
fn doesnt_start_with_what_it_cannot_use() {
    let authority = Authority::new();
    let mount = Mount::new(&authority.leaf(NAME));
    let (_folder, config) = strict();
    fs::write(&config, "rules: 1\n").unwrap();
    let key = mount.path("tls.key");
    let missing = mount.path("missing");
    let start = |certificate: &std::path::Path, extra: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kubevet"));
        command.args([
            "serve",
            "--no-cluster",
            "--listen",
            "127.0.0.1:0",
            "--tls-cert",
        ]);
        command
            .arg(certificate)
            .arg("--tls-key")
            .arg(&key)
            .args(extra);
        let ended = command.output().unwrap();
        assert_eq!(ended.status.code(), Some(3));
        String::from_utf8(ended.stderr).unwrap()
    };
    assert!(start(&missing, &[]).contains("missing"));
    assert!(start(&key, &[]).contains("there is no certificate"));
    let said = start(&mount.path("tls.crt"), &["--config", &config]);
    assert!(said.contains(".kubevet.yaml:1:"), "{said}");
}

#[test]
fn doesnt_start_where_no_cluster_is_named() {
    let mount = Mount::new(&Authority::new().leaf(NAME));
    for (args, why) in [
        (&[][..], "this is no pod of a cluster"),
        (&[], "take --kubeconfig FILE, or --no-cluster"),
        (&["--kubeconfig", "nowhere/config"], "nowhere/config: "),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kubevet"));
        command.args(["serve", "--listen", "127.0.0.1:0", "--tls-cert"]);
        command.arg(mount.path("tls.crt")).arg("--tls-key");
        let ended = command.arg(mount.path("tls.key")).args(args).output();
        let ended = ended.unwrap();
        assert_eq!(ended.status.code(), Some(3), "{args:?}");
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains(why), "{args:?}: {said}");
    }
}

#[test]
fn says_what_own_certificates_take() {
    for (args, why) in [
        (&[][..], "<--tls-cert <FILE>|--own-certificates>"),
        (&["--tls-cert", "a"], "--tls-key <FILE>"),
        (
            &["--own-certificates", "--tls-cert", "a", "--tls-key", "b"],
            "cannot be used with",
        ),
        (
            &["--tls-cert", "a", "--tls-key", "b", "--service", "c"],
            "--own-certificates",
        ),
        (
            &["--own-certificates", "--ca-spread", "1w"],
            "a number with ms, s, m, h or d",
        ),
        (
            &["--own-certificates", "--ca-spread", "13h"],
            "more than half of --certificate-lifetime",
        ),
        (&["--own-certificates"], "needs a cluster, by --kubeconfig"),
        (
            &["--own-certificates", "--kubeconfig", "missing"],
            "missing",
        ),
    ] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_kubevet"));
        command.args(["serve", "--no-cluster", "--listen", "127.0.0.1:0"]);
        let ended = command.args(args).output().unwrap();
        assert_eq!(ended.status.code(), Some(3), "{args:?}");
        let said = String::from_utf8(ended.stderr).unwrap();
        assert!(said.contains(why), "{args:?}: {said}");
    }
}

#[test]
fn reviews_for_certified_clients_alone_where_it_is_told_to() {
    let clients = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, &clients.pem).unwrap();
    let served = Served::start(&["--client-ca", ca.to_str().unwrap()]);
    assert_eq!(
        served.ask(json!({"object": deployment()})).fault()["code"],
        401
    );
    assert_eq!(served.get("/readyz").code, 200);
    let mut client = served.client();
    client.certificate = Some(clients.leaf("kube-apiserver"));
    allowed(&mut client.connect());
    client.certificate = Some(Authority::new().leaf("kube-apiserver"));
    // With TLS 1.3 a client learns only from the answer that its certificate isn't taken.
    let refused = client.try_connect().and_then(|mut connection| {
        connection.send(b"GET /livez HTTP/1.1\r\nHost: a\r\n\r\n")?;
        connection.receive()
    });
    assert!(refused.is_err());
}

#[test]
fn authorities_of_clients_that_cannot_be_used_hold_up_no_certificate() {
    let clients = Authority::new();
    let folder = tempfile::tempdir().unwrap();
    let ca = folder.path().join("ca.crt");
    fs::write(&ca, &clients.pem).unwrap();
    let mut served = Served::start(&["--client-ca", ca.to_str().unwrap()]);
    fs::write(&ca, clients.pem.replace("MII", "no!")).unwrap();
    assert_eq!(served.logged("kept the last good one")["what"], "client-ca");
    let metrics = served.get("/metrics");
    assert!(
        metrics
            .text()
            .contains("kubevet_files_refused{file=\"client-ca\"} 1\n")
    );
    let new = Authority::new();
    served.mount.swap(&new.leaf(NAME));
    assert_eq!(served.logged("replaced")["what"], "certificate");
    served.authority = new;
    let mut client = served.client();
    client.certificate = Some(clients.leaf("kube-apiserver"));
    allowed(&mut client.connect());
}

#[test]
fn who_asks_what_cannot_be_answered_fills_no_log() {
    let served = Served::start(&[]);
    let mut connection = served.client().connect();
    for _ in 0..1000 {
        assert_eq!(connection.review(b"{}").code, 400);
    }
    let metrics = served.get("/metrics");
    let counted = "kubevet_faults_total{reason=\"BadRequest\"} 1000\n";
    assert!(metrics.text().contains(counted));
    served.signal("TERM");
    let mut logged = 0;
    loop {
        match served.next_log()["message"].as_str() {
            Some("no decision") => logged += 1,
            Some("stopping") => break,
            _ => {}
        }
    }
    assert!((20..1000).contains(&logged), "{logged}");
}

/// What `curl` would get.
fn plain(served: &Served, path: &str) -> String {
    use std::io::Write;
    let mut stream = TcpStream::connect(served.plain.unwrap()).unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let mut reply = String::new();
    stream.read_to_string(&mut reply).unwrap();
    reply
}

#[test]
fn tells_what_it_did() {
    let (_folder, config) = strict();
    let arguments = ["--config", &config, "--metrics-listen", "127.0.0.1:0"];
    let served = Served::start(&arguments);
    let mut mismatch = deployment();
    mismatch["spec"]["selector"]["matchLabels"]["app"] = "other".into();
    for object in [deployment(), bad_deployment(), mismatch] {
        served.ask(json!({"object": object})).response();
    }
    served.ask(json!({"operation": "DELETE"})).response();
    served.client().connect().review(b"{").fault();
    let denied = served.logged("denied");
    assert_eq!(denied["uid"], "705ab4f5-6393-11e8-b7cc-42010a800002");
    assert_eq!(denied["findings"][0]["rule"], "undeclared-probe-port");
    let contradicted = served.logged("the API server contradicts these findings");
    assert_eq!(contradicted["findings"][0]["rule"], "selector-mismatch");
    let metrics = plain(&served, "/metrics");
    for line in [
        "kubevet_build_info{version=\"0.1.0\",kubernetes_version=\"1.36\"} 1",
        "kubevet_reviews_total{decision=\"allowed\"} 2",
        "kubevet_reviews_total{decision=\"denied\"} 1",
        "kubevet_reviews_total{decision=\"passed\",why=\"operation\"} 1",
        "kubevet_findings_total{rule=\"undeclared-probe-port\",fate=\"deny\"} 1",
        "kubevet_disagreements_total{rule=\"selector-mismatch\"} 1",
        "kubevet_faults_total{reason=\"BadRequest\"} 1",
        "kubevet_review_duration_seconds_count 5",
        "kubevet_judge_duration_seconds_count 4",
        "kubevet_queue_length 0",
    ] {
        assert!(metrics.contains(&format!("{line}\n")), "{line}\n{metrics}");
    }
    assert!(plain(&served, "/readyz").starts_with("HTTP/1.1 200 OK"));
    assert!(plain(&served, "/livez").starts_with("HTTP/1.1 200 OK"));
    assert!(plain(&served, "/validate").starts_with("HTTP/1.1 404 "));
}

#[test]
fn is_ready_soon_and_small() {
    let served = Served::start(&[]);
    // Without optimisation and on a busy machine; a release takes a tenth of that.
    assert!(
        served.ready_after < Duration::from_secs(5),
        "{:?}",
        served.ready_after
    );
    let status = fs::read_to_string(format!("/proc/{}/status", served.process.id()));
    let Ok(status) = status else {
        return;
    };
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib: u64 = resident
        .unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap();
    assert!(kib < 60 << 10, "{kib} KiB");
}

#[test]
fn the_findings_of_a_review_are_those_of_the_command() {
    let served = Served::start(&["--kubernetes-version", "1.31"]);
    let object = bad_deployment();
    let warned = served.ask(json!({"object": object})).response();
    let mut lint = std::process::Command::new(env!("CARGO_BIN_EXE_kubevet"))
        .args([
            "lint",
            "--kubernetes-version",
            "1.31",
            "--format",
            "json",
            "-",
        ])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    serde_json::to_writer(lint.stdin.take().unwrap(), &object).unwrap();
    let report: Value = serde_json::from_slice(&lint.wait_with_output().unwrap().stdout).unwrap();
    let found = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| {
            let text = |key: &str| finding[key].as_str().unwrap();
            let (rule, path, message) = (text("rule"), text("path"), text("message"));
            Value::from(format!("kubevet {rule}: {path}: {message}"))
        });
    assert_eq!(warned["warnings"], found.collect::<Value>());
    assert_eq!(warned["warnings"].as_array().unwrap().len(), 1);
}
