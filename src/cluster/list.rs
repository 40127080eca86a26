//! Lists of objects, page by page.
//!
//! Lives here: what to ask for and how, and what becomes of a list that takes too long. Not here:
//! which kinds anybody wants (`audit`, `webhook::cache`).

use std::time::Duration;

use kube::api::ListParams;
use kube::core::{DynamicObject, PartialObjectMeta};
use kube::discovery::ApiResource;
use kube::{Api, Client, Error, Resource as _};
use serde::Serialize;
use serde_json::Value;

use super::why;

/// How many objects a page holds, as `kubectl get` asks for.
const PAGE: u32 = 500;
/// How long a page may take.
const PAGE_MAX: Duration = Duration::from_secs(60);

/// What objects of a kind are asked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version in the group.
    pub version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The name in paths, `deployments`.
    pub plural: &'static str,
}

/// How much of each object is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// All of it.
    Whole,
    /// Its metadata: nothing else is sent (`PartialObjectMetadata`).
    Metadata,
}

/// Why there is no list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The server answers, and doesn't give it: who asks may not, or the kind isn't served.
    Refused(String),
    /// The server doesn't answer, or doesn't know who asks: nothing else will be answered.
    Unreachable(String),
}

impl Resource {
    /// Group and version as objects write them.
    pub fn api_version(&self) -> String {
        match self.group {
            "" => self.version.to_owned(),
            group => format!("{group}/{}", self.version),
        }
    }

    /// The path of all its objects.
    pub fn path(&self) -> String {
        DynamicObject::url_path(&self.described(), None)
    }

    fn described(&self) -> ApiResource {
        ApiResource {
            group: self.group.to_owned(),
            version: self.version.to_owned(),
            api_version: self.api_version(),
            kind: self.kind.to_owned(),
            plural: self.plural.to_owned(),
        }
    }

    fn api(&self, client: &Client, namespace: Option<&str>) -> Api<DynamicObject> {
        match namespace {
            Some(namespace) => Api::namespaced_with(client.clone(), namespace, &self.described()),
            None => Api::all_with(client.clone(), &self.described()),
        }
    }
}

/// What `take` makes of all objects, of a namespace or of all; objects that it makes nothing of
/// are let go page by page.
///
/// # Errors
/// There is no list, or only a part of it came.
pub async fn list<T>(
    client: &Client,
    resource: &Resource,
    namespace: Option<&str>,
    content: Content,
    take: &dyn Fn(Value) -> Option<T>,
) -> Result<Vec<T>, Failure> {
    let api = resource.api(client, namespace);
    let mut taken = Vec::new();
    let mut asked = ListParams::default().limit(PAGE);
    loop {
        let got = tokio::time::timeout(PAGE_MAX, page(&api, &asked, content)).await;
        let got = got.map_err(|_| {
            let seconds = PAGE_MAX.as_secs();
            Failure::Unreachable(format!("{}: no answer in {seconds} s", resource.plural))
        })?;
        match got {
            Ok((objects, next)) => {
                let objects = objects.into_iter().map(|object| typed(object, resource));
                taken.extend(objects.filter_map(take));
                match next {
                    None => return Ok(taken),
                    Some(token) => asked.continue_token = Some(token),
                }
            }
            // The server has forgotten the state that the pages are of. As client-go's pager does
            // (`tools/pager/pager.go`), all is asked for at once, which can't be interrupted so.
            Err(Error::Api(status)) if status.code == 410 && asked.continue_token.is_some() => {
                taken.clear();
                asked = ListParams::default();
            }
            Err(error) => return Err(failure(&error)),
        }
    }
}

/// One object, or none if there is none of that name.
///
/// # Errors
/// It can't be asked for.
pub async fn get(
    client: &Client,
    resource: &Resource,
    name: &str,
) -> Result<Option<Value>, Failure> {
    let api = resource.api(client, None);
    match tokio::time::timeout(PAGE_MAX, api.get_opt(name)).await {
        Ok(Ok(object)) => Ok(object.map(|object| typed(json(&object), resource))),
        Ok(Err(error)) => Err(failure(&error)),
        Err(_) => {
            let seconds = PAGE_MAX.as_secs();
            Err(Failure::Unreachable(format!(
                "{}/{name}: no answer in {seconds} s",
                resource.plural
            )))
        }
    }
}

/// A page, and what the next one is asked by.
async fn page(
    api: &Api<DynamicObject>,
    asked: &ListParams,
    content: Content,
) -> Result<(Vec<Value>, Option<String>), Error> {
    let (objects, meta) = match content {
        Content::Whole => {
            let list = api.list(asked).await?;
            (list.items.iter().map(json).collect(), list.metadata)
        }
        Content::Metadata => {
            let list = api.list_metadata(asked).await?;
            let items: &[PartialObjectMeta] = &list.items;
            (items.iter().map(json).collect(), list.metadata)
        }
    };
    let next = meta.continue_.filter(|token| !token.is_empty());
    Ok((objects, next))
}

fn json(object: &impl Serialize) -> Value {
    // Only maps with keys that aren't strings can fail, and there are none.
    serde_json::to_value(object).unwrap_or_default()
}

/// The object with its kind, which lists leave out, or call `PartialObjectMetadata`.
fn typed(mut object: Value, resource: &Resource) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.insert("apiVersion".to_owned(), resource.api_version().into());
        fields.insert("kind".to_owned(), resource.kind.into());
    }
    object
}

fn failure(error: &Error) -> Failure {
    match error {
        Error::Api(status) if status.code != 401 => Failure::Refused(why(error)),
        error => Failure::Unreachable(why(error)),
    }
}
