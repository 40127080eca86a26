//! Projected volumes.
//!
//! Mirrors `validateProjectedVolumeSource` and `validateProjectionSources` in
//! `pkg/apis/core/validation/validation.go`, and `pkg/apis/core/validation/names.go`.

use super::files::{
    validate_downward_api_volume_file, validate_file_mode, validate_key_to_path,
    validate_user_field,
};
use super::require;
use crate::apiserver::errors::Validation;
use crate::apiserver::field::Field;
use crate::apiserver::validation::format::{
    LABEL_MAX, Messages, SUBDOMAIN_MAX, is_dns1123_label, is_dns1123_subdomain, is_qualified_name,
};
use crate::apiserver::validation::labels::{SelectorOptions, validate_label_selector};
use crate::apiserver::validation::meta::name_is_dns_subdomain;
use crate::apiserver::validation::pod::PodOptions;
use crate::apiserver::validation::pod::paths::validate_local_non_reserved_path;
use crate::apiserver::validation::seen::Seen;
use crate::finding::Step;

const KEY_TYPES: [&str; 6] = [
    "RSA3072",
    "RSA4096",
    "ECDSAP256",
    "ECDSAP384",
    "ECDSAP521",
    "ED25519",
];
/// `MaxMaxExpirationSeconds` and `KubernetesMaxMaxExpirationSeconds`.
const CERTIFICATE_SECONDS_MAX: i64 = 91 * 24 * 60 * 60;
const KUBERNETES_CERTIFICATE_SECONDS_MAX: i64 = 24 * 60 * 60;
/// `TotalAnnotationSizeLimitB`.
const ANNOTATIONS_BYTES_MAX: usize = 256 << 10;

/// `validateProjectedVolumeSource`.
pub fn validate_projected_volume_source(
    v: &mut Validation,
    projected: &Field<'_, '_>,
    options: &PodOptions,
) {
    validate_file_mode(v, "VOL-27", &projected.key("defaultMode"));
    validate_user_field(v, &projected.key("defaultUser"));
    let mut paths = Paths {
        at: *projected,
        seen: Seen::new(),
    };
    for source in projected.key("sources").items() {
        validate_projection_source(v, &source, &mut paths, options);
    }
}

/// The paths that sources so far write to.
struct Paths<'p, 'v> {
    at: Field<'p, 'v>,
    seen: Seen<&'v str>,
}

impl<'v> Paths<'_, 'v> {
    /// `value`: what upstream reports, a name or the path itself.
    fn insert(&mut self, v: &mut Validation, path: &Field<'_, 'v>, value: &str) {
        if !self.seen.insert(path.text()) {
            v.invalid("VOL-30", &self.at, "conflicting duplicate paths")
                .of(value)
                .with(path, "the path");
        }
    }

    fn insert_written(&mut self, v: &mut Validation, path: &Field<'_, 'v>, value: &str) {
        if !path.text().is_empty() {
            self.insert(v, path, value);
        }
    }
}

/// One turn of `validateProjectionSources`.
fn validate_projection_source<'v>(
    v: &mut Validation,
    source: &Field<'_, 'v>,
    paths: &mut Paths<'_, 'v>,
    options: &PodOptions,
) {
    let mut types = 0;
    for key in ["secret", "configMap"] {
        let part = source.key(key);
        if part.is_set() {
            types += 1;
            require(v, "VOL-29", &part.key("name"));
            for item in part.key("items").items() {
                validate_key_to_path(v, &item);
                paths.insert_written(v, &item.key("path"), part.key("name").text());
            }
        }
    }
    let downward = source.key("downwardAPI");
    if downward.is_set() {
        types += 1;
        for file in downward.key("items").items() {
            validate_downward_api_volume_file(v, &downward, &file);
            let path = file.key("path");
            paths.insert_written(v, &path, path.text());
        }
    }
    let token = source.key("serviceAccountToken");
    if token.is_set() {
        types += 1;
        validate_token(v, &token, &paths.at, options);
    }
    let bundle = source.key("clusterTrustBundle");
    if bundle.is_set() {
        types += 1;
        validate_cluster_trust_bundle(v, &bundle, paths);
    }
    let certificate = source.key("podCertificate");
    if certificate.is_set() {
        types += 1;
        validate_pod_certificate(v, &certificate, paths);
    }
    if types > 1 {
        let detail = if v.gates.projection_says_per_source {
            "may not specify more than 1 volume type per source"
        } else {
            "may not specify more than 1 volume type"
        };
        v.forbidden("VOL-28", source, detail);
    }
}

