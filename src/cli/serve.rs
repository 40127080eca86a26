//! `kubevet serve`: from arguments to a server.

use std::time::Duration;

use super::args::ServeArgs;
use super::exit;
use crate::cluster::Way;
use crate::rules::RULES;
use crate::webhook::serve::certificates;
use crate::webhook::serve::files::Files;
use crate::webhook::serve::own::scheme::Plan;
use crate::webhook::serve::own::{self, Names};
use crate::webhook::serve::{Settings, serve as run};

/// Serves until it is told to stop.
///
/// # Errors
/// It can't start.
pub fn serve(args: &ServeArgs) -> Result<u8, String> {
    if args.no_cluster && args.kubeconfig.is_some() && !args.own_certificates {
        return Err("--no-cluster leaves nothing that --kubeconfig would be for".to_owned());
    }
    let own_certificates = match args.own_certificates {
        true => Some(settings_of_own(args)?),
        false => None,
    };
    let pair = args.tls_cert.clone().zip(args.tls_key.clone());
    let files = Files {
        config: args.config.clone(),
        minor: args.kubernetes_version,
        certificate: pair.map(|(certificate, key)| certificates::Files { certificate, key }),
        client_ca: args.client_ca.clone(),
    };
    run(Settings {
        listen: args.listen,
        metrics_listen: args.metrics_listen,
        files,
        cluster: (!args.no_cluster).then(|| Way::of(args.kubeconfig.as_deref())),
        own_certificates,
        rules: RULES,
        drain: Duration::from_secs(args.drain_delay),
    })?;
    Ok(exit::CLEAN)
}

fn settings_of_own(args: &ServeArgs) -> Result<own::Settings, String> {
    let plan = Plan {
        certificate_lifetime: args.own.certificate_lifetime,
        ca_lifetime: args.own.ca_lifetime,
        spread: args.own.ca_spread,
    };
    plan.check()?;
    Ok(own::Settings {
        names: Names {
            namespace: args.own.namespace.clone(),
            service: args.own.service.clone(),
            secret: args.own.ca_secret.clone(),
            configuration: args.own.webhook_configuration.clone(),
        },
        plan,
        way: Way::of(args.kubeconfig.as_deref()),
    })
}
