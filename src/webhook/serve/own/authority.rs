//! Certificates that kubevet makes itself: an authority, and the leaf that it signs.
//!
//! Lives here: making, reading and writing them. Times are durations since 1970. Not here: when
//! one is made (`scheme`), and where it's kept (`secret`).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use pem::{EncodeConfig, LineEnding, Pem};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PublicKeyData, date_time_ymd,
};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use x509_parser::parse_x509_certificate;

use crate::webhook::serve::certificates::{not_after, provider};

/// By how much certificates begin before they are made: the clocks of others may be late.
const LATE_CLOCKS: Duration = Duration::from_secs(60 * 60);

/// A certificate that others are verified by.
#[derive(Clone, PartialEq, Eq)]
pub struct Trusted {
    /// The certificate.
    pub der: CertificateDer<'static>,
    /// Until when it holds.
    pub not_after: Duration,
}

impl fmt::Debug for Trusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = parse_x509_certificate(&self.der).ok();
        let subject = subject.map(|(_, it)| it.subject().to_string());
        write!(
            f,
            "{} until {:?}",
            subject.unwrap_or_default(),
            self.not_after
        )
    }
}

impl Trusted {
    fn new(der: CertificateDer<'static>) -> Result<Self, String> {
        let not_after = not_after(&der).ok_or("it can't be read")?;
        Ok(Self {
            der,
            not_after: Duration::from_secs(not_after),
        })
    }

    /// Whether it still holds.
    pub fn holds(&self, now: Duration) -> bool {
        now < self.not_after
    }

    /// As PEM.
    pub fn pem(&self) -> String {
        let pem = Pem::new("CERTIFICATE", self.der.to_vec());
        pem::encode_config(&pem, EncodeConfig::new().set_line_ending(LineEnding::LF))
    }

    /// All of them as PEM.
    pub fn pems(all: &[Self]) -> String {
        all.iter().map(Self::pem).collect()
    }

    /// What a PEM holds, and whether it holds anything else.
    pub fn read(pem: &[u8]) -> (Vec<Self>, bool) {
        let mut found = Vec::new();
        let mut spoiled = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            match certificate.map_err(|e| e.to_string()).and_then(Self::new) {
                Ok(certificate) if found.contains(&certificate) => spoiled = true,
                Ok(certificate) => found.push(certificate),
                Err(_) => spoiled = true,
            }
        }
        spoiled |= found.is_empty() && !pem.is_empty();
        (found, spoiled)
    }
}

/// Who signs leaves.
#[derive(Clone, PartialEq, Eq)]
pub struct Authority {
    /// What its leaves are verified by.
    pub certificate: Trusted,
    key: String,
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.certificate.fmt(f)
    }
}

/// What is served.
#[derive(Clone)]
pub struct Leaf {
    /// The certificate, as PEM.
    pub certificate: String,
    /// Its key, as PEM.
    pub key: String,
    /// When it was signed.
    pub signed: Duration,
    /// Until when it holds.
    pub not_after: Duration,
    /// Who signed it.
    pub issuer: Trusted,
}

impl Authority {
    /// One that nobody knows yet.
    ///
    /// # Errors
    /// The system has no random numbers.
    pub fn new(now: Duration, lifetime: Duration) -> Result<Self, String> {
        let mut params = params(now, now + lifetime);
        // Each has a name of its own: it's how verifiers find who signed a leaf.
        let name = format!("kubevet-ca-{}", now.as_millis());
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let key = KeyPair::generate().map_err(|error| error.to_string())?;
        let certificate = params.self_signed(&key);
        let certificate = certificate.map_err(|error| error.to_string())?;
        Ok(Self {
            certificate: Trusted::new(certificate.der().clone())?,
            key: key.serialize_pem(),
        })
    }

    /// Reads one.
    ///
    /// # Errors
    /// Certificate or key can't be read, or they don't belong together.
    pub fn read(certificate: &[u8], key: &[u8]) -> Result<Self, String> {
        let der = CertificateDer::from_pem_slice(certificate);
        let der = der.map_err(|error| format!("the certificate can't be read: {error}"))?;
        let key = std::str::from_utf8(key).map_err(|_| "the key is no text")?;
        let pair = KeyPair::from_pem(key);
        let pair = pair.map_err(|error| format!("the key can't be read: {error}"))?;
        let parsed = parse_x509_certificate(&der);
        let (_, parsed) = parsed.map_err(|_| "the certificate can't be read")?;
        if *parsed.public_key().subject_public_key.data != *pair.der_bytes() {
            return Err("certificate and key don't belong together".to_owned());
        }
        if !parsed.is_ca() {
            return Err("the certificate is none of an authority".to_owned());
        }
        drop(parsed);
        Ok(Self {
            certificate: Trusted::new(der)?,
            key: key.to_owned(),
        })
    }

    /// Its key, as PEM.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Signs a certificate for a name. It holds no longer than its authority does.
    ///
    /// # Errors
    /// The name is none, or the system has no random numbers.
    pub fn sign(&self, name: &str, now: Duration, lifetime: Duration) -> Result<Leaf, String> {
        let said = |error: rcgen::Error| error.to_string();
        let issuer = KeyPair::from_pem(&self.key).map_err(said)?;
        let issuer = Issuer::from_ca_cert_der(&self.certificate.der, issuer).map_err(said)?;
        let named = CertificateParams::new(vec![name.to_owned()]);
        let until = (now + lifetime).min(self.certificate.not_after);
        let mut params = params(now, until);
        params.subject_alt_names = named.map_err(said)?.subject_alt_names;
        params
            .distinguished_name
            .push(DnType::CommonName, "kubevet");
        params.use_authority_key_identifier_extension = true;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(said)?;
        let certificate = params.signed_by(&key, &issuer).map_err(said)?;
        let not_after = Trusted::new(certificate.der().clone())?.not_after;
        Ok(Leaf {
            certificate: certificate.pem(),
            key: key.serialize_pem(),
            signed: now,
            not_after,
            issuer: self.certificate.clone(),
        })
    }
}

fn params(now: Duration, until: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let epoch = date_time_ymd(1970, 1, 1);
    params.not_before = epoch + now.saturating_sub(LATE_CLOCKS);
    // Certificates know whole seconds.
    let seconds = until.as_secs() + u64::from(until.subsec_nanos() > 0);
    params.not_after = epoch + Duration::from_secs(seconds);
    params
}

/// Whether an API server that trusts these believes a leaf.
///
/// # Errors
/// Why it doesn't.
pub fn verify(
    trusted: &[Trusted],
    leaf: &CertificateDer<'_>,
    name: &str,
    now: Duration,
) -> Result<(), String> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(trusted.iter().map(|trusted| trusted.der.clone()));
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    let verifier = verifier.map_err(|error| error.to_string())?;
    let name = ServerName::try_from(name).map_err(|error| error.to_string())?;
    let now = UnixTime::since_unix_epoch(now);
    let verified = verifier.verify_server_cert(leaf, &[], &name, &[], now);
    verified.map(|_| ()).map_err(|error| error.to_string())
}
