//! HorizontalPodAutoscalers.
//!
//! Mirrors `pkg/apis/autoscaling/validation/validation.go`. Objects of `autoscaling/v1` are judged
//! as the internal type, as which they have one metric, and what their annotations hold.

use serde_json::json;

use super::format::{NOT_NEGATIVE, is_dns1123_label, is_path_segment_name};
use super::meta::{
    group_and_version, name_is_dns_subdomain, validate_object_meta, validate_object_meta_update,
};
use super::resource_names::validate_container_resource_name;
use crate::apiserver::effective::autoscaling_v1;
use crate::apiserver::effective::{Effective, Value};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::finding::Step;
use crate::json;

/// `CrossVersionObjectReferenceValidationOptions`.
#[derive(Clone, Copy, Debug, Default)]
struct ReferenceOptions {
    allow_empty_api_group: bool,
    allow_invalid_api_version: bool,
}

/// `HorizontalPodAutoscalerSpecValidationOptions`.
#[derive(Clone, Copy, Debug)]
struct SpecOptions {
    min_replicas_lower_bound: i64,
    scale_target_ref: ReferenceOptions,
    object_metrics: ReferenceOptions,
}

/// `MaxPeriodSeconds`.
const PERIOD_SECONDS_MAX: i64 = 1800;
/// `MaxStabilizationWindowSeconds`.
const WINDOW_SECONDS_MAX: i64 = 3600;
/// `validMetricSourceTypesList`, with the field of each.
const SOURCES: [(&str, &str); 5] = [
    ("ContainerResource", "containerResource"),
    ("External", "external"),
    ("Object", "object"),
    ("Pods", "pods"),
    ("Resource", "resource"),
];

/// `ValidateHorizontalPodAutoscaler`.
pub fn validate_horizontal_pod_autoscaler(v: &mut Validation, autoscaler: &Field<'_, '_>) {
    let metadata = autoscaler.key("metadata");
    validate_object_meta(v, &metadata, true, name_is_dns_subdomain);
    let options = SpecOptions::of(v, autoscaler, None);
    validate_spec(v, autoscaler, None, options);
}

/// `ValidateHorizontalPodAutoscalerUpdate`.
pub fn validate_horizontal_pod_autoscaler_update(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    validate_object_meta_update(v, &new.key("metadata"), &old.key("metadata"));
    let options = SpecOptions::of(v, new, Some(old));
    validate_spec(v, new, Some(old), options);
}

impl SpecOptions {
    /// `validationOptionsForHorizontalPodAutoscaler`.
    fn of(v: &Validation, new: &Field<'_, '_>, old: Option<&Field<'_, '_>>) -> Self {
        let before = old.map(|old| old.key("spec"));
        let was_zero = before.is_some_and(|old| old.key("minReplicas").int_pointer() == Some(0));
        let to_zero = v.gates.hpa_scale_to_zero || was_zero;
        let mut options = Self {
            min_replicas_lower_bound: i64::from(!to_zero),
            scale_target_ref: ReferenceOptions::default(),
            object_metrics: ReferenceOptions {
                allow_empty_api_group: true,
                allow_invalid_api_version: !v.gates.hpa_api_versions,
            },
        };
        let spec = new.key("spec");
        let reference = spec.key("scaleTargetRef");
        let (kind, version) = (reference.key("kind"), reference.key("apiVersion"));
        let unchanged = before.is_some_and(|old| {
            let old = old.key("scaleTargetRef");
            let same = old.key("kind").text() == kind.text();
            same && old.key("apiVersion").text() == version.text()
        });
        if unchanged || !v.gates.hpa_api_versions {
            options.scale_target_ref.allow_invalid_api_version = true;
        } else if kind.text() == "ReplicationController" {
            options.scale_target_ref.allow_empty_api_group = true;
        }
        let was_invalid = before.is_some_and(|old| {
            let metrics = old.key("metrics");
            metrics.items().any(|metric| {
                let object = metric.key("object");
                let object = object.key("describedObject");
                let wrong = api_version_fault(object.key("apiVersion").text(), true);
                metric.key("type").text() == "Object" && wrong.is_some()
            })
        });
        options.object_metrics.allow_invalid_api_version |= was_invalid;
        options
    }
}

