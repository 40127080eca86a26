//! What is answered at which path, and the review of a request from its head to its answer.
//!
//! Lives here: what all requests share. Not here: what a review says (`webhook::review`), and what
//! connections are (`connection`).

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use tokio::sync::watch;

use super::bytes::{Budget, Held};
use super::certificates::{Pem, Served};
use super::cluster::Cluster;
use super::connection::Peer;
use super::log::{Level, Log, today};
use super::metrics::{Metrics, Text};
use super::queue::{Queue, Refusal};
use super::{Stage, own, probe};
use crate::lint::config::Config;
use crate::minor::Minor;
use crate::rule::Rule;
use crate::webhook::answer::Answer;
use crate::webhook::fate::Fate;
use crate::webhook::judge::Laws;
use crate::webhook::request::{Body, Request as Asked};
use crate::webhook::review::review;
use crate::webhook::sight::Sight;
use crate::webhook::status::{Fault, FaultKind};

/// Where reviews are asked for.
pub const REVIEW_PATH: &str = "/validate";
/// The head that tells the server's own questions from others.
pub const OWN: &str = "x-kubevet-probe";

/// How long the API server waits where it doesn't say.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest time that it gives (`timeoutSeconds` is at most 30).
const TIMEOUT_MAX: Duration = Duration::from_secs(30);

/// How many faults are logged a second, of a crowd that is turned away, and others. All are
/// counted.
const CROWD_MAX: u32 = 1;
const OTHERS_MAX: u32 = 20;
/// How many findings of a review are logged; the others are counted.
const LOGGED_MAX: usize = 20;

/// How long an answer may take from here to the API server.
const MARGIN: Duration = Duration::from_millis(200);

/// What the user wants, and for which minor.
#[derive(Debug)]
pub struct Lawbook {
    /// The config.
    pub config: Config,
    /// The minor of the cluster.
    pub minor: Minor,
}

/// How many faults were logged in a second, counted from the start of the server: of a crowd that
/// is turned away, and others.
#[derive(Debug, Default)]
pub struct Regrets {
    second: u64,
    crowd: u32,
    others: u32,
}

/// What all requests share.
pub struct Server {
    /// The rules to run.
    pub rules: &'static [&'static Rule],
    /// What the user wants; replaced when its file changes.
    pub laws: ArcSwap<Lawbook>,
    /// What else is in sight.
    pub sight: Arc<dyn Sight>,
    /// The cluster that is looked around in.
    pub cluster: Option<Arc<Cluster>>,
    /// The certificate; replaced while connections go on, by `Server::certify`.
    pub certificate: ArcSwap<Served>,
    /// Held by who replaces the certificate.
    pub certifying: Mutex<()>,
    /// How own certificates stand, where there are some.
    pub own: Option<own::Standing>,
    /// Where reviews wait for a processor.
    pub queue: Queue,
    /// Where bodies wait for memory.
    pub budget: Budget,
    /// What is counted.
    pub metrics: Metrics,
    /// What is said.
    pub log: Arc<Log>,
    /// When it was started.
    pub started: Instant,
    /// How many faults were logged in the present second.
    pub regrets: Mutex<Regrets>,
    /// How far the server is with stopping.
    pub stage: watch::Receiver<Stage>,
    /// Asks the server what an API server would.
    pub probe: probe::Probe,
}

/// The paths of the listener for reviews.
pub fn reviews(server: Arc<Server>) -> Router {
    let paths = common().route(REVIEW_PATH, post(validate));
    with_faults(paths).with_state(server)
}

/// The paths of the listener for metrics.
pub fn metrics(server: Arc<Server>) -> Router {
    with_faults(common()).with_state(server)
}

