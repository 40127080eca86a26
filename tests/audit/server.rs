//! How a cluster is asked: `kubevet audit` and `kubevet webhook doctor` against a server that plays
//! the API server.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

/// What is answered to a path with its query, in turn; the last answer stays.
type Answers = BTreeMap<String, Vec<(u16, Value)>>;

struct Server {
    kubeconfig: tempfile::NamedTempFile,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Whatever isn't among the answers is an empty list.
    fn start(answers: Answers) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        let answers = Arc::new(Mutex::new(answers));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (seen, answers) = (Arc::clone(&seen), Arc::clone(&answers));
                std::thread::spawn(move || serve(stream.unwrap(), &seen, &answers));
            }
        });
        let kubeconfig = tempfile::NamedTempFile::new().unwrap();
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "it",
            "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
            "clusters": [{"name": "it", "cluster": {"server": format!("http://{address}")}}],
            "users": [{"name": "it", "user": {}}]
        });
        std::fs::write(kubeconfig.path(), config.to_string()).unwrap();
        Self { kubeconfig, asked }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let folder = tempfile::tempdir().unwrap();
        Command::new(env!("CARGO_BIN_EXE_kubevet"))
            .args(arguments)
            .arg("--kubeconfig")
            .arg(self.kubeconfig.path())
            .current_dir(folder.path())
            .env_clear()
            .output()
            .unwrap()
    }

    /// The exit code of an audit, and its report.
    fn audit(&self, arguments: &[&str]) -> (i32, Value) {
        let arguments = [&["audit", "--format=json"], arguments].concat();
        let output = self.run(&arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        let report = serde_json::from_slice(&output.stdout);
        (
            output.status.code().unwrap(),
            report.unwrap_or_else(|_| panic!("{said}")),
        )
    }

    fn asked(&self, start: &str) -> Vec<String> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|path| path.starts_with(start))
            .cloned()
            .collect()
    }
}

fn serve(mut stream: TcpStream, asked: &Mutex<Vec<String>>, answers: &Mutex<Answers>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = Vec::new();
        for line in reader.by_ref().lines() {
            match line {
                Ok(line) if !line.is_empty() => head.push(line),
                _ => break,
            }
        }
        let Some(first) = head.first() else { return };
        let path = first.split(' ').nth(1).unwrap().to_owned();
        let accepts = head
            .iter()
            .find(|line| line.to_lowercase().starts_with("accept:"));
        let metadata = accepts.is_some_and(|line| line.contains("PartialObjectMetadataList"));
        let note = if metadata { " metadata" } else { "" };
        asked.lock().unwrap().push(format!("{path}{note}"));
        let mut answers = answers.lock().unwrap();
        let (code, body) = match answers.get_mut(&path) {
            Some(answers) if answers.len() > 1 => answers.remove(0),
            Some(answers) => answers[0].clone(),
            None => (200, list(&[], "")),
        };
        let body = body.to_string();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {code} X\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n"
        );
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn list(items: &[Value], next: &str) -> Value {
    let meta = json!({"resourceVersion": "1", "continue": next});
    json!({"apiVersion": "v1", "kind": "List", "metadata": meta, "items": items})
}

fn refusal(code: u16, reason: &str, message: &str) -> (u16, Value) {
    let status = json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure", "metadata": {},
        "code": code, "reason": reason, "message": message
    });
    (code, status)
}

fn version() -> (String, Vec<(u16, Value)>) {
    let info = json!({
        "major": "1", "minor": "36+", "gitVersion": "v1.36.0", "gitCommit": "", "gitTreeState": "",
        "buildDate": "", "goVersion": "", "compiler": "", "platform": "",
        "emulationMajor": "1", "emulationMinor": "36",
        "minCompatibilityMajor": "1", "minCompatibilityMinor": "35"
    });
    ("/version".to_owned(), vec![(200, info)])
}

/// As lists hold it: without its kind.
fn paused(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "shop", "creationTimestamp": OLD},
        "spec": {
            "paused": true,
            "replicas": 1,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [{
                    "name": "web", "image": "registry.example/web:1",
                    "envFrom": [{"configMapRef": {"name": "settings"}}]
                }]}
            }
        }
    })
}

const OLD: &str = "2026-01-01T00:00:00Z";
const DEPLOYMENTS: &str = "/apis/apps/v1/deployments?&limit=500";
const CONFIG_MAPS: &str = "/api/v1/configmaps?&limit=500";

fn answers(of: &[(&str, Vec<(u16, Value)>)]) -> Answers {
    let of = of
        .iter()
        .map(|(path, answers)| ((*path).to_owned(), answers.clone()));
    of.chain([version()]).collect()
}

fn rules(report: &Value) -> Vec<String> {
    let findings = report["findings"].as_array().unwrap().iter();
    let line = |f: &Value| {
        format!(
            "{} {}",
            f["rule"].as_str().unwrap(),
            f["file"].as_str().unwrap()
        )
    };
    findings.map(line).collect()
}

#[test]
fn lists_are_read_page_by_page() {
    let next = format!("{DEPLOYMENTS}&continue=two");
    let there = json!({"metadata": {"name": "settings", "namespace": "shop"}});
    let server = Server::start(answers(&[
        (DEPLOYMENTS, vec![(200, list(&[paused("a")], "two"))]),
        (&next, vec![(200, list(&[paused("b")], ""))]),
        (CONFIG_MAPS, vec![(200, list(&[there], ""))]),
    ]));
    let (code, report) = server.audit(&[]);
    assert_eq!(
        rules(&report),
        [
            "paused-at-creation shop/Deployment/a",
            "paused-at-creation shop/Deployment/b",
        ]
    );
    assert_eq!(code, 0, "warnings don't fail by default");
    assert_eq!(report["kubernetesVersions"], json!(["1.36"]));
    assert_eq!(
        server
            .audit(&["--fail-on=warning", "--kubernetes-version=1.33"])
            .0,
        1
    );
    for name in ["secrets", "configmaps"] {
        let asked = server.asked(&format!("/api/v1/{name}"));
        assert!(
            asked.iter().all(|path| path.ends_with(" metadata")),
            "{asked:?}"
        );
        assert!(!asked.is_empty());
    }
}

