//! The rule book: the one list of all rules with a check of their own. A rule is a page in
//! `rules/<family>/<id>.md` and a file here of the same name; adding one is both and a line.

use crate::rule::Rule;

mod read;

mod server {
    pub mod progress_deadline_too_short;
    pub mod restart_policy_not_always;
    pub mod selector_mismatch;
    pub mod volume_mount_without_volume;
    pub mod zero_surge_zero_unavailable;
}

mod workload {
    mod governing_service;

    pub mod duplicate_claim_template;
    pub mod governing_service_missing;
    pub mod governing_service_not_headless;
    pub mod governing_service_selects_others;
    pub mod no_revision_history;
    pub mod partition_holds_all_pods;
    pub mod paused_at_creation;
    pub mod undeclared_probe_port;
}

/// Every rule, by family and name.
pub static RULES: &[&Rule] = &[
    &server::progress_deadline_too_short::RULE,
    &server::restart_policy_not_always::RULE,
    &server::selector_mismatch::RULE,
    &server::volume_mount_without_volume::RULE,
    &server::zero_surge_zero_unavailable::RULE,
    &workload::duplicate_claim_template::RULE,
    &workload::governing_service_missing::RULE,
    &workload::governing_service_not_headless::RULE,
    &workload::governing_service_selects_others::RULE,
    &workload::no_revision_history::RULE,
    &workload::partition_holds_all_pods::RULE,
    &workload::paused_at_creation::RULE,
    &workload::undeclared_probe_port::RULE,
];
