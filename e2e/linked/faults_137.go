//go:build v1.37

// The faults of a rejected object: since 1.37 the library tells them.
package main

import (
	"context"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apiserver/pkg/registry/rest"
)

func createErrors(ctx context.Context, strategy rest.RESTCreateStrategy, obj runtime.Object) fieldErrors {
	return rest.ValidateCreate(ctx, obj, strategy)
}

func updateErrors(ctx context.Context, strategy rest.RESTUpdateStrategy, obj, old runtime.Object) fieldErrors {
	return rest.ValidateUpdate(ctx, obj, old, strategy)
}
