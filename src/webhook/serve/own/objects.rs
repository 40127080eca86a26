//! The two objects of the cluster that all replicas see.
//!
//! Lives here: reading and writing them, by name, each change tied to the version that was read.
//! Not here: what they hold (`secret`, `scheme`).

use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    ValidatingWebhook, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{ObjectMeta, Patch, PatchParams, PostParams};
use kube::{Api, Client};
use serde_json::{Map, Value, json};

use super::Names;
use super::authority::Trusted;
use super::keeper::Store;
use super::scheme::{Authorities, Bundle, Seen, Write};
use super::secret::{self, KEYS};
use crate::cluster::why;

const CONFLICT: u16 = 409;
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;
/// Who changes things, as `managedFields` name it.
const MANAGER: &str = "kubevet";

/// The objects, as they were read last.
pub struct Objects {
    names: Names,
    secrets: Api<Secret>,
    configurations: Api<ValidatingWebhookConfiguration>,
    secret_version: Option<String>,
    configuration_version: Option<String>,
    webhooks: Vec<String>,
}

impl Objects {
    /// Those with these names.
    pub fn new(client: Client, names: Names) -> Self {
        Self {
            secrets: Api::namespaced(client.clone(), &names.namespace),
            configurations: Api::all(client),
            names,
            secret_version: None,
            configuration_version: None,
            webhooks: Vec::new(),
        }
    }

    async fn read_secret(&mut self) -> Result<Option<Authorities>, String> {
        let found = self.secrets.get_opt(&self.names.secret).await;
        let Some(found) = found.map_err(|error| self.of_secret(error))? else {
            return Ok(None);
        };
        self.secret_version = found.metadata.resource_version;
        let data = found.data.unwrap_or_default().into_iter();
        let data = data.map(|(key, ByteString(value))| (key, value)).collect();
        let read = secret::read(&data);
        read.map(Some).map_err(|why| {
            let Names {
                namespace, secret, ..
            } = &self.names;
            format!(
                "Secret {namespace}/{secret} doesn't hold the authorities that kubevet keeps \
                 there: {why}. kubevet leaves it as it is. If it is nobody else's, delete it \
                 (`kubectl delete secret --namespace {namespace} {secret}`): pods that run write \
                 it again as it was"
            )
        })
    }

    async fn read_bundles(&mut self) -> Result<Vec<Bundle>, String> {
        let found = self.configurations.get(&self.names.configuration).await;
        let found = found.map_err(|error| self.of_configuration(error))?;
        self.configuration_version = found.metadata.resource_version;
        let ours = found.webhooks.unwrap_or_default().into_iter();
        let ours = ours.filter(|webhook| self.is_ours(webhook));
        let bundles: Vec<Bundle> = ours.map(bundle).collect();
        self.webhooks = bundles
            .iter()
            .map(|bundle| bundle.webhook.clone())
            .collect();
        if bundles.is_empty() {
            let Names {
                namespace,
                service,
                configuration,
                ..
            } = &self.names;
            return Err(format!(
                "ValidatingWebhookConfiguration {configuration} has no webhook with \
                 `clientConfig.service` {namespace}/{service}: see --service and --namespace"
            ));
        }
        Ok(bundles)
    }

    fn is_ours(&self, webhook: &ValidatingWebhook) -> bool {
        let service = webhook.client_config.service.as_ref();
        service.is_some_and(|service| {
            service.namespace == self.names.namespace && service.name == self.names.service
        })
    }

    async fn create(&self, authorities: &Authorities) -> kube::Result<()> {
        let data = secret::write(authorities).into_iter();
        let labels = [
            ("app.kubernetes.io/name", "kubevet"),
            ("app.kubernetes.io/managed-by", "kubevet"),
        ];
        let labels = labels.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let object = Secret {
            metadata: ObjectMeta {
                name: Some(self.names.secret.clone()),
                labels: Some(labels.into()),
                ..ObjectMeta::default()
            },
            data: Some(data.map(|(key, value)| (key, ByteString(value))).collect()),
            ..Secret::default()
        };
        let params = PostParams {
            field_manager: Some(MANAGER.to_owned()),
            ..PostParams::default()
        };
        self.secrets.create(&params, &object).await.map(drop)
    }

