//! Requests and limits of containers and of whole pods.
//!
//! Mirrors `validateResourceRequirements` and `validatePodResources` in
//! `pkg/apis/core/validation/validation.go`, and `AggregateContainerRequests` and
//! `AggregateContainerLimits` in component-helpers `resource/helpers.go`. Not here: names and
//! amounts by themselves (`resource_names`), claims (`claims`).

use super::PodOptions;
use super::claims::validate_resource_claim_names;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::resource_names::{
    ResourceNameFormat, is_huge_page_resource_name, is_huge_page_resource_value_divisible,
    is_overcommit_allowed, validate_container_resource_name, validate_pod_resource_name,
    validate_resource_quantity_value,
};
use crate::finding::Step;
use crate::object::quantity::Quantity;

/// Amounts of resources by name; a handful.
type ResourceList<'v> = Vec<(&'v str, Quantity)>;

/// What a list of resources holds.
#[derive(Clone, Copy, Default)]
struct Holds {
    cpu_or_memory: bool,
    huge_pages: bool,
}

/// `ValidateContainerResourceRequirements`; `pod_claims` are `resourceClaims` of the pod.
pub fn validate_container_resource_requirements(
    v: &mut Validation,
    resources: &Field<'_, '_>,
    pod_claims: &Field<'_, '_>,
    options: &PodOptions,
) {
    let format = validate_container_resource_name;
    validate_resource_requirements(v, resources, format, pod_claims, options);
}

/// `validatePodResources`.
pub fn validate_pod_resources(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    let resources = spec.key("resources");
    if !resources.is_set() {
        return;
    }
    let (os, claims) = (spec.key("os"), resources.key("claims"));
    let os_name = os.key("name");
    if os_name.text() == "windows" {
        v.forbidden("RES-16", &resources, "may not be set for a windows pod")
            .with(&os_name, "os");
        return;
    }
    if claims.is_set() {
        let detail = "claims may not be set for Resources at pod-level";
        v.forbidden("RES-17", &claims, detail);
    }
    let format = validate_pod_resource_name;
    let pod_claims = spec.key("resourceClaims");
    validate_resource_requirements(v, &resources, format, &pod_claims, options);
    validate_pod_resource_consistency(v, spec, &resources);
}

/// `validateOverhead`: upstream judges it as the limits of a container, and says so in the paths.
pub fn validate_overhead(v: &mut Validation, overhead: &Field<'_, '_>, options: &PodOptions) {
    let limits = overhead.child(Step::Key("limits"), overhead.value());
    let format = validate_container_resource_name;
    validate_limits(v, &limits, format, options).check(v, overhead);
}

/// `validateResourceRequirements`.
fn validate_resource_requirements(
    v: &mut Validation,
    requirements: &Field<'_, '_>,
    format: ResourceNameFormat,
    pod_claims: &Field<'_, '_>,
    options: &PodOptions,
) {
    let limits = requirements.key("limits");
    let requests = requirements.key("requests");
    let mut holds = validate_limits(v, &limits, format, options);
    for (name, request) in requests.entries() {
        let quantity = request.quantity().unwrap_or_default();
        format(v, &request, name);
        validate_resource_quantity_value(v, &request, name, quantity);
        validate_request_and_limit(v, &requests, &limits, name, quantity);
        validate_huge_pages(v, &request, name, quantity, options);
        holds.add(name);
    }
    holds.check(v, requirements);
    validate_resource_claim_names(v, &requirements.key("claims"), pod_claims);
}

fn validate_limits(
    v: &mut Validation,
    limits: &Field<'_, '_>,
    format: ResourceNameFormat,
    options: &PodOptions,
) -> Holds {
    let mut holds = Holds::default();
    for (name, limit) in limits.entries() {
        let quantity = limit.quantity().unwrap_or_default();
        format(v, &limit, name);
        validate_resource_quantity_value(v, &limit, name, quantity);
        validate_huge_pages(v, &limit, name, quantity, options);
        holds.add(name);
    }
    holds
}

impl Holds {
    /// Huge pages never stand alone.
    fn check(self, v: &mut Validation, requirements: &Field<'_, '_>) {
        if self.huge_pages && !self.cpu_or_memory {
            v.forbidden("RES-11", requirements, "HugePages require cpu or memory");
        }
    }

    fn add(&mut self, name: &str) {
        self.cpu_or_memory |= matches!(name, "cpu" | "memory");
        self.huge_pages |= is_huge_page_resource_name(name);
    }
}

/// The part of `validateResourceRequirements` about a request beside its limit. Upstream's paths
/// are those of the lists.
fn validate_request_and_limit(
    v: &mut Validation,
    requests: &Field<'_, '_>,
    limits: &Field<'_, '_>,
    name: &str,
    request: Quantity,
) {
    let overcommit = is_overcommit_allowed(name);
    let limit = limits.entry(name);
    let Some(most) = limit.value().map(|value| value.quantity()) else {
        if !overcommit {
            let detail = "Limit must be set for non overcommitable resources";
            v.required("RES-10", limits, detail)
                .with(&requests.entry(name), "the request");
        }
        return;
    };
    if request != most && !overcommit {
        let detail = format!("must be equal to {name} limit of {}", most.canonical());
        v.invalid("RES-09", requests, detail)
            .with(&requests.entry(name), "the request")
            .with(&limit, "the limit");
    } else if request > most {
        let most = most.canonical();
        let detail = format!("must be less than or equal to {name} limit of {most}");
        v.invalid("RES-08", requests, detail)
            .with(&requests.entry(name), "the request")
            .with(&limit, "the limit");
    }
}

