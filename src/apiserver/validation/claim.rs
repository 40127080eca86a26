//! PersistentVolumeClaims, and the claims in templates of StatefulSets and ephemeral volumes.
//!
//! Mirrors `ValidatePersistentVolumeClaim` and what it calls in
//! `pkg/apis/core/validation/validation.go`. Not here: what depends on what the cluster made of
//! an older claim, its class for attributes of volumes above all.

use super::format::{is_dns1123_label, is_dns1123_subdomain};
use super::labels::{SelectorOptions, validate_label_selector};
use super::meta::{
    name_is_dns_subdomain, validate_annotations, validate_immutable_field, validate_object_meta,
    validate_object_meta_update,
};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::finding::Step;
use crate::object::quantity::Quantity;

const ACCESS_MODES: [&str; 4] = [
    "ReadOnlyMany",
    "ReadWriteMany",
    "ReadWriteOnce",
    "ReadWriteOncePod",
];
/// `BetaStorageClassAnnotation`.
pub const BETA_STORAGE_CLASS: &str = "volume.beta.kubernetes.io/storage-class";

/// `PersistentVolumeClaimSpecValidationOptions`.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClaimOptions {
    allow_invalid_label_values: bool,
    allow_invalid_api_group: bool,
    volume_attributes_class: bool,
}

impl ClaimOptions {
    /// `ValidationOptionsForPersistentVolumeClaim`.
    pub fn of_claim(v: &Validation, old: Option<&Field<'_, '_>>) -> Self {
        let mut options = Self::of_template(v, old);
        if let Some(spec) = old.map(|old| old.key("spec")) {
            let has_group = |key| spec.key(key).key("apiGroup").is_set();
            options.allow_invalid_api_group = has_group("dataSource") || has_group("dataSourceRef");
            options.volume_attributes_class |= spec.key("volumeAttributesClassName").is_set();
        }
        options
    }

    /// `ValidationOptionsForPersistentVolumeClaimTemplate`.
    pub fn of_template(v: &Validation, old: Option<&Field<'_, '_>>) -> Self {
        let allow_invalid_label_values = old.is_some_and(|old| {
            let spec = old.key("spec");
            let selector = spec.key("selector");
            let mut trial = Validation::new(v.gates);
            validate_label_selector(&mut trial, &selector, SelectorOptions::default());
            !trial.errors.is_empty()
        });
        Self {
            allow_invalid_label_values,
            allow_invalid_api_group: false,
            volume_attributes_class: v.gates.volume_attributes_class,
        }
    }
}

/// `Validate` of the claims' strategy.
pub fn validate_persistent_volume_claim_create(v: &mut Validation, claim: &Field<'_, '_>) {
    let options = ClaimOptions::of_claim(v, None);
    validate_persistent_volume_claim(v, claim, &options);
}

/// `ValidatePersistentVolumeClaim`.
fn validate_persistent_volume_claim(
    v: &mut Validation,
    claim: &Field<'_, '_>,
    options: &ClaimOptions,
) {
    validate_object_meta(v, &claim.key("metadata"), true, name_is_dns_subdomain);
    validate_persistent_volume_claim_spec(v, &claim.key("spec"), options);
}

/// `ValidatePersistentVolumeClaimTemplate`.
pub fn validate_persistent_volume_claim_template(
    v: &mut Validation,
    template: &Field<'_, '_>,
    options: &ClaimOptions,
) {
    validate_template_object_meta(v, &template.key("metadata"));
    validate_persistent_volume_claim_spec(v, &template.key("spec"), options);
}

/// `ValidateTemplateObjectMeta`.
fn validate_template_object_meta(v: &mut Validation, metadata: &Field<'_, '_>) {
    validate_annotations(v, &metadata.key("annotations"));
    super::labels::validate_labels(v, &metadata.key("labels"));
    // `validateFieldAllowList`, in the order of `ObjectMeta`'s fields.
    const OTHERS: [&str; 13] = [
        "name",
        "generateName",
        "namespace",
        "selfLink",
        "uid",
        "resourceVersion",
        "generation",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "ownerReferences",
        "finalizers",
        "managedFields",
    ];
    for key in OTHERS {
        let field = metadata.key(key);
        let pointer = matches!(key, "deletionTimestamp" | "deletionGracePeriodSeconds");
        let list = matches!(key, "ownerReferences" | "finalizers" | "managedFields");
        let zero = match field.value() {
            None => true,
            Some(_) if pointer || list => !field.is_set(),
            Some(_) => field.text().is_empty() || (key == "generation" && field.int() == 0),
        };
        if !zero {
            // Upstream makes the name of the field of Go's `UID`.
            let field = field.renamed(if key == "uid" { "uID" } else { key });
            v.forbidden("VOL-43", &field, "cannot be set");
        }
    }
}

