//! What differs between minors: feature gates at their defaults, and changes of the code itself.
//!
//! No other code of the server's model compares minors. A gate is named after upstream's feature
//! gate (`pkg/features/kube_features.go`), a change of the code after what it does.

use crate::minor::Minor;

/// Makes `Gates` of lines like `name: 33..;` (on since 1.33) or `name: 29..34;` (on before 1.34).
macro_rules! gates {
    ($($(#[$doc:meta])* $name:ident: $from:literal..$($to:literal)?;)*) => {
        /// What is on in a minor.
        #[derive(Clone, Copy, Debug)]
        pub struct Gates {
            $($(#[$doc])* pub $name: bool,)*
        }

        impl Gates {
            /// What is on in `minor` unless its operator says otherwise.
            pub fn of(minor: Minor) -> Self {
                let minor = minor.number();
                Self { $($name: ($from..$($to)?).contains(&minor),)* }
            }
        }
    };
}

gates! {
    /// `RelaxedServiceNameValidation`: names of Services may begin with a digit.
    relaxed_service_names: 36..;
    /// `StrictIPCIDRValidation`: no leading zeros, no IPv4-mapped IPv6 addresses.
    strict_ip_cidr_validation: 36..;
    /// Faults of owner references name the index of the reference, and what is empty is required.
    owner_references_by_index: 37..;
    /// What must not be empty in an owner reference isn't named twice.
    owner_references_say_it_once: 34..;
    /// The strategy of Pods sets their generation.
    pod_generations: 33..;
    /// The strategy of HorizontalPodAutoscalers sets their generation.
    hpa_generations: 37..;
    /// Faults that read alike are told once (`ErrorList.Filter` goes through all of them).
    merges_alike: 37..;
    /// Label keys and values are measured in bytes, by that word.
    labels_say_bytes: 35..;
    /// Too long texts are told in bytes (`field.TooLong`).
    too_long_says_bytes: 32..;
    /// Immutable fields of a StatefulSet are told one by one.
    stateful_set_immutable_fields: 37..;
    /// `revisionHistoryLimit` of a StatefulSet may change.
    stateful_set_revision_history_mutable: 33..;
    /// `serviceName` of a StatefulSet has to be a label.
    stateful_set_service_name: 33..;
    /// An update of a ReplicaSet or DaemonSet is judged as a creation, too.
    apps_updates_judged_twice: 29..34;
    /// An update of a ReplicationController is judged as a creation, too.
    replication_controller_updates_judged_twice: 29..35;
    /// What the name of a ReplicationController is generated from isn't judged by itself.
    replication_controller_names_once: 35..;
    /// `JobManagedBy`: `managedBy` of Jobs.
    job_managed_by: 32..;
    /// `JobSuccessPolicy`: `successPolicy` of Jobs.
    job_success_policy: 31..;
    /// An update of a Job is judged as a creation, too.
    job_updates_judged_twice: 29..37;
    /// `MutablePodResourcesForSuspendedJobs`.
    mutable_pod_resources: 36..;
    /// A pattern for conditions of pods in a CronJob has a default for its status.
    cron_job_failure_policy_defaults: 34..;
    /// `HPAConfigurableTolerance`: `tolerance` in the behavior of HorizontalPodAutoscalers.
    hpa_configurable_tolerance: 35..;
    /// `HPAScaleToZero`: `minReplicas` may be 0.
    hpa_scale_to_zero: 37..;
    /// What a HorizontalPodAutoscaler refers to needs an `apiVersion` that can be read.
    hpa_api_versions: 34..;
    /// A target value of zero in an annotation of `autoscaling/v1` is none beside an average.
    hpa_zero_values_are_dropped: 36..;
    /// The conversion from `autoscaling/v1` takes away annotations about tolerance, too.
    hpa_tolerance_annotations: 33..;
    /// A HorizontalPodAutoscaler without `maxReplicas` is told that the field is required.
    hpa_max_replicas_required: 36..;
    /// Declarative validation of HorizontalPodAutoscalers counts (`DeclarativeValidationBeta`).
    hpa_declarative: 37..;
    /// `MaxUnavailableStatefulSet`.
    max_unavailable_stateful_set: 37..;
    /// The pod template and the claim templates of a StatefulSet are validated.
    stateful_set_templates: 34..;

    // Pods.
    /// `ClusterTrustBundleProjection`: `clusterTrustBundle` in projected volumes.
    cluster_trust_bundles: 37..;
    /// `ContainerRestartRules` is known and off: `restartPolicyRules` and the `restartPolicy` of
    /// containers that are no sidecars are dropped. Before, nobody dropped the latter.
    drops_restart_rules: 34..35;
    /// `ContainerRestartRules`: `restartPolicy` and `restartPolicyRules` of any container.
    container_restart_rules: 35..;
    /// `DynamicResourceAllocation`: `resourceClaims` and `resources.claims`.
    dynamic_resource_allocation: 34..;
    /// `EnvFiles`: `valueFrom.fileKeyRef`.
    env_files: 35..;
    /// `HostnameOverride`.
    hostname_override: 35..;
    /// The path of an image is measured without its domain (`distribution/reference` 0.6).
    image_paths_are_measured_alone: 32..;
    /// `ImageVolume`: volumes that are images.
    image_volumes: 35..;
    /// `InPlacePodVerticalScaling`: `resizePolicy`.
    in_place_resize: 33..;
    /// `MatchLabelKeysInPodAffinity`.
    match_label_keys_in_pod_affinity: 31..;
    /// Init containers that are no sidecars may not be restarted by a resize.
    plain_init_containers_resize_without_restart: 36..;
    /// `PodCertificateRequest`: `podCertificate` in projected volumes.
    pod_certificates: 37..;
    /// `PodLevelResources`: `resources` of a pod.
    pod_level_resources: 34..;
    /// What a resize policy may not be is told by the restart policy of the pod, by that word.
    resize_policy_says_pod: 36..;
    /// `RestartAllContainersOnContainerExits`: the action `RestartAllContainers`, and rules of
    /// sidecars.
    restart_all_containers: 36..;
    /// `PodLevelResourcesFixDefaulting`: resources of a Pod get their defaults at its creation.
    pod_level_resources_fixed: 37..;
    /// `PodLifecycleSleepAction`.
    sleep_action: 30..;
    /// A sleep of no length is refused with the name of the gate that would allow it.
    sleep_action_names_gate: 32..33;
    /// `ProcMountType`.
    proc_mount: 33..;
    /// `RecursiveReadOnlyMounts`.
    recursive_read_only_mounts: 31..;
    /// `SELinuxChangePolicy`.
    selinux_change_policy: 33..;
    /// `SupplementalGroupsPolicy`.
    supplemental_groups_policy: 33..;
    /// Too many restart rules are too many, not too long.
    too_many_restart_rules: 36..;
    /// `UserNamespacesSupport`: `hostUsers`.
    user_namespaces: 33..;
    /// An empty name of a CSI driver is required, and not also malformed.
    empty_driver_name_is_told_once: 35..;
    /// The `reference` of an image volume is required in templates, too.
    image_reference_in_templates: 37..;
    /// Sources of projected volumes with two types are told so by their own words.
    projection_says_per_source: 31..;
    /// The path of a projected service account token has to stay in its volume.
    token_path_is_local: 30..;

    // Claims.
    /// An update validates a claim a second time.
    claims_are_validated_twice: 29..35;
    /// `RecoverVolumeExpansionFailure`: a claim may ask for less again.
    recover_volume_expansion_failure: 32..;
    /// `VolumeAttributesClass`.
    volume_attributes_class: 34..;

    // Services.
    /// Port 10250 may not be a port of type LoadBalancer.
    kubelet_port_is_forbidden: 29..33;
    /// An update may keep addresses and ranges that are none by the rules of today.
    legacy_addresses_may_stay: 33..;
    /// `MultiCIDRServiceAllocator`.
    multi_cidr_service_allocator: 33..;
    /// `PreferSameTrafficDistribution`.
    prefer_same_traffic_distribution: 34..;
    /// `ServiceTrafficDistribution`.
    service_traffic_distribution: 31..;
    /// Service warnings: `externalIPs` as such.
    warns_of_external_ips: 36..;
    /// Service warnings: a `trafficDistribution` of `PreferClose`.
    warns_of_prefer_close: 35..;
    /// Service warnings: addresses in the words that all kinds share.
    warns_of_standard_addresses: 33..;
    /// Service warnings: what has no effect on headless ones.
    warns_of_what_headless_ignores: 34..;
    /// An update validates the metadata a second time.
    service_updates_validate_metadata: 29..34;
    /// An update keeps the node ports that it leaves out only where such are allocated.
    node_ports_are_kept_where_allocated: 30..;
    /// Each of the source ranges is told by itself.
    source_ranges_are_told_apart: 30..;

    // Pods as a whole.
    /// AppArmor profiles as fields.
    app_armor_fields: 30..;
    /// AppArmor's annotations are written where only the fields say what they would.
    app_armor_fields_become_annotations: 30..34;
    /// `Lt` and `Gt` are operators of tolerations, though `TaintTolerationComparisonOperators` is
    /// off.
    comparing_tolerations_known: 35..;
    /// Faults of host aliases and nameservers name indexes, and have the words for all addresses.
    host_aliases_by_index: 30..;
    /// `hostPID` and its kin are fields of the spec and not of its security context.
    host_fields_in_pod_spec: 37..;
    /// What is said of `hostUsers` has the name of the field.
    host_users_by_its_name: 34..;
    /// Underscores in an old object's DNS searches may stay.
    old_dns_searches_stay: 32..;
    /// User namespaces beside the host's network may stay.
    old_host_network_with_user_namespaces_stays: 35..;
    /// `CAP_SYS_ADMIN` of an old object may stay beside `allowPrivilegeEscalation: false`.
    old_sys_admin_stays: 37..;
    /// What is missing in `os` is told without words.
    os_name_without_words: 34..;
    /// `RelaxedDNSSearchValidation`: underscores and a lone dot.
    relaxed_dns_searches: 33..;
    /// `RelaxedEnvironmentVariableValidation`.
    relaxed_env_names: 32..;
    /// Values of required node affinity are checked.
    required_node_affinity_values: 33..;
    /// `PodLifecycleSleepActionAllowZero`.
    sleep_action_may_be_zero: 33..;
    /// `SELinuxMount`: each `seLinuxChangePolicy` may be chosen.
    selinux_mount: 37..;
    /// `MatchLabelKeysInPodTopologySpreadSelectorMerge`.
    spread_keys_are_merged: 34..;
    /// `Unmasked` needs a user namespace.
    unmasked_needs_user_namespace: 30..;
    /// The pattern that is told of DNS searches has underscores.
    underscores_in_the_pattern: 34..;
    /// An update may not change how much a Pod's resources are guaranteed.
    updates_keep_qos: 29..32;
    /// `volumeDevices` can't be used in a user namespace.
    user_namespaces_without_devices: 34..;

    // Warnings.
    /// Annotations about AppArmor in templates are compared with the profile of the pod.
    app_armor_annotations_are_compared: 34..;
    /// `GitRepoVolumeDriver` is off.
    git_repo_driver_off: 33..;
    /// Variables that are hidden may be dropped by `kubectl apply`, which is told.
    hidden_variables_may_be_dropped: 30..;
    /// Labels of nodes that were deprecated without a word.
    more_deprecated_node_labels: 31..;
    /// Paths in projected volumes are those of one source, not of the one before.
    projected_paths_by_source: 34..;
    /// Addresses in pods that are odd.
    warns_of_addresses_of_pods: 33..;
    /// A StatefulSet whose `revisionHistoryLimit` is negative.
    warns_of_negative_revision_history: 33..;
    /// Paths in volumes that hide each other.
    warns_of_overlapping_paths: 32..;
    /// Ports of different containers with one name.
    warns_of_port_names: 33..;
    /// Values of preferred node affinity that no label may have.
    warns_of_preferred_node_values: 33..;
}
