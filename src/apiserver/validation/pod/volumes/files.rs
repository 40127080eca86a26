//! Volumes whose files come from objects: Secrets, ConfigMaps, the pod itself, a git repository.
//!
//! Mirrors `validateSecretVolumeSource`, `validateKeyToPath`, `validateDownwardAPIVolumeFile` and
//! their neighbours in `pkg/apis/core/validation/validation.go`.

use super::require;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::pod::downward::{
    FieldRows, validate_container_resource_field_selector, validate_object_field_selector,
};
use crate::apiserver::validation::pod::paths::{
    validate_local_descending_path, validate_local_non_reserved_path,
};
use crate::finding::Step;

/// `validVolumeDownwardAPIFieldPathExpressions`, sorted.
const FIELD_PATHS: [&str; 5] = [
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

const FIELD_ROWS: FieldRows = FieldRows {
    required: "ENV-06",
    unknown: "ENV-07",
    unsupported: "VOL-25",
    key: "ENV-09",
};

/// `validateGitRepoVolumeSource`.
pub fn validate_git_repo_volume_source(v: &mut Validation, git_repo: &Field<'_, '_>) {
    require(v, "VOL-49", &git_repo.key("repository"));
    let directory = git_repo.key("directory");
    validate_local_descending_path(v, "VOL-49", &directory, directory.text());
}

/// `validateSecretVolumeSource`.
pub fn validate_secret_volume_source(v: &mut Validation, secret: &Field<'_, '_>) {
    require(v, "VOL-10", &secret.key("secretName"));
    validate_file_mode(v, "VOL-11", &secret.key("defaultMode"));
    validate_user_field(v, &secret.key("defaultUser"));
    for item in secret.key("items").items() {
        validate_key_to_path(v, &item);
    }
}

/// `validateConfigMapVolumeSource`.
pub fn validate_config_map_volume_source(v: &mut Validation, config_map: &Field<'_, '_>) {
    require(v, "VOL-12", &config_map.key("name"));
    validate_file_mode(v, "VOL-13", &config_map.key("defaultMode"));
    validate_user_field(v, &config_map.key("defaultUser"));
    for item in config_map.key("items").items() {
        validate_key_to_path(v, &item);
    }
}

/// `validateKeyToPath`.
pub fn validate_key_to_path(v: &mut Validation, item: &Field<'_, '_>) {
    require(v, "VOL-14", &item.key("key"));
    let path = item.key("path");
    require(v, "VOL-15", &path);
    validate_local_non_reserved_path(v, "VOL-16", &path, path.text());
    validate_file_mode(v, "VOL-17", &item.key("mode"));
    validate_user_field(v, &item.key("user"));
}

/// The check of modes, wherever they are.
pub fn validate_file_mode(v: &mut Validation, row: &'static str, mode: &Field<'_, '_>) {
    if !(0..=0o777).contains(&mode.int()) {
        let detail = "must be a number between 0 and 0777 (octal), both inclusive";
        v.invalid(row, mode, detail);
    }
}

/// `validateUserField`. Its gate is off in every minor, but where a volume has more than one source
/// the field is only dropped from the first.
pub fn validate_user_field(v: &mut Validation, user: &Field<'_, '_>) {
    if !(0..=i64::from(i32::MAX)).contains(&user.int()) {
        let detail = "must be between 0 and 2147483647, inclusive";
        v.invalid("VOL-64", user, detail);
    }
}

/// `validateDownwardAPIVolumeSource`. Its files are reported at the volume, without their index.
pub fn validate_downward_api_volume_source(v: &mut Validation, downward: &Field<'_, '_>) {
    validate_file_mode(v, "VOL-20", &downward.key("defaultMode"));
    validate_user_field(v, &downward.key("defaultUser"));
    for file in downward.key("items").items() {
        validate_downward_api_volume_file(v, downward, &file);
    }
}

/// `validateDownwardAPIVolumeFile`; `at` is where upstream reports it.
pub fn validate_downward_api_volume_file(
    v: &mut Validation,
    at: &Field<'_, '_>,
    file: &Field<'_, '_>,
) {
    let part = |key| at.child(Step::Key(key), file.key(key).value());
    let path = part("path");
    require(v, "VOL-21", &path);
    validate_local_non_reserved_path(v, "VOL-21", &path, path.text());
    let field = part("fieldRef");
    let resource = part("resourceFieldRef");
    if field.is_set() {
        validate_object_field_selector(v, &field, &FIELD_PATHS, FIELD_ROWS);
        if resource.is_set() {
            let detail = "fieldRef and resourceFieldRef can not be specified simultaneously";
            v.invalid("VOL-22", at, detail).with(file, "the file");
        }
    } else if resource.is_set() {
        validate_container_resource_field_selector(v, &resource, Some("VOL-26"));
    } else {
        let detail = "one of fieldRef and resourceFieldRef is required";
        v.required("VOL-23", at, detail).with(file, "the file");
    }
    validate_file_mode(v, "VOL-24", &part("mode"));
    validate_user_field(v, &part("user"));
}
