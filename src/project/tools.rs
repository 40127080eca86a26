//! Files that look like objects and are settings of tools: no API server is meant to see them.

use crate::tree::Node;

const KUBERNETES: &str = "settings of a Kubernetes component";
const CLUSTER: &str = "settings of a tool that makes clusters";
const CLIENT: &str = "settings of a Kubernetes client";
const BUILD: &str = "settings of a build or test tool";

/// API groups whose kinds are read by tools only. Groups below `.config.k8s.io` need no entry.
const GROUPS: [(&str, &str); 28] = [
    ("abac.authorization.kubernetes.io", KUBERNETES),
    ("apiserver.k8s.io", KUBERNETES),
    ("audit.k8s.io", KUBERNETES),
    ("componentconfig", KUBERNETES),
    ("controller-runtime.sigs.k8s.io", KUBERNETES),
    ("eventratelimit.admission.k8s.io", KUBERNETES),
    ("resourcequota.admission.k8s.io", KUBERNETES),
    ("ctlptl.dev", CLUSTER),
    ("eksctl.io", CLUSTER),
    ("k3d.io", CLUSTER),
    ("kind.sigs.k8s.io", CLUSTER),
    ("kind.x-k8s.io", CLUSTER),
    ("kubeadm.k8s.io", CLUSTER),
    ("minikube.sigs.k8s.io", CLUSTER),
    ("client.authentication.k8s.io", CLIENT),
    ("krew.googlecontainertools.github.com", CLIENT),
    ("backstage.io", BUILD),
    ("builtin", BUILD),
    ("chainsaw.kyverno.io", BUILD),
    ("cli.kyverno.io", BUILD),
    ("config.kubernetes.io", BUILD),
    ("kapp.k14s.io", BUILD),
    ("kpt.dev", BUILD),
    ("kuttl.dev", BUILD),
    ("release-notes", BUILD),
    ("scorecard.operatorframework.io", BUILD),
    ("skaffold", BUILD),
    ("tanka.dev", BUILD),
];

/// What tool reads an object of this version and kind; `None`: the API server does.
pub(super) fn of(api_version: &str, kind: &str, root: Node<'_>) -> Option<&'static str> {
    let has = |fields: &[&str]| fields.iter().any(|field| root.get(field).is_some());
    let Some((group, _)) = api_version.split_once('/') else {
        return match (api_version, kind) {
            ("v1", "Config") if has(&["clusters", "contexts", "users"]) => Some(CLIENT),
            // What the scheduler read before 1.23.
            ("v1", "Policy") if has(&["predicates", "priorities", "extenders"]) => Some(KUBERNETES),
            ("builtin", _) => Some(BUILD),
            _ => None,
        };
    };
    if group.ends_with(".config.k8s.io") {
        return Some(KUBERNETES);
    }
    let found = GROUPS.iter().find(|(known, _)| *known == group);
    found.map(|(_, why)| *why)
}