    async fn replace(&self, authorities: &Authorities) -> kube::Result<()> {
        let mut new = secret::write(authorities);
        let data = KEYS.map(|key| {
            let value = new.remove(key).map(ByteString);
            (
                key.to_owned(),
                value.map_or(Value::Null, |value| json!(value)),
            )
        });
        let patch = Patch::Merge(json!({
            "metadata": {"resourceVersion": self.secret_version},
            "data": Map::from_iter(data),
        }));
        let (name, params) = (&self.names.secret, PatchParams::apply(MANAGER));
        self.secrets.patch(name, &params, &patch).await.map(drop)
    }

    async fn publish(&self, trusted: &[Trusted]) -> kube::Result<()> {
        let bundle = ByteString(Trusted::pems(trusted).into_bytes());
        let webhooks = self.webhooks.iter();
        let webhooks = webhooks
            .map(|name| json!({"name": name, "clientConfig": {"caBundle": bundle}}))
            .collect::<Vec<_>>();
        // Its lists merge by name.
        let patch = Patch::Strategic(json!({
            "metadata": {"resourceVersion": self.configuration_version},
            "webhooks": webhooks,
        }));
        let (name, params) = (&self.names.configuration, PatchParams::apply(MANAGER));
        self.configurations
            .patch(name, &params, &patch)
            .await
            .map(drop)
    }

    fn of_secret(&self, error: kube::Error) -> String {
        let Names {
            namespace, secret, ..
        } = &self.names;
        told(&format!("Secret {namespace}/{secret}"), &error)
    }

    fn of_configuration(&self, error: kube::Error) -> String {
        let name = &self.names.configuration;
        let what = format!("ValidatingWebhookConfiguration {name}");
        match code(&error) {
            Some(NOT_FOUND) => {
                format!("{what} isn't there: apply it, or see --webhook-configuration")
            }
            _ => told(&what, &error),
        }
    }
}

impl Store for Objects {
    async fn read(&mut self) -> Result<Seen, String> {
        // The Secret first: what it says of `caBundle` was so before.
        let stored = self.read_secret().await?;
        let bundles = self.read_bundles().await?;
        Ok(Seen { stored, bundles })
    }

    async fn write(&mut self, change: &Write) -> Result<bool, String> {
        let written = match change {
            Write::Create(authorities) => self.create(authorities).await,
            Write::Replace(authorities) => self.replace(authorities).await,
            Write::Publish(trusted) => self.publish(trusted).await,
        };
        match (written, change) {
            (Ok(()), _) => Ok(true),
            (Err(error), _) if code(&error) == Some(CONFLICT) => Ok(false),
            (Err(error), Write::Publish(_)) => Err(self.of_configuration(error)),
            (Err(error), _) => Err(self.of_secret(error)),
        }
    }
}

fn bundle(webhook: ValidatingWebhook) -> Bundle {
    let ByteString(pem) = webhook.client_config.ca_bundle.unwrap_or_default();
    let (trusted, spoiled) = Trusted::read(&pem);
    Bundle {
        webhook: webhook.name,
        spoiled,
        trusted,
    }
}

fn code(error: &kube::Error) -> Option<u16> {
    match error {
        kube::Error::Api(status) => Some(status.code),
        _ => None,
    }
}

fn told(what: &str, error: &kube::Error) -> String {
    let said = format!("{what}: {}", why(error));
    match code(error) {
        Some(FORBIDDEN) => {
            format!("{said}. deploy/components/own-certificates has the rights that it takes")
        }
        _ => said,
    }
}
