//! Node affinity, pod affinity and pod anti-affinity.
//!
//! Mirrors `validateAffinity` and what it calls in `pkg/apis/core/validation/validation.go`.

use super::{PodOptions, validate_label_name};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{
    is_dns1123_label, is_dns1123_subdomain, is_valid_label_value,
};
use crate::apiserver::validation::labels::{SelectorOptions, validate_label_selector};
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";

/// The rows of the checks of `matchLabelKeys`, which differ by where these stand.
#[derive(Debug)]
pub struct LabelKeyRows {
    /// The keys need a selector.
    pub selector: &'static str,
    /// The format of a key.
    pub format: &'static str,
    /// Keys that the selector has, too.
    pub overlap: &'static str,
}

const ROWS: LabelKeyRows = LabelKeyRows {
    selector: "AFF-13",
    format: "AFF-14",
    overlap: "AFF-15",
};

/// `validateAffinity`.
pub fn validate_affinity(v: &mut Validation, affinity: &Field<'_, '_>, options: &PodOptions) {
    let node_affinity = affinity.key("nodeAffinity");
    let allow = options.allow_invalid_label_value_in_required_node_affinity;
    validate_node_affinity(v, &node_affinity, allow);
    for kind in ["podAffinity", "podAntiAffinity"] {
        let affinity = affinity.key(kind);
        validate_pod_affinity(v, &affinity, options.allow_invalid_label_value_in_selector);
    }
}

/// `hasInvalidLabelValueInAffinitySelector` of `pkg/api/pod/util.go`.
pub fn has_invalid_label_value_in_affinity_selector(
    v: &Validation,
    affinity: &Field<'_, '_>,
) -> bool {
    let mut trial = Validation::new(v.gates);
    for kind in ["podAffinity", "podAntiAffinity"] {
        let affinity = affinity.key(kind);
        for term in affinity.key(REQUIRED).items() {
            validate_pod_affinity_term_selector(&mut trial, &term, false);
        }
        for weighted in affinity.key(PREFERRED).items() {
            let term = weighted.key("podAffinityTerm");
            validate_pod_affinity_term_selector(&mut trial, &term, false);
        }
    }
    !trial.errors.is_empty()
}

/// `hasInvalidLabelValueInRequiredNodeAffinity` of `pkg/api/pod/util.go`.
pub fn has_invalid_label_value_in_required_node_affinity(
    v: &Validation,
    affinity: &Field<'_, '_>,
) -> bool {
    let node_affinity = affinity.key("nodeAffinity");
    let required = node_affinity.key(REQUIRED);
    required.key("nodeSelectorTerms").items().any(|term| {
        term.key("matchExpressions").items().any(|requirement| {
            let values = requirement.key("values");
            let bad =
                |value: Field<'_, '_>| !is_valid_label_value(value.text(), &v.gates).is_empty();
            values.items().any(bad)
        })
    })
}

/// `validateNodeAffinity`.
fn validate_node_affinity(v: &mut Validation, affinity: &Field<'_, '_>, allow_invalid_value: bool) {
    let required = affinity.key(REQUIRED);
    if required.is_set() {
        let allow = allow_invalid_value || !v.gates.required_node_affinity_values;
        validate_node_selector(v, &required, allow);
    }
    // `ValidatePreferredSchedulingTerms`.
    for term in affinity.key(PREFERRED).items() {
        validate_weight(v, &term.key("weight"));
        validate_node_selector_term(v, &term.key("preference"), true);
    }
}

/// `ValidateNodeSelector`.
pub fn validate_node_selector(
    v: &mut Validation,
    selector: &Field<'_, '_>,
    allow_invalid_value: bool,
) {
    let terms = selector.key("nodeSelectorTerms");
    if terms.is_empty() {
        v.required(
            "AFF-01",
            &terms,
            "must have at least one node selector term",
        );
    }
    for term in terms.items() {
        validate_node_selector_term(v, &term, allow_invalid_value);
    }
}

/// `ValidateNodeSelectorTerm`.
fn validate_node_selector_term(
    v: &mut Validation,
    term: &Field<'_, '_>,
    allow_invalid_value: bool,
) {
    for requirement in term.key("matchExpressions").items() {
        validate_node_selector_requirement(v, &requirement, allow_invalid_value);
    }
    for requirement in term.key("matchFields").items() {
        validate_node_field_selector_requirement(v, &requirement);
    }
}

/// `ValidateNodeSelectorRequirement`.
fn validate_node_selector_requirement(
    v: &mut Validation,
    requirement: &Field<'_, '_>,
    allow_invalid_value: bool,
) {
    let operator = requirement.key("operator");
    let values = requirement.key("values");
    match operator.text() {
        "In" | "NotIn" if values.is_empty() => {
            let detail = "must be specified when `operator` is 'In' or 'NotIn'";
            v.required("AFF-02", &values, detail);
        }
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            v.forbidden("AFF-02", &values, detail)
                .with(&operator, "operator");
        }
        "Gt" | "Lt" if values.len() != 1 => {
            let detail = "must be specified single value when `operator` is 'Lt' or 'Gt'";
            v.required("AFF-02", &values, detail);
        }
        "In" | "NotIn" | "Exists" | "DoesNotExist" | "Gt" | "Lt" => {}
        _ => {
            v.invalid("AFF-03", &operator, "not a valid selector operator");
        }
    }
    validate_label_name(v, "AFF-04", &requirement.key("key"));
    if !allow_invalid_value {
        for value in values.items() {
            let wrong = is_valid_label_value(value.text(), &v.gates);
            v.invalid_each("AFF-05", &value, wrong);
        }
    }
}

