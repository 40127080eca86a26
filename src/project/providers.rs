//! What custom resources are known to bring into a cluster: the few common ones that surely
//! provide nothing, or nothing but Secrets. Anything else might provide anything.

use super::Provides;

/// What an object of a custom kind could provide; `None`: nothing that a lookup asks for.
pub fn provided_by(group: &str, kind: &str) -> Option<Provides> {
    match (group, kind) {
        // Configuration that operators read; they create nothing under a name of the user's.
        (
            "monitoring.coreos.com",
            "ServiceMonitor" | "PodMonitor" | "PrometheusRule" | "Probe" | "ScrapeConfig"
            | "AlertmanagerConfig",
        )
        | ("networking.istio.io" | "security.istio.io" | "telemetry.istio.io", _)
        | ("cilium.io" | "crd.projectcalico.org" | "policy.networking.k8s.io", _)
        | ("keda.sh" | "autoscaling.k8s.io", _)
        | ("kyverno.io" | "templates.gatekeeper.sh" | "constraints.gatekeeper.sh", _)
        | ("traefik.io" | "traefik.containo.us", _)
        | ("snapshot.storage.k8s.io", _)
        | (
            "gateway.networking.k8s.io",
            "HTTPRoute" | "GRPCRoute" | "TCPRoute" | "TLSRoute" | "UDPRoute" | "ReferenceGrant"
            | "GatewayClass",
        )
        | (
            "networking.gke.io" | "cloud.google.com",
            "ManagedCertificate" | "FrontendConfig" | "BackendConfig",
        )
        | ("cert-manager.io", "Issuer" | "ClusterIssuer") => None,
        ("cert-manager.io", "Certificate")
        | ("external-secrets.io", _)
        | ("bitnami.com", "SealedSecret") => Some(Provides::Kind("Secret".to_owned())),
        _ => Some(Provides::Anything),
    }
}

/// Whether a group isn't one of Kubernetes' own.
pub fn is_custom(group: &str) -> bool {
    let own = ["", "apps", "batch", "autoscaling", "policy", "extensions"];
    let served_by_kubernetes = [
        "admissionregistration",
        "apiregistration",
        "apiextensions",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "internal.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
        "storagemigration",
    ];
    let short = group.strip_suffix(".k8s.io");
    !own.contains(&group) && !short.is_some_and(|short| served_by_kubernetes.contains(&short))
}
