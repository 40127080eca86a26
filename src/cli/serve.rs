//! `kubevet serve`: from arguments to a server.

use std::time::Duration;

use super::args::ServeArgs;
use super::exit;
use crate::cluster::Way;
use crate::rules::RULES;
use crate::webhook::serve::certificates;
use crate::webhook::serve::files::Files;
use crate::webhook::serve::{Settings, serve as run};

/// Serves until it is told to stop.
///
/// # Errors
/// It can't start.
pub fn serve(args: &ServeArgs) -> Result<u8, String> {
    let files = Files {
        config: args.config.clone(),
        minor: args.kubernetes_version,
        certificate: certificates::Files {
            certificate: args.tls_cert.clone(),
            key: args.tls_key.clone(),
            client_ca: args.client_ca.clone(),
        },
    };
    run(Settings {
        listen: args.listen,
        metrics_listen: args.metrics_listen,
        files,
        cluster: (!args.no_cluster).then(|| Way::of(args.kubeconfig.as_deref())),
        rules: RULES,
        drain: Duration::from_secs(args.drain_delay),
    })?;
    Ok(exit::CLEAN)
}
