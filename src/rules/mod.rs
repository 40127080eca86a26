//! The rule book: the one list of all rules with a check of their own. A rule is a page in
//! `rules/<family>/<id>.md` and a file here of the same name; adding one is both and a line.

use crate::rule::Rule;

mod absence;
mod read;
mod bundle {
    pub mod duplicate_object;
    pub mod missing_config_map;
    pub mod missing_secret;
    pub mod overlapping_selectors;
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

mod service {
    pub mod service_selects_nothing;
    mod target;
    pub mod target_port_not_everywhere;
    pub mod target_port_protocol_mismatch;
    pub mod undeclared_target_port;
}

mod storage {
    pub mod exclusive_claim_with_surge;
    pub mod missing_claim;
    pub mod volume_hidden_by_claim_template;
}

mod webhook {
    mod hook;

    pub mod catch_all_webhook;
    pub mod exact_webhook_match;
    pub mod exemption_by_label;
    pub mod long_webhook_timeout;
    pub mod missing_webhook_service;
    pub mod undeclared_webhook_port;
    pub mod unjudged_ephemeral_containers;
    pub mod unusable_ca_bundle;
    pub mod webhook_at_localhost;
    pub mod webhook_covers_heartbeats;
    pub mod webhook_covers_itself;
    pub mod webhook_covers_kube_system;
}

/// Every rule, by family and name.
pub static RULES: &[&Rule] = &[
    &workload::duplicate_claim_template::RULE,
    &workload::governing_service_missing::RULE,
    &workload::governing_service_not_headless::RULE,
    &workload::governing_service_selects_others::RULE,
    &workload::no_revision_history::RULE,
    &workload::partition_holds_all_pods::RULE,
    &workload::paused_at_creation::RULE,
    &workload::undeclared_probe_port::RULE,
    &bundle::duplicate_object::RULE,
    &bundle::missing_config_map::RULE,
    &bundle::missing_secret::RULE,
    &bundle::overlapping_selectors::RULE,
    &service::service_selects_nothing::RULE,
    &service::target_port_not_everywhere::RULE,
    &service::target_port_protocol_mismatch::RULE,
    &service::undeclared_target_port::RULE,
    &storage::exclusive_claim_with_surge::RULE,
    &storage::missing_claim::RULE,
    &storage::volume_hidden_by_claim_template::RULE,
    &webhook::catch_all_webhook::RULE,
    &webhook::exact_webhook_match::RULE,
    &webhook::exemption_by_label::RULE,
    &webhook::long_webhook_timeout::RULE,
    &webhook::missing_webhook_service::RULE,
    &webhook::undeclared_webhook_port::RULE,
    &webhook::unjudged_ephemeral_containers::RULE,
    &webhook::unusable_ca_bundle::RULE,
    &webhook::webhook_at_localhost::RULE,
    &webhook::webhook_covers_heartbeats::RULE,
    &webhook::webhook_covers_itself::RULE,
    &webhook::webhook_covers_kube_system::RULE,
];