fn common() -> Router<Arc<Server>> {
    Router::new()
        .route("/livez", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route("/metrics", get(scrape))
}

fn with_faults(paths: Router<Arc<Server>>) -> Router<Arc<Server>> {
    let fault = |kind, message| async move { faulty(&Fault::new(kind, message)) };
    paths
        .fallback(async move || fault(FaultKind::NotFound, "there is nothing here").await)
        .method_not_allowed_fallback(async move || {
            fault(
                FaultKind::MethodNotAllowed,
                "this path takes another method",
            )
            .await
        })
}

async fn validate(State(server): State<Arc<Server>>, request: Request) -> Response {
    let arrived = Instant::now();
    let own = server.probe.is_own(request.headers());
    let result = server.clone().review(request, arrived).await;
    if !own {
        server.metrics.answered.observe(arrived.elapsed());
    }
    match result {
        Ok(json) => (StatusCode::OK, [JSON], json).into_response(),
        Err(fault) => {
            server.metrics.fault(fault.kind);
            server.regret(&fault, arrived.elapsed());
            faulty(&fault)
        }
    }
}

async fn ready(State(server): State<Arc<Server>>) -> Response {
    if *server.stage.borrow() != Stage::Serving {
        return (StatusCode::SERVICE_UNAVAILABLE, "stopping\n").into_response();
    }
    if server
        .cluster
        .as_ref()
        .is_some_and(|cluster| !cluster.is_settled())
    {
        let why = "the cluster isn't read yet\n";
        return (StatusCode::SERVICE_UNAVAILABLE, why).into_response();
    }
    match server.ready().await {
        Ok(()) => "ok\n".into_response(),
        Err(why) => {
            let fields = json!({"why": why});
            server.log.line(Level::Warn, "not ready", fields);
            (StatusCode::SERVICE_UNAVAILABLE, format!("{why}\n")).into_response()
        }
    }
}

async fn scrape(State(server): State<Arc<Server>>) -> Response {
    const TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
    ([(CONTENT_TYPE, TYPE)], server.scrape()).into_response()
}

const JSON: (axum::http::HeaderName, &str) = (CONTENT_TYPE, "application/json");

fn faulty(fault: &Fault) -> Response {
    let code = StatusCode::from_u16(fault.kind.code()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (code, [JSON], fault.to_json()).into_response();
    if let Some(seconds) = fault.retry_after {
        let headers = response.headers_mut();
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

impl Server {
    /// Whether it serves what an API server takes.
    ///
    /// # Errors
    /// Why it doesn't.
    pub async fn ready(&self) -> Result<(), String> {
        self.probe.ask(&self.certificate).await?;
        let own = self.own.as_ref();
        own.map_or(Ok(()), |own| own.believed(&self.certificate.load().leaf))
    }

    /// Serves with another certificate, or takes those of other clients.
    ///
    /// # Errors
    /// What came of the change can't be used; nothing has changed.
    pub fn certify(&self, change: impl FnOnce(&mut Pem)) -> Result<(), String> {
        let alone = self.certifying.lock();
        let mut pem = self.certificate.load().pem.clone();
        change(&mut pem);
        self.certificate.store(Served::new(pem)?.into());
        drop(alone);
        Ok(())
    }

    async fn review(self: Arc<Self>, request: Request, arrived: Instant) -> Result<Vec<u8>, Fault> {
        let own = self.probe.is_own(request.headers());
        let peer = request.extensions().get::<Peer>().cloned();
        let certified = peer.as_ref().is_some_and(|peer| peer.certified);
        let comes = || {
            if let Some(peer) = peer {
                peer.clock.begin();
            }
        };
        if self.certificate.load().clients_certified && !certified && !own {
            let why = "a review takes a client certificate";
            return Err(Fault::new(FaultKind::Unauthorized, why));
        }
        if !is_json(request.headers()) {
            let why = "a review is application/json";
            return Err(Fault::new(FaultKind::UnsupportedMediaType, why));
        }
        let deadline = arrived + usable(timeout(request.uri()));
        let body = request.into_body();
        let held = self.budget.read(body, deadline, comes).await?;
        let bytes = held.bytes.len();
        let server = Arc::clone(&self);
        let work = move || server.judge(held, own);
        let done = self.queue.run(deadline, bytes, work).await;
        done.unwrap_or_else(|refusal| {
            Err(match refusal {
                Refusal::Full => {
                    let why = "more reviews are asked for than can be done";
                    Fault::new(FaultKind::Overloaded, why).retry_after(1)
                }
                Refusal::TooLate => {
                    let why = "the time that the API server gives is over";
                    Fault::new(FaultKind::TooLate, why)
                }
                Refusal::Panicked => panicked(),
            })
        })
    }

    /// What needs a processor: from the body of a review to that of its answer.
    fn judge(&self, mut held: Held, own: bool) -> Result<Vec<u8>, Fault> {
        let begun = Instant::now();
        let body = Body::read(std::mem::take(&mut held.bytes))?;
        let request = Asked::of(&body)?;
        let book = self.laws.load();
        let laws = Laws {
            config: &book.config,
            rules: self.rules,
        };
        let reviewed = || review(&request, laws, &*self.sight, today());
        let answer = catch_unwind(AssertUnwindSafe(reviewed))
            .unwrap_or_else(|_| Err(panicked()))
            .map_err(|fault| fault.about(request.uid))?;
        if !own {
            self.metrics.answer(&answer);
            self.metrics.judged.observe(begun.elapsed());
            self.say(&answer);
        }
        Ok(answer.to_json(book.minor))
    }

    /// Logs what somebody may want to look up: not what passes without a word.
    fn say(&self, answer: &Answer<'_>) {
        let request = answer.request;
        let fields = json!({
            "uid": request.uid,
            "operation": request.operation,
            "kind": request.kind.kind,
            "namespace": request.namespace,
            "name": answer.name,
            "user": request.user,
            "dryRun": request.dry_run,
        });
        let say = |level, message, wanted: fn(&Fate<'_>) -> bool| {
            let told = answer.told().iter().filter(|told| wanted(&told.fate));
            let mut findings: Vec<_> = told.map(|told| &told.finding).collect();
            if findings.is_empty() {
                return;
            }
            let more = findings.len().saturating_sub(LOGGED_MAX);
            findings.truncate(LOGGED_MAX);
            let findings = findings.iter().map(|finding| {
                json!({
                    "rule": finding.rule.id,
                    "field": finding.place.path,
                    "what": finding.message,
                })
            });
            let mut fields = fields.clone();
            if let Some(fields) = fields.as_object_mut() {
                let age = answer.age.map(|age| ("clusterAgeSeconds", age.into()));
                let more = (more > 0).then(|| ("moreFindings", more.into()));
                let findings = ("findings", findings.collect());
                let all = age.into_iter().chain([findings]).chain(more);
                fields.extend(all.map(|(name, value)| (name.to_owned(), value)));
            }
            self.log.line(level, message, fields);
        };
        let message = "the API server contradicts these findings";
        say(Level::Warn, message, |fate| matches!(fate, Fate::Disagrees));
        say(Level::Info, "denied", |fate| matches!(fate, Fate::Deny));
    }

    /// Logs why there is no decision, unless many such lines were logged in this second: anybody
    /// may ask for what can't be answered.
    fn regret(&self, fault: &Fault, took: Duration) {
        let is_crowd = matches!(fault.kind, FaultKind::Overloaded | FaultKind::TooLate);
        let second = self.started.elapsed().as_secs();
        let mut regrets = self.regrets.lock().unwrap_or_else(PoisonError::into_inner);
        if regrets.second != second {
            *regrets = Regrets {
                second,
                ..Regrets::default()
            };
        }
        let (logged, most) = match is_crowd {
            true => (&mut regrets.crowd, CROWD_MAX),
            false => (&mut regrets.others, OTHERS_MAX),
        };
        *logged = logged.saturating_add(1);
        if *logged > most {
            return;
        }
        drop(regrets);
        let fields = json!({
            "uid": fault.uid,
            "reason": fault.kind.reason(),
            "why": fault.message,
            "seconds": took.as_secs_f64(),
        });
        self.log.line(Level::Warn, "no decision", fields);
    }

    fn scrape(&self) -> String {
        let mut text = Text::default();
        let book = self.laws.load();
        let (version, minor) = (env!("CARGO_PKG_VERSION"), book.minor);
        text.begin(
            "kubevet_build_info",
            "gauge",
            "What runs, and what it judges for.",
        );
        let labels = format!("version=\"{version}\",kubernetes_version=\"{minor}\"");
        text.sample(&labels, 1);
        self.metrics.write(&mut text);
        let help = "Until when the certificate that is served holds, in seconds since 1970.";
        let not_after = self.certificate.load().not_after as f64;
        text.gauge("kubevet_certificate_not_after_seconds", help, not_after);
        if let Some(own) = &self.own {
            own.write(&mut text);
        }
        let help = "Reviews that wait for a processor.";
        text.gauge("kubevet_queue_length", help, self.queue.len() as f64);
        let help = "What the bodies cost that are held, of what they may cost at most.";
        text.gauge(
            "kubevet_body_budget_spent_bytes",
            help,
            self.budget.spent() as f64,
        );
        let help = "Exemptions of the config that hold no longer.";
        let expired = book.config.expired(today()).count();
        text.gauge("kubevet_exemptions_expired", help, expired as f64);
        let help = "Lines of the log that couldn't be written as fast as they came.";
        text.gauge("kubevet_log_lines_dropped", help, self.log.dropped() as f64);
        if let Some(cluster) = &self.cluster {
            cluster.write_metrics(&mut text);
        }
        text.finish()
    }
}

fn panicked() -> Fault {
    Fault::new(FaultKind::Internal, "this is a fault of kubevet itself")
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let media = media.map(|media| media.split(';').next().unwrap_or("").trim());
    media.is_some_and(|media| media.eq_ignore_ascii_case("application/json"))
}

/// What `?timeout=` gives, as Go writes durations: `3s`, `1m30s`, `500ms`.
fn timeout(uri: &Uri) -> Duration {
    let mut pairs = uri.query().unwrap_or("").split('&');
    let said = pairs.find_map(|pair| pair.strip_prefix("timeout="));
    let said = said.and_then(go_duration).filter(|said| !said.is_zero());
    said.unwrap_or(TIMEOUT).min(TIMEOUT_MAX)
}

fn go_duration(text: &str) -> Option<Duration> {
    let mut total = Duration::ZERO;
    let mut rest = text;
    while !rest.is_empty() {
        let unit = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, after) = rest.split_at(unit);
        let end = after
            .find(|c: char| c.is_ascii_digit())
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let seconds = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 0.001,
            _ => return None,
        };
        let part = Duration::try_from_secs_f64(number.parse::<f64>().ok()? * seconds);
        total = total.checked_add(part.ok()?)?;
        rest = after;
    }
    Some(total)
}

/// The API server's clock started before ours, and the answer needs time, too.
fn usable(timeout: Duration) -> Duration {
    timeout.saturating_sub((timeout / 10).max(MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_durations_as_go_writes_them() {
        for (query, milliseconds) in [
            ("/validate", 10_000),
            ("/validate?timeout=3s", 3_000),
            ("/validate?a=b&timeout=1m30s", 30_000),
            ("/validate?timeout=500ms", 500),
            ("/validate?timeout=1.5s", 1_500),
            ("/validate?timeout=x", 10_000),
            ("/validate?timeout=0s", 10_000),
            ("/validate?timeout=-3s", 10_000),
        ] {
            let uri: Uri = query.parse().unwrap();
            assert_eq!(
                timeout(&uri),
                Duration::from_millis(milliseconds),
                "{query}"
            );
        }
    }
}
