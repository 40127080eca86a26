//! The files that a server lives by: read at the start, and again when they change.
//!
//! They are looked at by their contents, over and over: a mounted Secret or ConfigMap is replaced
//! by exchanging a symbolic link, to which watches go deaf. What can't be used is left, and what is
//! in use stays. Not here: what certificates hold (`certificates`).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::certificates::{self, Pem, Served};
use super::cluster::Cluster;
use super::log::{Level, Log};
use super::server::{Lawbook, Server};
use crate::lint::config::{CommandLine, Config};
use crate::lint::run::all_metas;
use crate::minor::{Minor, Minors};
use crate::rule::Rule;
use crate::source::Source;

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(500);

/// Which files, and what goes with them.
#[derive(Clone, Debug)]
pub struct Files {
    /// The config; `None`: defaults only.
    pub config: Option<PathBuf>,
    /// The minor to judge for; `None`: that of the cluster, else what the config says.
    pub minor: Option<Minor>,
    /// The certificate; `None`: it is no file.
    pub certificate: Option<certificates::Files>,
    /// Who signs the certificates of clients, as PEM; `None`: clients need none.
    pub client_ca: Option<PathBuf>,
}

/// What the files held when they were last looked at.
#[derive(PartialEq, Eq)]
pub struct Contents {
    config: Option<Vec<u8>>,
    /// Certificate and key.
    pair: Option<(Vec<u8>, Vec<u8>)>,
    client_ca: Option<Vec<u8>>,
    /// The minor of the cluster.
    minor: Option<Minor>,
}

impl Files {
    /// Reads all of them, and asks what is known of the cluster.
    ///
    /// # Errors
    /// One can't be read.
    pub fn read(&self, cluster: Option<&Cluster>) -> Result<Contents, String> {
        let read = |path: &Path| {
            let bytes = fs::read(path);
            bytes.map_err(|error| format!("{}: {error}", path.display()))
        };
        let pair = |files: &certificates::Files| -> Result<_, String> {
            Ok((read(&files.certificate)?, read(&files.key)?))
        };
        Ok(Contents {
            config: self.config.as_deref().map(read).transpose()?,
            pair: self.certificate.as_ref().map(pair).transpose()?,
            client_ca: self.client_ca.as_deref().map(read).transpose()?,
            minor: cluster.and_then(Cluster::minor),
        })
    }

    /// What the config says.
    ///
    /// # Errors
    /// The first thing that is wrong with it, and where.
    pub fn laws(&self, contents: &Contents, rules: &[&'static Rule]) -> Result<Lawbook, String> {
        let config = match (&self.config, &contents.config) {
            (Some(path), Some(bytes)) => parse(path, bytes, rules)?,
            _ => Config::default(),
        };
        let newest = config.minors().iter().last();
        let minor = self.minor.or(contents.minor).or(newest);
        let minor = minor.unwrap_or(Minor::DEFAULT);
        let command = CommandLine {
            minors: Some(Minors::one(minor)),
            ..CommandLine::default()
        };
        let config = config.under(command);
        Ok(Lawbook { config, minor })
    }

    /// The certificate; `other` if it is no file.
    ///
    /// # Errors
    /// It can't be used.
    pub fn certificate(&self, contents: &Contents, other: Option<Pem>) -> Result<Served, String> {
        let mut pem = other.unwrap_or_default();
        contents.put(&mut pem);
        Served::new(pem).map_err(|why| self.about_certificate(&why))
    }

    fn about_certificate(&self, why: &str) -> String {
        match &self.certificate {
            Some(files) => format!("{}: {why}", files.certificate.display()),
            None => why.to_owned(),
        }
    }

    /// Looks at the files, and gives the server what changed, for as long as it lives.
    ///
    /// # Errors
    /// There can be no more threads.
    pub fn watch(self, known: Contents, server: &Arc<Server>) -> std::io::Result<()> {
        let server = Arc::downgrade(server);
        let thread = thread::Builder::new().name("files".to_owned());
        thread.spawn(move || self.look(known, &server))?;
        Ok(())
    }

    fn look(&self, mut known: Contents, server: &Weak<Server>) {
        loop {
            thread::sleep(EVERY);
            let Some(server) = server.upgrade() else {
                return;
            };
            // Between two exchanges of links there may be nothing to read.
            let Ok(contents) = self.read(server.cluster.as_deref()) else {
                continue;
            };
            if (&contents.config, contents.minor) != (&known.config, known.minor) {
                let laws = self.laws(&contents, server.rules);
                take(&server, "config", laws, |laws| {
                    server.laws.store(laws.into())
                });
            }
            if (&contents.pair, &contents.client_ca) != (&known.pair, &known.client_ca) {
                let served = server.certify(|pem| contents.put(pem));
                let served = served.map_err(|why| self.about_certificate(&why));
                take(&server, "certificate", served, |()| {});
            }
            known = contents;
        }
    }
}

impl Contents {
    fn put(&self, pem: &mut Pem) {
        if let Some((certificate, key)) = &self.pair {
            pem.certificate.clone_from(certificate);
            pem.key.clone_from(key);
        }
        pem.client_ca.clone_from(&self.client_ca);
    }
}

fn take<T>(server: &Server, what: &str, new: Result<T, String>, then: impl FnOnce(T)) {
    let log: &Log = &server.log;
    match new {
        Ok(new) => {
            then(new);
            server.metrics.reloads.count();
            log.line(Level::Info, "replaced", json!({"what": what}));
        }
        Err(why) => {
            server.metrics.reloads_failed.count();
            let fields = json!({"what": what, "why": why});
            log.line(Level::Error, "kept the last good one", fields);
        }
    }
}

fn parse(path: &Path, bytes: &[u8], rules: &[&'static Rule]) -> Result<Config, String> {
    let source = Source::decode(path.display().to_string(), bytes.to_vec());
    let (config, faults) = Config::parse(&source, &all_metas(rules));
    match faults.first() {
        None => Ok(config),
        Some(fault) => {
            let at = source.position(fault.span.start);
            let (line, column) = (at.line, at.column);
            Err(format!(
                "{}:{line}:{column}: {}",
                source.name, fault.message
            ))
        }
    }
}
