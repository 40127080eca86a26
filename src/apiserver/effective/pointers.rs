//! Where Go tells what is empty from what is absent: in fields that are pointers, and in maps.
//!
//! From the types of `k8s.io/api` that are modelled. A name that means a pointer in one type and a
//! plain value in another is left to the more usual of the two.

/// Booleans behind pointers.
pub const BOOLEANS: [&str; 15] = [
    "allocateLoadBalancerNodePorts",
    "allowPrivilegeEscalation",
    "automountServiceAccountToken",
    "blockOwnerDeletion",
    "controller",
    "enableServiceLinks",
    "hostProcess",
    "hostUsers",
    "manualSelector",
    "optional",
    "privileged",
    "readOnlyRootFilesystem",
    "runAsNonRoot",
    "setHostnameAsFQDN",
    "suspend",
];

/// Numbers that are no pointers: most are.
pub const PLAIN_NUMBERS: [&str; 16] = [
    "containerPort",
    "failureThreshold",
    "healthCheckNodePort",
    "hostPort",
    "initialDelaySeconds",
    "maxReplicas",
    "maxSkew",
    "minReadySeconds",
    "nodePort",
    "periodSeconds",
    "port",
    "seconds",
    "successThreshold",
    "timeoutSeconds",
    "value",
    "weight",
];

/// Texts behind pointers.
pub const TEXTS: [&str; 29] = [
    "apiGroup",
    "appProtocol",
    "completionMode",
    "fsGroupChangePolicy",
    "gmsaCredentialSpec",
    "gmsaCredentialSpecName",
    "hostnameOverride",
    "initiatorName",
    "internalTrafficPolicy",
    "ipFamilyPolicy",
    "loadBalancerClass",
    "localhostProfile",
    "managedBy",
    "mountPropagation",
    "podReplacementPolicy",
    "preemptionPolicy",
    "procMount",
    "recursiveReadOnly",
    "resourceClaimName",
    "resourceClaimTemplateName",
    "runAsUserName",
    "runtimeClassName",
    "seLinuxChangePolicy",
    "storageClassName",
    "supplementalGroupsPolicy",
    "timeZone",
    "unhealthyPodEvictionPolicy",
    "volumeAttributesClassName",
    "volumeMode",
];

/// Maps whose keys are data.
pub const MAPS: [&str; 9] = [
    "annotations",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "options",
    "overhead",
    "requests",
    "volumeAttributes",
];