/// `validateHorizontalPodAutoscalerSpec`.
fn validate_spec(
    v: &mut Validation,
    autoscaler: &Field<'_, '_>,
    old: Option<&Field<'_, '_>>,
    options: SpecOptions,
) {
    let spec = autoscaler.key("spec");
    let min = spec.key("minReplicas");
    let bound = options.min_replicas_lower_bound;
    if min.int_pointer().is_some_and(|replicas| replicas < bound) {
        let detail = format!("must be greater than or equal to {bound}");
        v.invalid("HPA-01", &min, detail);
    }
    validate_max_replicas(v, &spec, old);
    let max = spec.key("maxReplicas");
    if min
        .int_pointer()
        .is_some_and(|replicas| max.int() < replicas)
    {
        v.invalid(
            "HPA-04",
            &max,
            "must be greater than or equal to `minReplicas`",
        )
        .with(&min, "minReplicas");
    }
    let target = spec.key("scaleTargetRef");
    validate_cross_version_object_reference(v, &target, options.scale_target_ref);
    if autoscaler.key("apiVersion").text() == "autoscaling/v1" {
        validate_metrics_v1(v, &spec, options.object_metrics);
    } else {
        validate_metrics(v, &spec, options.object_metrics);
        validate_behavior(v, &spec);
    }
}

/// `validateBehavior`.
fn validate_behavior(v: &mut Validation, spec: &Field<'_, '_>) {
    let behavior = spec.key("behavior");
    validate_scaling_rules(v, &behavior.key("scaleUp"));
    validate_scaling_rules(v, &behavior.key("scaleDown"));
}

/// The first checks of `maxReplicas`. Where declarative validation says the same, its words are
/// the server's; it doesn't look at what an update leaves as it is.
fn validate_max_replicas(v: &mut Validation, spec: &Field<'_, '_>, old: Option<&Field<'_, '_>>) {
    let max = spec.key("maxReplicas");
    let unchanged = old.is_some_and(|old| old.key("spec").key("maxReplicas").int() == max.int());
    if max.int() >= 1 {
        return;
    }
    if !v.gates.hpa_max_replicas_required {
        v.invalid("HPA-03", &max, "must be greater than 0");
    } else if max.int() < 0 {
        v.invalid("HPA-03", &max, "must be greater than or equal to 1");
    } else if v.gates.hpa_declarative && !unchanged {
        v.required("HPA-02", &max, "");
    } else {
        v.required("HPA-02", &max, "must be set and greater than 0");
    }
}

/// `ValidateCrossVersionObjectReference`.
fn validate_cross_version_object_reference(
    v: &mut Validation,
    reference: &Field<'_, '_>,
    options: ReferenceOptions,
) {
    for key in ["kind", "name"] {
        let field = reference.key(key);
        if field.text().is_empty() {
            v.required("HPA-05", &field, "");
        } else {
            v.invalid_each("HPA-05", &field, is_path_segment_name(field.text()));
        }
    }
    if options.allow_invalid_api_version {
        return;
    }
    let version = reference.key("apiVersion");
    if let Some(fault) = api_version_fault(version.text(), options.allow_empty_api_group) {
        v.invalid("HPA-06", &version, fault);
    }
}

/// `ValidateAPIVersion`.
fn api_version_fault(api_version: &str, allow_empty_api_group: bool) -> Option<String> {
    match group_and_version(api_version) {
        None => Some(format!("unexpected GroupVersion string: {api_version}")),
        Some(("", _)) if !allow_empty_api_group => {
            Some("apiVersion must specify API group".to_owned())
        }
        Some(_) => None,
    }
}

/// `validateMetrics`.
fn validate_metrics(v: &mut Validation, spec: &Field<'_, '_>, options: ReferenceOptions) {
    let metrics = spec.key("metrics");
    let mut for_zero = false;
    for metric in metrics.items() {
        validate_metric_spec(v, &metric, options);
        for_zero |= matches!(metric.key("type").text(), "Object" | "External");
    }
    if !for_zero {
        validate_scale_to_zero(v, spec, &metrics);
    }
}

/// `validateMetrics` and `validateBehavior` of what `autoscaling/v1` has instead. What annotations
/// hold is converted first; whatever is wrong with it stands in them.
fn validate_metrics_v1(v: &mut Validation, spec: &Field<'_, '_>, options: ReferenceOptions) {
    let (metrics, behavior) = (spec.key("metrics"), spec.key("behavior"));
    if !metrics.is_set() && !behavior.is_set() {
        validate_utilization_v1(v, spec);
        return;
    }
    let mut all = autoscaling_v1::metrics(metrics.text(), &v.gates).unwrap_or_default();
    if let Some(percent) = spec.key("targetCPUUtilizationPercentage").int_pointer() {
        let target = json!({"type": "Utilization", "averageUtilization": percent});
        let resource = json!({"name": "cpu", "target": target});
        all.push(json!({"type": "Resource", "resource": resource}));
    }
    let converted = json!({
        "minReplicas": spec.key("minReplicas").int_pointer(),
        "metrics": all,
        "behavior": autoscaling_v1::behavior(behavior.text(), &v.gates),
    });
    let Ok(converted) = json::read_one(converted.to_string(), 0) else {
        return;
    };
    let converted = Effective::copy_of(converted.tree.node(converted.root));
    let before = v.errors.len();
    let parent = Field::root(converted.value(converted.root()));
    let converted = parent.child(Step::Key("spec"), parent.value());
    validate_metrics(v, &converted, options);
    validate_behavior(v, &converted);
    let annotation = metrics.value().or(behavior.value());
    for error in v.errors.iter_mut().skip(before) {
        error.spot = annotation.map(Value::spot);
        error.missing.clear();
        error.related.clear();
    }
}

