//! What `autoscaling/v1` keeps in annotations, for want of fields.
//!
//! Mirrors `Convert_v1_HorizontalPodAutoscaler_To_autoscaling_HorizontalPodAutoscaler` in
//! `pkg/apis/autoscaling/v1/conversion.go`: annotations that can't be read count as absent. The
//! result has the layout of `autoscaling/v2`. Not here: the annotations about the status, which the
//! server wipes.

use serde_json::{Map, Value, json};

use crate::apiserver::gates::Gates;
use crate::object::quantity::Quantity;

/// The metrics of `MetricSpecsAnnotation`; `None`: it can't be read.
pub fn metrics(annotation: &str, gates: &Gates) -> Option<Vec<Value>> {
    match serde_json::from_str(annotation).ok()? {
        Value::Null => Some(Vec::new()),
        Value::Array(items) => {
            let items = items.iter().map(|item| metric_spec(item, gates));
            items.collect()
        }
        _ => None,
    }
}

/// The behavior of `BehaviorSpecsAnnotation`; `None`: it can't be read, or is empty.
pub fn behavior(annotation: &str, gates: &Gates) -> Option<Value> {
    let read: Value = serde_json::from_str(annotation).ok()?;
    let behavior = Struct::of(&read)?;
    let mut out = Map::new();
    for key in ["scaleUp", "scaleDown"] {
        if let Some(rules) = behavior.get(key) {
            out.insert(key.to_owned(), scaling_rules(rules, gates)?);
        }
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

/// A struct as Go's `encoding/json` reads it: the case of keys doesn't matter, `null` is absent.
struct Struct<'v>(Option<&'v Map<String, Value>>);

impl<'v> Struct<'v> {
    /// `None`: it is something else.
    fn of(value: &'v Value) -> Option<Self> {
        match value {
            Value::Null => Some(Self(None)),
            Value::Object(map) => Some(Self(Some(map))),
            _ => None,
        }
    }

    fn get(&self, key: &str) -> Option<&'v Value> {
        let mut entries = self.0.into_iter().flatten();
        let found = entries.find(|(name, _)| name.eq_ignore_ascii_case(key));
        found
            .map(|(_, value)| value)
            .filter(|value| !value.is_null())
    }

    /// Puts what a key holds into `out`, if `fits` says that Go can read it.
    fn take(
        &self,
        key: &str,
        fits: fn(&Value) -> bool,
        to: &str,
        out: &mut Map<String, Value>,
    ) -> Option<()> {
        let Some(value) = self.get(key) else {
            return Some(());
        };
        out.insert(to.to_owned(), value.clone());
        fits(value).then_some(())
    }
}

fn is_int32(value: &Value) -> bool {
    value
        .as_i64()
        .is_some_and(|number| i32::try_from(number).is_ok())
}

fn is_quantity(value: &Value) -> bool {
    match value {
        Value::String(text) => Quantity::parse(text).is_some(),
        Value::Number(number) => Quantity::parse(&number.to_string()).is_some(),
        _ => false,
    }
}

