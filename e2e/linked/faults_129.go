//go:build !v1.37

// The faults of a rejected object: up to 1.36 they are gathered as `rest.BeforeCreate` and
// `rest.BeforeUpdate` gather them.
package main

import (
	"context"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/validation"
	"k8s.io/apimachinery/pkg/api/validation/path"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
)

func createErrors(ctx context.Context, strategy rest.RESTCreateStrategy, obj runtime.Object) fieldErrors {
	faults := strategy.Validate(ctx, obj)
	if len(faults) > 0 {
		return faults
	}
	return metaErrors(obj, strategy.NamespaceScoped())
}

func updateErrors(ctx context.Context, strategy rest.RESTUpdateStrategy, obj, old runtime.Object) fieldErrors {
	faults := metaErrors(obj, strategy.NamespaceScoped())
	object, err := meta.Accessor(obj)
	existing, oldErr := meta.Accessor(old)
	if err == nil && oldErr == nil {
		inMeta := field.NewPath("metadata")
		faults = append(faults, validation.ValidateObjectMetaAccessorUpdate(object, existing, inMeta)...)
	}
	return append(faults, strategy.ValidateUpdate(ctx, obj, old)...)
}

func metaErrors(obj runtime.Object, namespaced bool) fieldErrors {
	object, err := meta.Accessor(obj)
	if err != nil {
		return nil
	}
	inMeta := field.NewPath("metadata")
	return validation.ValidateObjectMetaAccessor(object, namespaced, path.ValidatePathSegmentName, inMeta)
}
