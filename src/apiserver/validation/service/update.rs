//! Updates of Services.
//!
//! Mirrors `ValidateServiceUpdate`, `validateUpgradeDowngradeClusterIPs` and
//! `validateUpgradeDowngradeIPFamilies` in `pkg/apis/core/validation/validation.go`.

use super::{
    is_headless_service, needs_health_check, validate_load_balancer_class_field, validate_service,
};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::meta::{
    name_is_dns1035_label, validate_object_meta, validate_object_meta_update,
};
use crate::finding::Step;

const ONCE_SET: &str = "may not change once set";

/// `ValidateServiceUpdate`.
pub fn validate_service_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let metadata = new.key("metadata");
    validate_object_meta_update(v, &metadata, &old.key("metadata"));
    let (spec, old_spec) = (new.key("spec"), old.key("spec"));
    let by_name = |spec: &Field<'_, '_>| spec.key("type").text() == "ExternalName";
    if !by_name(&spec) && !by_name(&old_spec) {
        validate_upgrade_downgrade_cluster_ips(v, &spec, &old_spec);
        validate_upgrade_downgrade_ip_families(v, &spec, &old_spec);
    }
    validate_load_balancer_class_field(v, Some(&old_spec), &spec);
    let port = spec.key("healthCheckNodePort");
    let old_port = old_spec.key("healthCheckNodePort");
    let needed = needs_health_check(&old_spec) && needs_health_check(&spec);
    if needed && port.int() != old_port.int() {
        v.forbidden("SVU-08", &port, "field is immutable")
            .with(&old_port, "the old value");
    }
    if v.gates.service_updates_validate_metadata {
        validate_object_meta(v, &metadata, true, name_is_dns1035_label);
    }
    validate_service(v, new, Some(old));
}

/// `validateUpgradeDowngradeClusterIPs`.
fn validate_upgrade_downgrade_cluster_ips(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    old_spec: &Field<'_, '_>,
) {
    if is_headless_service(spec) && is_headless_service(old_spec) {
        return;
    }
    let (new, old) = (spec.key("clusterIPs"), old_spec.key("clusterIPs"));
    if new.len() == old.len() {
        for (address, before) in new.items().zip(old.items()) {
            if address.text() != before.text() {
                v.invalid("SVU-01", &address, ONCE_SET)
                    .with(&before, "the old value");
            }
        }
        return;
    }
    let first = new.items().next();
    match first {
        None => {
            let field = new.child(Step::Index(0), None);
            v.invalid("SVU-02", &field, "primary clusterIP can not be unset");
        }
        Some(first) => validate_same_first(v, "SVU-03", &first, &old),
    }
    if new.len() == 1 && old.len() > 1 {
        let detail = "must be set to 'SingleStack' when releasing the secondary clusterIP";
        validate_single_stack(v, "SVU-04", spec, detail);
    }
}

/// `validateUpgradeDowngradeIPFamilies`. Who becomes headless, or no longer is, starts anew.
fn validate_upgrade_downgrade_ip_families(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    old_spec: &Field<'_, '_>,
) {
    if is_headless_service(spec) || is_headless_service(old_spec) {
        return;
    }
    let (new, old) = (spec.key("ipFamilies"), old_spec.key("ipFamilies"));
    let first = new.child(
        Step::Index(0),
        new.items().next().and_then(|family| family.value()),
    );
    if new.len() == old.len() {
        for (family, before) in new.items().zip(old.items()) {
            if family.text() != before.text() {
                v.invalid("SVU-05", &first, ONCE_SET)
                    .with(&before, "the old value");
            }
        }
        return;
    }
    if new.len() < old.len() && spec.key("clusterIPs").is_empty() {
        v.invalid("SVU-05", &first, "primary ipFamily can not be unset");
    }
    if !new.is_empty() {
        validate_same_first(v, "SVU-05", &first, &old);
    }
    if new.len() == 1 && old.len() > 1 {
        let detail = "must be set to 'SingleStack' when releasing the secondary ipFamily";
        validate_single_stack(v, "SVU-06", spec, detail);
    }
}

fn validate_same_first(
    v: &mut Validation,
    row: &'static str,
    first: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    if let Some(before) = old.items().next()
        && before.text() != first.text()
    {
        v.invalid(row, first, ONCE_SET)
            .with(&before, "the old value");
    }
}

fn validate_single_stack(
    v: &mut Validation,
    row: &'static str,
    spec: &Field<'_, '_>,
    detail: &'static str,
) {
    let policy = spec.key("ipFamilyPolicy");
    if policy.text() != "SingleStack" {
        v.invalid(row, &policy, detail);
    }
}