/// `ValidatePersistentVolumeClaimSpec`.
pub fn validate_persistent_volume_claim_spec(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    options: &ClaimOptions,
) {
    let modes = spec.key("accessModes");
    if modes.is_empty() {
        v.required("PVC-01", &modes, "at least 1 access mode is required");
    }
    let selector_options = SelectorOptions {
        allow_invalid_values: options.allow_invalid_label_values,
    };
    validate_label_selector(v, &spec.key("selector"), selector_options);
    validate_access_modes(v, &modes);
    let resources = spec.key("resources");
    let requests = resources.key("requests");
    let storage = requests.entry("storage");
    let storage_path = resources.child(Step::MapKey("storage"), storage.value());
    match storage.value() {
        None => {
            v.required("PVC-05", &storage_path, "");
        }
        Some(size) if size.quantity().sign() <= 0 => {
            v.invalid("PVC-06", &storage_path, "must be greater than zero");
        }
        Some(_) => {}
    }
    validate_class_name(v, "PVC-08", &spec.key("storageClassName"));
    let mode = spec.key("volumeMode");
    if mode.is_set() && !matches!(mode.text(), "Block" | "Filesystem") {
        v.not_supported("PVC-09", &mode, &["Block", "Filesystem"]);
    }
    validate_data_sources(v, spec, options);
    if options.volume_attributes_class {
        validate_class_name(v, "PVC-15", &spec.key("volumeAttributesClassName"));
    }
}

/// The modes are reported at their list, without their index.
fn validate_access_modes(v: &mut Validation, modes: &Field<'_, '_>) {
    let (mut exclusive, mut shared) = (false, false);
    for mode in modes.items() {
        let known = ACCESS_MODES.contains(&mode.text());
        if !known {
            v.not_supported("PVC-02", modes, &ACCESS_MODES)
                .of(mode.text())
                .with(&mode, "the mode");
        }
        if mode.text() == "ReadWriteOncePod" {
            exclusive = true;
        } else {
            shared |= known;
        }
    }
    if exclusive && shared {
        let detail = "may not use ReadWriteOncePod with other access modes";
        v.forbidden("PVC-03", modes, detail);
    }
}

/// `ValidateClassName`.
fn validate_class_name(v: &mut Validation, row: &'static str, class: &Field<'_, '_>) {
    if !class.text().is_empty() {
        v.invalid_each(row, class, name_is_dns_subdomain(class.text(), false));
    }
}

fn validate_data_sources(v: &mut Validation, spec: &Field<'_, '_>, options: &ClaimOptions) {
    let source = spec.key("dataSource");
    let reference = spec.key("dataSourceRef");
    if source.is_set() {
        validate_data_source(v, &source, options);
    }
    if reference.is_set() {
        validate_data_source(v, &reference, options);
        let namespace = reference.key("namespace");
        if !namespace.text().is_empty() {
            v.invalid_each("PVC-13", &namespace, is_dns1123_label(namespace.text()));
        }
    }
    if !(source.is_set() && reference.is_set()) {
        return;
    }
    let same = |key| source.key(key).text_pointer() == reference.key(key).text_pointer();
    if !reference.key("namespace").text().is_empty() {
        let detail = "may not be specified when dataSourceRef.namespace is specified";
        v.invalid("PVC-14", spec, detail);
    } else if !(same("apiGroup") && same("kind") && same("name")) {
        v.invalid("PVC-14", spec, "must match dataSourceRef")
            .with(&source, "dataSource")
            .with(&reference, "dataSourceRef");
    }
}

/// `validateDataSource` and what `validateDataSourceRef` shares with it.
fn validate_data_source(v: &mut Validation, source: &Field<'_, '_>, options: &ClaimOptions) {
    for key in ["name", "kind"] {
        let field = source.key(key);
        if field.text().is_empty() {
            v.required("PVC-10", &field, "");
        }
    }
    let group = source.key("apiGroup");
    if group.text().is_empty() && source.key("kind").text() != "PersistentVolumeClaim" {
        let detail = "must be 'PersistentVolumeClaim' when referencing the default apiGroup";
        v.invalid("PVC-11", source, detail);
    }
    if !group.text().is_empty() && !options.allow_invalid_api_group {
        v.invalid_each("PVC-12", &group, is_dns1123_subdomain(group.text()));
    }
}

/// `ValidateUpdate` of the claims' strategy.
pub fn validate_persistent_volume_claim_put(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
) {
    let options = ClaimOptions::of_claim(v, Some(old));
    if v.gates.claims_are_validated_twice {
        validate_persistent_volume_claim(v, new, &options);
    }
    validate_persistent_volume_claim_update(v, new, old, &options);
}

/// `ValidatePersistentVolumeClaimUpdate`.
fn validate_persistent_volume_claim_update(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
    options: &ClaimOptions,
) {
    let (new_metadata, old_metadata) = (new.key("metadata"), old.key("metadata"));
    validate_object_meta_update(v, &new_metadata, &old_metadata);
    validate_persistent_volume_claim(v, new, options);
    let (new_spec, old_spec) = (new.key("spec"), old.key("spec"));
    let classes = Classes {
        new: new_spec.key("storageClassName").text_pointer(),
        old: old_spec.key("storageClassName").text_pointer(),
        new_annotation: beta_class(&new_metadata),
        old_annotation: beta_class(&old_metadata),
    };
    if !classes.upgrade_from_annotation() {
        validate_immutable_annotation(v, &new_metadata, &classes);
    }
    validate_spec_is_unchanged(v, &new_spec, &old_spec, &classes);
    validate_size(v, new, old);
    let mode = new.child(Step::Key("volumeMode"), new_spec.key("volumeMode").value());
    validate_immutable_field(v, "PVU-04", &mode, &old_spec.key("volumeMode"));
}

