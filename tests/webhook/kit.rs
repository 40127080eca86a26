//! What the tests of the server are made with: certificates, the server as a process, and a client
//! that says what it is told to, byte for byte.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// The name by which the API server calls the webhook.
pub const NAME: &str = "kubevet.kubevet.svc";
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who signs certificates.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pub pem: String,
}

/// A certificate and its key, as PEM.
pub struct Leaf {
    pub certificate: String,
    pub key: String,
}

impl Authority {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    /// One that this one signs.
    pub fn authority(&self) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
            .distinguished_name
            .push(DnType::CommonName, "intermediate");
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Self {
            pem: certificate.pem(),
            issuer: Issuer::new(params, key),
        }
    }

    pub fn leaf(&self, name: &str) -> Leaf {
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
        }
    }
}

/// Files as a Secret is mounted: links to a folder that is exchanged as a whole.
pub struct Mount {
    pub folder: TempDir,
    version: Mutex<u32>,
}

impl Mount {
    pub fn new(leaf: &Leaf) -> Self {
        let mount = Self {
            folder: TempDir::new().unwrap(),
            version: Mutex::new(0),
        };
        mount.swap(leaf);
        for name in ["tls.crt", "tls.key"] {
            symlink(Path::new("..data").join(name), mount.path(name)).unwrap();
        }
        mount
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As kubelet does (`pkg/volume/util/atomic_writer.go`).
    pub fn swap(&self, leaf: &Leaf) {
        let mut version = self.version.lock().unwrap();
        *version += 1;
        let name = format!("..{version}");
        let folder = self.path(&name);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("tls.crt"), &leaf.certificate).unwrap();
        fs::write(folder.join("tls.key"), &leaf.key).unwrap();
        let new = self.path("..data_tmp");
        symlink(&name, &new).unwrap();
        fs::rename(&new, self.path("..data")).unwrap();
        let old = self.path(&format!("..{}", *version - 1));
        if old.exists() {
            fs::remove_dir_all(old).unwrap();
        }
    }
}

/// A server that runs, and all that is needed to talk to it. Ends with the value.
pub struct Served {
    pub process: Child,
    pub address: SocketAddr,
    /// Where metrics are told without TLS.
    pub plain: Option<SocketAddr>,
    pub authority: Authority,
    pub mount: Mount,
    logs: Receiver<Value>,
    /// From the start of the process to the line that says that it is ready.
    pub ready_after: Duration,
}

impl Served {
    /// `kubevet serve` with these arguments more.
    pub fn start(args: &[&str]) -> Self {
        let authority = Authority::new();
        let mount = Mount::new(&authority.leaf(NAME));
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubevet"));
        command.args(["serve", "--no-cluster", "--listen", "127.0.0.1:0"]);
        command.arg("--tls-cert").arg(mount.path("tls.crt"));
        command.arg("--tls-key").arg(mount.path("tls.key"));
        command.args(args);
        Self::run(command, authority, mount)
    }

    /// The server with a rule that is as slow as an object says.
    pub fn slow() -> Self {
        let authority = Authority::new();
        let mount = Mount::new(&authority.leaf(NAME));
        let tests = std::env::current_exe().unwrap();
        let built = tests.parent().and_then(Path::parent).unwrap();
        let mut command = Command::new(built.join("examples/serve_slowly"));
        command.args([mount.path("tls.crt"), mount.path("tls.key")]);
        Self::run(command, authority, mount)
    }

    fn run(mut command: Command, authority: Authority, mount: Mount) -> Self {
        let begun = Instant::now();
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (said, logs) = channel();
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let line = serde_json::from_str(&line).unwrap_or(json!({"text": line}));
                if said.send(line).is_err() {
                    return;
                }
            }
        });
        let mut served = Self {
            process,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            plain: None,
            authority,
            mount,
            logs,
            ready_after: Duration::ZERO,
        };
        loop {
            let line = served.next_log();
            let address = || line["address"].as_str().unwrap().parse().unwrap();
            match line["message"].as_str() {
                Some("listening") => served.address = address(),
                Some("listening for metrics") => served.plain = Some(address()),
                Some("ready") => break,
                _ => panic!("{line}"),
            }
        }
        served.ready_after = begun.elapsed();
        served
    }

    pub fn next_log(&self) -> Value {
        self.logs.recv_timeout(PATIENCE).unwrap()
    }

    /// The next line with this message.
    pub fn logged(&self, message: &str) -> Value {
        loop {
            let line = self.next_log();
            if line["message"] == message {
                return line;
            }
        }
    }

    pub fn client(&self) -> Client {
        Client {
            address: self.address,
            roots: vec![self.authority.pem.clone()],
            certificate: None,
            tls12: false,
        }
    }

    /// Asks on a connection of its own.
    pub fn ask(&self, request: Value) -> Reply {
        self.client().connect().review(&review(request))
    }

    pub fn get(&self, path: &str) -> Reply {
        let head = format!("GET {path} HTTP/1.1\r\nHost: {NAME}\r\n\r\n");
        self.client().connect().exchange(head.as_bytes())
    }

    pub fn signal(&self, name: &str) {
        let pid = self.process.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &pid]).status();
        assert!(sent.unwrap().success());
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub struct Client {
    pub address: SocketAddr,
    pub roots: Vec<String>,
    pub certificate: Option<Leaf>,
    pub tls12: bool,
}

impl Client {
    pub fn connect(&self) -> Connection {
        self.try_connect().unwrap()
    }

