//! Claims of resources (`resourceClaims`) of a pod and of its containers.
//!
//! Mirrors `validatePodResourceClaims` and `validateResourceClaimNames` in
//! `pkg/apis/core/validation/validation.go`. Before 1.34 the fields are always dropped
//! (`DynamicResourceAllocation`), so the older wordings aren't here.

use std::collections::BTreeSet;

use crate::apiserver::errors::{Reason, Validation};
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{is_dns1123_label, is_dns1123_subdomain};
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;

/// `MirrorPodAnnotationKey`.
const MIRROR_POD: &str = "kubernetes.io/config.mirror";

/// `validatePodResourceClaims`; `pod` is the metadata of a pod, a template has none here.
pub fn validate_pod_resource_claims(
    v: &mut Validation,
    claims: &Field<'_, '_>,
    pod: Option<&Field<'_, '_>>,
) {
    let mut names = Seen::new();
    for claim in claims.items() {
        let annotations = pod.map(|metadata| metadata.key("annotations"));
        if annotations.is_some_and(|annotations| annotations.entry(MIRROR_POD).value().is_some()) {
            forbid_of_static_pod(v, &claim);
            continue;
        }
        let name = claim.key("name");
        if name.text().is_empty() {
            v.required("RES-13", &name, "");
        } else if !names.insert(name.text()) {
            v.duplicate("RES-13", &name);
        } else {
            v.invalid_each("RES-13", &name, is_dns1123_label(name.text()));
        }
        validate_pod_resource_claim_source(v, &claim);
    }
}

/// Upstream's path is an empty name, which it prints as an index.
fn forbid_of_static_pod(v: &mut Validation, claim: &Field<'_, '_>) {
    if let Some(value) = claim.value() {
        let root = Field::root(value);
        let field = root.child(Step::MapKey(""), Some(value));
        let detail = "static pods do not support resource claims";
        v.forbidden("RES-24", &field, detail);
    }
}

/// The part of `validatePodResourceClaim` after the name.
fn validate_pod_resource_claim_source(v: &mut Validation, claim: &Field<'_, '_>) {
    let named = claim.key("resourceClaimName");
    let template = claim.key("resourceClaimTemplateName");
    match (named.is_set(), template.is_set()) {
        (true, true) => {
            let detail = "at most one of `resourceClaimName` or `resourceClaimTemplateName` may \
                          be specified";
            v.invalid("RES-14", claim, detail);
        }
        (false, false) => {
            let detail = "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`";
            v.invalid("RES-14", claim, detail);
        }
        _ => {}
    }
    for field in [named, template] {
        if let Some(name) = field.text_pointer() {
            v.invalid_each("RES-15", &field, is_dns1123_subdomain(name));
        }
    }
}

/// `validateResourceClaimNames`: the claims of a container, and those of its pod.
pub fn validate_resource_claim_names(
    v: &mut Validation,
    claims: &Field<'_, '_>,
    pod_claims: &Field<'_, '_>,
) {
    let mut names = BTreeSet::new();
    let known = pod_claims.items().map(|claim| claim.key("name").text());
    let known: BTreeSet<&str> = known.collect();
    for claim in claims.items() {
        let name = claim.key("name").text();
        if name.is_empty() {
            v.required("RES-12", &claim, "");
            continue;
        }
        if names.contains(name) {
            v.duplicate("RES-12", &claim);
        } else {
            validate_claim_request(v, &claim, &mut names);
        }
        if !known.contains(name) {
            let detail = names_detail(pod_claims);
            v.error("RES-12", Reason::NotFound, &claim, detail)
                .with(pod_claims, "resourceClaims");
        }
    }
}

/// Judges the request of a claim, and remembers it.
fn validate_claim_request(v: &mut Validation, claim: &Field<'_, '_>, names: &mut BTreeSet<String>) {
    let name = claim.key("name").text();
    let request = claim.key("request");
    if request.text().is_empty() {
        let of_claim = format!("{name}/");
        let requests = names.range(of_claim.clone()..);
        for _ in requests.take_while(|known| known.starts_with(&of_claim)) {
            v.duplicate("RES-12", claim);
        }
        names.insert(name.to_owned());
        return;
    }
    v.invalid_each("RES-12", &request, is_dns1123_label(request.text()));
    let key = format!("{name}/{}", request.text());
    if !names.insert(key) {
        v.duplicate("RES-12", claim);
    }
}

fn names_detail(pod_claims: &Field<'_, '_>) -> String {
    let mut names: Vec<&str> = pod_claims
        .items()
        .map(|claim| claim.key("name").text())
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    let detail = "must be one of the names in pod.spec.resourceClaims";
    if names.is_empty() {
        format!("{detail} which is empty")
    } else {
        format!("{detail}: {}", names.join(", "))
    }
}