/// `Convert_v1_MetricSpec_To_autoscaling_MetricSpec`.
fn metric_spec(item: &Value, gates: &Gates) -> Option<Value> {
    type Convert = fn(&Struct<'_>, &Gates) -> Option<Value>;
    const SOURCES: [(&str, Convert); 5] = [
        ("object", object_source),
        ("pods", pods_source),
        ("resource", resource_source),
        ("containerResource", resource_source),
        ("external", external_source),
    ];
    let metric = Struct::of(item)?;
    let mut out = Map::new();
    metric.take("type", Value::is_string, "type", &mut out)?;
    for (key, convert) in SOURCES {
        if let Some(source) = metric.get(key) {
            out.insert(key.to_owned(), convert(&Struct::of(source)?, gates)?);
        }
    }
    Some(Value::Object(out))
}

/// `Convert_v1_ResourceMetricSource_To_autoscaling_ResourceMetricSource`, and that of containers.
fn resource_source(source: &Struct<'_>, _: &Gates) -> Option<Value> {
    let (mut out, mut target) = (Map::new(), Map::new());
    source.take("name", Value::is_string, "name", &mut out)?;
    source.take("container", Value::is_string, "container", &mut out)?;
    let utilization = "targetAverageUtilization";
    source.take(utilization, is_int32, "averageUtilization", &mut target)?;
    source.take(
        "targetAverageValue",
        is_quantity,
        "averageValue",
        &mut target,
    )?;
    let kind = match source.get(utilization) {
        Some(_) => "Utilization",
        None => "AverageValue",
    };
    target.insert("type".to_owned(), kind.into());
    out.insert("target".to_owned(), Value::Object(target));
    Some(Value::Object(out))
}

/// `Convert_v1_PodsMetricSource_To_autoscaling_PodsMetricSource`.
fn pods_source(source: &Struct<'_>, _: &Gates) -> Option<Value> {
    let mut target = Map::new();
    target.insert("type".to_owned(), "AverageValue".into());
    target.insert("averageValue".to_owned(), "0".into());
    source.take(
        "targetAverageValue",
        is_quantity,
        "averageValue",
        &mut target,
    )?;
    Some(json!({"metric": identifier(source, "selector")?, "target": target}))
}

/// `Convert_v1_ObjectMetricSource_To_autoscaling_ObjectMetricSource`.
fn object_source(source: &Struct<'_>, gates: &Gates) -> Option<Value> {
    let mut target = Map::new();
    target.insert("value".to_owned(), "0".into());
    source.take("targetValue", is_quantity, "value", &mut target)?;
    source.take("averageValue", is_quantity, "averageValue", &mut target)?;
    let is_zero = |value: &Value| match value {
        Value::String(text) => Quantity::parse(text).is_none_or(|amount| amount.sign() == 0),
        other => other.as_f64() == Some(0.0),
    };
    let average = target.contains_key("averageValue");
    if gates.hpa_zero_values_are_dropped && average && target.get("value").is_some_and(is_zero) {
        target.remove("value");
    }
    let kind = if average { "AverageValue" } else { "Value" };
    target.insert("type".to_owned(), kind.into());
    let mut described = Map::new();
    if let Some(object) = source.get("target") {
        let object = Struct::of(object)?;
        for key in ["kind", "name", "apiVersion"] {
            object.take(key, Value::is_string, key, &mut described)?;
        }
    }
    let metric = identifier(source, "selector")?;
    Some(json!({"describedObject": described, "metric": metric, "target": target}))
}

/// `Convert_v1_ExternalMetricSource_To_autoscaling_ExternalMetricSource`.
fn external_source(source: &Struct<'_>, _: &Gates) -> Option<Value> {
    let mut target = Map::new();
    source.take("targetValue", is_quantity, "value", &mut target)?;
    source.take(
        "targetAverageValue",
        is_quantity,
        "averageValue",
        &mut target,
    )?;
    let kind = match target.contains_key("value") {
        true => "Value",
        false => "AverageValue",
    };
    target.insert("type".to_owned(), kind.into());
    Some(json!({"metric": identifier(source, "metricSelector")?, "target": target}))
}

fn identifier(source: &Struct<'_>, selector: &str) -> Option<Map<String, Value>> {
    let mut out = Map::new();
    source.take("metricName", Value::is_string, "name", &mut out)?;
    source.take(selector, Value::is_object, "selector", &mut out)?;
    Some(out)
}

/// `HPAScalingRules` of the internal type.
fn scaling_rules(rules: &Value, gates: &Gates) -> Option<Value> {
    let rules = Struct::of(rules)?;
    let mut out = Map::new();
    let window = "stabilizationWindowSeconds";
    rules.take(window, is_int32, window, &mut out)?;
    rules.take("selectPolicy", Value::is_string, "selectPolicy", &mut out)?;
    if gates.hpa_configurable_tolerance {
        rules.take("tolerance", is_quantity, "tolerance", &mut out)?;
    }
    if let Some(policies) = rules.get("policies") {
        let policies = policies.as_array()?.iter();
        let policies: Option<Vec<Value>> = policies.map(scaling_policy).collect();
        out.insert("policies".to_owned(), Value::Array(policies?));
    }
    Some(Value::Object(out))
}

fn scaling_policy(policy: &Value) -> Option<Value> {
    let policy = Struct::of(policy)?;
    let mut out = Map::new();
    policy.take("type", Value::is_string, "type", &mut out)?;
    policy.take("value", is_int32, "value", &mut out)?;
    policy.take("periodSeconds", is_int32, "periodSeconds", &mut out)?;
    Some(Value::Object(out))
}
