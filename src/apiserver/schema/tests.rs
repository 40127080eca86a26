//! What the built-in table holds, in samples.

use super::*;

#[test]
fn finds_kinds_by_minor() {
    let table = Table::builtin();
    let deployment = table.kind(Minor::OLDEST, "apps", "v1", "Deployment");
    let deployment = deployment.expect("served");
    assert!(deployment.namespaced && !deployment.custom);
    assert_eq!(deployment.name(), "Deployment");
    assert_eq!(deployment.minors.len(), 9);
    let flow = table.minors("flowcontrol.apiserver.k8s.io", "v1beta3", "FlowSchema");
    assert_eq!(flow.to_string(), "1.29, 1.30, 1.31");
    assert!(
        table
            .kind(Minor::NEWEST, "apps", "v1", "Deploymint")
            .is_none()
    );
    assert!(
        !table
            .kind(Minor::NEWEST, "", "v1", "Node")
            .expect("served")
            .namespaced
    );
}

#[test]
fn knows_its_groups() {
    let table = Table::builtin();
    for group in [
        "",
        "apps",
        "extensions",
        "settings.k8s.io",
        "storage.k8s.io",
    ] {
        assert!(table.has_group(group), "{group}");
    }
    assert!(!table.has_group("cert-manager.io"));
}

#[test]
fn fields_belong_to_minors() {
    let table = Table::builtin();
    let pod = table
        .kind(Minor::NEWEST, "", "v1", "Pod")
        .expect("served")
        .root;
    let Shape::Struct(pod) = pod.shape() else {
        panic!("a struct")
    };
    let spec = pod.field(Minor::OLDEST, "spec").expect("has a spec");
    let Shape::Struct(spec) = spec.of().shape() else {
        panic!("a struct")
    };
    assert_eq!(spec.name(), "PodSpec");
    assert!(spec.field(Minor::OLDEST, "resources").is_none());
    let resources = spec.field(Minor::NEWEST, "resources").expect("is newer");
    assert_eq!(resources.go_type(), (None, "v1.ResourceRequirements"));
    assert!(
        spec.field(Minor::OLDEST, "containers")
            .expect("old")
            .is_required(Minor::OLDEST)
    );
}

#[test]
fn finds_every_field_and_all_that_is_required() {
    let table = Table::builtin();
    let mut open: Vec<Type<'_>> = table.all_kinds().map(|kind| kind.root).collect();
    let mut seen = std::collections::BTreeSet::new();
    while let Some(of) = open.pop() {
        if !seen.insert(of.at) {
            continue;
        }
        let fields = match of.shape() {
            Shape::Struct(fields) => fields,
            Shape::List(list) => {
                open.push(list.item());
                continue;
            }
            Shape::Scalar(_) | Shape::Enum(_) => continue,
        };
        open.push(fields.rest());
        open.extend(fields.fields().map(Field::of));
        for minor in Minor::all() {
            let existing = fields.fields().filter(|field| field.exists(minor));
            for field in existing {
                let found = fields.field(minor, field.name());
                assert_eq!(found.map(Field::name), Some(field.name()));
            }
            let named = fields.required(minor).map(Field::name);
            let marked = fields.fields().filter(|field| field.is_required(minor));
            assert!(named.eq(marked.map(Field::name)), "{}", fields.name());
        }
        assert!(fields.field(Minor::NEWEST, "no such field").is_none());
    }
    assert!(seen.len() > 1000, "{} types", seen.len());
}
