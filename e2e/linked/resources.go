// The kinds that are judged, and the strategies that judge them.
package main

import (
	"context"
	"errors"

	apiextensionsinstall "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/install"
	"k8s.io/apiextensions-apiserver/pkg/registry/customresourcedefinition"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/registry/rest"
	apiregistrationinstall "k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	"k8s.io/kube-aggregator/pkg/registry/apiservice"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/admissionregistration"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/mutatingwebhookconfiguration"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/resolver"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicy"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingadmissionpolicybinding"
	"k8s.io/kubernetes/pkg/registry/admissionregistration/validatingwebhookconfiguration"
	"k8s.io/kubernetes/pkg/registry/apps/controllerrevision"
	"k8s.io/kubernetes/pkg/registry/apps/daemonset"
	"k8s.io/kubernetes/pkg/registry/apps/deployment"
	"k8s.io/kubernetes/pkg/registry/apps/replicaset"
	"k8s.io/kubernetes/pkg/registry/apps/statefulset"
	"k8s.io/kubernetes/pkg/registry/autoscaling/horizontalpodautoscaler"
	"k8s.io/kubernetes/pkg/registry/batch/cronjob"
	"k8s.io/kubernetes/pkg/registry/batch/job"
	"k8s.io/kubernetes/pkg/registry/certificates/certificates"
	"k8s.io/kubernetes/pkg/registry/coordination/lease"
	"k8s.io/kubernetes/pkg/registry/core/configmap"
	"k8s.io/kubernetes/pkg/registry/core/endpoint"
	"k8s.io/kubernetes/pkg/registry/core/event"
	"k8s.io/kubernetes/pkg/registry/core/limitrange"
	"k8s.io/kubernetes/pkg/registry/core/namespace"
	"k8s.io/kubernetes/pkg/registry/core/node"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolume"
	"k8s.io/kubernetes/pkg/registry/core/persistentvolumeclaim"
	"k8s.io/kubernetes/pkg/registry/core/pod"
	"k8s.io/kubernetes/pkg/registry/core/podtemplate"
	"k8s.io/kubernetes/pkg/registry/core/replicationcontroller"
	"k8s.io/kubernetes/pkg/registry/core/resourcequota"
	"k8s.io/kubernetes/pkg/registry/core/secret"
	"k8s.io/kubernetes/pkg/registry/core/service"
	"k8s.io/kubernetes/pkg/registry/core/serviceaccount"
	"k8s.io/kubernetes/pkg/registry/discovery/endpointslice"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/flowschema"
	"k8s.io/kubernetes/pkg/registry/flowcontrol/prioritylevelconfiguration"
	"k8s.io/kubernetes/pkg/registry/networking/ingress"
	"k8s.io/kubernetes/pkg/registry/networking/ingressclass"
	"k8s.io/kubernetes/pkg/registry/networking/networkpolicy"
	"k8s.io/kubernetes/pkg/registry/node/runtimeclass"
	"k8s.io/kubernetes/pkg/registry/policy/poddisruptionbudget"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrole"
	"k8s.io/kubernetes/pkg/registry/rbac/clusterrolebinding"
	"k8s.io/kubernetes/pkg/registry/rbac/role"
	"k8s.io/kubernetes/pkg/registry/rbac/rolebinding"
	"k8s.io/kubernetes/pkg/registry/scheduling/priorityclass"
	"k8s.io/kubernetes/pkg/registry/storage/csidriver"
	"k8s.io/kubernetes/pkg/registry/storage/storageclass"

	_ "k8s.io/kubernetes/pkg/apis/admissionregistration/install"
	_ "k8s.io/kubernetes/pkg/apis/apps/install"
	_ "k8s.io/kubernetes/pkg/apis/autoscaling/install"
	_ "k8s.io/kubernetes/pkg/apis/batch/install"
	_ "k8s.io/kubernetes/pkg/apis/certificates/install"
	_ "k8s.io/kubernetes/pkg/apis/coordination/install"
	_ "k8s.io/kubernetes/pkg/apis/core/install"
	_ "k8s.io/kubernetes/pkg/apis/discovery/install"
	_ "k8s.io/kubernetes/pkg/apis/events/install"
	_ "k8s.io/kubernetes/pkg/apis/flowcontrol/install"
	_ "k8s.io/kubernetes/pkg/apis/networking/install"
	_ "k8s.io/kubernetes/pkg/apis/node/install"
	_ "k8s.io/kubernetes/pkg/apis/policy/install"
	_ "k8s.io/kubernetes/pkg/apis/rbac/install"
	_ "k8s.io/kubernetes/pkg/apis/scheduling/install"
	_ "k8s.io/kubernetes/pkg/apis/storage/install"
)

// A resource as it is served: its place in the API and the strategy that judges it.
type resource struct {
	name     string
	strategy rest.RESTCreateUpdateStrategy
}

