package main

import core "k8s.io/kubernetes/pkg/apis/core"

// allocate gives a Service what its storage gives it before validation (alloc.go and storage.go in
// pkg/registry/core/service/storage): addresses, families and ports, as on a cluster with IPv4 only
// where nothing is taken.
func allocate(service *core.Service) {
	spec := &service.Spec
	if spec.ClusterIP != "" && len(spec.ClusterIPs) == 0 {
		spec.ClusterIPs = []string{spec.ClusterIP}
	}
	if spec.Type == core.ServiceTypeExternalName {
		return
	}
	headless := spec.ClusterIP == core.ClusterIPNone
	allocateFamilies(spec, headless)
	if !headless && spec.ClusterIP == "" {
		spec.ClusterIP, spec.ClusterIPs = "10.0.0.10", []string{"10.0.0.10"}
	}
	balanced := spec.Type == core.ServiceTypeLoadBalancer
	onNodes := spec.AllocateLoadBalancerNodePorts == nil || *spec.AllocateLoadBalancerNodePorts
	if spec.Type == core.ServiceTypeNodePort || balanced && onNodes {
		for i := range spec.Ports {
			if spec.Ports[i].NodePort == 0 {
				spec.Ports[i].NodePort = int32(30100 + i)
			}
		}
	}
	if balanced && spec.ExternalTrafficPolicy == core.ServiceExternalTrafficPolicyLocal && spec.HealthCheckNodePort == 0 {
		spec.HealthCheckNodePort = 30099
	}
}

func allocateFamilies(spec *core.ServiceSpec, headless bool) {
	anywhere := headless && len(spec.Selector) == 0
	if spec.IPFamilyPolicy == nil {
		policy := core.IPFamilyPolicySingleStack
		if anywhere {
			policy = core.IPFamilyPolicyRequireDualStack
		}
		spec.IPFamilyPolicy = &policy
	}
	if len(spec.IPFamilies) == 0 {
		spec.IPFamilies = []core.IPFamily{core.IPv4Protocol}
		if anywhere && *spec.IPFamilyPolicy != core.IPFamilyPolicySingleStack {
			spec.IPFamilies = append(spec.IPFamilies, core.IPv6Protocol)
		}
	}
}
