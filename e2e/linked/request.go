// The way of a request through the server, from its body to what would be stored: as the handlers in
// apiserver/pkg/endpoints/handlers and the store in apiserver/pkg/registry/generic/registry take it,
// without admission and field managers.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	jsonserializer "k8s.io/apimachinery/pkg/runtime/serializer/json"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/endpoints/handlers"
	genericrequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
)

// What is asked: what the server says to a POST of `Object`, or to its PUT over `Old`.
type request struct {
	Object json.RawMessage `json:"object"`
	Old    json.RawMessage `json:"old"`
	// The namespace in the path; without it the object's, or `default`.
	Namespace string `json:"namespace"`
	// Whether to tell what would be stored.
	Stored bool `json:"stored"`
}

// A judge answers one request after another; several may work side by side.
type judge struct{ services *serviceStore }

func newJudge() (*judge, error) {
	services, err := newServiceStore()
	return &judge{services}, err
}

// What the server gives to every new object; always the same here, so that verdicts are, too.
const (
	storedUID     = "00000000-0000-4000-8000-000000000000"
	storedVersion = "1"
)

var storedTime = metav1.NewTime(time.Unix(0, 0).UTC())

// judge answers like `POST` or `PUT` with `fieldValidation=Strict`.
func (j *judge) judge(asked request) (said verdict) {
	defer func() {
		if what := recover(); what != nil {
			said = panicked(what)
		}
	}()
	j.services.reset()
	kind, problem := kindOf(asked.Object)
	if kind == nil {
		return problem
	}
	warnings := &recorder{}
	if kind.deprecation != "" {
		warnings.AddWarning("", kind.deprecation)
	}
	var obj runtime.Object
	var err error
	code := int32(http.StatusCreated)
	if isNull(asked.Old) {
		obj, err = j.create(kind, asked.Object, asked.Namespace, warnings)
	} else {
		code = http.StatusOK
		old, oldErr := j.createOld(asked)
		if oldErr != nil {
			return unjudged(fmt.Sprintf("old: %v", oldErr))
		}
		obj, err = j.update(kind, asked.Object, old, warnings)
	}
	if err != nil {
		said = rejection(err)
	} else {
		said = verdict{Code: code, Causes: []cause{}}
		if asked.Stored {
			if said.Stored, err = j.returned(kind, obj); err != nil {
				said = rejection(err)
			}
		}
	}
	said.Warnings = append([]string{}, warnings.texts...)
	return said
}

func isNull(raw json.RawMessage) bool { return len(raw) == 0 || string(raw) == "null" }

// kindOf finds the kind of an object, or says why there is nothing to judge.
func kindOf(body []byte) (*servedKind, verdict) {
	gvk, err := jsonserializer.DefaultMetaFactory.Interpret(body)
	if err != nil {
		return nil, unjudged(err.Error())
	}
	if kind, served := kinds[*gvk]; served {
		return kind, verdict{}
	}
	if _, known := resources[gvk.GroupKind()]; !known {
		return nil, unjudged(fmt.Sprintf("this judge doesn't know the kind %s", gvk))
	}
	v := unjudged("the server could not find the requested resource")
	v.Code, v.Reason = http.StatusNotFound, string(metav1.StatusReasonNotFound)
	return nil, v
}

func (j *judge) createOld(asked request) (runtime.Object, error) {
	kind, problem := kindOf(asked.Old)
	if kind == nil {
		return nil, errors.New(problem.Message)
	}
	if wanted, _ := kindOf(asked.Object); kind.resource != wanted.resource {
		return nil, fmt.Errorf("is of another kind: %s", kind.gvk)
	}
	obj, err := j.create(kind, asked.Old, asked.Namespace, &recorder{})
	if err != nil {
		return nil, err
	}
	obj, err = kind.stored(obj)
	if err != nil {
		return nil, err
	}
	object, err := meta.Accessor(obj)
	if err != nil {
		return nil, err
	}
	object.SetResourceVersion(storedVersion)
	return obj, nil
}

// create goes the way of `createHandler` in handlers/create.go and of `Store.create`.
func (j *judge) create(kind *servedKind, body []byte, namespace string, warnings warning.Recorder) (runtime.Object, error) {
	obj, object, err := decoded(kind, body)
	if err != nil {
		return nil, err
	}
	rest.WipeObjectMetaSystemFields(object)
	if namespace == "" {
		namespace = object.GetNamespace()
	}
	if namespace == "" {
		namespace = metav1.NamespaceDefault
	}
	ctx, err := inNamespace(kind, object, namespace)
	if err != nil {
		return nil, err
	}
	ctx = asked(ctx, kind, "create", warnings)
	dedupOwners(object, warnings)
	object.SetManagedFields(nil)
	object.SetUID(storedUID)
	object.SetCreationTimestamp(storedTime)
	strategy := kind.strategy
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(strategy.GenerateName(object.GetGenerateName()))
	}
	finish := func(context.Context, bool) {}
	if store := j.storeOf(kind); store != nil {
		if finish, err = store.BeginCreate(ctx, obj, &metav1.CreateOptions{}); err != nil {
			return nil, err
		}
	}
	err = rest.BeforeCreate(strategy, ctx, obj)
	finish(ctx, err == nil)
	if err != nil {
		return nil, detailed(err, func() fieldErrors { return createErrors(ctx, strategy, obj) })
	}
	return obj, nil
}

