//! Deployments.

use super::replica_set::validate_selector_and_template;
use super::{
    int_or_percent_value, is_not_more_than_100_percent, validate_nonnegative_field,
    validate_positive_int_or_percent,
};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::NOT_NEGATIVE;
use crate::apiserver::validation::meta::{
    name_is_dns_subdomain, validate_immutable_field, validate_object_meta,
    validate_object_meta_update,
};
use crate::apiserver::validation::pod::PodOptions;
use crate::finding::Step;

/// `ValidateDeployment`.
pub fn validate_deployment(v: &mut Validation, deployment: &Field<'_, '_>) {
    let spec = deployment.key("spec");
    let options = PodOptions::of_template(v, &spec.key("template"), None);
    validate_object_meta(v, &deployment.key("metadata"), true, name_is_dns_subdomain);
    validate_deployment_spec(v, &spec, &options);
}

/// `ValidateDeploymentUpdate`.
pub fn validate_deployment_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    validate_object_meta_update(v, &new.key("metadata"), &old.key("metadata"));
    let (new, old) = (new.key("spec"), old.key("spec"));
    let (template, old_template) = (new.key("template"), old.key("template"));
    let options = PodOptions::of_template(v, &template, Some(&old_template));
    validate_deployment_spec(v, &new, &options);
    validate_immutable_field(v, "DEP-20", &new.key("selector"), &old.key("selector"));
}

/// `ValidateDeploymentSpec`.
fn validate_deployment_spec(v: &mut Validation, spec: &Field<'_, '_>, options: &PodOptions) {
    validate_nonnegative_field(v, "DEP-01", &spec.key("replicas"));
    validate_selector_and_template(v, spec, options);
    validate_deployment_strategy(v, &spec.key("strategy"));
    let min_ready = spec.key("minReadySeconds");
    validate_nonnegative_field(v, "DEP-16", &min_ready);
    validate_nonnegative_field(v, "DEP-17", &spec.key("revisionHistoryLimit"));
    validate_rollback(v, spec);
    let deadline = spec.key("progressDeadlineSeconds");
    if let Some(seconds) = deadline.int_pointer() {
        validate_nonnegative_field(v, "DEP-18", &deadline);
        if seconds <= min_ready.int() {
            v.invalid("DEP-19", &deadline, "must be greater than minReadySeconds")
                .with(&min_ready, "minReadySeconds");
        }
    }
}

/// `ValidateRollback`, of what is an annotation to clients.
fn validate_rollback(v: &mut Validation, spec: &Field<'_, '_>) {
    let revision = spec.key("rollbackTo");
    if revision
        .text()
        .parse::<i64>()
        .is_ok_and(|number| number < 0)
    {
        let rollback = spec.child(Step::Key("rollback"), revision.value());
        let version = rollback.child(Step::Key("version"), revision.value());
        v.invalid("DEP-21", &version, NOT_NEGATIVE);
    }
}

/// `ValidateDeploymentStrategy`.
fn validate_deployment_strategy(v: &mut Validation, strategy: &Field<'_, '_>) {
    let rolling_update = strategy.key("rollingUpdate");
    match strategy.key("type").text() {
        "Recreate" if rolling_update.is_set() => {
            let detail = "may not be specified when strategy `type` is 'Recreate'";
            v.forbidden("DEP-09", &rolling_update, detail);
        }
        "Recreate" => {}
        "RollingUpdate" => validate_rolling_update_deployment(v, &rolling_update),
        _ => {
            v.not_supported("DEP-11", strategy, &["Recreate", "RollingUpdate"]);
        }
    }
}

/// `ValidateRollingUpdateDeployment`.
fn validate_rolling_update_deployment(v: &mut Validation, rolling_update: &Field<'_, '_>) {
    let unavailable = rolling_update.key("maxUnavailable");
    let surge = rolling_update.key("maxSurge");
    validate_positive_int_or_percent(v, "DEP-12", &unavailable);
    validate_positive_int_or_percent(v, "DEP-13", &surge);
    if int_or_percent_value(&unavailable) == 0 && int_or_percent_value(&surge) == 0 {
        v.invalid("DEP-14", &unavailable, "may not be 0 when `maxSurge` is 0")
            .with(&surge, "maxSurge");
    }
    is_not_more_than_100_percent(v, "DEP-15", &unavailable);
}
