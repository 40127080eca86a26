//! Own certificates: kubevet makes them, renews them, and has the API server believe them.
//!
//! ```text
//! Secret, caBundle → Seen → Step → a write, or a leaf
//!          objects   scheme         objects   keeper
//! ```
//!
//! `scheme` decides what is next, and says why the order loses no call. `keeper` carries it out,
//! with `objects` for a cluster; `authority` makes certificates, `secret` writes them down,
//! `standing` tells readiness and metrics. Lives here: the loop.

pub mod authority;
pub mod keeper;
pub mod objects;
pub mod scheme;
pub mod secret;
mod standing;

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use super::certificates::Pem;
use super::server::Server;
use crate::cluster::Way;
use authority::Authority;
use keeper::{Event, Keeper};
use objects::Objects;
use scheme::Plan;
pub use standing::Standing;

/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the objects are called.
#[derive(Clone, Debug)]
pub struct Names {
    /// The namespace of Service and Secret.
    pub namespace: String,
    /// The Service that the API server calls.
    pub service: String,
    /// The Secret with the authorities.
    pub secret: String,
    /// The `ValidatingWebhookConfiguration`.
    pub configuration: String,
}

impl Names {
    /// The name that the API server calls, and the certificate is for.
    pub fn dns(&self) -> String {
        format!("{}.{}.svc", self.service, self.namespace)
    }
}

/// What own certificates are made by.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What the objects are called.
    pub names: Names,
    /// How long things last.
    pub plan: Plan,
    /// How the cluster is reached.
    pub way: Way,
}

impl Settings {
    /// What to serve until there is a certificate: one that nobody believes.
    ///
    /// # Errors
    /// The names are none, or the system has no random numbers.
    pub fn unbelieved(&self) -> Result<Pem, String> {
        let (now, lifetime) = (now(), self.plan.ca_lifetime);
        let leaf = Authority::new(now, lifetime)?.sign(&self.names.dns(), now, lifetime)?;
        Ok(Pem {
            certificate: leaf.certificate.into_bytes(),
            key: leaf.key.into_bytes(),
            client_ca: None,
        })
    }

    /// Nothing is seen yet.
    pub fn standing(&self) -> Standing {
        Standing::new(self.names.dns())
    }

    /// Keeps the certificate of a server for as long as that lives. What it gives tells when it
    /// has looked once.
    ///
    /// # Errors
    /// It isn't said how the cluster is reached.
    pub async fn keep(self, server: &Arc<Server>) -> Result<oneshot::Receiver<()>, String> {
        let client = self.way.client(false).await;
        let client = client.map_err(|why| {
            format!(
                "--own-certificates needs a cluster, by --kubeconfig or as one of its pods: {why}"
            )
        })?;
        let every = self.plan.every();
        let name = self.names.dns();
        let mut keeper = Keeper::new(Objects::new(client, self.names), self.plan, name);
        let server = Arc::downgrade(server);
        let (tell, told) = oneshot::channel();
        tokio::spawn(async move {
            let mut tell = Some(tell);
            while let Some(server) = server.upgrade() {
                look(&mut keeper, &server).await;
                drop(server);
                // Who isn't interested has gone.
                tell.take().map(|tell| tell.send(()));
                sleep(every).await;
            }
        });
        Ok(told)
    }
}

async fn look(keeper: &mut Keeper<Objects>, server: &Arc<Server>) {
    let Some(standing) = &server.own else {
        return;
    };
    let mut tell = |event: Event<'_>| standing.tell(event, server);
    let looked = timeout(PATIENCE, keeper.look(now, &mut tell)).await;
    let looked = match looked {
        Ok(looked) => looked,
        Err(_) => keeper
            .renew(now(), &mut tell)
            .and(Err("the cluster doesn't answer in time".to_owned())),
    };
    if let Some(seen) = &keeper.seen {
        standing.saw(seen, keeper.leaf.as_ref());
    }
    standing.ended(looked, server);
}

/// Since 1970.
fn now() -> Duration {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default()
}
