//! Files that nest nearly as deep as kubectl reads, wherever something walks over values.

/// A name and its text, each.
pub fn files() -> Vec<(&'static str, String)> {
    let mut files = objects();
    files.extend(definitions());
    files.extend(others());
    files
}

fn objects() -> Vec<(&'static str, String)> {
    let (lists, maps, aliases) = (lists(), maps(), aliases());
    let pod = format!("{{containers: [{{name: {lists}, env: {maps}}}], volumes: {lists}}}");
    let workload = format!("spec: {{template: {{spec: {pod}}}, selector: {maps}}}");
    let spec = format!("spec: {lists}");
    let pod = format!("spec: {pod}\n{aliases}");
    let secret = format!("data: {maps}\n{aliases}");
    let service = format!("spec: {{ports: {lists}}}");
    vec![
        (
            "deployment.yaml",
            object("apps/v1", "Deployment", &workload),
        ),
        ("set.yaml", object("apps/v1", "StatefulSet", &workload)),
        ("cron.yaml", object("batch/v1", "CronJob", &spec)),
        ("pod.yaml", object("v1", "Pod", &pod)),
        ("secret.yaml", object("v1", "Secret", &secret)),
        ("service.yaml", object("v1", "Service", &service)),
        ("other.yaml", object("other.io/v1", "Other", &spec)),
    ]
}

/// Types that contain themselves, and such as nest as deep as the objects.
fn definitions() -> Vec<(&'static str, String)> {
    let schema = |word: &str| nest(&format!("{{type: object, {word}: "), 9_900, "{}", "}");
    let properties = nest("{type: object, properties: {a: ", 4_900, "{}", "}}");
    let crd = |kind: &str, schema: &str| {
        let version = format!("{{name: v1, served: true, schema: {{openAPIV3Schema: {schema}}}}}");
        let names = format!("group: deep.io, names: {{kind: {kind}}}");
        let spec = format!("spec: {{{names}, versions: [{version}]}}");
        object("apiextensions.k8s.io/v1", "CustomResourceDefinition", &spec)
    };
    let custom = format!("a: {}", maps());
    vec![
        ("not.yaml", crd("Not", &schema("not"))),
        ("items.yaml", crd("Items", &schema("items"))),
        ("properties.yaml", crd("Properties", &properties)),
        ("custom.yaml", object("deep.io/v1", "Properties", &custom)),
    ]
}

fn others() -> Vec<(&'static str, String)> {
    let list = "{apiVersion: v1, kind: List, items: [";
    let (lists, maps, aliases) = (lists(), maps(), aliases());
    let kustomization = format!("resources: {lists}\npatches: {maps}\n{aliases}");
    vec![
        ("list.yaml", nest(list, 4_900, "{kind: Pod}", "]}")),
        ("dashes.yaml", format!("{}1\n", "- ".repeat(10_000))),
        ("questions.yaml", format!("{}1\n", "? ".repeat(10_000))),
        ("kustomization.yaml", kustomization),
        ("Chart.yaml", format!("name: {lists}\n")),
        ("json.yaml", nest("{\"kind\":", 10_000, "1", "}")),
        ("deeper.yaml", format!("a: {}", nest("[", 10_000, "1", "]"))),
    ]
}

fn object(api_version: &str, kind: &str, rest: &str) -> String {
    let metadata = format!("{{name: a, x: {}}}", maps());
    format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {metadata}\n{rest}\n")
}

fn lists() -> String {
    nest("[", 9_900, "1", "]")
}

fn maps() -> String {
    nest("{a: ", 9_900, "1", "}")
}

/// Values that only get as deep by following an alias.
fn aliases() -> String {
    let (a, b) = (nest("[", 5_000, "yes", "]"), nest("[", 4_900, "*a", "]"));
    format!("x: &a {a}\ny: &b {b}\nz: *b\n")
}

fn nest(open: &str, levels: usize, inside: &str, close: &str) -> String {
    format!("{}{inside}{}", open.repeat(levels), close.repeat(levels))
}
