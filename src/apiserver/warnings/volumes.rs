//! Warnings about the volumes of a pod.
//!
//! Mirrors the parts about volumes of `warningsForPodSpecAndMeta`, and
//! `warningsForOverlappingVirtualPaths`, in `pkg/api/pod/warnings.go`.

use super::claim::warnings_for_persistent_volume_claim_spec;
use std::collections::BTreeMap;

use super::{quote, warn};
use crate::apiserver::effective::Value;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::finding::Step;
use crate::tree::Kind;

const FLOCKER: &str = "deprecated in v1.22, non-functional in v1.25+";
const CEPH: &str = "deprecated in v1.28, non-functional in v1.31+";

/// Deprecated and removed plugins: the source, the row, the words.
const PLUGINS: [(&str, &str, &str); 9] = [
    (
        "photonPersistentDisk",
        "WRN-11",
        "deprecated in v1.11, non-functional in v1.16+",
    ),
    ("gitRepo", "WRN-12", "deprecated in v1.11"),
    (
        "scaleIO",
        "WRN-13",
        "deprecated in v1.16, non-functional in v1.22+",
    ),
    ("flocker", "WRN-14", FLOCKER),
    ("storageos", "WRN-14", FLOCKER),
    ("quobyte", "WRN-14", FLOCKER),
    (
        "glusterfs",
        "WRN-15",
        "deprecated in v1.25, non-functional in v1.26+",
    ),
    ("cephfs", "WRN-16", CEPH),
    ("rbd", "WRN-16", CEPH),
];

/// What keeps a path in a volume, for the words of a warning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source<'v> {
    /// The only one of its volume.
    Only,
    Named(&'static str, &'v str),
    Plain(&'static str),
}

/// A path in a volume.
#[derive(Clone, Copy)]
struct Target<'v> {
    path: &'v str,
    source: Source<'v>,
}

/// Warns of plugins and of the claims of ephemeral volumes.
pub fn warnings_for_plugins(v: &mut Validation, volumes: &Field<'_, '_>) {
    for volume in volumes.items() {
        for (plugin, row, words) in PLUGINS {
            if plugin == "cephfs" {
                let ephemeral = volume.key("ephemeral");
                let template = ephemeral.key("volumeClaimTemplate");
                warnings_for_persistent_volume_claim_spec(v, "WRN-17", &template.key("spec"));
            }
            let source = volume.key(plugin);
            if source.is_set() {
                warn_of_plugin(v, row, &volume, plugin, words);
            }
        }
    }
}

fn warn_of_plugin(
    v: &mut Validation,
    row: &'static str,
    volume: &Field<'_, '_>,
    plugin: &'static str,
    words: &str,
) {
    // Upstream's path has the name of Go's field there.
    let shown = match plugin {
        "storageos" => "storageOS",
        _ => plugin,
    };
    let source = volume.key(plugin);
    let field = volume.child(Step::Key(shown), source.value());
    if plugin == "gitRepo" && v.gates.git_repo_driver_off {
        let words = "deprecated in v1.11, and disabled by default in v1.33+";
        warn(v, row, &field, words);
    } else {
        warn(v, row, &field, words);
    }
}

/// `warningsForOverlappingVirtualPaths`.
pub fn warnings_for_overlapping_virtual_paths(v: &mut Validation, volumes: &Field<'_, '_>) {
    for volume in volumes.items() {
        let config_map = volume.key("configMap");
        let what = || format!("ConfigMap {}", quote(config_map.key("name").text()));
        warn_of_overlaps(v, &volume, &config_map.key("items"), what);
        let secret = volume.key("secret");
        let what = || format!("Secret {}", quote(secret.key("secretName").text()));
        warn_of_overlaps(v, &volume, &secret.key("items"), what);
        let downward = volume.key("downwardAPI");
        let what = || "DownwardAPI".to_owned();
        warn_of_overlaps(v, &volume, &downward.key("items"), what);
        warn_of_projected(v, &volume);
    }
}

/// `checkVolumeMappingForOverlap` and the warnings that follow.
fn warn_of_overlaps(
    v: &mut Validation,
    volume: &Field<'_, '_>,
    items: &Field<'_, '_>,
    what: impl Fn() -> String,
) {
    let mut all = Targets::default();
    for item in items.items() {
        let target = Target {
            path: item.key("path").text(),
            source: Source::Only,
        };
        add_target(v, volume, &mut all, target, &what);
    }
}

/// The part of `warningsForOverlappingVirtualPaths` about projected volumes.
fn warn_of_projected(v: &mut Validation, volume: &Field<'_, '_>) {
    let projected = volume.key("projected");
    let mut all = Targets::default();
    let mut targets: Vec<Target<'_>> = Vec::new();
    for source in projected.key("sources").items() {
        if !has_type(&source) {
            let name = quote(volume.key("name").text());
            let text = format!("volume {name} (Projected) has no sources provided");
            v.warn("WRN-19", &source, text);
            continue;
        }
        // Older minors forgot to forget the paths of the source before.
        if !targets_of(&source, &mut targets) && v.gates.projected_paths_by_source {
            targets.clear();
        }
        for target in &targets {
            add_target(v, volume, &mut all, *target, &|| "Projected".to_owned());
        }
    }
}