fn validate_token(
    v: &mut Validation,
    token: &Field<'_, '_>,
    projected: &Field<'_, '_>,
    options: &PodOptions,
) {
    let seconds = token.key("expirationSeconds");
    if seconds.int() < 10 * 60 {
        let detail = "may not specify a duration less than 10 minutes";
        v.invalid("VOL-32", &seconds, detail);
    }
    if seconds.int() > 1 << 32 {
        let detail = "may not specify a duration larger than 2^32 seconds";
        v.invalid("VOL-32", &seconds, detail);
    }
    let path = projected.child(Step::Key("path"), token.key("path").value());
    if path.text().is_empty() {
        v.required("VOL-33", &path, "").with(token, "the token");
    } else if v.gates.token_path_is_local && !options.allow_non_local_projected_token_path {
        validate_local_non_reserved_path(v, "VOL-33", &path, path.text());
    }
    validate_user_field(v, &token.key("user"));
}

fn validate_cluster_trust_bundle<'v>(
    v: &mut Validation,
    bundle: &Field<'_, 'v>,
    paths: &mut Paths<'_, 'v>,
) {
    let name = bundle.key("name");
    let signer = bundle.key("signerName");
    let selector = bundle.key("labelSelector");
    match (name.is_set(), signer.is_set()) {
        (true, true) => {
            let detail = "only one of name and signerName may be used";
            v.invalid("VOL-34", bundle, detail);
        }
        (true, false) => {
            if name.text().is_empty() {
                v.required("VOL-35", &name, "must be a valid object name");
            }
            for message in validate_cluster_trust_bundle_name(name.text()) {
                let detail = format!("not a valid clustertrustbundlename: {message}");
                v.invalid("VOL-35", &name, detail);
            }
            if selector.is_set() {
                let detail = "labelSelector must be unset if name is specified";
                v.invalid("VOL-35", &selector, detail);
            }
        }
        (false, true) => {
            if signer.text().is_empty() {
                v.required("VOL-35", &signer, "must be a valid signer name");
            }
            validate_signer_name(v, "VOL-35", &signer);
            validate_label_selector(v, &selector, SelectorOptions::default());
        }
        (false, false) => {
            let detail = "either name or signerName must be specified";
            v.required("VOL-34", bundle, detail);
        }
    }
    let path = bundle.key("path");
    require(v, "VOL-35", &path);
    validate_user_field(v, &bundle.key("user"));
    validate_local_non_reserved_path(v, "VOL-35", &path, path.text());
    paths.insert(v, &path, path.text());
}

fn validate_pod_certificate<'v>(
    v: &mut Validation,
    certificate: &Field<'_, 'v>,
    paths: &mut Paths<'_, 'v>,
) {
    let signer = certificate.key("signerName");
    validate_signer_name(v, "VOL-36", &signer);
    validate_user_annotations(v, &certificate.key("userAnnotations"));
    validate_user_field(v, &certificate.key("user"));
    let key_type = certificate.key("keyType");
    if !KEY_TYPES.contains(&key_type.text()) {
        v.not_supported("VOL-36", &key_type, &KEY_TYPES);
    }
    let seconds = certificate.key("maxExpirationSeconds");
    if let Some(value) = seconds.int_pointer() {
        if value < 3600 {
            let detail = "if provided, maxExpirationSeconds must be >= 3600";
            v.invalid("VOL-36", &seconds, detail);
        }
        let max = if is_kubernetes_signer_name(signer.text()) {
            KUBERNETES_CERTIFICATE_SECONDS_MAX
        } else {
            CERTIFICATE_SECONDS_MAX
        };
        if value > max {
            let detail = format!("if provided, maxExpirationSeconds must be <= {max}");
            v.invalid("VOL-36", &seconds, detail);
        }
    }
    let mut written = false;
    for key in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
        let path = certificate.key(key);
        if !path.text().is_empty() {
            written = true;
            validate_local_non_reserved_path(v, "VOL-36", &path, path.text());
            paths.insert(v, &path, path.text());
        }
    }
    if !written {
        let detail =
            "specify at least one of credentialBundlePath, keyPath, and certificateChainPath";
        v.required("VOL-36", certificate, detail);
    }
}

