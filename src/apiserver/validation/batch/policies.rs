//! The policies of a Job: which failures of pods count, and what is a success.

use std::collections::HashSet;

use crate::apiserver::decode::quote;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::apps::validate_nonnegative_field;
use crate::apiserver::validation::format::is_qualified_name;
use crate::apiserver::validation::seen::Seen;

/// `maxPodFailurePolicyRules`, `maxPodFailurePolicyOnPodConditionsPatterns` and
/// `maxSuccessPolicyRule`.
const RULES_MAX: usize = 20;
/// `maxPodFailurePolicyOnExitCodesValues`.
const EXIT_CODES_MAX: usize = 255;
/// `maxJobSuccessPolicySucceededIndexesLimit`.
const SUCCEEDED_INDEXES_BYTES_MAX: usize = 64 << 10;

/// `validatePodFailurePolicy`, where there is one.
pub fn validate_pod_failure_policy(v: &mut Validation, spec: &Field<'_, '_>) {
    let policy = spec.key("podFailurePolicy");
    let rules = policy.key("rules");
    // Most Jobs have none, and need no names of containers.
    if rules.is_empty() {
        return;
    }
    if rules.len() > RULES_MAX {
        v.too_many("JOB-15", &rules, RULES_MAX);
    }
    let template = spec.key("template");
    let pod = template.key("spec");
    let lists = ["containers", "initContainers"].map(|list| pod.key(list));
    let containers = lists.iter().flat_map(Field::items);
    let containers = containers.map(|container| container.key("name").text());
    let containers: HashSet<&str> = containers.collect();
    for rule in rules.items() {
        validate_pod_failure_policy_rule(v, spec, &rule, &containers);
    }
}

/// `validatePodFailurePolicyRule`.
fn validate_pod_failure_policy_rule(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    rule: &Field<'_, '_>,
    containers: &HashSet<&str>,
) {
    let action = rule.key("action");
    let per_index = spec.key("backoffLimitPerIndex");
    match action.text() {
        "" => {
            let detail = "valid values: [\"Count\" \"FailIndex\" \"FailJob\" \"Ignore\"]";
            v.required("JOB-16", &action, detail);
        }
        "FailIndex" if !per_index.is_set() => {
            let detail = "requires the backoffLimitPerIndex to be set";
            v.invalid("JOB-16", &action, detail)
                .with(&per_index, "backoffLimitPerIndex");
        }
        "Count" | "FailIndex" | "FailJob" | "Ignore" => {}
        _ => {
            let supported = ["Count", "FailIndex", "FailJob", "Ignore"];
            v.not_supported("JOB-16", &action, &supported);
        }
    }
    let (codes, conditions) = (rule.key("onExitCodes"), rule.key("onPodConditions"));
    if codes.is_set() {
        validate_on_exit_codes(v, &codes, containers);
    }
    if conditions.len() > RULES_MAX {
        v.too_many("JOB-21", &conditions, RULES_MAX);
    }
    for pattern in conditions.items() {
        validate_on_pod_condition(v, &pattern);
    }
    match (codes.is_set(), !conditions.is_empty()) {
        (true, true) => {
            let detail = "specifying both OnExitCodes and OnPodConditions is not supported";
            v.invalid("JOB-17", rule, detail);
        }
        (false, false) => {
            let detail = "specifying one of OnExitCodes and OnPodConditions is required";
            v.invalid("JOB-17", rule, detail);
        }
        _ => {}
    }
}

/// A pattern of `validatePodFailurePolicyRuleOnPodConditions`.
fn validate_on_pod_condition(v: &mut Validation, pattern: &Field<'_, '_>) {
    let kind = pattern.key("type");
    let wrong = is_qualified_name(kind.text(), &v.gates);
    v.invalid_each("JOB-21", &kind, wrong);
    let status = pattern.key("status");
    match status.text() {
        "" => {
            let detail = "valid values: [\"False\" \"True\" \"Unknown\"]";
            v.required("JOB-21", &status, detail);
        }
        "False" | "True" | "Unknown" => {}
        _ => {
            v.not_supported("JOB-21", &status, &["False", "True", "Unknown"]);
        }
    }
}