/// The metric that `targetCPUUtilizationPercentage` is.
fn validate_utilization_v1(v: &mut Validation, spec: &Field<'_, '_>) {
    let utilization = spec.key("targetCPUUtilizationPercentage");
    let metrics = spec.child(Step::Key("metrics"), utilization.value());
    if utilization.int() < 1 {
        let metric = metrics.child(Step::Index(0), utilization.value());
        let resource = metric.child(Step::Key("resource"), utilization.value());
        let target = resource.child(Step::Key("target"), utilization.value());
        let field = target.child(Step::Key("averageUtilization"), utilization.value());
        v.invalid("HPA-14", &field, "must be greater than 0");
    }
    validate_scale_to_zero(v, spec, &metrics);
}

/// The end of `validateMetrics`: without a metric that exists without pods.
fn validate_scale_to_zero(v: &mut Validation, spec: &Field<'_, '_>, metrics: &Field<'_, '_>) {
    let min = spec.key("minReplicas");
    if min.int_pointer() == Some(0) {
        let detail = "must specify at least one Object or External metric to support scaling to \
                      zero replicas";
        v.forbidden("HPA-07", metrics, detail)
            .with(&min, "minReplicas");
    }
}

/// `validateMetricSpec`.
fn validate_metric_spec(v: &mut Validation, metric: &Field<'_, '_>, options: ReferenceOptions) {
    let kind = metric.key("type");
    let types = SOURCES.map(|(name, _)| name);
    if kind.text().is_empty() {
        v.required("HPA-08", &kind, "must specify a metric source type");
    }
    if !types.contains(&kind.text()) {
        v.not_supported("HPA-08", &kind, &types);
    }
    let order = [
        "object",
        "external",
        "pods",
        "resource",
        "containerResource",
    ];
    let present = || order.into_iter().filter(|key| metric.key(key).is_set());
    if let Some(first) = present().next() {
        validate_source(v, first, &metric.key(first), options);
    }
    let expected = SOURCES.iter().find(|(name, _)| *name == kind.text());
    match expected {
        None => {
            v.not_supported("HPA-08", &kind, &types);
        }
        Some((_, key)) if !metric.key(key).is_set() => {
            let detail = "must populate information for the given metric source";
            v.required("HPA-09", &metric.key(key), detail)
                .with(&kind, "the type");
        }
        Some(_) => {}
    }
    if present().count() > 1 {
        let others = present().filter(|key| expected.is_none_or(|(_, own)| own != key));
        for key in others {
            let detail = "must populate the given metric source only";
            v.forbidden("HPA-10", &metric.key(key), detail)
                .with(&kind, "the type");
        }
    }
}

/// `validateObjectSource`, `validateExternalSource`, `validatePodsSource`, `validateResourceSource`
/// or `validateContainerResourceSource`.
fn validate_source(
    v: &mut Validation,
    key: &str,
    source: &Field<'_, '_>,
    options: ReferenceOptions,
) {
    let target = source.key("target");
    let (value, average) = (target.key("value"), target.key("averageValue"));
    match key {
        "object" => {
            let object = source.key("describedObject");
            validate_cross_version_object_reference(v, &object, options);
            validate_metric_identifier(v, &source.key("metric"));
            validate_metric_target(v, &target);
            if !value.is_set() && !average.is_set() {
                let detail = "must set either a target value or averageValue";
                v.required("HPA-15", &average, detail);
            }
        }
        "external" => {
            validate_metric_identifier(v, &source.key("metric"));
            validate_metric_target(v, &target);
            if !value.is_set() && !average.is_set() {
                let detail = "must set either a target value for metric or a per-pod target";
                v.required("HPA-16", &average, detail);
            }
            if value.is_set() && average.is_set() {
                let detail = "may not set both a target value for metric and a per-pod target";
                v.forbidden("HPA-16", &value, detail);
            }
        }
        "pods" => {
            validate_metric_identifier(v, &source.key("metric"));
            validate_metric_target(v, &target);
            if !average.is_set() {
                let detail = "must specify a positive target averageValue";
                v.required("HPA-17", &average, detail);
            }
        }
        _ => validate_resource_source(v, source, key == "containerResource"),
    }
}

