//! A client for a cluster: how it is reached, and what runs there.
//!
//! Lives here: kubeconfigs, the service account of a pod, the minor that the API server says it is,
//! and lists of objects (`list`). Not here: what is asked of the cluster (`audit`, `webhook`,
//! `cli`).

pub mod list;

use std::path::{Path, PathBuf};
use std::time::Duration;

use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

/// How long connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// How a cluster is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// By the current context of this kubeconfig.
    Kubeconfig(PathBuf),
    /// By the service account of the pod that kubevet runs in.
    Pod,
    /// As kubectl finds it: by the files that `KUBECONFIG` names or else `~/.kube/config`, and
    /// where there is none, as in a pod.
    Usual,
}

impl Way {
    /// By a kubeconfig, if there is one.
    pub fn of(kubeconfig: Option<&Path>) -> Self {
        kubeconfig.map_or(Self::Pod, |file| Self::Kubeconfig(file.to_owned()))
    }

    /// A client. Nothing is sent yet: whether the cluster is there shows with the first request.
    /// Has to be called in a tokio runtime.
    ///
    /// `retries`: requests that the API server can't take now are sent again, within the minute or
    /// more that this takes. Who asks for ever wants to know what was answered.
    ///
    /// # Errors
    /// The kubeconfig can't be used, or this is no pod.
    pub async fn client(&self, retries: bool) -> Result<Client, String> {
        let mut config = match self {
            Self::Kubeconfig(file) => {
                let said = |error| format!("{}: {}", file.display(), whole(&error));
                let read = Kubeconfig::read_from(file).map_err(said)?;
                let options = KubeConfigOptions::default();
                let config = Config::from_custom_kubeconfig(read, &options).await;
                config.map_err(said)?
            }
            Self::Pod => Config::incluster()
                .map_err(|error| format!("this is no pod of a cluster: {}", whole(&error)))?,
            Self::Usual => Config::infer().await.map_err(|error| whole(&error))?,
        };
        config.connect_timeout = Some(CONNECT_MAX);
        config.default_retry = retries;
        Client::try_from(config).map_err(|error| why(&error))
    }
}

/// The version of a cluster as its API server says it, such as `1.37`.
///
/// # Errors
/// It can't be asked.
pub async fn version(client: &Client) -> Result<String, String> {
    let said = client.apiserver_version().await;
    let said = said.map_err(|error| why(&error))?;
    // Some write `1.37+`, where they have added something to it.
    let minor = said.minor.trim_end_matches('+');
    Ok(format!("{}.{minor}", said.major))
}

/// What is said of a request that failed: by the API server, if it answered.
pub fn why(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) => format!("{} ({})", status.message, status.code),
        error => whole(error),
    }
}

/// An error with what caused it, each said once.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(way: &Way) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = { runtime }.enable_all().build().unwrap();
        runtime.block_on(way.client(false)).err().unwrap()
    }

    #[test]
    fn says_why_a_cluster_cant_be_reached() {
        let missing = error(&Way::of(Some(Path::new("nowhere/config"))));
        assert!(missing.starts_with("nowhere/config: "), "{missing}");
        assert!(missing.contains("No such file"), "{missing}");
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "kind: Config\ncontexts: []\n").unwrap();
        let empty = error(&Way::of(Some(file.path())));
        assert!(empty.contains("current context"), "{empty}");
        let outside = error(&Way::of(None));
        assert!(
            outside.starts_with("this is no pod of a cluster: "),
            "{outside}"
        );
    }
}
