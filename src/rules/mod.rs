//! The rule book: the one list of all rules with a check of their own. A rule is a page in
//! `rules/<family>/<id>.md` and a file here of the same name; adding one is both and a line.

use crate::rule::Rule;

mod absence;

mod bundle {
    pub mod duplicate_object;
    pub mod missing_config_map;
    pub mod missing_secret;
    pub mod overlapping_selectors;
}

mod server {
    pub mod selector_mismatch;
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

/// Every rule, by family and name.
pub static RULES: &[&Rule] = &[
    &bundle::duplicate_object::RULE,
    &bundle::missing_config_map::RULE,
    &bundle::missing_secret::RULE,
    &bundle::overlapping_selectors::RULE,
    &server::selector_mismatch::RULE,
    &service::service_selects_nothing::RULE,
    &service::target_port_not_everywhere::RULE,
    &service::target_port_protocol_mismatch::RULE,
    &service::undeclared_target_port::RULE,
    &storage::exclusive_claim_with_surge::RULE,
    &storage::missing_claim::RULE,
    &storage::volume_hidden_by_claim_template::RULE,
];
