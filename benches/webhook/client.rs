//! A client that treats connections as the API server's does, which is Go's `net/http`: HTTP/1.1,
//! idle connections kept and the last used one first, no call repeated that died with its
//! connection.
//!
//! Lives here: connections, and what becomes of a call on them. Not here: when calls are made
//! (`drive`) and what they ask (`case`).

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{Notify, oneshot};
use tokio::time::{sleep, sleep_until, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::client::Resumption;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{CipherSuite, ClientConfig, RootCertStore, SupportedCipherSuite};

use crate::case::{Case, verdict};
use crate::kit::NAME;
use crate::tally::Tally;

/// How many idle connections are kept (client-go, `transport/cache.go`), and for how long (Go's
/// `http.DefaultTransport`).
const IDLE_MAX: usize = 25;
const IDLE: Duration = Duration::from_secs(90);
/// How often a call that is answered by 429 is made again (client-go, `rest/with_retry.go`).
const RETRIES_MAX: u32 = 10;

type Stream = TlsStream<TcpStream>;

/// One call of the API server.
#[derive(Debug)]
pub struct Call {
    /// Its case, and its `uid`.
    case: usize,
    uid: u64,
    /// When it should have been sent: latency counts from there.
    intended: Instant,
    deadline: Instant,
    retries: u32,
}

/// The client of one webhook.
pub struct Client {
    /// Where connects lead, one of these by chance: what kube-proxy believes to be ready.
    pub endpoints: Mutex<Vec<SocketAddr>>,
    /// What became of the calls.
    pub tally: Tally,
    transport: Mutex<Arc<Transport>>,
    cases: Vec<Case>,
    manners: Manners,
    calls: AtomicU64,
    open: AtomicUsize,
    ended: Notify,
}

/// How a client behaves.
#[derive(Clone, Copy, Debug)]
pub struct Manners {
    /// The path that reviews are sent to.
    pub path: &'static str,
    /// How long a call may take: `timeoutSeconds`.
    pub timeout: Duration,
    /// After so many calls a connection is given up, so that handshakes happen.
    pub uses_max: u32,
    /// Whether `Retry-After` is obeyed.
    pub retries: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            path: "/validate",
            timeout: Duration::from_secs(10),
            uses_max: u32::MAX,
            retries: true,
        }
    }
}

/// Connections that trust the same certificates.
struct Transport {
    tls: TlsConnector,
    pool: Mutex<Pool>,
}

#[derive(Default)]
struct Pool {
    idle: Vec<(u64, oneshot::Sender<Call>)>,
    waiting: VecDeque<Call>,
    connections: u64,
}

/// An answer as far as anything looks at it.
struct Answer {
    code: u16,
    retry_after: Option<u64>,
    close: bool,
    body: std::ops::Range<usize>,
}

impl Client {
    /// A client that trusts these certificates (PEM).
    pub fn new(
        endpoints: Vec<SocketAddr>,
        roots: &[&str],
        cases: Vec<Case>,
        manners: Manners,
    ) -> Arc<Self> {
        Arc::new(Self {
            endpoints: Mutex::new(endpoints),
            tally: Tally::default(),
            transport: Mutex::new(Arc::new(Transport::new(roots))),
            cases,
            manners,
            calls: AtomicU64::new(0),
            open: AtomicUsize::new(0),
            ended: Notify::new(),
        })
    }

    /// Learns another `caBundle`: as in the API server, connections aren't shared with the old one.
    pub fn trust(&self, roots: &[&str]) {
        *self.transport.lock().unwrap() = Arc::new(Transport::new(roots));
    }

    /// Begins a call that should be sent at this moment.
    pub fn call(self: &Arc<Self>, intended: Instant) {
        self.tally.begin(intended);
        let uid = self.calls.fetch_add(1, Ordering::Relaxed);
        self.open.fetch_add(1, Ordering::Relaxed);
        self.send(Call {
            case: uid as usize % self.cases.len(),
            uid,
            intended,
            deadline: intended + self.manners.timeout,
            retries: 0,
        });
    }

    /// How many calls have no end yet.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }

    /// Ends when a call has come to its end.
    pub async fn ended(&self) {
        self.ended.notified().await;
    }

