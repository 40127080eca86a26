//go:build !v1.31 || v1.32

// APIServices, for every minor but 1.31: the release of kube-aggregator that belongs to 1.31.14 can't be
// had, since its content isn't what Go's checksum database knows.
package main

import (
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/kube-aggregator/pkg/apis/apiregistration/install"
	"k8s.io/kube-aggregator/pkg/registry/apiservice"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

func init() {
	install.Install(legacyscheme.Scheme)
	kind := schema.GroupKind{Group: "apiregistration.k8s.io", Kind: "APIService"}
	resources[kind] = resource{"apiservices", apiservice.NewStrategy(legacyscheme.Scheme)}
}
