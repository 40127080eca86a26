//! Jobs and CronJobs.
//!
//! Mirrors `pkg/apis/batch/validation/validation.go`: a file for each kind, one for updates of Jobs
//! and one for the policies of a Job.

pub mod cron_job;
pub mod job;
mod policies;
mod update;
