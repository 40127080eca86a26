//! Environment variables of containers.
//!
//! Mirrors `ValidateEnv`, `ValidateEnvFrom` and `validateFileKeyRefVolumes` in
//! `pkg/apis/core/validation/validation.go`. Not here: the fields that variables may hold
//! (`downward`).

use super::downward::{
    FieldRows, validate_container_resource_field_selector, validate_object_field_selector,
};
use super::paths::validate_path_no_backsteps;
use super::{PodOptions, visit_containers_with_path};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{
    Messages, is_config_map_key, is_dns1123_label, is_dns1123_subdomain, is_env_var_name,
    is_relaxed_env_var_name, mask_trailing_dash,
};

/// `validEnvDownwardAPIFieldPathExpressions`.
const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

const FIELD_ROWS: FieldRows = FieldRows {
    required: "ENV-06",
    unknown: "ENV-07",
    unsupported: "ENV-08",
    key: "ENV-09",
};

/// `ValidateEnv`.
pub fn validate_env(v: &mut Validation, variables: &Field<'_, '_>, options: &PodOptions) {
    for variable in variables.items() {
        let name = variable.key("name");
        if name.text().is_empty() {
            v.required("ENV-01", &name, "");
        } else {
            v.invalid_each("ENV-02", &name, is_name(name.text(), options));
        }
        validate_env_var_value_from(v, &variable, options);
    }
}

/// `validateEnvVarValueFrom`.
fn validate_env_var_value_from(v: &mut Validation, variable: &Field<'_, '_>, options: &PodOptions) {
    let from = variable.key("valueFrom");
    if !from.is_set() {
        return;
    }
    let field = from.key("fieldRef");
    if field.is_set() {
        validate_object_field_selector(v, &field, &FIELDS, FIELD_ROWS);
    }
    let resource = from.key("resourceFieldRef");
    if resource.is_set() {
        validate_container_resource_field_selector(v, &resource, None);
    }
    let config_map = from.key("configMapKeyRef");
    if config_map.is_set() {
        validate_key_selector(v, &config_map);
    }
    let secret = from.key("secretKeyRef");
    if secret.is_set() {
        validate_key_selector(v, &secret);
    }
    let file = from.key("fileKeyRef");
    if file.is_set() {
        validate_file_key_selector(v, &file);
    }
    let sources = [field, resource, config_map, secret, file];
    let sources = sources.iter().filter(|source| source.is_set()).count();
    let value = variable.key("value");
    if sources == 0 {
        let detail = if options.allow_env_files_validation {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, \
             `secretKeyRef` or `fileKeyRef`"
        } else {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or \
             `secretKeyRef`"
        };
        v.invalid("ENV-03", &from, detail);
    } else if !value.text().is_empty() {
        let detail = "may not be specified when `value` is not empty";
        v.invalid("ENV-04", &from, detail).with(&value, "value");
    } else if sources > 1 {
        let detail = "may not have more than one field specified at a time";
        v.invalid("ENV-05", &from, detail);
    }
}

/// `validateConfigMapKeySelector` and `validateSecretKeySelector`.
fn validate_key_selector(v: &mut Validation, selector: &Field<'_, '_>) {
    let name = selector.key("name");
    v.invalid_each("ENV-12", &name, is_dns1123_subdomain(name.text()));
    let key = selector.key("key");
    if key.text().is_empty() {
        v.required("ENV-13", &key, "");
    } else {
        v.invalid_each("ENV-13", &key, is_config_map_key(key.text()));
    }
}

/// `validateFileKeySelector`.
fn validate_file_key_selector(v: &mut Validation, selector: &Field<'_, '_>) {
    let key = selector.key("key");
    if key.text().is_empty() {
        v.required("ENV-14", &key, "");
    } else {
        v.invalid_each("ENV-14", &key, is_relaxed_env_var_name(key.text()));
    }
    let volume = selector.key("volumeName");
    if volume.text().is_empty() {
        v.required("ENV-14", &volume, "");
    } else {
        v.invalid_each("ENV-14", &volume, is_dns1123_label(volume.text()));
    }
    let path = selector.key("path");
    if path.text().is_empty() {
        v.required("ENV-14", &path, "");
    } else {
        validate_path_no_backsteps(v, "ENV-14", &path, path.text());
    }
}

/// `ValidateEnvFrom`.
pub fn validate_env_from(v: &mut Validation, sources: &Field<'_, '_>, options: &PodOptions) {
    for source in sources.items() {
        let prefix = source.key("prefix");
        if !prefix.text().is_empty() {
            v.invalid_each("ENV-16", &prefix, is_name(prefix.text(), options));
        }
        let (config_map, secret) = (source.key("configMapRef"), source.key("secretRef"));
        for reference in [&config_map, &secret] {
            if reference.is_set() {
                validate_env_source(v, reference);
            }
        }
        // Upstream's paths miss the index.
        match (config_map.is_set(), secret.is_set()) {
            (false, false) => {
                let detail = "must specify one of: `configMapRef` or `secretRef`";
                v.invalid("ENV-17", sources, detail);
            }
            (true, true) => {
                let detail = "may not have more than one field specified at a time";
                v.invalid("ENV-17", sources, detail);
            }
            _ => {}
        }
    }
}

/// `validateConfigMapEnvSource` and `validateSecretEnvSource`.
fn validate_env_source(v: &mut Validation, source: &Field<'_, '_>) {
    let name = source.key("name");
    if name.text().is_empty() {
        v.required("ENV-18", &name, "");
    } else {
        let wrong = is_dns1123_subdomain(&mask_trailing_dash(name.text()));
        v.invalid_each("ENV-18", &name, wrong);
    }
}

/// `validateFileKeyRefVolumes`.
pub fn validate_file_key_ref_volumes(v: &mut Validation, spec: &Field<'_, '_>) {
    visit_containers_with_path(spec, |container| {
        for variable in container.key("env").items() {
            validate_file_key_ref_volume(v, spec, &variable);
        }
    });
}

fn validate_file_key_ref_volume(
    v: &mut Validation,
    spec: &Field<'_, '_>,
    variable: &Field<'_, '_>,
) {
    let from = variable.key("valueFrom");
    let file = from.key("fileKeyRef");
    if !file.is_set() {
        return;
    }
    let name = file.key("volumeName");
    let volumes = spec.key("volumes");
    // Of volumes with one name, upstream's map holds the last.
    let named = |volume: &Field<'_, '_>| volume.key("name").text() == name.text();
    match volumes.items().filter(named).last() {
        None => {
            v.not_found("ENV-15", &name);
        }
        Some(volume) if !volume.key("emptyDir").is_set() => {
            v.invalid(
                "ENV-15",
                &name,
                "referenced volume must be of type emptyDir",
            );
        }
        Some(_) => {}
    }
}

/// What is wrong with the name of a variable.
fn is_name(name: &str, options: &PodOptions) -> Messages {
    if options.allow_relaxed_environment_variable_validation {
        is_relaxed_env_var_name(name)
    } else {
        is_env_var_name(name)
    }
}