// update goes the way of `UpdateResource` in handlers/update.go and of `Store.Update`: the name and the
// namespace in the path are those of the old object, and a version or an UID isn't compared with it.
func (j *judge) update(kind *servedKind, body []byte, old runtime.Object, warnings warning.Recorder) (runtime.Object, error) {
	existing, err := meta.Accessor(old)
	if err != nil {
		return nil, err
	}
	obj, object, err := decoded(kind, body)
	if err != nil {
		return nil, err
	}
	ctx, err := inNamespace(kind, object, existing.GetNamespace())
	if err != nil {
		return nil, err
	}
	ctx = asked(ctx, kind, "update", warnings)
	if err := checkName(object, existing.GetName()); err != nil {
		return nil, err
	}
	dedupOwners(object, warnings)
	object.SetManagedFields(nil)
	object.SetUID(existing.GetUID())
	object.SetResourceVersion(existing.GetResourceVersion())
	keepGenerated(obj)
	finish := func(context.Context, bool) {}
	if store := j.storeOf(kind); store != nil {
		if finish, err = store.BeginUpdate(ctx, obj, old, &metav1.UpdateOptions{}); err != nil {
			return nil, err
		}
	}
	strategy := kind.strategy
	err = rest.BeforeUpdate(strategy, ctx, obj, old)
	finish(ctx, err == nil)
	if err != nil {
		return nil, detailed(err, func() fieldErrors { return updateErrors(ctx, strategy, obj, old) })
	}
	return obj, nil
}

// decoded reads a body strictly and defaults it.
func decoded(kind *servedKind, body []byte) (runtime.Object, metav1.Object, error) {
	obj, _, err := kind.decoder.Decode(body, &kind.gvk, nil)
	if err != nil {
		text := "%s in version %q cannot be handled as a %s: %v"
		text = fmt.Sprintf(text, kind.gvk.Kind, kind.gvk.Version, kind.gvk.Kind, err)
		return nil, nil, apierrors.NewBadRequest(text)
	}
	object, err := meta.Accessor(obj)
	return obj, object, err
}

// inNamespace holds an object to the namespace in the path.
func inNamespace(kind *servedKind, object metav1.Object, namespace string) (context.Context, error) {
	expected := rest.ExpectedNamespaceForScope(namespace, kind.strategy.NamespaceScoped())
	if err := rest.EnsureObjectNamespaceMatchesRequestNamespace(expected, object); err != nil {
		return nil, err
	}
	if kind.gvk.Group == "" && kind.gvk.Kind == "Namespace" {
		expected = object.GetName()
	}
	return genericrequest.WithNamespace(context.Background(), expected), nil
}

// asked puts into a context what strategies look for in it.
func asked(ctx context.Context, kind *servedKind, verb string, warnings warning.Recorder) context.Context {
	ctx = warning.WithWarningRecorder(ctx, warnings)
	ctx = genericrequest.WithUser(ctx, &user.DefaultInfo{
		Name:   "judge",
		Groups: []string{user.SystemPrivilegedGroup},
	})
	namespace, _ := genericrequest.NamespaceFrom(ctx)
	return genericrequest.WithRequestInfo(ctx, &genericrequest.RequestInfo{
		IsResourceRequest: true,
		Verb:              verb,
		APIGroup:          kind.gvk.Group,
		APIVersion:        kind.gvk.Version,
		Namespace:         namespace,
		Resource:          kind.resource.name,
	})
}

// checkName is the function of that name in handlers/rest.go.
func checkName(object metav1.Object, name string) error {
	switch got := object.GetName(); got {
	case name:
		return nil
	case "":
		text := "the name of the object (%s based on URL) was undeterminable: name must be provided"
		return apierrors.NewBadRequest(fmt.Sprintf(text, name))
	default:
		text := "the name of the object (%s) does not match the name on the URL (%s)"
		return apierrors.NewBadRequest(fmt.Sprintf(text, got, name))
	}
}

// dedupOwners is `dedupOwnerReferencesAndAddWarning` in handlers/rest.go.
func dedupOwners(object metav1.Object, warnings warning.Recorder) {
	var owners []metav1.OwnerReference
	var twice []string
	for _, owner := range object.GetOwnerReferences() {
		if slices.ContainsFunc(owners, func(o metav1.OwnerReference) bool { return reflect.DeepEqual(o, owner) }) {
			twice = append(twice, string(owner.UID))
		} else {
			owners = append(owners, owner)
		}
	}
	if len(twice) > 0 {
		text := fmt.Sprintf(handlers.DuplicateOwnerReferencesWarningFormat, strings.Join(twice, ", "))
		warnings.AddWarning("", text)
		object.SetOwnerReferences(owners)
	}
}