// Every kind that is judged, in whatever version the minor serves it.
var resources = map[schema.GroupKind]resource{
	{Kind: "ConfigMap"}:             {"configmaps", configmap.Strategy},
	{Kind: "Endpoints"}:             {"endpoints", endpoint.Strategy},
	{Kind: "Event"}:                 {"events", event.Strategy},
	{Kind: "LimitRange"}:            {"limitranges", limitrange.Strategy},
	{Kind: "Namespace"}:             {"namespaces", namespace.Strategy},
	{Kind: "Node"}:                  {"nodes", node.Strategy},
	{Kind: "PersistentVolume"}:      {"persistentvolumes", persistentvolume.Strategy},
	{Kind: "PersistentVolumeClaim"}: {"persistentvolumeclaims", persistentvolumeclaim.Strategy},
	{Kind: "Pod"}:                   {"pods", pod.Strategy},
	{Kind: "PodTemplate"}:           {"podtemplates", podtemplate.Strategy},
	{Kind: "ReplicationController"}: {"replicationcontrollers", replicationcontroller.Strategy},
	{Kind: "ResourceQuota"}:         {"resourcequotas", resourcequota.Strategy},
	{Kind: "Secret"}:                {"secrets", secret.Strategy},
	{Kind: "Service"}:               {"services", service.Strategy},
	{Kind: "ServiceAccount"}:        {"serviceaccounts", serviceaccount.Strategy},

	{Group: "admissionregistration.k8s.io", Kind: "MutatingWebhookConfiguration"}:     {"mutatingwebhookconfigurations", mutatingwebhookconfiguration.Strategy},
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicy"}:        {"validatingadmissionpolicies", validatingadmissionpolicy.NewStrategy(nil, nil)},
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingAdmissionPolicyBinding"}: {"validatingadmissionpolicybindings", validatingadmissionpolicybinding.NewStrategy(nil, noPolicies{}, noKinds)},
	{Group: "admissionregistration.k8s.io", Kind: "ValidatingWebhookConfiguration"}:   {"validatingwebhookconfigurations", validatingwebhookconfiguration.Strategy},

	{Group: "apiextensions.k8s.io", Kind: "CustomResourceDefinition"}: {"customresourcedefinitions", customresourcedefinition.NewStrategy(legacyscheme.Scheme)},
	{Group: "apiregistration.k8s.io", Kind: "APIService"}:             {"apiservices", apiservice.NewStrategy(legacyscheme.Scheme)},

	{Group: "apps", Kind: "ControllerRevision"}: {"controllerrevisions", controllerrevision.Strategy},
	{Group: "apps", Kind: "DaemonSet"}:          {"daemonsets", daemonset.Strategy},
	{Group: "apps", Kind: "Deployment"}:         {"deployments", deployment.Strategy},
	{Group: "apps", Kind: "ReplicaSet"}:         {"replicasets", replicaset.Strategy},
	{Group: "apps", Kind: "StatefulSet"}:        {"statefulsets", statefulset.Strategy},

	{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"}: {"horizontalpodautoscalers", horizontalpodautoscaler.Strategy},

	{Group: "batch", Kind: "CronJob"}: {"cronjobs", cronjob.Strategy},
	{Group: "batch", Kind: "Job"}:     {"jobs", job.Strategy},

	{Group: "certificates.k8s.io", Kind: "CertificateSigningRequest"}: {"certificatesigningrequests", certificates.Strategy},
	{Group: "coordination.k8s.io", Kind: "Lease"}:                     {"leases", lease.Strategy},
	{Group: "discovery.k8s.io", Kind: "EndpointSlice"}:                {"endpointslices", endpointslice.Strategy},
	{Group: "events.k8s.io", Kind: "Event"}:                           {"events", event.Strategy},

	{Group: "flowcontrol.apiserver.k8s.io", Kind: "FlowSchema"}:                 {"flowschemas", flowschema.Strategy},
	{Group: "flowcontrol.apiserver.k8s.io", Kind: "PriorityLevelConfiguration"}: {"prioritylevelconfigurations", prioritylevelconfiguration.Strategy},

	{Group: "networking.k8s.io", Kind: "Ingress"}:       {"ingresses", ingress.Strategy},
	{Group: "networking.k8s.io", Kind: "IngressClass"}:  {"ingressclasses", ingressclass.Strategy},
	{Group: "networking.k8s.io", Kind: "NetworkPolicy"}: {"networkpolicies", networkpolicy.Strategy},

	{Group: "node.k8s.io", Kind: "RuntimeClass"}:   {"runtimeclasses", runtimeclass.Strategy},
	{Group: "policy", Kind: "PodDisruptionBudget"}: {"poddisruptionbudgets", poddisruptionbudget.Strategy},

	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRole"}:        {"clusterroles", clusterrole.Strategy},
	{Group: "rbac.authorization.k8s.io", Kind: "ClusterRoleBinding"}: {"clusterrolebindings", clusterrolebinding.Strategy},
	{Group: "rbac.authorization.k8s.io", Kind: "Role"}:               {"roles", role.Strategy},
	{Group: "rbac.authorization.k8s.io", Kind: "RoleBinding"}:        {"rolebindings", rolebinding.Strategy},

	{Group: "scheduling.k8s.io", Kind: "PriorityClass"}: {"priorityclasses", priorityclass.Strategy},
	{Group: "storage.k8s.io", Kind: "CSIDriver"}:        {"csidrivers", csidriver.Strategy},
	{Group: "storage.k8s.io", Kind: "StorageClass"}:     {"storageclasses", storageclass.Strategy},
}

// These groups have servers and schemes of their own.
func init() {
	apiextensionsinstall.Install(legacyscheme.Scheme)
	apiregistrationinstall.Install(legacyscheme.Scheme)
}

// What a binding of an admission policy asks for only to authorize its author, who may do all.
type noPolicies struct{}

func (noPolicies) GetValidatingAdmissionPolicy(context.Context, string) (*admissionregistration.ValidatingAdmissionPolicy, error) {
	return nil, errors.New("there are no policies")
}

var noKinds = resolver.ResourceResolverFunc(func(schema.GroupVersionKind) (schema.GroupVersionResource, error) {
	return schema.GroupVersionResource{}, errors.New("there are no kinds")
})