    pub fn try_connect(&self) -> Result<Connection, std::io::Error> {
        let mut roots = RootCertStore::empty();
        for pem in &self.roots {
            let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
            roots.add(certificate).unwrap();
        }
        let provider = Arc::new(ring::default_provider());
        let versions = if self.tls12 { [&TLS12] } else { [&TLS13] };
        let config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&versions)
            .unwrap()
            .with_root_certificates(roots);
        let mut config = match &self.certificate {
            None => config.with_no_client_auth(),
            Some(leaf) => {
                let chain = CertificateDer::from_pem_slice(leaf.certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(leaf.key.as_bytes()).unwrap();
                config.with_client_auth_cert(vec![chain], key).unwrap()
            }
        };
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let name = ServerName::try_from(NAME).unwrap();
        let session = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(self.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut stream = StreamOwned::new(session, stream);
        while stream.conn.is_handshaking() {
            stream.conn.complete_io(&mut stream.sock)?;
        }
        Ok(Connection { stream })
    }
}

pub struct Connection {
    pub stream: StreamOwned<ClientConnection, TcpStream>,
}

/// An answer as it came.
#[derive(Debug)]
pub struct Reply {
    pub code: u16,
    /// In lower case.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Connection {
    pub fn review(&mut self, body: &[u8]) -> Reply {
        self.post("/validate?timeout=10s", "application/json", body)
    }

    pub fn post(&mut self, target: &str, media: &str, body: &[u8]) -> Reply {
        let mut request = head(target, media, body.len()).into_bytes();
        request.extend_from_slice(body);
        self.exchange(&request)
    }

    pub fn exchange(&mut self, request: &[u8]) -> Reply {
        self.send(request).unwrap();
        self.receive().unwrap()
    }

    pub fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    pub fn receive(&mut self) -> std::io::Result<Reply> {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            self.stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.lines();
        let code = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers: Vec<_> = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut reply = Reply {
            code: code.parse().unwrap(),
            headers,
            body: Vec::new(),
        };
        let length = reply.header("content-length").unwrap().parse().unwrap();
        reply.body.resize(length, 0);
        self.stream.read_exact(&mut reply.body)?;
        Ok(reply)
    }
}

impl Reply {
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers
            .find(|(n, _)| n == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The response of a decision, held to what the API server demands of every one
    /// (`apiserver/pkg/admission/plugin/webhook/request/admissionreview.go`).
    pub fn response(&self) -> Value {
        assert_eq!(self.code, 200, "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let review = self.json();
        assert_eq!(review["apiVersion"], "admission.k8s.io/v1");
        assert_eq!(review["kind"], "AdmissionReview");
        let response = &review["response"];
        assert!(response["uid"].is_string() && response["allowed"].is_boolean());
        assert!(response.get("patch").is_none() && response.get("patchType").is_none());
        response.clone()
    }

    /// The Status of a fault, which makes the failure policy apply.
    pub fn fault(&self) -> Value {
        assert!(!(200..=206).contains(&self.code), "{}", self.text());
        assert_eq!(self.header("content-type"), Some("application/json"));
        let status = self.json();
        assert_eq!(status["apiVersion"], "v1");
        assert_eq!(status["kind"], "Status");
        assert_eq!(status["status"], "Failure");
        assert_eq!(status["code"], self.code);
        assert!(!status["message"].as_str().unwrap().is_empty());
        status
    }
}

pub fn head(target: &str, media: &str, length: usize) -> String {
    format!(
        "POST {target} HTTP/1.1\r\nHost: {NAME}\r\nContent-Type: {media}\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

/// The body that the API server sends around a request; what the request doesn't say is filled in.
pub fn review(mut request: Value) -> Vec<u8> {
    let defaults = json!({
        "uid": "705ab4f5-6393-11e8-b7cc-42010a800002",
        "kind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "resource": {"group": "apps", "version": "v1", "resource": "deployments"},
        "requestKind": {"group": "apps", "version": "v1", "kind": "Deployment"},
        "requestResource": {"group": "apps", "version": "v1", "resource": "deployments"},
        "name": "web",
        "namespace": "shop",
        "operation": "CREATE",
        "userInfo": {"username": "admin", "groups": ["system:masters", "system:authenticated"]},
        "object": null,
        "oldObject": null,
        "dryRun": false,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    });
    for (key, value) in defaults.as_object().unwrap() {
        if request.get(key).is_none() {
            request[key] = value.clone();
        }
    }
    let review = json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": request,
    });
    review.to_string().into_bytes()
}

/// A Deployment that nothing is wrong with.
pub fn deployment() -> Value {
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "shop", "annotations": {}},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{
                    "name": "web",
                    "image": "nginx:1.29",
                    "ports": [{"name": "http", "containerPort": 80}],
                }]},
            },
        },
    })
}

/// A Deployment that `undeclared-probe-port` speaks of.
pub fn bad_deployment() -> Value {
    let mut object = deployment();
    let probe = json!({"httpGet": {"path": "/", "port": "admin"}});
    object["spec"]["template"]["spec"]["containers"][0]["livenessProbe"] = probe;
    object
}

/// A config file that makes `undeclared-probe-port` deny.
pub fn strict() -> (TempDir, String) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(".kubevet.yaml");
    fs::write(&path, "rules: {undeclared-probe-port: error}\n").unwrap();
    let path = path.to_str().unwrap().to_owned();
    (folder, path)
}
