//! CronJobs.

use super::job::validate_job_spec;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::apps::validate_nonnegative_field;
use crate::apiserver::validation::cron::parse_standard;
use crate::apiserver::validation::meta::{
    self, name_is_dns_subdomain, validate_object_meta, validate_object_meta_update,
};
use crate::apiserver::validation::pod::PodOptions;
use crate::apiserver::validation::time_zones::load_location;

/// The longest name that leaves room for what the controller appends.
const NAME_BYTES_MAX: usize = 52;
/// The longest component of the name of a time zone.
const ZONE_COMPONENT_BYTES_MAX: usize = 14;

/// `ValidateCronJobCreate`.
pub fn validate_cron_job(v: &mut Validation, cron_job: &Field<'_, '_>) {
    let metadata = cron_job.key("metadata");
    validate_object_meta(v, &metadata, true, name_is_dns_subdomain);
    validate_cron_job_spec(v, &cron_job.key("spec"), None);
    if meta::name(&metadata).len() > NAME_BYTES_MAX {
        let detail = "must be no more than 52 characters";
        v.invalid("CRJ-01", &metadata.key("name"), detail);
    }
}

/// `ValidateCronJobUpdate`.
pub fn validate_cron_job_update(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    validate_object_meta_update(v, &new.key("metadata"), &old.key("metadata"));
    validate_cron_job_spec(v, &new.key("spec"), Some(&old.key("spec")));
}

/// `validateCronJobSpec`.
fn validate_cron_job_spec(v: &mut Validation, spec: &Field<'_, '_>, old: Option<&Field<'_, '_>>) {
    let schedule = spec.key("schedule");
    let zone = spec.key("timeZone");
    if schedule.text().is_empty() {
        v.required("CRJ-02", &schedule, "");
    } else {
        let allow_zone = old.is_some_and(|old| old.key("schedule").text().contains("TZ"));
        validate_schedule_format(v, &schedule, &zone, allow_zone);
    }
    validate_nonnegative_field(v, "CRJ-06", &spec.key("startingDeadlineSeconds"));
    let old_zone = old.map(|old| old.key("timeZone").text_pointer());
    if old_zone != Some(zone.text_pointer()) {
        validate_time_zone(v, &zone);
    }
    let policy = spec.key("concurrencyPolicy");
    let supported = ["Allow", "Forbid", "Replace"];
    if !supported.contains(&policy.text()) {
        v.not_supported("CRJ-07", &policy, &supported);
    }
    validate_job_template_spec(v, spec, old);
    validate_nonnegative_field(v, "CRJ-06", &spec.key("successfulJobsHistoryLimit"));
    validate_nonnegative_field(v, "CRJ-06", &spec.key("failedJobsHistoryLimit"));
}

/// `validateScheduleFormat`.
fn validate_schedule_format(
    v: &mut Validation,
    schedule: &Field<'_, '_>,
    zone: &Field<'_, '_>,
    allow_zone: bool,
) {
    if let Err(err) = parse_standard(schedule.text()) {
        v.invalid("CRJ-03", schedule, err);
    }
    if !schedule.text().contains("TZ") {
        return;
    }
    if !allow_zone {
        let detail = "cannot use TZ or CRON_TZ in schedule, use timeZone field instead";
        v.invalid("CRJ-04", schedule, detail);
    } else if zone.is_set() {
        let detail = "cannot use both timeZone field and TZ or CRON_TZ in schedule";
        v.invalid("CRJ-04", schedule, detail).with(zone, "timeZone");
    }
}

/// `validateTimeZone`.
fn validate_time_zone(v: &mut Validation, zone: &Field<'_, '_>) {
    let Some(name) = zone.text_pointer() else {
        return;
    };
    if name.is_empty() {
        let detail = "timeZone must be nil or non-empty string";
        v.invalid("CRJ-05", zone, detail);
        return;
    }
    let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_+".contains(&b);
    let legal = name.split('/').all(|part| {
        (1..=ZONE_COMPONENT_BYTES_MAX).contains(&part.len())
            && !matches!(part, "." | "..")
            && !part.starts_with('-')
            && part.bytes().all(plain)
    });
    if !legal {
        v.invalid("CRJ-05", zone, format!("unknown time zone {name}"));
        return;
    }
    if name.eq_ignore_ascii_case("Local") {
        let detail = "timeZone must be an explicit time zone as defined in \
                      https://www.iana.org/time-zones";
        v.invalid("CRJ-05", zone, detail);
    }
    if let Err(err) = load_location(name) {
        v.invalid("CRJ-05", zone, err);
    }
}

/// `ValidateJobTemplateSpec`.
fn validate_job_template_spec(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    old: Option<&Field<'_, '_>>,
) {
    let template = spec.key("jobTemplate");
    let job = template.key("spec");
    let before = old.map(|old| old.key("jobTemplate"));
    let before = before.as_ref().map(|template| template.key("spec"));
    let before = before.as_ref().map(|job| job.key("template"));
    let options = PodOptions::of_template(v, &job.key("template"), before.as_ref());
    validate_job_spec(v, &job, &options);
    let selector = job.key("selector");
    if selector.is_set() {
        v.invalid("CRJ-09", &selector, "`selector` will be auto-generated");
    }
    let manual = job.key("manualSelector");
    if manual.bool() {
        v.not_supported("CRJ-10", &manual, &["nil", "false"]);
    }
}