#[test]
fn a_list_whose_pages_are_forgotten_is_asked_for_at_once() {
    let next = format!("{DEPLOYMENTS}&continue=two");
    let gone = refusal(410, "Expired", "the continue token is too old");
    let server = Server::start(answers(&[
        (
            DEPLOYMENTS,
            vec![(200, list(&[paused("a"), paused("x")], "two"))],
        ),
        (&next, vec![gone]),
        (
            "/apis/apps/v1/deployments?",
            vec![(200, list(&[paused("a"), paused("b")], ""))],
        ),
    ]));
    let (_, report) = server.audit(&["--select=paused-at-creation"]);
    assert_eq!(
        rules(&report),
        [
            "paused-at-creation shop/Deployment/a",
            "paused-at-creation shop/Deployment/b",
        ]
    );
}

#[test]
fn what_is_forbidden_is_said_and_unread() {
    let forbidden = refusal(403, "Forbidden", "deployments.apps is forbidden");
    let server = Server::start(answers(&[(DEPLOYMENTS, vec![forbidden])]));
    let (code, report) = server.audit(&[]);
    assert_eq!(code, 2);
    let why = "can't be listed: deployments.apps is forbidden (403)";
    let skipped = json!([{"file": "Deployment", "document": null, "why": why}]);
    assert_eq!(report["summary"]["skipped"], skipped);

    let forbidden = refusal(403, "Forbidden", "configmaps is forbidden");
    let server = Server::start(answers(&[
        (DEPLOYMENTS, vec![(200, list(&[paused("a")], ""))]),
        (CONFIG_MAPS, vec![forbidden]),
    ]));
    let (code, report) = server.audit(&[]);
    assert_eq!(code, 0);
    assert_eq!(
        report["summary"]["undecidedBy"][0]["rule"],
        "missing-config-map"
    );
}

#[test]
fn namespaces_are_asked_one_by_one_and_have_to_be_there() {
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}});
    let typo = refusal(404, "NotFound", "namespaces \"shpo\" not found");
    let server = Server::start(answers(&[
        ("/api/v1/namespaces/shop", vec![(200, namespace)]),
        ("/api/v1/namespaces/shpo", vec![typo]),
        (
            "/apis/apps/v1/namespaces/shop/deployments?&limit=500",
            vec![(200, list(&[paused("a")], ""))],
        ),
    ]));
    let (code, report) = server.audit(&["--namespace=shop"]);
    let found = [
        "missing-config-map shop/Deployment/a",
        "paused-at-creation shop/Deployment/a",
    ];
    let mut told = rules(&report);
    told.sort();
    assert_eq!((code, told), (1, found.map(str::to_owned).to_vec()));
    assert_eq!(
        server.asked("/apis/admissionregistration"),
        Vec::<String>::new()
    );
    let output = server.run(&["audit", "--namespace=shpo"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(said, "kubevet: there is no namespace `shpo`\n");
    assert_eq!(output.status.code(), Some(3));
}

#[test]
fn who_isnt_known_or_answered_is_told() {
    let unknown = refusal(401, "Unauthorized", "Unauthorized");
    let server = Server::start(answers(&[(DEPLOYMENTS, vec![unknown])]));
    let output = server.run(&["audit"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        (&*said, output.status.code()),
        ("kubevet: Unauthorized (401)\n", Some(3))
    );
}

#[test]
fn the_doctor_looks_at_the_cluster_and_at_nothing_else_of_it() {
    let hook = json!({
        "metadata": {"name": "policy"},
        "webhooks": [{
            "name": "policy.example.com",
            "admissionReviewVersions": ["v1"],
            "sideEffects": "None",
            "failurePolicy": "Ignore",
            "timeoutSeconds": 3,
            "clientConfig": {"service": {"name": "policy", "namespace": "shop", "port": 8443}},
            "rules": [{"apiGroups": [""], "apiVersions": ["v1"], "operations": ["CREATE"],
                       "resources": ["pods"], "scope": "*"}]
        }]
    });
    let service = json!({
        "metadata": {"name": "policy", "namespace": "shop"},
        "spec": {"selector": {"app": "x"}, "ports": [{"port": 443}]}
    });
    let path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations?&limit=500";
    let server = Server::start(answers(&[
        (path, vec![(200, list(&[hook], ""))]),
        (
            "/api/v1/services?&limit=500",
            vec![(200, list(&[service], ""))],
        ),
    ]));
    let output = server.run(&["webhook", "doctor", "--format=json"]);
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    let told = rules(&report);
    assert!(
        told.contains(&"undeclared-webhook-port ValidatingWebhookConfiguration/policy".to_owned()),
        "{told:?}"
    );
    assert!(
        told.iter().all(|line| line.ends_with("/policy")),
        "{told:?}"
    );
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(server.asked("/apis/apps"), Vec::<String>::new());
    assert_eq!(server.asked("/api/v1/secrets"), Vec::<String>::new());

    let sound = Server::start(answers(&[]));
    assert_eq!(sound.run(&["webhook", "doctor"]).status.code(), Some(0));
    let mixed = sound.run(&["webhook", "doctor", "hooks.yaml"]);
    assert_eq!(mixed.status.code(), Some(3), "files or a cluster");
}
