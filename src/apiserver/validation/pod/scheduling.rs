//! Tolerations, scheduling gates and readiness gates.
//!
//! Mirrors `ValidateTolerations`, `validateSchedulingGates` and `validateReadinessGates` in
//! `pkg/apis/core/validation/validation.go`. Not here: affinity (`affinity`), topology spread
//! (`spread`).

use std::borrow::Cow;

use super::{PodOptions, validate_label_name};
use crate::apiserver::errors::{Reason, Validation};
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{Messages, is_qualified_name, is_valid_label_value};
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;

/// A toleration, as the field or the annotation of old has it.
#[derive(Debug, Default)]
pub struct Toleration<'a> {
    /// What key it tolerates.
    pub key: Cow<'a, str>,
    /// How the value is compared.
    pub operator: Cow<'a, str>,
    /// What value.
    pub value: Cow<'a, str>,
    /// What effect.
    pub effect: Cow<'a, str>,
    /// Whether it says for how long.
    pub has_seconds: bool,
}

/// What is wrong with a toleration.
struct Fault {
    row: &'static str,
    reason: Reason,
    /// The field that upstream names.
    field: &'static str,
    /// The field whose value is wrong.
    of: &'static str,
    detail: Cow<'static, str>,
}

/// `ValidateTolerations`.
pub fn validate_tolerations(v: &mut Validation, tolerations: &Field<'_, '_>, options: &PodOptions) {
    for toleration in tolerations.items() {
        let text = |key| Cow::from(toleration.key(key).text());
        let parts = Toleration {
            key: text("key"),
            operator: text("operator"),
            value: text("value"),
            effect: text("effect"),
            has_seconds: toleration.key("tolerationSeconds").is_set(),
        };
        for fault in toleration_faults(v, &parts, options) {
            let value = toleration.key(fault.of).value();
            let named = toleration.key(fault.field).value();
            let field = toleration.child(Step::Key(fault.field), value.or(named));
            v.error(fault.row, fault.reason, &field, fault.detail);
        }
    }
}

/// `ValidateTolerations` of what an annotation holds: `field` is one of them.
pub fn validate_annotated_toleration(
    v: &mut Validation,
    toleration: &Toleration<'_>,
    field: &Field<'_, '_>,
    options: &PodOptions,
) {
    for fault in toleration_faults(v, toleration, options) {
        let field = field.child(Step::Key(fault.field), field.value());
        v.error(fault.row, fault.reason, &field, fault.detail);
    }
}

fn toleration_faults(v: &Validation, t: &Toleration<'_>, options: &PodOptions) -> Vec<Fault> {
    let mut faults = Vec::new();
    if !t.key.is_empty() {
        for message in is_qualified_name(&t.key, &v.gates) {
            faults.push(Fault::invalid("TOL-01", "key", "key", message));
        }
    } else if t.operator != "Exists" {
        let detail = "operator must be Exists when `key` is empty, which means \"match all values \
            and all keys\"";
        faults.push(Fault::invalid("TOL-02", "operator", "operator", detail));
    }
    if t.has_seconds && t.effect != "NoExecute" {
        let detail = "effect must be 'NoExecute' when `tolerationSeconds` is set";
        faults.push(Fault::invalid("TOL-03", "effect", "effect", detail));
    }
    operator_and_value_faults(v, t, options, &mut faults);
    let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"];
    if !t.effect.is_empty() && !effects.contains(&&*t.effect) {
        faults.push(Fault::not_supported("TOL-09", "effect", &effects));
    }
    faults
}

/// Upstream tells faults of the value under the operator.
fn operator_and_value_faults(
    v: &Validation,
    t: &Toleration<'_>,
    options: &PodOptions,
    faults: &mut Vec<Fault>,
) {
    match &*t.operator {
        "" | "Equal" => {
            let wrong = is_valid_label_value(&t.value, &v.gates);
            if !wrong.is_empty() {
                let detail = wrong.join(";");
                faults.push(Fault::invalid("TOL-04", "operator", "value", detail));
            }
        }
        "Exists" if !t.value.is_empty() => {
            let detail = "value must be empty when `operator` is 'Exists'";
            faults.push(Fault::invalid("TOL-05", "operator", "value", detail));
        }
        "Exists" => {}
        "Lt" | "Gt" if v.gates.comparing_tolerations_known => {
            if options.allow_taint_toleration_comparison_operators {
                for detail in decimal_integer_faults(&t.value) {
                    faults.push(Fault::invalid("TOL-07", "value", "value", detail));
                }
            } else {
                let operators = ["Equal", "Exists", "Lt", "Gt"];
                faults.push(Fault::not_supported("TOL-06", "operator", &operators));
            }
        }
        _ => {
            let operators = ["Equal", "Exists"];
            faults.push(Fault::not_supported("TOL-08", "operator", &operators));
        }
    }
}

impl Fault {
    fn invalid(
        row: &'static str,
        field: &'static str,
        of: &'static str,
        detail: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            row,
            reason: Reason::Invalid,
            field,
            of,
            detail: detail.into(),
        }
    }

    fn not_supported(row: &'static str, field: &'static str, supported: &[&str]) -> Self {
        let quoted: Vec<String> = supported.iter().map(|v| format!("\"{v}\"")).collect();
        Self {
            row,
            reason: Reason::NotSupported,
            field,
            of: field,
            detail: format!("supported values: {}", quoted.join(", ")).into(),
        }
    }
}

/// `content.IsDecimalInteger`, and that it is one of 64 bits.
fn decimal_integer_faults(text: &str) -> Messages {
    let mut faults = Messages::new();
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
    if text.is_empty() {
        faults.push("must be non-empty".into());
    } else if !plain || digits.starts_with('0') && text != "0" {
        faults.push("must be a valid decimal integer in canonical form".into());
    }
    if text.parse::<i64>().is_err() {
        let unsigned = text.strip_prefix('+').unwrap_or(digits);
        let is_number = !unsigned.is_empty() && unsigned.bytes().all(|b| b.is_ascii_digit());
        let problem = if is_number {
            "value out of range"
        } else {
            "invalid syntax"
        };
        faults.push(format!("strconv.ParseInt: parsing {text:?}: {problem}").into());
    }
    faults
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
