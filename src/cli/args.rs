//! The command line, in one definition: help, man page and completions come from it.

#[cfg(feature = "webhook")]
use std::net::SocketAddr;
use std::path::PathBuf;
#[cfg(feature = "webhook")]
use std::time::Duration;

#[cfg(feature = "webhook")]
use clap::ArgGroup;
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::minor::Minor;

/// Vet Kubernetes manifests before the cluster does.
#[derive(Debug, Parser)]
#[command(name = "kubevet", version, about)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Find what is wrong in manifests, and where
    Lint(Box<LintArgs>),
    /// Find what is wrong in what lives in a cluster now
    #[cfg(feature = "cluster")]
    Audit(Box<AuditArgs>),
    /// Serve as an admission webhook
    #[cfg(feature = "webhook")]
    Serve(Box<ServeArgs>),
    /// Look after admission webhooks
    Webhook(WebhookArgs),
    /// Print the page of a rule
    Explain(ExplainArgs),
    /// List the rules
    Rules(RulesArgs),
    /// Show what applies to a file, and from where
    Config(ConfigArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
    /// Print the man page, of kubevet or of a verb
    Man(ManArgs),
}

/// What `webhook` takes.
#[derive(Debug, Args)]
pub struct WebhookArgs {
    /// What to do.
    #[command(subcommand)]
    pub verb: WebhookVerb,
}

/// The verbs of `webhook`.
#[derive(Debug, Subcommand)]
pub enum WebhookVerb {
    /// Find what in webhook configurations locks a cluster out, lets things by or makes it wait:
    /// `lint` with the rules of the family webhook, and --fail-on warning
    Doctor(Box<DoctorArgs>),
}

/// What `webhook doctor` takes.
#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// What `lint` takes.
    #[command(flatten)]
    pub lint: LintArgs,

    /// Where else to look.
    #[cfg(feature = "cluster")]
    #[command(flatten)]
    pub live: LiveArgs,
}

/// What `webhook doctor` takes to look at a cluster.
#[cfg(feature = "cluster")]
#[derive(Debug, Args)]
pub struct LiveArgs {
    /// Judge what is configured in the cluster that kubectl would reach, instead of files
    #[arg(long, conflicts_with_all = OF_FILES)]
    pub live: bool,

    /// The same of the cluster of the current context of this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(conflicts_with_all = OF_FILES)]
    pub kubeconfig: Option<PathBuf>,
}

/// The arguments of `lint` that only mean something for files.
#[cfg(feature = "cluster")]
const OF_FILES: [&str; 11] = [
    "paths",
    "namespace",
    "old",
    "base",
    "context",
    "no_context",
    "schema",
    "baseline",
    "write_baseline",
    "stdin_filename",
    "allow_empty",
];

/// What `lint` takes.
#[derive(Clone, Debug, Args)]
#[command(after_help = "Exit status:
  0  nothing at or above --fail-on
  1  findings
  2  something that should have been judged could not be read, or a folder held no object
  3  usage, config or an internal fault")]
pub struct LintArgs {
    /// Files, folders, globs, or `-` for standard input
    #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,

    /// Kubernetes minors to judge for, 1.29 to 1.37; several give findings that say which
    #[arg(long, value_name = "MINOR", value_delimiter = ',')]
    pub kubernetes_version: Vec<Minor>,

    /// Namespace of objects that name none
    #[arg(long, value_name = "NAME")]
    pub namespace: Option<String>,

    /// Use this config instead of the nearest `.kubevet.yaml`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// Judge updates: the files or folders that hold the objects as they are now
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub old: Vec<PathBuf>,

    /// Judge updates: the commit at which the files are as they are now
    #[arg(long, value_name = "GIT_REF", conflicts_with = "old")]
    pub base: Option<String>,

    /// Resolve relations in these paths instead of the files that git tracks
    #[arg(long, value_name = "PATH", conflicts_with = "no_context")]
    #[arg(value_hint = ValueHint::AnyPath)]
    pub context: Vec<PathBuf>,

    /// Resolve relations in PATHS alone
    #[arg(long)]
    pub no_context: bool,

    /// Schemas of custom resources: CRD files, folders of them, or a folder of JSON schemas
    #[arg(long, value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub schema: Vec<PathBuf>,

    /// What is reported, and where.
    #[command(flatten)]
    pub report: ReportArgs,

    /// Don't report the findings that this file lists
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub baseline: Option<PathBuf>,

    /// Write the findings to the baseline instead of reporting them
    #[arg(long, requires = "baseline")]
    pub write_baseline: bool,

    /// Name of standard input in findings
    #[arg(long, value_name = "NAME", default_value = "<stdin>")]
    pub stdin_filename: String,

    /// Accept folders that hold no object at all, and standard input without any text
    #[arg(long)]
    pub allow_empty: bool,

    /// How text looks.
    #[command(flatten)]
    pub text: TextArgs,

    /// Threads to use; 0: as many as there are processors
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub threads: usize,
}

/// What is reported, and where.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// Output format; `FORMAT=FILE` writes to a file, several may be given
    #[arg(long, value_name = "FORMAT[=FILE]")]
    pub format: Vec<String>,

    /// Lowest severity that makes the command fail
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<FailOn>,

    /// Run these rules or families only
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<String>,

    /// Don't run these rules or families
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<String>,
}

/// How text looks.
#[derive(Clone, Debug, Args)]
pub struct TextArgs {
    /// When to use colour
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    pub color: When,

    /// One line a finding, no closing lines
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Every finding in full
    #[arg(short, long, action = ArgAction::SetTrue)]
    pub verbose: bool,
}

/// What `audit` takes.
#[cfg(feature = "cluster")]
#[derive(Debug, Args)]
#[command(after_help = "Formats: those of lint, and policy-report