/// Whether a projected source says what it is.
fn has_type(source: &Field<'_, '_>) -> bool {
    let mut types = source.value().into_iter().flat_map(Value::values);
    types.any(|value| value.kind() != Kind::Null)
}

/// The paths of a projected source instead of those before; `false` if it says nothing of paths.
fn targets_of<'v>(source: &Field<'_, 'v>, targets: &mut Vec<Target<'v>>) -> bool {
    for (key, what) in [
        ("configMap", "ConfigMap"),
        ("secret", "Secret"),
        ("downwardAPI", "DownwardAPI"),
    ] {
        let part = source.key(key);
        let items = part.key("items");
        if items.is_set() {
            let source = match key {
                "downwardAPI" => Source::Plain(what),
                _ => Source::Named(what, part.key("name").text()),
            };
            targets.clear();
            targets.extend(items.items().map(|item| Target {
                path: item.key("path").text(),
                source,
            }));
            return true;
        }
    }
    let token = source.key("serviceAccountToken");
    let bundle = source.key("clusterTrustBundle");
    let certificate = source.key("podCertificate");
    if token.is_set() {
        let source = Source::Plain("ServiceAccountToken");
        replace(targets, &token, &[("path", source)]);
    } else if bundle.is_set() {
        let name = bundle.key("name");
        let name = name
            .text_pointer()
            .unwrap_or_else(|| bundle.key("signerName").text());
        let source = Source::Named("ClusterTrustBundle", name);
        replace(targets, &bundle, &[("path", source)]);
    } else if certificate.is_set() {
        let paths = [
            (
                "certificateChainPath",
                Source::Plain("PodCertificate chain"),
            ),
            ("keyPath", Source::Plain("PodCertificate key")),
            (
                "credentialBundlePath",
                Source::Plain("PodCertificate credential bundle"),
            ),
        ];
        replace(targets, &certificate, &paths);
    } else {
        return false;
    }
    true
}

fn replace<'v>(
    targets: &mut Vec<Target<'v>>,
    part: &Field<'_, 'v>,
    paths: &[(&'static str, Source<'v>)],
) {
    targets.clear();
    targets.extend(paths.iter().map(|(key, source)| Target {
        path: part.key(key).text(),
        source: *source,
    }));
}

/// `checkForOverlap`, the warnings about it, and the path among the others.
fn add_target<'v>(
    v: &mut Validation,
    volume: &Field<'_, '_>,
    all: &mut Targets<'v>,
    target: Target<'v>,
    what: &impl Fn() -> String,
) {
    let target = Target {
        path: target.path.trim_end_matches('/'),
        ..target
    };
    if target.path.is_empty() || v.warns_more() {
        return;
    }
    for other in all.overlapping(target.path) {
        let name = volume.key("name");
        let text = format!(
            "volume {} ({}): overlapping paths: {} with {}",
            quote(name.text()),
            what(),
            target.shown(),
            other.shown()
        );
        v.warn("WRN-18", volume, text);
    }
    all.add(target);
}

/// The targets so far.
#[derive(Default)]
struct Targets<'v> {
    /// Each once, in order.
    list: Vec<Target<'v>>,
    by_path: BTreeMap<&'v str, Vec<usize>>,
}

impl<'v> Targets<'v> {
    fn add(&mut self, target: Target<'v>) {
        let there = self.by_path.entry(target.path).or_default();
        let mut known = there.iter().filter_map(|at| self.list.get(*at));
        if known.all(|other| other.source != target.source) {
            there.push(self.list.len());
            self.list.push(target);
        }
    }

    /// Those whose path is this one, or above or below it, in order.
    fn overlapping(&self, path: &str) -> impl Iterator<Item = &Target<'v>> {
        let above = path
            .match_indices('/')
            .filter_map(|(end, _)| path.get(..end));
        let above = above
            .chain([path])
            .filter_map(|path| self.by_path.get(path));
        let below = format!("{path}/");
        let inside = self.by_path.range(&*below..);
        let inside = inside.take_while(|(other, _)| other.starts_with(&below));
        let mut found: Vec<usize> = above
            .chain(inside.map(|(_, at)| at))
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.into_iter().filter_map(|at| self.list.get(at))
    }
}

impl Target<'_> {
    fn shown(&self) -> String {
        let path = quote(self.path);
        match self.source {
            Source::Only => path,
            Source::Plain(what) => format!("{path} ({what})"),
            Source::Named(what, name) => format!("{path} ({what} {})", quote(name)),
        }
    }
}