/// The storage classes of a claim, before and after.
struct Classes<'v> {
    new: Option<&'v str>,
    old: Option<&'v str>,
    new_annotation: Option<&'v str>,
    old_annotation: Option<&'v str>,
}

impl Classes<'_> {
    /// `validateStorageClassUpgradeFromAnnotation`.
    fn upgrade_from_annotation(&self) -> bool {
        self.old_annotation.is_some()
            && self.old.is_none()
            && self.new == self.old_annotation
            && (self.new_annotation.is_none() || self.new_annotation == self.old_annotation)
    }

    /// `validateStorageClassUpgradeFromNil`.
    fn upgrade_from_nil(&self) -> bool {
        self.new.is_some()
            && self.old.is_none()
            && (self.old_annotation.is_none() || self.new == self.old_annotation)
    }
}

fn beta_class<'v>(metadata: &Field<'_, 'v>) -> Option<&'v str> {
    let annotations = metadata.key("annotations").value()?;
    annotations
        .entry(BETA_STORAGE_CLASS)
        .map(|class| class.text())
}

/// `ValidateImmutableAnnotation`.
fn validate_immutable_annotation(
    v: &mut Validation,
    metadata: &Field<'_, '_>,
    classes: &Classes<'_>,
) {
    if classes.new_annotation.unwrap_or_default() != classes.old_annotation.unwrap_or_default() {
        let annotations = metadata.key("annotations");
        let class = annotations.entry(BETA_STORAGE_CLASS).value();
        let field = annotations.child(Step::Key(BETA_STORAGE_CLASS), class);
        v.invalid("PVU-03", &field, "field is immutable");
    }
}

/// Upstream's detail goes on with a printed difference, which is left out. A claim that is bound
/// may change its size and its class for attributes of volumes, but only the cluster knows.
fn validate_spec_is_unchanged(
    v: &mut Validation,
    new: &Field<'_, '_>,
    old: &Field<'_, '_>,
    classes: &Classes<'_>,
) {
    let class_may_change = classes.upgrade_from_annotation() || classes.upgrade_from_nil();
    let volume_may_change = old.key("volumeName").text().is_empty();
    let allowed = |key: &str| match key {
        "storageClassName" => class_may_change,
        "volumeName" => volume_may_change,
        _ => false,
    };
    let keys = new.keys().chain(old.keys());
    let differs = |key: &&str| {
        let (new, old) = (new.key(key), old.key(key));
        // All but these are pointers: what is empty isn't what is absent.
        let no_pointer = matches!(*key, "accessModes" | "volumeName" | "resources");
        !allowed(key) && (!new.equals(&old) || (!no_pointer && new.is_set() != old.is_set()))
    };
    let mut differing = keys.filter(differs);
    if let Some(key) = differing.next() {
        let if_bound = |key: &str| match key {
            "volumeAttributesClassName" => true,
            "resources" => only_requests_differ(&new.key(key), &old.key(key)),
            _ => false,
        };
        let row = if if_bound(key) && differing.all(if_bound) {
            "PVU-09"
        } else {
            "PVU-01"
        };
        let detail = "spec is immutable after creation except resources.requests and \
                      volumeAttributesClassName for bound claims";
        v.forbidden(row, new, detail)
            .with(&new.key(key), "the new value")
            .with(&old.key(key), "the old value");
    }
}

fn only_requests_differ(new: &Field<'_, '_>, old: &Field<'_, '_>) -> bool {
    new.key("limits").equals(&old.key("limits"))
}

fn validate_size(v: &mut Validation, new: &Field<'_, '_>, old: &Field<'_, '_>) {
    let size_of = |claim: &Field<'_, '_>| {
        let requests = claim.value()?.at(&["spec", "resources", "requests"])?;
        requests.entry("storage").map(|size| size.quantity())
    };
    let new_size = size_of(new).unwrap_or_default();
    let old_size = size_of(old).unwrap_or_default();
    if new_size >= old_size {
        return;
    }
    let (spec, old_spec) = (new.key("spec"), old.key("spec"));
    let (resources, old_resources) = (spec.key("resources"), old_spec.key("resources"));
    let (requests, old_requests) = (resources.key("requests"), old_resources.key("requests"));
    let field = requests.key("storage");
    let detail = if !v.gates.recover_volume_expansion_failure {
        "field can not be less than previous value"
    } else if new_size <= Quantity::default() {
        // The capacity of a claim that has no volume yet.
        "field can not be less than status.capacity"
    } else {
        return;
    };
    v.forbidden("PVU-02", &field, detail)
        .with(&old_requests.key("storage"), "the old value");
}
