//! The certificate that is served: read from files, and replaced while connections go on.
//!
//! Lives here: from PEM to the settings of TLS, and until when a certificate holds. Not here: when
//! files are looked at (`reload`).

use std::path::PathBuf;
use std::sync::Arc;

use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig, version};

/// Where the certificate lies.
#[derive(Clone, Debug)]
pub struct Files {
    /// The certificate and what signed it, leaf first, as PEM.
    pub certificate: PathBuf,
    /// Its key, as PEM.
    pub key: PathBuf,
    /// Who signs the certificates of clients, as PEM; `None`: clients need none.
    pub client_ca: Option<PathBuf>,
}

/// What the files hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pem {
    /// See `Files`.
    pub certificate: Vec<u8>,
    /// See `Files`.
    pub key: Vec<u8>,
    /// See `Files`.
    pub client_ca: Option<Vec<u8>>,
}

/// What connections are made with.
#[derive(Clone, Debug)]
pub struct Served {
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
    pub fn new(pem: &Pem) -> Result<Self, String> {
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
        })
    }
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, String> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    found.map_err(|error| format!("certificate: {error}"))
}

/// Until when a certificate holds, in seconds since 1970 (RFC 5280, 4.1).
fn not_after(certificate: &[u8]) -> Option<u64> {
    const SEQUENCE: u8 = 0x30;
    const VERSION: u8 = 0xa0;
    let (tag, certificate, _) = element(certificate)?;
    let (_, mut body, _) = element(certificate).filter(|_| tag == SEQUENCE)?;
    if body.first() == Some(&VERSION) {
        body = element(body)?.2;
    }
    // Serial number, signature algorithm, issuer.
    for _ in 0..3 {
        body = element(body)?.2;
    }
    let (_, validity, _) = element(body)?;
    let (_, _, rest) = element(validity)?;
    let (tag, time, _) = element(rest)?;
    seconds(tag, std::str::from_utf8(time).ok()?)
}

/// The tag and contents of the first DER element, and what follows it.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..0x80 => (usize::from(first), rest),
        _ => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let add =
                |length: usize, byte: &u8| Some(length.checked_mul(256)? | usize::from(*byte));
            (bytes.iter().try_fold(0, add)?, rest)
        }
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

/// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, in seconds since 1970.
fn seconds(tag: u8, time: &str) -> Option<u64> {
    const UTC_TIME: u8 = 0x17;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = time.split_at_checked(2)?;
            let year: u64 = year.parse().ok()?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        _ => {
            let (year, rest) = time.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
    };
    let part = |at: usize| rest.get(at..at + 2)?.parse::<u64>().ok();
    let (month, day) = (part(0)?, part(2)?);
    // Howard Hinnant, `days_from_civil`: years start in March.
    let year = if month <= 2 {
        year.checked_sub(1)?
    } else {
        year
    };
    let from_march = if month > 2 { month - 3 } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day.checked_sub(1)?;
    let of_era = (year % 400) * 365 + year % 400 / 4 - year % 400 / 100 + of_year;
    let days = (year / 400 * 146_097 + of_era).checked_sub(719_468)?;
    Some(((days * 24 + part(4)?) * 60 + part(6)?) * 60 + part(8)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_times() {
        for (tag, text, expected) in [
            (0x17, "700101000000Z", Some(0)),
            (0x17, "260228235959Z", Some(1_772_323_199)),
            (0x18, "20260301000000Z", Some(1_772_323_200)),
            (0x18, "21000301000000Z", Some(4_107_542_400)),
            (0x17, "26", None),
        ] {
            assert_eq!(seconds(tag, text), expected, "{text}");
        }
    }
}
