//! Volumes and devices in containers.
//!
//! Mirrors `ValidateVolumeMounts` and `ValidateVolumeDevices` in
//! `pkg/apis/core/validation/validation.go`. Bind mount options are always dropped
//! (`VolumeBindMountOptions`), so nothing asks about them here.

use std::collections::{HashMap, HashSet};

use super::paths::{has_backsteps, validate_local_descending_path};
use super::volumes::{Volumes, is_claim};
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;

/// Where what is named stands in a container.
struct Places<'v> {
    names: HashMap<&'v str, &'v str>,
    /// The paths of `names`.
    paths: HashSet<&'v str>,
}

/// `ValidateVolumeMounts`.
pub fn validate_volume_mounts(
    v: &mut Validation,
    container: &Field<'_, '_>,
    volumes: &Volumes<'_>,
) {
    let mounts = container.key("volumeMounts");
    let devices = places(&container.key("volumeDevices"), "devicePath");
    let mut mount_points = Seen::new();
    for mount in mounts.items() {
        let name = mount.key("name");
        if name.text().is_empty() {
            v.required("CON-15", &name, "");
        }
        if !volumes.contains_key(name.text()) {
            v.not_found("CON-16", &name);
        }
        let path = mount.key("mountPath");
        if path.text().is_empty() {
            v.required("CON-17", &path, "");
        }
        if !mount_points.insert(path.text()) {
            v.invalid("CON-18", &path, "must be unique");
        }
        if devices.names.contains_key(name.text()) {
            v.invalid("CON-19", &name, "must not already exist in volumeDevices");
        }
        if devices.paths.contains(path.text()) {
            let detail = "must not already exist as a path in volumeDevices";
            v.invalid("CON-19", &path, detail);
        }
        validate_sub_paths(v, &mounts, &mount);
        validate_mount_propagation(v, &mounts, &mount, container);
        validate_mount_recursive_read_only(v, &mounts, &mount);
    }
}

/// The parts about `subPath` and `subPathExpr`. Upstream's paths miss the index.
fn validate_sub_paths(v: &mut Validation, mounts: &Field<'_, '_>, mount: &Field<'_, '_>) {
    let sub_path = mount.key("subPath");
    if !sub_path.text().is_empty() {
        let field = mounts.child(Step::Key("subPath"), sub_path.value());
        validate_local_descending_path(v, "CON-20", &field, sub_path.text());
    }
    let expression = mount.key("subPathExpr");
    if expression.text().is_empty() {
        return;
    }
    if !sub_path.text().is_empty() {
        let detail = "subPathExpr and subPath are mutually exclusive";
        v.invalid("CON-21", &expression, detail)
            .with(&sub_path, "subPath");
    }
    let field = mounts.child(Step::Key("subPathExpr"), expression.value());
    validate_local_descending_path(v, "CON-22", &field, expression.text());
}

/// `validateMountPropagation`.
fn validate_mount_propagation(
    v: &mut Validation,
    mounts: &Field<'_, '_>,
    mount: &Field<'_, '_>,
    container: &Field<'_, '_>,
) {
    let propagation = mount.key("mountPropagation");
    let Some(mode) = propagation.text_pointer() else {
        return;
    };
    let field = mounts.child(Step::Key("mountPropagation"), propagation.value());
    let supported = ["Bidirectional", "HostToContainer", "None"];
    if !supported.contains(&mode) {
        v.not_supported("CON-23", &field, &supported).of(mode);
    }
    let context = container.key("securityContext");
    let privileged = context.key("privileged");
    if mode == "Bidirectional" && !privileged.bool() {
        let detail = "Bidirectional mount propagation is available only to privileged containers";
        v.forbidden("CON-24", &field, detail)
            .with(&privileged, "privileged");
    }
}

/// `validateMountRecursiveReadOnly`.
fn validate_mount_recursive_read_only(
    v: &mut Validation,
    mounts: &Field<'_, '_>,
    mount: &Field<'_, '_>,
) {
    let recursive = mount.key("recursiveReadOnly");
    let Some(mode) = recursive.text_pointer() else {
        return;
    };
    let field = mounts.child(Step::Key("recursiveReadOnly"), recursive.value());
    match mode {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            let read_only = mount.key("readOnly");
            if !read_only.bool() {
                let detail = "may only be specified when readOnly is true";
                v.forbidden("CON-26", &field, detail)
                    .with(&read_only, "readOnly");
            }
            let propagation = mount.key("mountPropagation");
            if propagation.text_pointer().is_some_and(|p| p != "None") {
                let detail = "may only be specified when mountPropagation is None or not specified";
                v.forbidden("CON-26", &field, detail)
                    .with(&propagation, "mountPropagation");
            }
        }
        _ => {
            let supported = ["Disabled", "Enabled", "IfPossible"];
            v.not_supported("CON-25", &field, &supported).of(mode);
        }
    }
}

/// `ValidateVolumeDevices`.
pub fn validate_volume_devices(
    v: &mut Validation,
    container: &Field<'_, '_>,
    volumes: &Volumes<'_>,
) {
    let devices = container.key("volumeDevices");
    if devices.is_empty() {
        return;
    }
    let mounts = places(&container.key("volumeMounts"), "mountPath");
    let mut names = Seen::new();
    let mut paths = Seen::new();
    for device in devices.items() {
        let (name, path) = (device.key("name"), device.key("devicePath"));
        validate_device_name(v, &name, volumes, &mut names);
        validate_device_path(v, &path, &mut paths);
        if mounts.names.contains_key(name.text()) {
            v.invalid("CON-29", &name, "must not already exist in volumeMounts");
        }
        if mounts.paths.contains(path.text()) {
            let detail = "must not already exist as a path in volumeMounts";
            v.invalid("CON-29", &path, detail);
        }
    }
}

fn validate_device_name<'v>(
    v: &mut Validation,
    name: &Field<'_, 'v>,
    volumes: &Volumes<'_>,
    names: &mut Seen<&'v str>,
) {
    if name.text().is_empty() {
        v.required("CON-27", name, "");
    } else if !names.insert(name.text()) {
        v.invalid("CON-27", name, "must be unique");
    }
    match volumes.get(name.text()) {
        None => {
            v.not_found("CON-27", name);
        }
        Some(volume) if !is_claim(volume) => {
            let detail = "can only use volume source type of PersistentVolumeClaim or Ephemeral \
                          for block mode";
            v.invalid("CON-27", name, detail);
        }
        Some(_) => {}
    }
}

fn validate_device_path<'v>(v: &mut Validation, path: &Field<'_, 'v>, paths: &mut Seen<&'v str>) {
    if path.text().is_empty() {
        v.required("CON-28", path, "");
    }
    if paths.has(path.text()) {
        v.invalid("CON-28", path, "must be unique");
    }
    if has_backsteps(path.text()) {
        v.invalid("CON-28", path, "can not contain backsteps ('..')");
    } else {
        paths.insert(path.text());
    }
}

/// `GetVolumeMountMap` and `GetVolumeDeviceMap`.
fn places<'v>(list: &Field<'_, 'v>, path: &'static str) -> Places<'v> {
    let pairs = list.items();
    let pairs = pairs.map(|item| (item.key("name").text(), item.key(path).text()));
    let names: HashMap<_, _> = pairs.collect();
    let paths = names.values().copied().collect();
    Places { names, paths }
}
