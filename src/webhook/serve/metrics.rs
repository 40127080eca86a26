//! Metrics, in the text format of Prometheus.
//!
//! Lives here: what is counted, and how it is written. Counters are atomics in fixed tables, so
//! that counting waits for nothing. Not here: what only has a value when asked for (the caller adds
//! it).

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use crate::finding::RuleMeta;
use crate::webhook::answer::{Answer, Outcome, Pass};
use crate::webhook::fate::Fate;
use crate::webhook::status::FaultKind;

/// Upper bounds of durations, in seconds: most reviews take less than a millisecond.
const BOUNDS: [f64; 16] = [
    0.000_05, 0.000_1, 0.000_2, 0.000_3, 0.000_5, 0.000_75, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05,
    0.1, 0.5, 1.0, 5.0,
];

/// All that is counted.
#[derive(Debug)]
pub struct Metrics {
    rules: Vec<(&'static RuleMeta, [AtomicU64; FATES.len()])>,
    allowed: AtomicU64,
    denied: AtomicU64,
    dry_run: AtomicU64,
    passed: [AtomicU64; PASSES.len()],
    faults: [AtomicU64; FaultKind::ALL.len()],
    /// From the head of a request to its answer.
    pub answered: Histogram,
    /// What judging alone takes.
    pub judged: Histogram,
    /// Connections that are open.
    pub connections: Gauge,
    /// Connections that were closed to make room.
    pub evicted: Counter,
    /// Handshakes that failed.
    pub handshakes_failed: Counter,
    /// Handshakes that were made.
    pub handshakes: Counter,
    /// Files that were taken over since the start.
    pub reloads: Counter,
    /// Files that couldn't be taken over.
    pub reloads_failed: Counter,
    refused: [AtomicBool; FILES.len()],
}

/// What files are for.
pub const FILES: [&str; 3] = ["config", "certificate", "client-ca"];

/// By the names of `Fate`.
const FATES: [&str; 8] = [
    "deny",
    "warn",
    "audit",
    "exempt",
    "disagrees",
    "repeats",
    "absent",
    "beside",
];
const PASSES: [Pass; 4] = [
    Pass::Operation,
    Pass::SubResource,
    Pass::NoObject,
    Pass::Deleting,
];

/// Something that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

/// Something that grows and shrinks.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

/// How long something takes.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [AtomicU64; BOUNDS.len()],
    count: AtomicU64,
    nanos: AtomicU64,
}

