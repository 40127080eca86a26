//! Whether the server really serves: a handshake and a whole review through its own listener.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use axum::http::HeaderMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{verify_tls12_signature, verify_tls13_signature};
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, SignatureScheme,
};

use super::certificates::{Served, provider};
use super::server::{OWN, REVIEW_PATH};

/// How long an answer may take, a second try included.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long an answer counts.
const FRESH: Duration = Duration::from_millis(500);
/// How much of an answer is read, in bytes.
const ANSWER_MAX: u64 = 64 << 10;

/// A review that any configuration lets through.
const REVIEW: &str = concat!(
    r#"{"apiVersion":"admission.k8s.io/v1","kind":"AdmissionReview","request":{"uid":"probe","#,
    r#""kind":{"group":"apps","version":"v1","kind":"Deployment"},"operation":"CREATE","#,
    r#""name":"probe","namespace":"kubevet","dryRun":true,"object":{"apiVersion":"apps/v1","#,
    r#""kind":"Deployment","metadata":{"name":"probe","namespace":"kubevet"},"spec":{"#,
    r#""selector":{"matchLabels":{"app":"probe"}},"template":{"metadata":{"labels":{"#,
    r#""app":"probe"}},"spec":{"containers":[{"name":"probe","image":"probe:1"}]}}}}}}"#
);

/// Asks the server what an API server would.
#[derive(Debug)]
pub struct Probe {
    /// Where the server listens.
    address: SocketAddr,
    /// What only the server knows.
    token: String,
    last: Mutex<Option<(Instant, Result<(), String>)>>,
}

impl Probe {
    /// Asks a server that listens at an address; `token` is a secret of the process.
    pub fn new(mut address: SocketAddr, token: String) -> Self {
        if address.ip().is_unspecified() {
            address.set_ip(match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            });
        }
        Self {
            address,
            token,
            last: Mutex::default(),
        }
    }

    /// Whether a request is one of its own.
    pub fn is_own(&self, headers: &HeaderMap) -> bool {
        let token = headers.get(OWN);
        token.is_some_and(|token| token.as_bytes() == self.token.as_bytes())
    }

    /// Asks, if that isn't just done.
    ///
    /// # Errors
    /// Why the server isn't ready.
    pub async fn ask(&self, served: &ArcSwap<Served>) -> Result<(), String> {
        let mut last = self.last.lock().await;
        if let Some((when, said)) = &*last
            && when.elapsed() < FRESH
        {
            return said.clone();
        }
        let said = timeout(PATIENCE, async {
            match self.review(&served.load_full()).await {
                Ok(()) => Ok(()),
                // The certificate may have been replaced in between.
                Err(_) => self.review(&served.load_full()).await,
            }
        });
        let said = said.await;
        let said = said.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        *last = Some((Instant::now(), said.clone()));
        said
    }

    async fn review(&self, served: &Served) -> Result<(), String> {
        let said = |what: &'static str| move |error| format!("{what}: {error}");
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        if served.not_after <= now.unwrap_or_default().as_secs() {
            return Err("the certificate holds no longer".to_owned());
        }
        let stream = TcpStream::connect(self.address).await;
        let stream = stream.map_err(said("connect"))?;
        let tls = TlsConnector::from(client(served)?);
        let name = ServerName::from(self.address.ip());
        let stream = tls.connect(name, stream).await;
        let mut stream = stream.map_err(said("handshake"))?;
        let (length, token) = (REVIEW.len(), &self.token);
        let request = format!(
            "POST {REVIEW_PATH}?timeout=2s HTTP/1.1\r\nHost: localhost\r\n{OWN}: {token}\r\n\
             Content-Type: application/json\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{REVIEW}"
        );
        let sent = stream.write_all(request.as_bytes()).await;
        sent.map_err(said("send"))?;
        let mut answer = String::new();
        let read = stream.take(ANSWER_MAX).read_to_string(&mut answer).await;
        read.map_err(said("receive"))?;
        // Whoever is full serves: fewer replicas would only make it worse.
        let full = answer.starts_with("HTTP/1.1 429 ");
        let decided = answer.starts_with("HTTP/1.1 200 ") && answer.contains("\"uid\":\"probe\"");
        match full || decided {
            true => Ok(()),
            false => Err(format!("answered {}", answer.lines().next().unwrap_or(""))),
        }
    }
}

fn client(served: &Served) -> Result<Arc<ClientConfig>, String> {
    let verifier = Arc::new(IsServed(served.leaf.clone()));
    let config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// Takes one certificate, and whoever has its key.
#[derive(Debug)]
struct IsServed(CertificateDer<'static>);

impl ServerCertVerifier for IsServed {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match *leaf == self.0 {
            true => Ok(ServerCertVerified::assertion()),
            false => Err(CertificateError::ApplicationVerificationFailure.into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls12_signature(message, leaf, signature, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = provider().signature_verification_algorithms;
        verify_tls13_signature(message, leaf, signature, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
