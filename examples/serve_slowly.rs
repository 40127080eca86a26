//! `kubevet serve` with one rule more, which costs as much as an object says: for tests of what the
//! server does under load, and when a rule panics.
//!
//! `serve_slowly CERTIFICATE KEY [ADDRESS]` listens on any free port, or at the address.
//! An annotation `slow.kubevet.dev/microseconds` keeps a processor busy for so long,
//! `slow.kubevet.dev/panics` panics.
#![allow(
    clippy::panic,
    clippy::print_stderr,
    reason = "panicking is what the rule is for"
)]

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use kubevet::finding::{Family, Proof, RuleMeta, Severity};
use kubevet::rule::{Context, Rule, Scope, Sink};
use kubevet::rules::RULES;
use kubevet::tree::Node;
use kubevet::webhook::serve::files::Files;
use kubevet::webhook::serve::{Settings, certificates, serve};

/// As in the command.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

static SLOW: Rule = Rule {
    meta: RuleMeta {
        id: "slow",
        family: Family::Workload,
        severity: Severity::Info,
        proof: Proof::Cited,
        page: "# slow\n",
    },
    scope: Scope::Object,
    check,
};

fn check(context: &Context<'_, '_>, _: &mut Sink) {
    let root = context.object().root;
    let said = |key: &str| {
        let path = ["metadata", "annotations", key];
        root.at(&path).map(Node::text)
    };
    assert!(
        said("slow.kubevet.dev/panics").is_none(),
        "the object asks for it"
    );
    let slow = said("slow.kubevet.dev/microseconds").and_then(|text| text.parse().ok());
    let until = Instant::now() + Duration::from_micros(slow.unwrap_or(0));
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let (Some(certificate), Some(key)) = (args.next(), args.next()) else {
        eprintln!("serve_slowly CERTIFICATE KEY [ADDRESS]");
        return ExitCode::FAILURE;
    };
    let listen = args.next().and_then(|address| address.parse().ok());
    let listen = listen.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 0)));
    let rules: Vec<&'static Rule> = RULES.iter().copied().chain([&SLOW]).collect();
    let served = serve(Settings {
        listen,
        metrics_listen: None,
        files: Files {
            config: None,
            minor: None,
            certificate: Some(certificates::Files {
                certificate: certificate.into(),
                key: key.into(),
            }),
            client_ca: None,
        },
        cluster: None,
        own_certificates: None,
        rules: rules.leak(),
        drain: Duration::from_secs(1),
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