/// `ValidateUserAnnotations`: all is reported at the map itself.
fn validate_user_annotations(v: &mut Validation, annotations: &Field<'_, '_>) {
    let mut bytes = 0_usize;
    for (key, value) in annotations.entries() {
        bytes = bytes.saturating_add(key.len() + value.text().len());
        // `IsDomainPrefixedKey`.
        if key.is_empty() {
            v.required("VOL-36", annotations, "");
            continue;
        }
        let wrong = is_qualified_name(&key.to_lowercase(), &v.gates);
        if wrong.is_empty() && !key.contains('/') {
            let detail = "must be a domain-prefixed key (such as \"acme.io/foo\")";
            v.invalid("VOL-36", annotations, detail).of(key);
        }
        v.invalid_value("VOL-36", annotations, &key.to_lowercase(), wrong);
    }
    if bytes > ANNOTATIONS_BYTES_MAX {
        v.too_long("VOL-36", annotations, ANNOTATIONS_BYTES_MAX);
    }
}

/// `IsKubernetesSignerName`.
fn is_kubernetes_signer_name(signer: &str) -> bool {
    let host = signer.split('/').next().unwrap_or_default();
    host == "kubernetes.io" || host.ends_with(".kubernetes.io")
}

/// `ValidateClusterTrustBundleName` for the signer that the name says.
fn validate_cluster_trust_bundle_name(name: &str) -> Messages {
    match name.rsplit_once(':') {
        None => name_is_dns_subdomain(name, false),
        Some(("", _)) => {
            let message = "ClusterTrustBundle without signer name must not have \":\" in its name";
            vec![message.into()]
        }
        Some((signer, _)) if signer.contains('/') => {
            let prefix = signer.replace('/', ":");
            let signer = signer.replace(':', "/");
            vec![
                format!(
                    "ClusterTrustBundle for signerName {signer} must be named with prefix {prefix}:"
                )
                .into(),
            ]
        }
        Some((_, rest)) => name_is_dns_subdomain(rest, false),
    }
}

/// `ValidateSignerName`.
pub fn validate_signer_name(v: &mut Validation, row: &'static str, signer: &Field<'_, '_>) {
    let name = signer.text();
    if name.is_empty() {
        v.required(row, signer, "");
        return;
    }
    let Some((domain, path)) = name.split_once('/').filter(|(_, path)| !path.contains('/')) else {
        let detail =
            "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        v.invalid(row, signer, detail);
        return;
    };
    if domain.len() > SUBDOMAIN_MAX {
        v.too_long(row, signer, SUBDOMAIN_MAX);
    }
    validate_first_bad_label(v, row, signer, domain, is_dns1123_label);
    if !domain.contains('.') {
        let detail = "should be a domain with at least two segments separated by dots";
        v.invalid(row, signer, detail);
    }
    validate_first_bad_label(v, row, signer, path, is_dns1123_subdomain);
    let max = SUBDOMAIN_MAX + SUBDOMAIN_MAX + LABEL_MAX + 2;
    if name.len() > max {
        v.too_long(row, signer, max);
    }
}

fn validate_first_bad_label(
    v: &mut Validation,
    row: &'static str,
    signer: &Field<'_, '_>,
    segment: &str,
    is_fine: fn(&str) -> Messages,
) {
    let bad = segment.split('.').map(|label| (label, is_fine(label)));
    if let Some((label, messages)) = { bad }.find(|(_, messages)| !messages.is_empty()) {
        for message in messages {
            v.invalid(
                row,
                signer,
                format!("validating label {label:?}: {message}"),
            );
        }
    }
}
