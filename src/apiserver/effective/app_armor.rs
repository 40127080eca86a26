//! AppArmor annotations of Pods that become fields.
//!
//! Mirrors `applyAppArmorVersionSkew` in `pkg/registry/core/pod/strategy.go` and
//! `ApparmorFieldForAnnotation` in `pkg/api/pod/util.go`. Not here: annotations that older minors
//! make of fields (`app_armor_annotations_from_fields` in `validation::pod::template`).

use super::core::CONTAINERS;
use super::{Effective, Id};
use crate::tree::Kind;

const PREFIX: &str = "container.apparmor.security.beta.kubernetes.io/";
/// The longest name of a profile (`MaxLocalhostProfileLength`).
const PROFILE_MAX: usize = 4095;

/// A profile: its type, and its name if it is one of the host's.
type Profile<'t> = (&'static str, Option<&'t str>);

/// `applyAppArmorVersionSkew`.
pub fn apply_app_armor_version_skew(object: &mut Effective<'_>, spec: Id) {
    let Some(annotations) = object.at(object.root(), &["metadata", "annotations"]) else {
        return;
    };
    if object
        .at(spec, &["os", "name"])
        .is_some_and(|name| object.value(name).text() == "windows")
    {
        return;
    }
    let of_pod = object.at(spec, &["securityContext", "appArmorProfile"]);
    for list in CONTAINERS {
        for container in object.items(spec, list) {
            let own = ["securityContext", "appArmorProfile"];
            let key = format!("{PREFIX}{}", object.text(container, "name"));
            let Some(annotation) = object.get(annotations, &key) else {
                continue;
            };
            let profile = profile_of(object.value_text(annotation));
            if let Some(profile) = profile
                && object.at(container, &own).is_none()
                && !of_pod.is_some_and(|of_pod| is_profile(object, of_pod, profile))
            {
                let context = object.default_mapping(container, "securityContext");
                let field = object.default_mapping(context, "appArmorProfile");
                object.set(field, "type", Kind::String, profile.0);
                if let Some(name) = profile.1 {
                    object.set(field, "localhostProfile", Kind::String, name);
                }
            }
        }
    }
}

/// `ApparmorFieldForAnnotation`, without profiles that `ValidateAppArmorProfileField` rejects.
fn profile_of(annotation: &str) -> Option<Profile<'_>> {
    match annotation {
        "unconfined" => Some(("Unconfined", None)),
        "runtime/default" => Some(("RuntimeDefault", None)),
        _ => {
            let name = annotation.strip_prefix("localhost/")?;
            let fine = !name.is_empty() && name.trim() == name && name.len() <= PROFILE_MAX;
            fine.then_some(("Localhost", Some(name)))
        }
    }
}

fn is_profile(object: &Effective<'_>, field: Id, profile: Profile<'_>) -> bool {
    let name = object.get(field, "localhostProfile");
    let name = name.map(|name| object.value(name).text());
    object.text(field, "type") == profile.0 && name == profile.1
}