Exit status:
  0  nothing at or above --fail-on
  1  findings
  2  something that should have been judged could not be listed
  3  usage, config, no answer from the cluster, or an internal fault")]
pub struct AuditArgs {
    /// Reach the cluster of the current context of this file, instead of the one that kubectl would
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub kubeconfig: Option<PathBuf>,

    /// Judge these namespaces only, and nothing that is in none
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub namespace: Vec<String>,

    /// Use this config instead of the nearest `.kubevet.yaml`; what it says of paths doesn't count
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// The Kubernetes minor to judge for, 1.29 to 1.37, instead of that of the cluster
    #[arg(long, value_name = "MINOR")]
    pub kubernetes_version: Option<Minor>,

    /// How old an object is when all that it refers to should be there
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub settled_after: u64,

    /// What is reported, and where.
    #[command(flatten)]
    pub report: ReportArgs,

    /// How text looks.
    #[command(flatten)]
    pub text: TextArgs,
}

/// What `serve --own-certificates` takes.
#[cfg(feature = "webhook")]
#[derive(Debug, Args)]
#[command(next_help_heading = "Own certificates")]
pub struct OwnCertificatesArgs {
    /// The Service that the webhook's configuration names
    #[arg(long, value_name = "NAME", default_value = "kubevet")]
    #[arg(conflicts_with = "tls_cert")]
    pub service: String,

    /// The namespace of Service and Secret
    #[arg(long, value_name = "NAMESPACE", default_value = "kubevet")]
    #[arg(conflicts_with = "tls_cert")]
    pub namespace: String,

    /// The Secret that keeps the authorities
    #[arg(long, value_name = "NAME", default_value = "kubevet-ca")]
    #[arg(conflicts_with = "tls_cert")]
    pub ca_secret: String,

    /// The ValidatingWebhookConfiguration whose `caBundle` is kept
    #[arg(long, value_name = "NAME", default_value = "kubevet")]
    #[arg(conflicts_with = "tls_cert")]
    pub webhook_configuration: String,

    /// How long a certificate holds; it is replaced when a third of that is over
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = duration)]
    #[arg(conflicts_with = "tls_cert")]
    pub certificate_lifetime: Duration,

    /// How long an authority holds; it is replaced when a third of that is over
    #[arg(long, value_name = "DURATION", default_value = "365d", value_parser = duration)]
    #[arg(conflicts_with = "tls_cert")]
    pub ca_lifetime: Duration,

    /// How long API servers get to learn of a new authority before it signs
    #[arg(long, value_name = "DURATION", default_value = "60s", value_parser = duration)]
    #[arg(conflicts_with = "tls_cert")]
    pub ca_spread: Duration,
}

/// A number and its unit: `500ms`, `3s`, `5m`, `24h`, `365d`.
#[cfg(feature = "webhook")]
fn duration(text: &str) -> Result<Duration, String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.');
    let (number, unit) = text.split_at(end.unwrap_or(text.len()));
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err("a number with ms, s, m, h or d is expected".to_owned()),
    };
    let number: f64 = number
        .parse()
        .map_err(|_| format!("`{number}` is no number"))?;
    Duration::try_from_secs_f64(number * seconds).map_err(|error| error.to_string())
}

/// What `serve` takes.
#[cfg(feature = "webhook")]
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("certificate").required(true))]
pub struct ServeArgs {
    /// Where to listen for reviews, at /validate; port 0 takes one that is free, and logs it
    #[arg(long, value_name = "ADDR:PORT", default_value = "0.0.0.0:8443")]
    pub listen: SocketAddr,

    /// The certificate to serve and what signed it, leaf first, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    #[arg(requires = "tls_key", group = "certificate")]
    pub tls_cert: Option<PathBuf>,

    /// The key of the certificate, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,

    /// Make certificates, with authorities in a Secret, and write those to the webhook's `caBundle`
    #[arg(long, conflicts_with = "tls_key", group = "certificate")]
    pub own_certificates: bool,

    /// Who signs the certificates that clients have to show, as PEM
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub client_ca: Option<PathBuf>,

    /// Use this config; it may change while kubevet serves
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// Reach the cluster by this kubeconfig, instead of as one of its pods
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub kubeconfig: Option<PathBuf>,

    /// Judge each object alone, without asking a cluster what else there is
    #[arg(long)]
    pub no_cluster: bool,

    /// The Kubernetes minor to judge for, 1.29 to 1.37, instead of that of the cluster
    #[arg(long, value_name = "MINOR")]
    pub kubernetes_version: Option<Minor>,

    /// Where to answer /livez, /readyz and /metrics without TLS, too
    #[arg(long, value_name = "ADDR:PORT")]
    pub metrics_listen: Option<SocketAddr>,

    /// How many seconds to go on after SIGTERM, while the cluster learns of it
    #[arg(long, value_name = "SECONDS", default_value_t = 10)]
    pub drain_delay: u64,

    /// How own certificates are made
    #[command(flatten)]
    pub own: OwnCertificatesArgs,
}

/// What `explain` takes.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The rule
    pub rule: String,
}

/// What `rules` takes.
#[derive(Debug, Args)]
pub struct RulesArgs {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// What `config` takes.
#[derive(Debug, Args)]
pub struct ConfigArgs {
    /// The file to explain
    #[arg(value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
    /// Use this config instead of the nearest `.kubevet.yaml`
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
}

/// What `completions` takes.
#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// What `man` takes.
#[derive(Debug, Args)]
pub struct ManArgs {
    /// The verb
    pub verb: Option<String>,
}

/// The lowest severity that fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Any finding.
    Info,
    /// Warnings and errors.
    Warning,
    /// Errors.
    Error,
    /// Nothing: findings never fail the command.
    Never,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
