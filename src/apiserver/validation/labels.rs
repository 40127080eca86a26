//! Labels, annotations' keys aside, and label selectors.
//!
//! Mirrors apimachinery `pkg/apis/meta/v1/validation/validation.go` and, for matching,
//! `LabelSelectorAsSelector` in `pkg/apis/meta/v1/helpers.go`.

use super::format::{is_qualified_name, is_valid_label_value};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;

/// `ValidateLabels`: keys and values, all reported at the map itself.
pub fn validate_labels(v: &mut Validation, labels: &Field<'_, '_>) {
    for (key, value) in labels.entries() {
        let wrong = is_qualified_name(key, &v.gates);
        v.invalid_value("LBL-01", labels, key, wrong);
        let wrong = is_valid_label_value(value.text(), &v.gates);
        v.invalid_value("LBL-02", labels, value.text(), wrong);
    }
}

/// `LabelSelectorValidationOptions`.
#[derive(Clone, Copy, Debug, Default)]
pub struct SelectorOptions {
    /// Values of expressions aren't looked at: an update of what already has bad ones.
    pub allow_invalid_values: bool,
}

/// `ValidateLabelSelector`.
pub fn validate_label_selector(
    v: &mut Validation,
    selector: &Field<'_, '_>,
    options: SelectorOptions,
) {
    validate_labels(v, &selector.key("matchLabels"));
    for expression in selector.key("matchExpressions").items() {
        validate_label_selector_requirement(v, &expression, options);
    }
}

/// `ValidateLabelSelectorRequirement`.
fn validate_label_selector_requirement(
    v: &mut Validation,
    expression: &Field<'_, '_>,
    options: SelectorOptions,
) {
    let values = expression.key("values");
    match expression.key("operator").text() {
        "In" | "NotIn" if values.is_empty() => {
            let detail = "must be specified when `operator` is 'In' or 'NotIn'";
            v.required("SEL-02", &values, detail);
        }
        "In" | "NotIn" => {}
        "Exists" | "DoesNotExist" if !values.is_empty() => {
            let detail = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
            v.forbidden("SEL-03", &values, detail);
        }
        "Exists" | "DoesNotExist" => {}
        _ => {
            let operator = expression.key("operator");
            v.invalid("SEL-04", &operator, "not a valid selector operator");
        }
    }
    let key = expression.key("key");
    let wrong = is_qualified_name(key.text(), &v.gates);
    v.invalid_each("SEL-05", &key, wrong);
    if !options.allow_invalid_values {
        for value in values.items() {
            let wrong = is_valid_label_value(value.text(), &v.gates);
            v.invalid_each("SEL-06", &value, wrong);
        }
    }
}

/// `LabelSelectorHasInvalidLabelValue`.
pub fn label_selector_has_invalid_label_value(v: &Validation, selector: &Field<'_, '_>) -> bool {
    let expressions = selector.key("matchExpressions");
    expressions.items().any(|expression| {
        let values = expression.key("values");
        let mut items = values.items();
        items.any(|value| !is_valid_label_value(value.text(), &v.gates).is_empty())
    })
}

/// What `LabelSelectorAsSelector` makes of a selector.
#[derive(Clone, Copy)]
pub enum Selector<'p, 'v> {
    /// There is none: it matches nothing.
    Nothing,
    /// All that it asks has to hold; what asks for nothing matches everything.
    Requirements(Field<'p, 'v>),
}

/// `LabelSelectorAsSelector`; `None` where that fails.
pub fn label_selector_as_selector<'p, 'v>(
    v: &Validation,
    selector: &Field<'p, 'v>,
) -> Option<Selector<'p, 'v>> {
    if !selector.is_set() {
        return Some(Selector::Nothing);
    }
    // `labels.NewRequirement` checks what `validate_label_selector` does.
    let mut trial = Validation::new(v.gates);
    validate_label_selector(&mut trial, selector, SelectorOptions::default());
    trial
        .errors
        .is_empty()
        .then_some(Selector::Requirements(*selector))
}

impl Selector<'_, '_> {
    /// `Empty`: it matches everything.
    pub fn is_empty(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Requirements(selector) => {
                selector.key("matchLabels").is_empty()
                    && selector.key("matchExpressions").is_empty()
            }
        }
    }

    /// `Matches`.
    pub fn matches(&self, labels: &Field<'_, '_>) -> bool {
        let Self::Requirements(selector) = self else {
            return false;
        };
        let value_of = |key: &str| labels.value().and_then(|labels| labels.entry(key));
        let equal = set_matches(&selector.key("matchLabels"), labels);
        let expressions = selector.key("matchExpressions");
        let hold = expressions.items().all(|expression| {
            let key = expression.key("key");
            let value = value_of(key.text());
            let values = expression.key("values");
            let listed = value.is_some_and(|v| values.items().any(|i| i.text() == v.text()));
            match expression.key("operator").text() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                _ => value.is_none(),
            }
        });
        equal && hold
    }
}

/// Whether labels have everything that a map asks for: `labels.Set.AsSelector().Matches`.
pub fn set_matches(set: &Field<'_, '_>, labels: &Field<'_, '_>) -> bool {
    let value_of = |key: &str| labels.value().and_then(|labels| labels.entry(key));
    set.entries()
        .all(|(key, value)| value_of(key).is_some_and(|l| l.text() == value.text()))
}
