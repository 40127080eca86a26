//! Where Go tells what is empty from what is absent: in fields that are pointers, and in maps.
//!
//! From the types of `k8s.io/api` that are modelled. A name that means a pointer in one type and a
//! plain value in another is left to the more usual of the two, but for `OF_PARENT`.

/// Booleans behind pointers.
pub const BOOLEANS: [&str; 16] = [
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
    "shareProcessNamespace",
    "suspend",
];

/// Numbers that are no pointers: most are.
pub const PLAIN_NUMBERS: [&str; 17] = [
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
    "start",
    "successThreshold",
    "timeoutSeconds",
    "value",
    "weight",
];

/// Numbers that are no pointers by what they stand in, where others of the name are.
pub const PLAIN_NUMBERS_OF_PARENT: [(&str, &str); 3] = [
    ("awsElasticBlockStore", "partition"),
    ("gcePersistentDisk", "partition"),
    ("iscsi", "lun"),
];

/// Texts behind pointers.
pub const TEXTS: [&str; 34] = [
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
    "nodeAffinityPolicy",
    "nodeTaintsPolicy",
    "podReplacementPolicy",
    "preemptionPolicy",
    "procMount",
    "recursiveReadOnly",
    "resourceClaimName",
    "resourceClaimTemplateName",
    "restartPolicy",
    "runAsUserName",
    "runtimeClassName",
    "seLinuxChangePolicy",
    "secretNamespace",
    "storageClassName",
    "succeededIndexes",
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

/// Structs that are no pointers: most are.
pub const PLAIN_STRUCTS: [&str; 14] = [
    "describedObject",
    "jobTemplate",
    "metadata",
    "metric",
    "podAffinityTerm",
    "preference",
    "resources",
    "scaleTargetRef",
    "spec",
    "status",
    "strategy",
    "target",
    "template",
    "updateStrategy",
];

/// Pointers by what they stand in, where most fields of the name are none.
pub const OF_PARENT: [(&str, &str); 6] = [
    ("clusterTrustBundle", "name"),
    ("clusterTrustBundle", "signerName"),
    ("csi", "fsType"),
    ("csi", "readOnly"),
    ("dataSourceRef", "namespace"),
    ("onExitCodes", "containerName"),
];
