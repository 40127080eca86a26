//! How own certificates stand: what the log, readiness and metrics say of them.
//!
//! Not here: what is done about it (`keeper`).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwapOption;
use serde_json::json;
use tokio_rustls::rustls::pki_types::CertificateDer;

use super::authority::{Leaf, Trusted, verify};
use super::keeper::Event;
use super::now;
use super::scheme::{Bundle, Seen};
use crate::webhook::serve::log::Level;
use crate::webhook::serve::metrics::Text;
use crate::webhook::serve::server::Server;

/// How things stand.
#[derive(Debug)]
pub struct Standing {
    name: String,
    view: ArcSwapOption<View>,
    failing: ArcSwapOption<String>,
    failures: AtomicU64,
    repairs: AtomicU64,
    signed: AtomicU64,
}

/// What was there when it was last seen.
#[derive(Debug)]
struct View {
    at: Duration,
    bundles: Vec<Bundle>,
    ca_not_after: Duration,
    issuer: Option<Trusted>,
    foreign: usize,
}

impl Standing {
    /// Nothing is seen yet of what is served under a name.
    pub fn new(name: String) -> Self {
        Self {
            name,
            view: ArcSwapOption::empty(),
            failing: ArcSwapOption::empty(),
            failures: AtomicU64::default(),
            repairs: AtomicU64::default(),
            signed: AtomicU64::default(),
        }
    }

    /// Says what was done; what was signed is served.
    pub fn tell(&self, event: Event<'_>, server: &Server) {
        let (level, message) = match event {
            Event::Created => (Level::Info, "made the Secret of the authorities"),
            Event::Replaced => (Level::Info, "changed the Secret of the authorities"),
            Event::Published => (Level::Info, "changed caBundle"),
            Event::Repaired => {
                self.repairs.fetch_add(1, Ordering::Relaxed);
                let message = "caBundle had lost an authority of kubevet: added it again";
                (Level::Warn, message)
            }
            Event::Signed(leaf) => {
                self.signed.fetch_add(1, Ordering::Relaxed);
                serve(leaf, server);
                return;
            }
        };
        server.log.line(level, message, json!({}));
    }

    /// Takes what was seen.
    pub fn saw(&self, seen: &Seen, leaf: Option<&Leaf>) {
        let Some(stored) = &seen.stored else {
            return;
        };
        let foreign = seen.published();
        let foreign = foreign.filter(|trusted| !stored.trusted().any(|ours| ours == *trusted));
        self.view.store(Some(Arc::new(View {
            at: now(),
            foreign: foreign.count(),
            bundles: seen.bundles.clone(),
            ca_not_after: stored.current.authority.certificate.not_after,
            issuer: leaf.map(|leaf| leaf.issuer.clone()),
        })));
    }

    /// Takes how a look ended. Says so when something begins or ceases to be wrong, not each time.
    pub fn ended(&self, looked: Result<(), String>, server: &Server) {
        let before = self.failing.load();
        match looked {
            Ok(()) => {
                if before.is_some() {
                    let message = "own certificates can be kept again";
                    server.log.line(Level::Info, message, json!({}));
                }
                self.failing.store(None);
            }
            Err(why) => {
                self.failures.fetch_add(1, Ordering::Relaxed);
                if before.as_deref() != Some(&why) {
                    let fields = json!({"why": why});
                    server
                        .log
                        .line(Level::Error, "own certificates can't be kept", fields);
                }
                self.failing.store(Some(why.into()));
            }
        }
    }

    /// Whether the API server believes what is served, by `caBundle` as it was last seen.
    ///
    /// # Errors
    /// Why it doesn't.
    pub fn believed(&self, leaf: &CertificateDer<'_>) -> Result<(), String> {
        let failing = self.failing.load();
        let but = |why: &str| match failing.as_deref() {
            Some(failing) => format!("{why}: {failing}"),
            None => why.to_owned(),
        };
        let view = self.view.load();
        let view = view.as_ref().filter(|view| view.issuer.is_some());
        let view = view.ok_or_else(|| but("there is no own certificate yet"))?;
        for bundle in &view.bundles {
            verify(&bundle.trusted, leaf, &self.name, now()).map_err(|why| {
                let webhook = &bundle.webhook;
                but(&format!(
                    "caBundle of {webhook} doesn't fit what is served ({why})"
                ))
            })?;
        }
        Ok(())
    }

    /// Its metrics.
    pub fn write(&self, text: &mut Text) {
        let view = self.view.load();
        let view = view.as_deref();
        let of_view = |value: fn(&View) -> f64| view.map_or(0.0, value);
        for (name, help, value) in [
            (
                "kubevet_ca_not_after_seconds",
                "Until when the authority holds that signs, in seconds since 1970.",
                of_view(|view| view.ca_not_after.as_secs_f64()),
            ),
            (
                "kubevet_ca_bundle_not_after_seconds",
                "Until when caBundle vouches for what is served, in seconds since 1970, or 0.",
                of_view(View::vouched),
            ),
            (
                "kubevet_ca_bundle_foreign",
                "Certificates in caBundle that aren't in the Secret of the authorities.",
                of_view(|view| view.foreign as f64),
            ),
            (
                "kubevet_own_certificates_seen_seconds",
                "When Secret and caBundle were last seen, in seconds since 1970.",
                of_view(|view| view.at.as_secs_f64()),
            ),
        ] {
            text.gauge(name, help, value);
        }
        for (name, help, counter) in [
            (
                "kubevet_own_certificates_signed_total",
                "Certificates that were signed to be served.",
                &self.signed,
            ),
            (
                "kubevet_own_certificates_failures_total",
                "How often own certificates couldn't be kept.",
                &self.failures,
            ),
            (
                "kubevet_ca_bundle_repairs_total",
                "How often caBundle had lost an authority of kubevet and got it back.",
                &self.repairs,
            ),
        ] {
            text.begin(name, "counter", help);
            text.sample("", counter.load(Ordering::Relaxed));
        }
    }
}

impl View {
    fn vouched(&self) -> f64 {
        let issuer = self.issuer.as_ref();
        let held = |issuer: &&Trusted| self.bundles.iter().all(|b| b.trusted.contains(issuer));
        let until = issuer.filter(held).map(|issuer| issuer.not_after);
        until.unwrap_or_default().as_secs_f64()
    }
}

fn serve(leaf: &Leaf, server: &Server) {
    let taken = server.certify(|pem| {
        pem.certificate = leaf.certificate.clone().into_bytes();
        pem.key = leaf.key.clone().into_bytes();
    });
    let until = leaf.not_after.as_secs();
    match taken {
        Ok(()) => {
            let fields = json!({"what": "certificate", "notAfter": until});
            server.log.line(Level::Info, "replaced", fields);
        }
        Err(why) => {
            let fields = json!({"what": "certificate", "why": why});
            server
                .log
                .line(Level::Error, "kept the last good one", fields);
        }
    }
}