/// `validateResourceSource` or `validateContainerResourceSource`.
fn validate_resource_source(v: &mut Validation, source: &Field<'_, '_>, of_container: bool) {
    let name = source.key("name");
    if name.text().is_empty() {
        v.required("HPA-18", &name, "must specify a resource name");
    } else if of_container {
        validate_container_resource_name(v, &name, name.text());
    }
    let container = source.key("container");
    if of_container && container.text().is_empty() {
        v.required("HPA-18", &container, "must specify a container");
    } else if of_container {
        v.invalid_each("HPA-18", &container, is_dns1123_label(container.text()));
    }
    let target = source.key("target");
    validate_metric_target(v, &target);
    let utilization = target.key("averageUtilization");
    let average = target.key("averageValue");
    if !utilization.is_set() && !average.is_set() {
        let detail = "must set either a target raw value or a target utilization";
        v.required("HPA-19", &utilization, detail);
    }
    if utilization.is_set() && average.is_set() {
        let detail = "may not set both a target raw value and a target utilization";
        v.forbidden("HPA-19", &average, detail);
    }
}

/// `validateMetricTarget`.
fn validate_metric_target(v: &mut Validation, target: &Field<'_, '_>) {
    let kind = target.key("type");
    if kind.text().is_empty() {
        v.required("HPA-12", &kind, "must specify a metric target type");
    }
    if !matches!(kind.text(), "Utilization" | "Value" | "AverageValue") {
        let detail = "must be either Utilization, Value, or AverageValue";
        v.invalid("HPA-12", &kind, detail);
    }
    for key in ["value", "averageValue"] {
        let amount = target.key(key);
        if amount.quantity().is_some_and(|amount| amount.sign() != 1) {
            v.invalid("HPA-13", &amount, "must be positive");
        }
    }
    let utilization = target.key("averageUtilization");
    if utilization.int_pointer().is_some_and(|percent| percent < 1) {
        v.invalid("HPA-14", &utilization, "must be greater than 0");
    }
}

/// `validateMetricIdentifier`.
fn validate_metric_identifier(v: &mut Validation, metric: &Field<'_, '_>) {
    let name = metric.key("name");
    if name.text().is_empty() {
        v.required("HPA-11", &name, "must specify a metric name");
    } else {
        v.invalid_each("HPA-11", &name, is_path_segment_name(name.text()));
    }
}

/// `validateScalingRules`.
fn validate_scaling_rules(v: &mut Validation, rules: &Field<'_, '_>) {
    if !rules.is_set() {
        return;
    }
    let window = rules.key("stabilizationWindowSeconds");
    if window.int() < 0 {
        v.invalid("HPA-20", &window, "must be greater than or equal to zero");
    }
    if window.int() > WINDOW_SECONDS_MAX {
        let detail = format!("must be less than or equal to {WINDOW_SECONDS_MAX}");
        v.invalid("HPA-20", &window, detail);
    }
    let select = rules.key("selectPolicy");
    let supported = ["Disabled", "Max", "Min"];
    if select.is_set() && !supported.contains(&select.text()) {
        v.not_supported("HPA-21", &select, &supported);
    }
    let policies = rules.key("policies");
    if policies.is_empty() {
        v.required("HPA-22", &policies, "must specify at least one Policy");
    }
    for policy in policies.items() {
        validate_scaling_policy(v, &policy);
    }
    let tolerance = rules.key("tolerance");
    if tolerance.quantity().is_some_and(|amount| amount.sign() < 0) {
        v.invalid("HPA-25", &tolerance, NOT_NEGATIVE);
    }
}

/// `validateScalingPolicy`.
fn validate_scaling_policy(v: &mut Validation, policy: &Field<'_, '_>) {
    let kind = policy.key("type");
    let supported = ["Percent", "Pods"];
    if !supported.contains(&kind.text()) {
        v.not_supported("HPA-23", &kind, &supported);
    }
    for key in ["value", "periodSeconds"] {
        let number = policy.key(key);
        if number.int() <= 0 {
            v.invalid("HPA-24", &number, "must be greater than zero");
        }
    }
    let period = policy.key("periodSeconds");
    if period.int() > PERIOD_SECONDS_MAX {
        let detail = format!("must be less than or equal to {PERIOD_SECONDS_MAX}");
        v.invalid("HPA-24", &period, detail);
    }
}
