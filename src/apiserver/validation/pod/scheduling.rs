//! Tolerations, scheduling gates and readiness gates.
//!
//! Mirrors `ValidateTolerations`, `validateSchedulingGates` and `validateReadinessGates` in
//! `pkg/apis/core/validation/validation.go`. Not here: affinity (`affinity`), topology spread
//! (`spread`).

use super::{PodOptions, validate_label_name};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{is_qualified_name, is_valid_label_value};
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;

/// `ValidateTolerations`.
pub fn validate_tolerations(v: &mut Validation, tolerations: &Field<'_, '_>, options: &PodOptions) {
    for toleration in tolerations.items() {
        validate_toleration(v, &toleration, options);
    }
}

fn validate_toleration(v: &mut Validation, toleration: &Field<'_, '_>, options: &PodOptions) {
    let key = toleration.key("key");
    let operator = toleration.key("operator");
    let effect = toleration.key("effect");
    if !key.text().is_empty() {
        validate_label_name(v, "TOL-01", &key);
    } else if operator.text() != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values \
            and all keys\"";
        v.invalid("TOL-02", &operator, detail);
    }
    if toleration.key("tolerationSeconds").is_set() && effect.text() != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        v.invalid("TOL-03", &effect, detail);
    }
    validate_operator_and_value(v, toleration, &operator, options);
    if !matches!(
        effect.text(),
        "" | "NoSchedule" | "PreferNoSchedule" | "NoExecute"
    ) {
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
        v.not_supported("TOL-09", &effect, &effects);
    }
}

fn validate_operator_and_value(
    v: &mut Validation,
    toleration: &Field<'_, '_>,
    operator: &Field<'_, '_>,
    options: &PodOptions,
) {
    let value = toleration.key("value");
    // Upstream tells faults of the value under the operator.
    let told = toleration.child(Step::Key("operator"), value.value().or(operator.value()));
    match operator.text() {
        "" | "Equal" => {
            let wrong = is_valid_label_value(value.text(), &v.gates);
            if !wrong.is_empty() {
                v.invalid("TOL-04", &told, wrong.join(";"));
            }
        }
        "Exists" => {
            if !value.text().is_empty() {
                let detail = "value must be empty when `operator` is 'Exists'";
                v.invalid("TOL-05", &told, detail)
                    .with(operator, "operator");
            }
        }
        "Lt" | "Gt" if v.gates.comparing_tolerations_known => {
            if options.allow_taint_toleration_comparison_operators {
                validate_decimal_integer(v, &value);
            } else {
                v.not_supported("TOL-06", operator, &["Equal", "Exists", "Lt", "Gt"]);
            }
        }
        _ => {
            v.not_supported("TOL-08", operator, &["Equal", "Exists"]);
        }
    }
}

/// `content.IsDecimalInteger`, and that it is one of 64 bits.
fn validate_decimal_integer(v: &mut Validation, value: &Field<'_, '_>) {
    let text = value.text();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if text.is_empty() {
        v.invalid("TOL-07", value, "must be non-empty");
    } else if !plain || digits.starts_with('0') && text != "0" {
        let detail = "must be a valid decimal integer in canonical form";
        v.invalid("TOL-07", value, detail);
    }
    let unsigned = text.strip_prefix('+').unwrap_or(digits);
    let is_number = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
    if text.parse::<i64>().is_err() {
        let problem = if is_number {
            "value out of range"
        } else {
            "invalid syntax"
        };
        let detail = format!("strconv.ParseInt: parsing {text:?}: {problem}");
        v.invalid("TOL-07", value, detail);
    }
}

/// `validateReadinessGates`.
pub fn validate_readiness_gates(v: &mut Validation, gates: &Field<'_, '_>) {
    for gate in gates.items() {
        validate_label_name(v, "POD-17", &gate.key("conditionType"));
    }
}

/// `validateSchedulingGates`.
pub fn validate_scheduling_gates(v: &mut Validation, gates: &Field<'_, '_>) {
    let mut seen = Seen::new();
    for (i, gate) in gates.items().enumerate() {
        let name = gate.key("name");
        // The path is that of the gate, the value its name.
        let told = gates.child(Step::Index(i), name.value().or(gate.value()));
        let wrong = is_qualified_name(name.text(), &v.gates);
        v.invalid_each("POD-18", &told, wrong);
        if !seen.insert(name.text()) {
            v.duplicate("POD-18", &told);
        }
    }
}
