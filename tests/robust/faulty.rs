//! Objects with more faults than are told.

/// An object and what is to be said of it.
pub struct Case {
    pub text: String,
    /// How many findings there are at least.
    pub at_least: usize,
    /// Not all is told.
    pub cut_off: bool,
    /// How what the server says begins; empty: nothing that it says is told.
    pub answer: &'static str,
}

pub fn cases() -> Vec<Case> {
    let mut cases = not_decoding();
    // Each lacks a name and an image, and all but the first have the name of another.
    cases.push(case(containers("{}", 300), 899, false, "422"));
    cases.push(case(containers("{}", 10_000), 2_000, true, "422"));
    // The server takes empty zones, but not the second endpoint.
    cases.push(case(endpoints(10), 1, false, "422"));
    cases.push(case(endpoints(10_000), 0, true, ""));
    // Each but the first hides another, which the server warns of; what merges by key loses it.
    cases.push(case(variables(1_001), 2_000, false, "299"));
    cases.push(case(variables(1_002), 2_001, true, "299"));
    cases
}

/// What doesn't decode is told, whatever else there is.
fn not_decoding() -> Vec<Case> {
    let not = "400 json: cannot unmarshal";
    let network = many("containers", "{}", 10_000) + r#","hostNetwork":"yes""#;
    let not_network = "400 json: cannot unmarshal string into Go struct field PodSpec.spec.hostN";
    // The server tells unknown fields last, and looks at sorted keys.
    let phase = containers(r#"{"unknown":1}"#, 10_000);
    let phase = phase.replace(r#""spec""#, r#""status":{"phase":5},"spec""#);
    let not_phase = "400 json: cannot unmarshal number into Go struct field PodStatus.status.phase";
    let name = containers("1", 10_000).replace(r#""a""#, "5");
    let not_name =
        "400 json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name";
    // A long value isn't told with each of the others.
    let time = format!(r#""a","creationTimestamp":"{}""#, "x".repeat(100_000));
    let time = containers("1", 900).replace(r#""a""#, &time);
    vec![
        case(containers("1", 300), 300, false, not),
        case(containers("1", 10_000), 1_000, true, not),
        case(pod(&network), 1, true, not_network),
        case(phase, 1_000, true, not_phase),
        case(name, 1_000, true, not_name),
        case(time, 900, false, "400 parsing time"),
    ]
}

fn case(text: String, at_least: usize, cut_off: bool, answer: &'static str) -> Case {
    Case {
        text,
        at_least,
        cut_off,
        answer,
    }
}

fn containers(each: &str, times: usize) -> String {
    pod(&many("containers", each, times))
}

/// An object with so many containers that have no name.
pub fn nameless(times: usize) -> String {
    containers("{}", times)
}

/// One with so many equal variables, which the server takes.
pub fn variables(times: usize) -> String {
    let variables = many("env", r#"{"name":"a","value":"b"}"#, times);
    pod(&format!(
        r#""containers":[{{"name":"a","image":"a:1",{variables}}}]"#
    ))
}

fn pod(spec: &str) -> String {
    format!(r#"{{"apiVersion":"v1","kind":"Pod","metadata":{{"name":"a"}},"spec":{{{spec}}}}}"#)
}

fn endpoints(zones: usize) -> String {
    let zones = many("forZones", "{}", zones);
    format!(
        r#"{{"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{{"name":"a"}},
        "addressType":"IPv4","endpoints":[{{"addresses":["10.0.0.1"],"hints":{{{zones}}}}},{{}}]}}"#
    )
}

fn many(key: &str, each: &str, times: usize) -> String {
    format!(r#""{key}":[{}]"#, vec![each; times].join(","))
}