/// `ValidateNodeFieldSelectorRequirement`.
fn validate_node_field_selector_requirement(v: &mut Validation, requirement: &Field<'_, '_>) {
    let operator = requirement.key("operator");
    let values = requirement.key("values");
    match operator.text() {
        "In" | "NotIn" if values.len() != 1 => {
            let detail = "must be only one value when `operator` is 'In' or 'NotIn' for node \
                field selector";
            v.required("AFF-06", &values, detail);
        }
        "In" | "NotIn" => {}
        _ => {
            v.invalid("AFF-06", &operator, "not a valid selector operator");
        }
    }
    let key = requirement.key("key");
    if key.text() != "metadata.name" {
        v.invalid("AFF-06", &key, "not a valid field selector key");
        return;
    }
    for value in values.items() {
        v.invalid_each("AFF-06", &value, is_dns1123_subdomain(value.text()));
    }
}

/// `validatePodAffinity` and `validatePodAntiAffinity`.
fn validate_pod_affinity(v: &mut Validation, affinity: &Field<'_, '_>, allow_invalid_value: bool) {
    for term in affinity.key(REQUIRED).items() {
        validate_pod_affinity_term(v, &term, allow_invalid_value);
    }
    for weighted in affinity.key(PREFERRED).items() {
        validate_weight(v, &weighted.key("weight"));
        validate_pod_affinity_term(v, &weighted.key("podAffinityTerm"), allow_invalid_value);
    }
}

/// `validatePodAffinityTerm`.
fn validate_pod_affinity_term(v: &mut Validation, term: &Field<'_, '_>, allow_invalid_value: bool) {
    validate_pod_affinity_term_selector(v, term, allow_invalid_value);
    for name in term.key("namespaces").items() {
        let field = term.child(Step::Key("namespace"), name.value());
        v.invalid_value("AFF-10", &field, name.text(), is_dns1123_label(name.text()));
    }
    validate_match_label_keys_and_mismatch_label_keys(v, term, &ROWS);
    let topology_key = term.key("topologyKey");
    if topology_key.text().is_empty() {
        v.required("AFF-11", &topology_key, "can not be empty");
    }
    validate_label_name(v, "AFF-12", &topology_key);
}

/// `ValidatePodAffinityTermSelector`.
fn validate_pod_affinity_term_selector(
    v: &mut Validation,
    term: &Field<'_, '_>,
    allow_invalid_values: bool,
) {
    let options = SelectorOptions {
        allow_invalid_values,
    };
    validate_label_selector(v, &term.key("labelSelector"), options);
    validate_label_selector(v, &term.key("namespaceSelector"), options);
}

/// `ValidateMatchLabelKeysAndMismatchLabelKeys`, of an affinity term or a spread constraint.
pub fn validate_match_label_keys_and_mismatch_label_keys(
    v: &mut Validation,
    term: &Field<'_, '_>,
    rows: &LabelKeyRows,
) {
    let selector = term.key("labelSelector");
    let match_keys = term.key("matchLabelKeys");
    let mismatch_keys = term.key("mismatchLabelKeys");
    validate_label_keys(v, &match_keys, &selector, rows);
    validate_label_keys(v, &mismatch_keys, &selector, rows);
    if match_keys.is_empty() {
        return;
    }
    // The server has merged the keys of a Pod into its selector before it looks for keys that
    // the selector has twice.
    let expressions = selector.key("matchExpressions");
    let labels = selector.key("matchLabels");
    let mut seen = Seen::new();
    for (key, _) in labels.entries() {
        seen.insert(key);
    }
    for expression in expressions.items() {
        let key = expression.key("key").text();
        let last = match_keys.items().enumerate();
        let last = last.filter(|(_, item)| item.text() == key).last();
        if let Some((i, item)) = last
            && seen.has(key)
        {
            let field = term.child(Step::Index(i), item.value());
            v.invalid(rows.overlap, &field, OVERLAP)
                .with(&expression, "the expression");
        }
        seen.insert(key);
    }
    let mut mismatched = Seen::new();
    for key in mismatch_keys.items() {
        mismatched.insert(key.text());
    }
    for item in match_keys.items() {
        if mismatched.has(item.text()) {
            let detail = "exists in both matchLabelKeys and mismatchLabelKeys";
            v.invalid("AFF-16", &item, detail)
                .with(&mismatch_keys, "mismatchLabelKeys");
        }
    }
}

/// What is said of a key that the selector has already.
pub const OVERLAP: &str = "exists in both matchLabelKeys and labelSelector";
/// What is said of keys without a selector.
pub const NO_SELECTOR: &str = "must not be specified when labelSelector is not set";

/// `validateLabelKeys`.
fn validate_label_keys(
    v: &mut Validation,
    keys: &Field<'_, '_>,
    selector: &Field<'_, '_>,
    rows: &LabelKeyRows,
) {
    if !keys.is_empty() && !selector.is_set() {
        v.forbidden(rows.selector, keys, NO_SELECTOR);
        return;
    }
    for key in keys.items() {
        validate_label_name(v, rows.format, &key);
    }
}

/// A weight, in `ValidatePreferredSchedulingTerms` and `validateWeightedPodAffinityTerms`.
fn validate_weight(v: &mut Validation, weight: &Field<'_, '_>) {
    if !(1..=100).contains(&weight.int()) {
        v.invalid("AFF-07", weight, "must be in the range 1-100");
    }
}
