//! The certificate that is served, and replaced while connections go on.
//!
//! Lives here: from PEM to the settings of TLS, and until when a certificate holds. Not here: when
//! files are looked at (`files`), and certificates that kubevet makes itself (`own`).

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, version};
use x509_parser::parse_x509_certificate;

/// Where the certificate lies.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate and what signed it, leaf first, as PEM.
    pub certificate: PathBuf,
    /// Its key, as PEM.
    pub key: PathBuf,
}

/// What TLS is set up by, as PEM.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Pem {
    /// The certificate and what signed it, leaf first.
    pub certificate: Vec<u8>,
    /// Its key.
    pub key: Vec<u8>,
    /// Who signs the certificates of clients; `None`: clients need none.
    pub client_ca: Option<Vec<u8>>,
}

/// What connections are made with.
#[derive(Clone)]
pub struct Served {
    /// What it was made of.
    pub pem: Pem,
    /// The settings of TLS.
    pub config: Arc<ServerConfig>,
    /// The leaf.
    pub leaf: CertificateDer<'static>,
    /// Until when the leaf holds, in seconds since 1970.
    pub not_after: u64,
    /// Clients have to show a certificate to get a review.
    pub clients_certified: bool,
}

/// The cryptography of all connections.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}

impl Served {
    /// Makes the settings of TLS.
    ///
    /// # Errors
    /// The PEM is none, or certificate and key don't belong together.
    pub fn new(pem: Pem) -> Result<Self, String> {
        let chain = certificates(&pem.certificate)?;
        let leaf = chain.first().ok_or("there is no certificate")?.clone();
        let key =
            PrivateKeyDer::from_pem_slice(&pem.key).map_err(|error| format!("key: {error}"))?;
        let not_after = not_after(&leaf).ok_or("the certificate says no time until it holds")?;
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(&[&version::TLS13, &version::TLS12])
            .map_err(|error| error.to_string())?;
        let builder = match &pem.client_ca {
            None => builder.with_no_client_auth(),
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in certificates(pem)? {
                    let added = roots.add(certificate);
                    added.map_err(|error| format!("client CA: {error}"))?;
                }
                // Probes come without one: who may ask for a review is decided there.
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(roots.into(), provider())
                        .allow_unauthenticated()
                        .build()
                        .map_err(|error| format!("client CA: {error}"))?;
                builder.with_client_cert_verifier(verifier)
            }
        };
        let mut config = builder
            .with_single_cert(chain, key)
            .map_err(|error| error.to_string())?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        // The API server keeps no sessions to go on with.
        config.send_tls13_tickets = 0;
        Ok(Self {
            config: Arc::new(config),
            leaf,
            not_after,
            clients_certified: pem.client_ca.is_some(),
            pem,
        })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.map_err(|error| format!("certificate: {error}"))
}

/// Until when a certificate holds, in seconds since 1970.
pub fn not_after(certificate: &[u8]) -> Option<u64> {
    let (_, certificate) = parse_x509_certificate(certificate).ok()?;
    certificate.validity().not_after.timestamp().try_into().ok()
}
