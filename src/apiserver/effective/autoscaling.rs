//! Defaults and dropped fields of the group `autoscaling`.
//!
//! Mirrors `defaults.go` in `pkg/apis/autoscaling/v1` and `v2` and the strategy under
//! `pkg/registry/autoscaling`.

use super::{Effective, Id, autoscaling_v1};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `SetDefaults_HorizontalPodAutoscaler` of `autoscaling/v2`.
pub fn horizontal_pod_autoscaler(object: &mut Effective<'_>, gates: &Gates) {
    drop_round_trip_annotations(object, gates);
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    object.default_pointer(spec, "minReplicas", Kind::Int, "1");
    if object
        .value(spec)
        .get("metrics")
        .is_none_or(|metrics| metrics.is_empty())
    {
        let metrics = object.set(spec, "metrics", Kind::Sequence, "");
        default_metric(object, metrics);
    }
    let Some(behavior) = object.get(spec, "behavior") else {
        return;
    };
    let up = object.default_mapping(behavior, "scaleUp");
    object.default_pointer(up, "stabilizationWindowSeconds", Kind::Int, "0");
    default_rules(object, up, &[("Pods", "4"), ("Percent", "100")]);
    let down = object.default_mapping(behavior, "scaleDown");
    default_rules(object, down, &[("Percent", "100")]);
}

/// `SetDefaults_HorizontalPodAutoscaler` of `autoscaling/v1`, and what its conversion to the
/// internal type fills in.
pub fn horizontal_pod_autoscaler_v1(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    object.default_pointer(spec, "minReplicas", Kind::Int, "1");
    read_annotations(object, spec);
    drop_round_trip_annotations(object, gates);
    let others = autoscaling_v1::metrics(object.text(spec, "metrics"), gates);
    if others.is_none_or(|others| others.is_empty()) {
        object.default_pointer(spec, "targetCPUUtilizationPercentage", Kind::Int, "80");
    }
}

/// Those annotations that the conversion reads become texts where `autoscaling/v2` has fields.
fn read_annotations(object: &mut Effective<'_>, spec: Id) {
    let Some(annotations) = object.at(object.root(), &["metadata", "annotations"]) else {
        return;
    };
    for (key, field) in READ_ANNOTATIONS {
        if let Some(id) = object.get(annotations, key) {
            object.set_copy(spec, field, id);
            object.remove(annotations, key);
        }
    }
}

/// `DropRoundTripHorizontalPodAutoscalerAnnotations`.
fn drop_round_trip_annotations(object: &mut Effective<'_>, gates: &Gates) {
    let Some(annotations) = object.at(object.root(), &["metadata", "annotations"]) else {
        return;
    };
    for key in ROUND_TRIP_ANNOTATIONS {
        if !key.ends_with("-tolerance") || gates.hpa_tolerance_annotations {
            object.drop_field(annotations, key, None);
            object.remove(annotations, key);
        }
    }
}

/// Gives clients of `autoscaling/v1` back what they have as annotations.
pub fn to_annotations(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    let Some(spec) = object.get(root, "spec") else {
        return;
    };
    let metadata = object.default_mapping(root, "metadata");
    for (key, field) in READ_ANNOTATIONS {
        let text = object.text(spec, field);
        let kept = match field {
            "metrics" => autoscaling_v1::metrics(text, gates).is_some_and(|all| !all.is_empty()),
            _ => autoscaling_v1::behavior(text, gates).is_some(),
        };
        if let Some(id) = object.get(spec, field).filter(|_| kept) {
            let annotations = object.default_mapping(metadata, "annotations");
            object.set_copy(annotations, key, id);
        }
        object.remove(spec, field);
    }
}

/// `PrepareForCreate` of a HorizontalPodAutoscaler.
pub fn prepare_horizontal_pod_autoscaler(object: &mut Effective<'_>, gates: &Gates) {
    let root = object.root();
    object.remove(root, "status");
    if gates.hpa_configurable_tolerance {
        return;
    }
    for rules in ["scaleDown", "scaleUp"] {
        if let Some(rules) = object.at(root, &["spec", "behavior", rules]) {
            object.drop_field(rules, "tolerance", Some("HPAConfigurableTolerance"));
        }
    }
}

/// Annotations that only the server writes, into other versions than the one that it is sent.
const ROUND_TRIP_ANNOTATIONS: [&str; 6] = [
    "autoscaling.alpha.kubernetes.io/behavior",
    "autoscaling.alpha.kubernetes.io/conditions",
    "autoscaling.alpha.kubernetes.io/current-metrics",
    "autoscaling.alpha.kubernetes.io/metrics",
    "autoscaling.alpha.kubernetes.io/scale-down-tolerance",
    "autoscaling.alpha.kubernetes.io/scale-up-tolerance",
];
/// `MetricSpecsAnnotation` and `BehaviorSpecsAnnotation`, with the fields of `autoscaling/v2`.
const READ_ANNOTATIONS: [(&str, &str); 2] = [
    ("autoscaling.alpha.kubernetes.io/metrics", "metrics"),
    ("autoscaling.alpha.kubernetes.io/behavior", "behavior"),
];

/// The metric that is meant where there is none.
fn default_metric(object: &mut Effective<'_>, metrics: Id) {
    let metric = object.push_default(metrics);
    object.set(metric, "type", Kind::String, "Resource");
    let resource = object.set(metric, "resource", Kind::Mapping, "");
    object.set(resource, "name", Kind::String, "cpu");
    let target = object.set(resource, "target", Kind::Mapping, "");
    object.set(target, "type", Kind::String, "Utilization");
    object.set(target, "averageUtilization", Kind::Int, "80");
}

/// `copyHPAScalingRules`.
fn default_rules(object: &mut Effective<'_>, rules: Id, policies: &[(&'static str, &'static str)]) {
    object.default_pointer(rules, "selectPolicy", Kind::String, "Max");
    if object.get(rules, "policies").is_some() {
        return;
    }
    let list = object.set(rules, "policies", Kind::Sequence, "");
    for (kind, value) in policies {
        let policy = object.push_default(list);
        object.set(policy, "type", Kind::String, kind);
        object.set(policy, "value", Kind::Int, value);
        object.set(policy, "periodSeconds", Kind::Int, "15");
    }
}