    /// Ends when all calls have.
    pub async fn drained(&self) {
        while self.open() > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn send(self: &Arc<Self>, mut call: Call) {
        let transport = Arc::clone(&self.transport.lock().unwrap());
        let mut pool = transport.pool.lock().unwrap();
        while let Some((_, idle)) = pool.idle.pop() {
            match idle.send(call) {
                Ok(()) => return,
                // The connection is closed: nothing was written, so another may take the call.
                Err(back) => call = back,
            }
        }
        let (uid, deadline) = (call.uid, call.deadline);
        pool.waiting.push_back(call);
        drop(pool);
        let client = Arc::clone(self);
        tokio::spawn(client.dial(transport, uid, deadline));
    }

    /// Opens a connection for a call, which may meanwhile go by another one.
    async fn dial(self: Arc<Self>, transport: Arc<Transport>, uid: u64, deadline: Instant) {
        let dialled = timeout_at(deadline.into(), self.connect(&transport)).await;
        let why = match dialled {
            Ok(Ok(stream)) => {
                let own = transport.pool.lock().unwrap().take(uid);
                return self.live(transport, stream, own).await;
            }
            Ok(Err(error)) => format!("connect: {}", told(&error)),
            Err(_) => "connect: no answer before the deadline".to_owned(),
        };
        let own = transport.pool.lock().unwrap().take(uid);
        if let Some(call) = own {
            self.lose(&call, &why);
        }
    }

    async fn connect(&self, transport: &Transport) -> io::Result<Stream> {
        let endpoint = {
            let endpoints = self.endpoints.lock().unwrap();
            let chance = fastrand::usize(..endpoints.len().max(1));
            endpoints.get(chance).copied()
        };
        let endpoint = endpoint.ok_or(io::ErrorKind::AddrNotAvailable)?;
        let stream = TcpStream::connect(endpoint).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from(NAME).unwrap();
        let stream = transport.tls.connect(name, stream).await?;
        self.tally.handshake();
        Ok(stream)
    }

    /// A connection from its first call to its end.
    async fn live(
        self: Arc<Self>,
        transport: Arc<Transport>,
        mut stream: Stream,
        mut call: Option<Call>,
    ) {
        let mut buffer = Vec::new();
        for _ in 0..self.manners.uses_max {
            let next = match call.take() {
                Some(call) => Some(call),
                None => self.idle(&transport, &mut stream).await,
            };
            let Some(next) = next else { return };
            let deadline = next.deadline.into();
            let exchanged = self.exchange(&mut stream, &next, &mut buffer);
            let answer = match timeout_at(deadline, exchanged).await {
                Ok(Ok(answer)) => answer,
                Ok(Err(error)) => return self.lose(&next, &format!("answer: {}", told(&error))),
                Err(_) => return self.lose(&next, "answer: none before the deadline"),
            };
            let close = answer.close;
            self.settle(next, &answer, &buffer);
            if close {
                // What still waits has a connect of its own on the way.
                return;
            }
        }
    }

    /// The next call for a connection that has none; `None`: it is closed before.
    async fn idle(self: &Arc<Self>, transport: &Transport, stream: &mut Stream) -> Option<Call> {
        let (number, mut next) = {
            let mut pool = transport.pool.lock().unwrap();
            if let Some(call) = pool.waiting.pop_front() {
                return Some(call);
            }
            if pool.idle.len() >= IDLE_MAX {
                return None;
            }
            let (sender, next) = oneshot::channel();
            pool.connections += 1;
            let number = pool.connections;
            pool.idle.push((number, sender));
            (number, next)
        };
        let mut byte = [0];
        tokio::select! {
            call = &mut next => return call.ok(),
            _ = stream.read(&mut byte) => {}
            () = sleep_until((Instant::now() + IDLE).into()) => {}
        }
        let mut pool = transport.pool.lock().unwrap();
        pool.idle.retain(|(idle, _)| *idle != number);
        drop(pool);
        // Nothing was written of it.
        if let Ok(call) = next.try_recv() {
            self.send(call);
        }
        None
    }

    async fn exchange(
        &self,
        stream: &mut Stream,
        call: &Call,
        buffer: &mut Vec<u8>,
    ) -> io::Result<Answer> {
        buffer.clear();
        let (path, timeout) = (self.manners.path, self.manners.timeout);
        self.cases[call.case].write(path, call.uid, timeout, buffer);
        stream.write_all(buffer).await?;
        stream.flush().await?;
        buffer.clear();
        loop {
            if let Some(answer) = parse(buffer)?
                && buffer.len() >= answer.body.end
            {
                return Ok(answer);
            }
            if stream.read_buf(buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }

    fn settle(self: &Arc<Self>, mut call: Call, answer: &Answer, buffer: &[u8]) {
        self.tally.answer(answer.code);
        let again = answer.code == 429 || answer.code >= 500;
        if again
            && self.manners.retries
            && call.retries < RETRIES_MAX
            && let Some(seconds) = answer.retry_after
        {
            call.retries += 1;
            let client = Arc::clone(self);
            tokio::spawn(async move {
                let wait = Duration::from_secs(seconds);
                if Instant::now() + wait >= call.deadline {
                    return client.lose(&call, "refused until the deadline");
                }
                sleep(wait).await;
                client.send(call);
            });
            return;
        }
        if answer.code != 200 {
            return self.lose(&call, &format!("answered {}", answer.code));
        }
        match verdict(&buffer[answer.body.clone()], call.uid) {
            Ok(allowed) if allowed == self.cases[call.case].allowed => {
                self.tally.right(call.intended, call.retries > 0);
            }
            Ok(_) => self.tally.wrong("the verdict of another object"),
            Err(why) => self.tally.wrong(&why),
        }
        self.end();
    }

    fn lose(&self, call: &Call, why: &str) {
        self.tally.lost(why, call.intended);
        self.end();
    }

    fn end(&self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
        self.ended.notify_one();
    }
}

impl Transport {
    fn new(roots: &[&str]) -> Self {
        Self {
            tls: TlsConnector::from(trusting(roots)),
            pool: Mutex::default(),
        }
    }
}

impl Pool {
    /// Takes a call back that waits for a connection.
    fn take(&mut self, uid: u64) -> Option<Call> {
        let at = self.waiting.iter().position(|call| call.uid == uid)?;
        self.waiting.remove(at)
    }
}

/// TLS as the API server does it: no sessions that go on, HTTP/1.1 only, and what Go asks for first
/// where the processor knows AES (`crypto/tls`, `defaultCipherSuitesTLS13`).
pub fn trusting(roots: &[&str]) -> Arc<ClientConfig> {
    let mut store = RootCertStore::empty();
    for pem in roots {
        let certificate = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        store.add(certificate).unwrap();
    }
    let mut provider = ring::default_provider();
    let first =
        |suite: &SupportedCipherSuite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256;
    provider.cipher_suites.sort_by_key(first);
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(store)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// What an error is called: its kind where it has one, since counts are kept by this.
fn told(error: &io::Error) -> String {
    match error.get_ref() {
        Some(inner) => inner.to_string(),
        None => error.kind().to_string(),
    }
}

/// The answer, once its head is there.
fn parse(bytes: &[u8]) -> io::Result<Option<Answer>> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let bad = || io::Error::other("no answer of HTTP/1.1");
    let head = std::str::from_utf8(&bytes[..end]).map_err(|_| bad())?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.strip_prefix("HTTP/1.1 "));
    let code = status.and_then(|status| status.get(..3)?.parse().ok());
    let mut answer = Answer {
        code: code.ok_or_else(bad)?,
        retry_after: None,
        close: false,
        body: 0..0,
    };
    let mut length = None;
    for (name, value) in lines.filter_map(|line| line.split_once(": ")) {
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse::<usize>().ok();
        } else if name.eq_ignore_ascii_case("retry-after") {
            answer.retry_after = value.parse().ok();
        } else if name.eq_ignore_ascii_case("connection") {
            answer.close = value.eq_ignore_ascii_case("close");
        }
    }
    answer.body = end + 4..end + 4 + length.ok_or_else(bad)?;
    Ok(Some(answer))
}