impl Counter {
    /// One more.
    pub fn count(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl Gauge {
    /// One more.
    pub fn grow(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less.
    pub fn shrink(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Histogram {
    /// Adds a duration.
    pub fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        if let Some(at) = BOUNDS.iter().position(|bound| seconds <= *bound)
            && let Some(bucket) = self.buckets.get(at)
        {
            bucket.fetch_add(1, Ordering::Relaxed);
        }
        self.count.fetch_add(1, Ordering::Relaxed);
        let nanos = u64::try_from(took.as_nanos()).unwrap_or(u64::MAX);
        self.nanos.fetch_add(nanos, Ordering::Relaxed);
    }
}

impl Metrics {
    /// Nothing counted yet; of these rules findings are counted.
    pub fn new(rules: &[&'static RuleMeta]) -> Self {
        let fates = || std::array::from_fn(|_| AtomicU64::default());
        Self {
            rules: rules.iter().map(|rule| (*rule, fates())).collect(),
            allowed: AtomicU64::default(),
            denied: AtomicU64::default(),
            dry_run: AtomicU64::default(),
            passed: Default::default(),
            faults: Default::default(),
            answered: Histogram::default(),
            judged: Histogram::default(),
            connections: Gauge::default(),
            evicted: Counter::default(),
            handshakes_failed: Counter::default(),
            handshakes: Counter::default(),
            reloads: Counter::default(),
            reloads_failed: Counter::default(),
            refused: Default::default(),
        }
    }

    /// Whether a file for this holds something else than what is in use.
    pub fn refuses(&self, file: &str, refuses: bool) {
        let at = FILES.iter().position(|name| *name == file);
        if let Some(refused) = at.and_then(|at| self.refused.get(at)) {
            refused.store(refuses, Ordering::Relaxed);
        }
    }

    /// Counts an answer and what it tells.
    pub fn answer(&self, answer: &Answer<'_>) {
        let one = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        if answer.request.dry_run {
            one(&self.dry_run);
        }
        match &answer.outcome {
            Outcome::Passed(why) => {
                let at = PASSES.iter().position(|pass| pass == why);
                at.and_then(|at| self.passed.get(at)).map(one);
            }
            Outcome::Judged(_) if answer.allowed() => drop(one(&self.allowed)),
            Outcome::Judged(_) => drop(one(&self.denied)),
        }
        for told in answer.told() {
            self.fate(told.finding.rule, &told.fate).map(one);
        }
    }

    /// Counts a fault.
    pub fn fault(&self, kind: FaultKind) {
        let at = FaultKind::ALL.iter().position(|known| *known == kind);
        if let Some(counter) = at.and_then(|at| self.faults.get(at)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn fate(&self, rule: &RuleMeta, fate: &Fate<'_>) -> Option<&AtomicU64> {
        let (_, fates) = self.rules.iter().find(|(known, _)| known.id == rule.id)?;
        let at = FATES.iter().position(|name| *name == fate.name())?;
        fates.get(at)
    }

    /// All of it as text.
    pub fn write(&self, text: &mut Text) {
        self.write_reviews(text);
        self.write_findings(text);
        let help = "Requests that got no decision, by why.";
        text.begin("kubevet_faults_total", "counter", help);
        for (kind, count) in FaultKind::ALL.iter().zip(&self.faults) {
            text.sample(&format!("reason=\"{}\"", kind.reason()), load(count));
        }
        text.histogram(
            "kubevet_review_duration_seconds",
            "From the head of a request to its answer.",
            &self.answered,
        );
        text.histogram(
            "kubevet_judge_duration_seconds",
            "What judging alone takes.",
            &self.judged,
        );
        let open = self.connections.0.load(Ordering::Relaxed).max(0);
        text.gauge(
            "kubevet_connections",
            "Connections that are open.",
            open as f64,
        );
        for (name, help, counter) in [
            (
                "kubevet_connections_evicted_total",
                "Connections that were closed to make room.",
                &self.evicted,
            ),
            (
                "kubevet_handshakes_total",
                "TLS handshakes that were made.",
                &self.handshakes,
            ),
            (
                "kubevet_handshakes_failed_total",
                "TLS handshakes that failed.",
                &self.handshakes_failed,
            ),
            (
                "kubevet_reloads_total",
                "Changed files that were taken over.",
                &self.reloads,
            ),
            (
                "kubevet_reloads_failed_total",
                "Changed files that couldn't be taken over.",
                &self.reloads_failed,
            ),
        ] {
            text.begin(name, "counter", help);
            text.sample("", load(&counter.0));
        }
        let help = "Whether a file can't be used as it is now, and what it held before is in use.";
        text.begin("kubevet_files_refused", "gauge", help);
        for (file, refused) in FILES.iter().zip(&self.refused) {
            let refused = u8::from(refused.load(Ordering::Relaxed));
            text.sample(&format!("file=\"{file}\""), refused);
        }
    }

    fn write_reviews(&self, text: &mut Text) {
        let help = "Decisions, by what they are.";
        text.begin("kubevet_reviews_total", "counter", help);
        text.sample("decision=\"allowed\"", load(&self.allowed));
        text.sample("decision=\"denied\"", load(&self.denied));
        for (why, count) in PASSES.iter().zip(&self.passed) {
            let labels = format!("decision=\"passed\",why=\"{}\"", why.name());
            text.sample(&labels, load(count));
        }
        let help = "Decisions about requests that store nothing.";
        text.begin("kubevet_dry_runs_total", "counter", help);
        text.sample("", load(&self.dry_run));
    }

    fn write_findings(&self, text: &mut Text) {
        let help = "Findings, by rule and what became of them.";
        text.begin("kubevet_findings_total", "counter", help);
        for (rule, fates) in &self.rules {
            let found = FATES.iter().zip(fates).filter(|(_, count)| load(count) > 0);
            for (fate, count) in found {
                let labels = format!("rule=\"{}\",fate=\"{fate}\"", rule.id);
                text.sample(&labels, load(count));
            }
        }
        let help = "Findings that the API server's own validation contradicts.";
        text.begin("kubevet_disagreements_total", "counter", help);
        for (rule, _) in &self.rules {
            let count = self.fate(rule, &Fate::Disagrees).map_or(0, load);
            if count > 0 {
                text.sample(&format!("rule=\"{}\"", rule.id), count);
            }
        }
    }
}

/// Metrics as text.
#[derive(Debug, Default)]
pub struct Text {
    text: String,
    name: &'static str,
}

impl Text {
    /// The text.
    pub fn finish(self) -> String {
        self.text
    }

    /// A metric with one value.
    pub fn gauge(&mut self, name: &'static str, help: &str, value: f64) {
        self.begin(name, "gauge", help);
        self.sample("", value);
    }

    /// Starts a metric; its samples follow.
    pub fn begin(&mut self, name: &'static str, kind: &str, help: &str) {
        // Writing to a text can't fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        self.name = name;
    }

    /// A value of the metric that was started.
    pub fn sample(&mut self, labels: &str, value: impl std::fmt::Display) {
        let name = self.name;
        let _ = match labels.is_empty() {
            true => writeln!(self.text, "{name} {value}"),
            false => writeln!(self.text, "{name}{{{labels}}} {value}"),
        };
    }

    fn histogram(&mut self, name: &'static str, help: &str, histogram: &Histogram) {
        self.begin(name, "histogram", help);
        let mut below = 0;
        for (bound, count) in BOUNDS.iter().zip(&histogram.buckets) {
            below += load(count);
            let _ = writeln!(self.text, "{name}_bucket{{le=\"{bound}\"}} {below}");
        }
        let count = load(&histogram.count).max(below);
        let sum = Duration::from_nanos(load(&histogram.nanos)).as_secs_f64();
        let _ = writeln!(
            self.text,
            "{name}_bucket{{le=\"+Inf\"}} {count}\n{name}_sum {sum}\n{name}_count {count}"
        );
    }
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
