//! Defaults and dropped fields of the group `autoscaling`.
//!
//! Mirrors `defaults.go` in `pkg/apis/autoscaling/v1` and `v2` and the strategy under
//! `pkg/registry/autoscaling`.

use super::{Effective, Id};
use crate::apiserver::gates::Gates;
use crate::tree::Kind;

/// `SetDefaults_HorizontalPodAutoscaler` of `autoscaling/v2`.
pub fn horizontal_pod_autoscaler(object: &mut Effective<'_>, _: &Gates) {
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
pub fn horizontal_pod_autoscaler_v1(object: &mut Effective<'_>, _: &Gates) {
    let root = object.root();
    let spec = object.default_mapping(root, "spec");
    object.default_pointer(spec, "minReplicas", Kind::Int, "1");
    let annotations = object.at(root, &["metadata", "annotations"]);
    let more = annotations.is_some_and(|id| object.get(id, METRIC_SPECS_ANNOTATION).is_some());
    if !more {
        object.default_pointer(spec, "targetCPUUtilizationPercentage", Kind::Int, "80");
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

/// Where `autoscaling/v1` keeps the metrics that it has no field for.
pub const METRIC_SPECS_ANNOTATION: &str = "autoscaling.alpha.kubernetes.io/metrics";

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
