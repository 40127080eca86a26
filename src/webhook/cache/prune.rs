//! What is kept of an object: the fields that its kind names, as compact JSON.

use serde::Deserialize as _;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::kinds::{Keep, Kind};
use crate::lint::suppress::ANNOTATION_PREFIX;

/// An object of which only what matters is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pruned {
    /// Its namespace; empty: it has none.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// The object, with `apiVersion` and `kind`, which the items of lists lack.
    pub json: String,
}

/// Keeps of an object what its kind says.
///
/// # Errors
/// It isn't JSON of an object with a name, or nests deeper than any of these kinds does.
pub fn prune(kind: &Kind, json: &str) -> Result<Pruned, String> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let kept = kind.keep.deserialize(&mut reader);
    let Value::Object(mut object) = kept.map_err(|error| error.to_string())? else {
        return Err("it isn't an object".to_owned());
    };
    let meta = |key: &str| {
        let text = object.get("metadata").and_then(|meta| meta.get(key));
        text.and_then(Value::as_str).unwrap_or("").to_owned()
    };
    let (namespace, name) = (meta("namespace"), meta("name"));
    if name.is_empty() {
        return Err("it has no name".to_owned());
    }
    object.insert("apiVersion".to_owned(), kind.resource.api_version().into());
    object.insert("kind".to_owned(), kind.resource.kind.into());
    Ok(Pruned {
        namespace,
        name,
        json: Value::Object(object).to_string(),
    })
}

/// Whether rules read an annotation: it suppresses, or adds containers to pods.
fn speaks(key: &str) -> bool {
    key.starts_with(ANNOTATION_PREFIX) || key.contains("inject") || key == "dapr.io/enabled"
}

impl Keep {
    /// What stays of a field, if anything does.
    fn of(&self, key: &str) -> Option<&Keep> {
        match self {
            Self::Whole => Some(&Self::Whole),
            Self::Only(fields) => {
                let mut fields = fields.iter();
                fields.find_map(|(name, keep)| (*name == key).then_some(keep))
            }
            Self::With(_, of_item) => of_item.of(key),
            Self::Speaking => speaks(key).then_some(&Self::Whole),
        }
    }

    /// Whether an item of a list stays.
    fn wants(&self, item: &Value) -> bool {
        match self {
            Self::With(field, _) => item.get(field).is_some(),
            _ => true,
        }
    }
}

/// What doesn't stay is never built: most of an object is that.
impl<'de> DeserializeSeed<'de> for &Keep {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        match self {
            Keep::Whole => Value::deserialize(reader),
            _ => reader.deserialize_any(self),
        }
    }
}

impl<'de> Visitor<'de> for &Keep {
    type Value = Value;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a mapping, a list or null")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut read: A) -> Result<Value, A::Error> {
        let mut kept = Map::new();
        while let Some(key) = read.next_key::<String>()? {
            match self.of(&key) {
                Some(keep) => {
                    let value = read.next_value_seed(keep)?;
                    // What was only left empty is as good as unwritten.
                    let emptied = value.as_object().is_some_and(Map::is_empty);
                    let emptied = emptied && !matches!(keep, Keep::Whole);
                    if !value.is_null() && !emptied {
                        kept.insert(key, value);
                    }
                }
                None => drop(read.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Value::Object(kept))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut read: A) -> Result<Value, A::Error> {
        let mut kept = Vec::new();
        while let Some(item) = read.next_element_seed(self)? {
            if self.wants(&item) {
                kept.push(item);
            }
        }
        Ok(Value::Array(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::super::kinds::KINDS;
    use super::*;

    fn kept(kind: &str, json: &str) -> String {
        let kind = KINDS
            .iter()
            .find(|known| known.resource.kind == kind)
            .unwrap();
        prune(kind, json).unwrap().json
    }

    #[test]
    fn keeps_what_rules_read() {
        let json = r#"{"metadata":{"name":"web","namespace":"shop","managedFields":[{"a":"b"}],
            "annotations":{"allow.kubevet.dev/x":"why","big":"…"},"uid":"1"},
            "spec":{"replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{
                "metadata":{"labels":{"app":"web"},"annotations":{"checksum":"1",
                    "sidecar.istio.io/inject":"true"},"creationTimestamp":null},
                "spec":{"containers":[{"name":"web","image":"web:1","args":["-v"],"env":[],
                    "ports":[{"containerPort":80,"name":"http"}]}],
                    "initContainers":[{"name":"once","image":"once:1"},
                        {"name":"along","image":"along:1","restartPolicy":"Always","env":[]}],
                    "affinity":{"podAntiAffinity":{"x":[]}},
                    "volumes":[{"name":"tmp","emptyDir":{}},
                        {"name":"data","persistentVolumeClaim":{"claimName":"data"}}]}}},
            "status":{"replicas":2}}"#;
        let expected = concat!(
            r#"{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"annotations":"#,
            r#"{"allow.kubevet.dev/x":"why"},"name":"web","namespace":"shop"},"spec":{"#,
            r#""replicas":2,"selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"#,
            r#""annotations":{"sidecar.istio.io/inject":"true"},"labels":{"app":"web"}},"spec":{"#,
            r#""containers":[{"image":"web:1","name":"web","ports":[{"containerPort":80,"#,
            r#""name":"http"}]}],"initContainers":[{"image":"along:1","name":"along","#,
            r#""restartPolicy":"Always"}],"volumes":[{"name":"data","persistentVolumeClaim":"#,
            r#"{"claimName":"data"}}]}}}}"#
        );
        assert_eq!(kept("Deployment", json), expected);
        let class = r#"{"kind":"StorageClass","metadata":{"name":"fast"},"provisioner":"p",
            "parameters":{"a":"b"}}"#;
        let pruned = prune(&KINDS[6], class).unwrap();
        assert_eq!(
            (pruned.namespace.as_str(), pruned.name.as_str()),
            ("", "fast")
        );
        assert!(!pruned.json.contains("parameters"), "{}", pruned.json);
    }

    #[test]
    fn says_what_is_no_object() {
        let deep = format!("{}1{}", "[".repeat(500), "]".repeat(500));
        let deep = format!(r#"{{"metadata":{{"name":"a"}},"spec":{deep}}}"#);
        for (json, why) in [
            ("[]", "it isn't an object"),
            ("{}", "it has no name"),
            (r#"{"metadata":{"name":7}}"#, "it has no name"),
            ("3", "expected a mapping"),
            ("{", "EOF"),
            (deep.as_str(), "recursion limit"),
        ] {
            let said = prune(&KINDS[0], json).unwrap_err();
            assert!(said.contains(why), "{json}: {said}");
        }
    }
}
