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
use super::log::Level;
use super::metrics::FILES;
use super::server::{Lawbook, Server};
use crate::lint::config::{CommandLine, Config};
use crate::lint::run::all_metas;
use crate::minor::{Minor, Minors};
use crate::rule::Rule;
use crate::source::Source;

/// How often files are looked at.
const EVERY: Duration = Duration::from_millis(500);
/// How many looks in a row fail before that is said: between two exchanges of links there may be
/// nothing to read.
const FAILURES: u32 = 10;

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

/// Certificate and key.
type Pair = (Vec<u8>, Vec<u8>);

/// What the files hold at the start.
pub struct Contents {
    config: Option<Vec<u8>>,
    pair: Option<Pair>,
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
        Ok(Contents {
            config: self.config()?,
            pair: self.pair()?,
            client_ca: self.client_ca()?,
            minor: cluster.and_then(Cluster::minor),
        })
    }

    fn config(&self) -> Result<Option<Vec<u8>>, String> {
        self.config.as_deref().map(read).transpose()
    }

    fn pair(&self) -> Result<Option<Pair>, String> {
        let pair = self.certificate.as_ref().map(|files| {
            let (certificate, key) = (read(&files.certificate)?, read(&files.key)?);
            Ok((certificate, key))
        });
        pair.transpose()
    }

    fn client_ca(&self) -> Result<Option<Vec<u8>>, String> {
        self.client_ca.as_deref().map(read).transpose()
    }

    /// What the config says.
    ///
    /// # Errors
    /// The first thing that is wrong with it, and where.
    pub fn laws(&self, contents: &Contents, rules: &[&'static Rule]) -> Result<Lawbook, String> {
        self.laws_of(contents.config.as_deref(), contents.minor, rules)
    }

    fn laws_of(
        &self,
        config: Option<&[u8]>,
        of_cluster: Option<Minor>,
        rules: &[&'static Rule],
    ) -> Result<Lawbook, String> {
        let config = match (&self.config, config) {
            (Some(path), Some(bytes)) => parse(path, bytes, rules)?,
            _ => Config::default(),
        };
        let newest = config.minors().iter().last();
        let minor = self.minor.or(of_cluster).or(newest);
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
        put(&mut pem, contents.pair.as_ref());
        pem.client_ca.clone_from(&contents.client_ca);
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

    fn look(&self, known: Contents, server: &Weak<Server>) {
        let [of_config, of_pair, of_client_ca] = FILES;
        let mut config = Watched::new(of_config, known.config);
        let mut pair = Watched::new(of_pair, known.pair);
        let mut client_ca = Watched::new(of_client_ca, known.client_ca);
        let mut minor = known.minor;
        loop {
            thread::sleep(EVERY);
            let Some(server) = server.upgrade() else {
                return;
            };
            // Each by itself: what can't be used holds up none of the others.
            if let Some(bytes) = config.look(&server, self.config()) {
                let laws = self.laws_of(bytes.as_deref(), minor, server.rules);
                let laws = laws.map(|laws| server.laws.store(laws.into()));
                config.take(&server, laws);
            }
            if let Some(new) = pair.look(&server, self.pair()) {
                let served = server.certify(|pem| put(pem, new.as_ref()));
                let served = served.map_err(|why| self.about_certificate(&why));
                pair.take(&server, served);
            }
            if let Some(new) = client_ca.look(&server, self.client_ca()) {
                let served = server.certify(|pem| pem.client_ca = new);
                client_ca.take(&server, served);
            }
            let now = server.cluster.as_deref().and_then(Cluster::minor);
            // What is in use could be read.
            if now != minor
                && let Ok(laws) = self.laws_of(config.used.as_deref(), now, server.rules)
            {
                minor = now;
                let fields = json!({"kubernetesVersion": laws.minor.to_string()});
                let message = "judging for the cluster's version";
                server.log.line(Level::Info, message, fields);
                server.laws.store(laws.into());
            }
        }
    }
}

/// A file, or some that belong together, over many looks.
struct Watched<T> {
    what: &'static str,
    /// How many looks in a row failed.
    failures: u32,
    /// What it held when it could last be read.
    read: T,
    /// Of what it held, what is in use.
    used: T,
}

impl<T: Clone + PartialEq> Watched<T> {
    fn new(what: &'static str, used: T) -> Self {
        Self {
            what,
            failures: 0,
            read: used.clone(),
            used,
        }
    }

    /// What it holds now, if that is new.
    fn look(&mut self, server: &Server, read: Result<T, String>) -> Option<T> {
        match read {
            Ok(now) => {
                self.failures = 0;
                let is_new = now != self.read;
                self.read = now;
                // What is new is told once it is known what comes of it.
                if is_new {
                    return Some(self.read.clone());
                }
                self.tell(server);
            }
            Err(why) => {
                self.failures = self.failures.saturating_add(1);
                self.tell(server);
                if self.failures == FAILURES {
                    self.refuse(server, &why);
                }
            }
        }
        None
    }

    /// What became of something new.
    fn take(&mut self, server: &Server, new: Result<(), String>) {
        match new {
            Ok(()) => {
                self.used.clone_from(&self.read);
                self.tell(server);
                server.metrics.reloads.count();
                let fields = json!({"what": self.what});
                server.log.line(Level::Info, "replaced", fields);
            }
            Err(why) => {
                self.tell(server);
                self.refuse(server, &why);
            }
        }
    }

    fn tell(&self, server: &Server) {
        let refused = self.read != self.used || self.failures >= FAILURES;
        server.metrics.refuses(self.what, refused);
    }

    fn refuse(&self, server: &Server, why: &str) {
        server.metrics.reloads_failed.count();
        let fields = json!({"what": self.what, "why": why});
        let message = "kept the last good one";
        server.log.line(Level::Error, message, fields);
    }
}

fn put(pem: &mut Pem, pair: Option<&Pair>) {
    if let Some((certificate, key)) = pair {
        pem.certificate.clone_from(certificate);
        pem.key.clone_from(key);
    }
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let bytes = fs::read(path);
    bytes.map_err(|error| format!("{}: {error}", path.display()))
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
