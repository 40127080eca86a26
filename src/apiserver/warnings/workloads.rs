//! Warnings of the kinds that run pods.
//!
//! Mirrors `WarningsOnCreate` and `WarningsOnUpdate` of the strategies of `pkg/registry/apps`,
//! `pkg/registry/batch` and `pkg/registry/core/pod`, and `WarningsForJobSpec` of
//! `pkg/api/job/warnings.go`. An update that changes nothing that counts (the generation stays)
//! gets no warnings about its pods.

use super::claim::warnings_for_persistent_volume_claim_spec;
use super::pod::{warnings_for_pod, warnings_for_pod_template};
use super::warn;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::is_dns1123_label;
use crate::apiserver::validation::meta;
use crate::finding::Step;

/// `WarningsOnCreate` of Deployments, ReplicaSets and ReplicationControllers.
pub fn of_deployment(v: &mut Validation, object: &Field<'_, '_>) {
    warn_of_name(v, object, "in Pod names and hostnames");
    of_template(v, object);
}

/// `WarningsOnUpdate` of Deployments, whose annotations count, too.
pub fn of_deployment_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let annotations = |object: &Field<'_, '_>, other: &Field<'_, '_>| {
        let (own, others) = (object.key("metadata"), other.key("metadata"));
        own.key("annotations").equals(&others.key("annotations"))
    };
    if !annotations(new, old) || !new.key("spec").equals(&old.key("spec")) {
        of_template(v, new);
    }
}

/// `WarningsOnUpdate` of ReplicaSets.
pub fn of_replica_set_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    if !new.key("spec").equals(&old.key("spec")) {
        of_template(v, new);
    }
}

/// `WarningsOnUpdate` of ReplicationControllers: upstream looks at the old template.
pub fn of_replication_controller_update(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    if !new.key("spec").equals(&old.key("spec")) {
        of_template(v, old);
    }
}

/// `WarningsOnCreate` of DaemonSets.
pub fn of_daemon_set(v: &mut Validation, object: &Field<'_, '_>) {
    of_template(v, object);
}

/// `WarningsOnUpdate` of DaemonSets, which count changes of their template.
pub fn of_daemon_set_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let (own, before) = (new.key("spec"), old.key("spec"));
    if !own.key("template").equals(&before.key("template")) {
        of_template(v, new);
    }
}

/// `WarningsOnCreate` of StatefulSets.
pub fn of_stateful_set(v: &mut Validation, object: &Field<'_, '_>) {
    of_template(v, object);
    let spec = object.key("spec");
    let claims = spec.key("volumeClaimTemplates");
    for (i, claim) in claims.items().enumerate() {
        // Upstream's path misses the spec.
        let field = claims.child(Step::Index(i), claim.key("spec").value());
        warnings_for_persistent_volume_claim_spec(v, "WRN-34", &field);
    }
    warn_of_history(v, &spec);
}

/// `WarningsOnUpdate` of StatefulSets.
pub fn of_stateful_set_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let spec = new.key("spec");
    if !spec.equals(&old.key("spec")) {
        of_template(v, new);
    }
    for claim in spec.key("volumeClaimTemplates").items() {
        let field = claim.child(Step::Key("Spec"), claim.key("spec").value());
        warnings_for_persistent_volume_claim_spec(v, "WRN-34", &field);
    }
    warn_of_history(v, &spec);
}

/// `WarningsOnCreate` of Jobs.
pub fn of_job(v: &mut Validation, object: &Field<'_, '_>) {
    warn_of_name(v, object, "in Pod names and hostnames");
    warnings_for_job_spec(v, &object.key("spec"));
}

/// `WarningsOnUpdate` of Jobs.
pub fn of_job_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    if !new.key("spec").equals(&old.key("spec")) {
        warnings_for_job_spec(v, &new.key("spec"));
    }
}

/// `WarningsOnCreate` of CronJobs.
pub fn of_cron_job(v: &mut Validation, object: &Field<'_, '_>) {
    warn_of_name(v, object, "in Pod names and hostnames");
    of_job_template(v, object);
}

/// `WarningsOnUpdate` of CronJobs.
pub fn of_cron_job_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let spec = new.key("spec");
    if !spec.equals(&old.key("spec")) {
        of_job_template(v, new);
    }
    let schedule = spec.key("schedule");
    if schedule.text().contains("TZ") {
        let text = "cannot use TZ or CRON_TZ in spec.spec.schedule, use timeZone instead, see \
                    https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more \
                    details";
        v.warn("WRN-44", &schedule, text.to_owned());
    }
}

/// `WarningsOnCreate` of Pods. Nothing is warned of when they are updated.
pub fn of_pod(v: &mut Validation, pod: &Field<'_, '_>) {
    warn_of_name(v, pod, "in the Pod's hostname");
    warnings_for_pod(v, pod);
}

fn of_template(v: &mut Validation, object: &Field<'_, '_>) {
    warnings_for_pod_template(v, &object.key("spec").key("template"));
}

fn of_job_template(v: &mut Validation, object: &Field<'_, '_>) {
    let spec = object.key("spec");
    let template = spec.key("jobTemplate");
    warnings_for_job_spec(v, &template.key("spec"));
}

/// `WarningsForJobSpec`.
fn warnings_for_job_spec(v: &mut Validation, spec: &Field<'_, '_>) {
    let indexed = spec.key("completionMode").text() == "Indexed";
    let (completions, parallelism) = (spec.key("completions"), spec.key("parallelism"));
    if indexed && completions.int() > 100_000 && parallelism.int() > 10_000 {
        let text = "In Indexed Jobs with a number of completions higher than 10^5 and a \
                    parallelism higher than 10^4, Kubernetes might not be able to track \
                    completedIndexes when a big number of indexes fail";
        warn(v, "WRN-43", spec, text);
    }
    warnings_for_pod_template(v, &spec.key("template"));
}

fn warn_of_name(v: &mut Validation, object: &Field<'_, '_>, used: &str) {
    let metadata = object.key("metadata");
    let wrong = is_dns1123_label(&meta::name(&metadata));
    if !wrong.is_empty() {
        let text = format!(
            "this is used {used}, which can result in surprising behavior; a DNS label is \
             recommended: [{}]",
            wrong.join(" ")
        );
        warn(v, "WRN-01", &metadata.key("name"), &text);
    }
}

fn warn_of_history(v: &mut Validation, spec: &Field<'_, '_>) {
    let limit = spec.key("revisionHistoryLimit");
    if v.gates.warns_of_negative_revision_history && limit.int() < 0 {
        let text = "a negative value retains all historical revisions; a value >= 0 is recommended";
        warn(v, "WRN-35", &limit, text);
    }
}