/// `validateResourceQuantityHugePageValue`.
fn validate_huge_pages(
    v: &mut Validation,
    field: &Field<'_, '_>,
    name: &str,
    quantity: Quantity,
    options: &PodOptions,
) {
    if is_huge_page_resource_name(name)
        && !options.allow_indivisible_huge_pages_values
        && !is_huge_page_resource_value_divisible(name, quantity)
    {
        let quantity = quantity.canonical();
        let detail = format!("{quantity} is not positive integer multiple of {name}");
        v.invalid("RES-07", field, detail);
    }
}

/// `validatePodResourceConsistency`.
fn validate_pod_resource_consistency(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    resources: &Field<'_, '_>,
) {
    let requests = resources.key("requests");
    for (name, sum) in aggregate_container_resources(spec, "requests") {
        let request = requests.entry(name);
        if request.value().is_some_and(|value| sum > value.quantity()) {
            let sum = sum.canonical();
            let detail =
                format!("must be greater than or equal to aggregate container requests of {sum}");
            v.invalid("RES-19", &request, detail);
        }
    }
    let limits = resources.key("limits");
    for (name, sum) in aggregate_container_resources(spec, "limits") {
        let limit = limits.entry(name);
        let exceeded = limit.value().is_some_and(|value| sum > value.quantity());
        if is_huge_page_resource_name(name) && exceeded {
            let sum = sum.canonical();
            let detail =
                format!("must be greater than or equal to aggregate container limits of {sum}");
            v.invalid("RES-20", &limit, detail);
        }
    }
    for (i, container) in spec.key("containers").items().enumerate() {
        validate_container_limits(v, resources, &container, i);
    }
}

/// The part of `validatePodResourceConsistency` about single containers. Upstream's path leads
/// through the resources of the pod, where there are no containers.
fn validate_container_limits(
    v: &mut Validation,
    resources: &Field<'_, '_>,
    container: &Field<'_, '_>,
    index: usize,
) {
    let containers = resources.child(Step::Key("containers"), None);
    let this = containers.child(Step::Index(index), None);
    let pod_limits = resources.key("limits");
    let own = container.key("resources");
    for (name, limit) in own.key("limits").entries() {
        let pod_limit = pod_limits.entry(name);
        let Some(most) = pod_limit.value().map(|value| value.quantity()) else {
            continue;
        };
        if limit.quantity().unwrap_or_default() > most {
            let resource = this.child(Step::MapKey(name), None);
            let field = resource.child(Step::Key("limits"), limit.value());
            let detail = format!(
                "must be less than or equal to pod limits of {}",
                most.canonical()
            );
            v.invalid("RES-21", &field, detail)
                .with(&pod_limit, "the limit of the pod");
        }
    }
}

/// `aggregateContainerResourcesByFn`: what the containers of a pod ask for together. While plain
/// init containers run, so do the sidecars before them.
fn aggregate_container_resources<'v>(
    spec: &Field<'_, 'v>,
    which: &'static str,
) -> ResourceList<'v> {
    let mut sum = ResourceList::new();
    for container in spec.key("containers").items() {
        add_resource_list(&mut sum, &resource_list(&container, which));
    }
    let mut sidecars = ResourceList::new();
    let mut init = ResourceList::new();
    for container in spec.key("initContainers").items() {
        let mut own = resource_list(&container, which);
        if container.key("restartPolicy").text() == "Always" {
            add_resource_list(&mut sum, &own);
            add_resource_list(&mut sidecars, &own);
            max_resource_list(&mut init, &sidecars);
        } else {
            add_resource_list(&mut own, &sidecars);
            max_resource_list(&mut init, &own);
        }
    }
    max_resource_list(&mut sum, &init);
    sum
}

fn resource_list<'v>(container: &Field<'_, 'v>, which: &'static str) -> ResourceList<'v> {
    let resources = container.key("resources");
    let list = resources.key(which);
    list.entries()
        .map(|(name, field)| (name, field.quantity().unwrap_or_default()))
        .collect()
}

/// `addResourceList`.
fn add_resource_list<'v>(list: &mut ResourceList<'v>, more: &ResourceList<'v>) {
    for (name, quantity) in more {
        match list.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => *sum = sum.plus(*quantity),
            None => list.push((name, *quantity)),
        }
    }
}

/// `maxResourceList`.
fn max_resource_list<'v>(list: &mut ResourceList<'v>, more: &ResourceList<'v>) {
    for (name, quantity) in more {
        match list.iter_mut().find(|(known, _)| known == name) {
            Some((_, most)) if *quantity > *most => *most = *quantity,
            Some(_) => {}
            None => list.push((name, *quantity)),
        }
    }
}