/// `validatePodFailurePolicyRuleOnExitCodes`.
fn validate_on_exit_codes(v: &mut Validation, codes: &Field<'_, '_>, containers: &HashSet<&str>) {
    let operator = codes.key("operator");
    match operator.text() {
        "" => {
            v.required("JOB-18", &operator, "valid values: [\"In\" \"NotIn\"]");
        }
        "In" | "NotIn" => {}
        _ => {
            v.not_supported("JOB-18", &operator, &["In", "NotIn"]);
        }
    }
    let container = codes.key("containerName");
    if container.is_set() && !containers.contains(container.text()) {
        let detail = "must be one of the container or initContainer names in the pod template";
        v.invalid("JOB-19", &container, detail);
    }
    let values = codes.key("values");
    if values.is_empty() {
        v.invalid("JOB-20", &values, "at least one value is required");
    } else if values.len() > EXIT_CODES_MAX {
        v.too_many("JOB-20", &values, EXIT_CODES_MAX);
    }
    let mut seen = Seen::new();
    let (mut before, mut ordered) = (i64::MIN, true);
    for value in values.items() {
        let code = value.int();
        if operator.text() == "In" && code == 0 {
            v.invalid("JOB-20", &value, "must not be 0 for the In operator");
        }
        if !seen.insert(code) {
            v.duplicate("JOB-20", &value);
        }
        ordered &= before <= code;
        before = code;
    }
    if !ordered {
        v.invalid("JOB-20", &values, "must be ordered");
    }
}

/// `validateSuccessPolicy`.
pub fn validate_success_policy(v: &mut Validation, spec: &Field<'_, '_>, policy: &Field<'_, '_>) {
    let rules = policy.key("rules");
    if rules.is_empty() {
        let detail = "at least one rules must be specified when the successPolicy is specified";
        v.required("JOB-12", &rules, detail);
    }
    if rules.len() > RULES_MAX {
        v.too_many("JOB-12", &rules, RULES_MAX);
    }
    let completions = spec.key("completions");
    // The server's code fails without completions, which it asks for anyway.
    if completions.is_set() {
        for rule in rules.items() {
            validate_success_policy_rule(v, &rule, &completions);
        }
    }
}

/// `validateSuccessPolicyRule`.
fn validate_success_policy_rule(
    v: &mut Validation,
    rule: &Field<'_, '_>,
    completions: &Field<'_, '_>,
) {
    let (count, indexes) = (rule.key("succeededCount"), rule.key("succeededIndexes"));
    if !count.is_set() && !indexes.is_set() {
        let detail = "at least one of succeededCount or succeededIndexes must be specified";
        v.required("JOB-13", rule, detail);
    }
    let mut total = 0;
    if indexes.is_set() {
        if indexes.text().len() > SUCCEEDED_INDEXES_BYTES_MAX {
            v.too_long("JOB-14", &indexes, SUCCEEDED_INDEXES_BYTES_MAX);
        }
        match validate_indexes_format(indexes.text(), completions.int()) {
            Ok(indexes) => total = indexes,
            Err(err) => {
                let detail = format!("error parsing succeededIndexes: {err}");
                v.invalid("JOB-14", &indexes, detail)
                    .with(completions, "completions");
            }
        }
    }
    validate_nonnegative_field(v, "JOB-14", &count);
    if count.int() > completions.int() && count.is_set() {
        let detail = format!(
            "must be less than or equal to {} (the number of specified completions)",
            completions.int()
        );
        v.invalid("JOB-14", &count, detail)
            .with(completions, "completions");
    }
    if count.is_set() && indexes.is_set() && count.int() > total {
        let detail = format!(
            "must be less than or equal to {total} (the number of indexes in the specified \
             succeededIndexes field)"
        );
        v.invalid("JOB-14", &count, detail)
            .with(&indexes, "succeededIndexes");
    }
}

/// `validateIndexesFormat`: how many indexes there are.
fn validate_indexes_format(indexes: &str, completions: i64) -> Result<i64, String> {
    if indexes.is_empty() {
        return Ok(0);
    }
    let mut last = None;
    let mut total = 0;
    for interval in indexes.split(',') {
        let (first, end) = parse_index_interval(interval, completions)?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(not_increasing(last, first));
        }
        total += end - first + 1;
        last = Some(end);
    }
    Ok(total)
}

/// `parseIndexInterval`.
fn parse_index_interval(interval: &str, completions: i64) -> Result<(i64, i64), String> {
    let index = |text: &str| {
        let index = text.parse::<i64>().map_err(|_| {
            format!(
                "cannot convert string to integer for index: {}",
                quote(text)
            )
        })?;
        if index >= completions {
            return Err(format!("too large index: {}", quote(text)));
        }
        Ok(index)
    };
    match interval.split_once('-') {
        None => index(interval).map(|index| (index, index)),
        Some((_, end)) if end.contains('-') => Err(format!(
            "the fragment {} violates the requirement that an index interval can have at most two \
             parts separated by '-'",
            quote(interval)
        )),
        Some((first, end)) => {
            let (first, end) = (index(first)?, index(end)?);
            if first >= end {
                return Err(not_increasing(first, end));
            }
            Ok((first, end))
        }
    }
}

fn not_increasing(previous: i64, current: i64) -> String {
    format!("non-increasing order, previous: {previous}, current: {current}")
}
