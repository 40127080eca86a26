// The judge: what the API server of one minor says to the creation of manifests.
//
// It links the server's own strict decoding, defaulting, dropping of gated fields, validation and
// warnings, without storage, admission and allocators. Which minor it speaks for is decided by the
// module file it is built with: see README.md beside it.
//
// usage: judge FILE.yaml... writes one JSON line per object.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/apiserver/pkg/authentication/user"
	genericrequest "k8s.io/apiserver/pkg/endpoints/request"
	"k8s.io/apiserver/pkg/registry/rest"
	"k8s.io/apiserver/pkg/warning"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	core "k8s.io/kubernetes/pkg/apis/core"
	"k8s.io/kubernetes/pkg/capabilities"
)

// A verdict: what the answer to a POST would hold. Code 0: this judge doesn't know the kind.
type verdict struct {
	File     string   `json:"file"`
	Document int      `json:"document"`
	Kind     string   `json:"kind"`
	Name     string   `json:"name"`
	Code     int32    `json:"code"`
	Reason   string   `json:"reason"`
	Message  string   `json:"message,omitempty"`
	Causes   []cause  `json:"causes"`
	Warnings []string `json:"warnings"`
}

type cause struct {
	Reason  string `json:"reason"`
	Field   string `json:"field"`
	Message string `json:"message"`
}

// The warnings that a request collects, in their order.
type recorder struct{ texts []string }

func (r *recorder) AddWarning(_, text string) { r.texts = append(r.texts, text) }

func main() {
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
	out := bufio.NewWriter(os.Stdout)
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, file := range os.Args[1:] {
		if err := judgeFile(file, lines); err != nil {
			fmt.Fprintf(os.Stderr, "%s: %v\n", file, err)
			os.Exit(1)
		}
	}
	if err := out.Flush(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// judgeFile judges the documents of a file, read as kubectl reads them; empty ones are counted.
func judgeFile(file string, lines *json.Encoder) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(content), 4096)
	for document := 0; ; document++ {
		var raw runtime.RawExtension
		switch err := documents.Decode(&raw); {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("document %d: %w", document, err)
		}
		body := bytes.TrimSpace(raw.Raw)
		if len(body) == 0 || string(body) == "null" {
			continue
		}
		v := judge(body)
		v.File, v.Document = file, document
		if err := lines.Encode(v); err != nil {
			return err
		}
	}
}

// judge answers like `POST ...?dryRun=All&fieldValidation=Strict`.
func judge(body []byte) verdict {
	v := verdict{Causes: []cause{}, Warnings: []string{}}
	var head metav1.PartialObjectMetadata
	// What doesn't fit here doesn't fit the object either: decoding says so below.
	_ = json.Unmarshal(body, &head)
	v.Kind, v.Name = head.Kind, head.Name
	gvk := schema.FromAPIVersionAndKind(head.APIVersion, head.Kind)
	served, known := resources[gvk.GroupKind()]
	if !known {
		return v
	}
	warnings := &recorder{}
	err := create(body, gvk, served, warnings)
	v.Warnings = append(v.Warnings, warnings.texts...)
	if err == nil {
		v.Code = http.StatusCreated
		return v
	}
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		status = apierrors.NewInternalError(err)
	}
	answer := status.Status()
	v.Code, v.Reason, v.Message = answer.Code, string(answer.Reason), answer.Message
	if answer.Details != nil {
		for _, c := range answer.Details.Causes {
			v.Causes = append(v.Causes, cause{string(c.Type), c.Field, c.Message})
		}
	}
	return v
}

// create goes the way of `createHandler` in apiserver/pkg/endpoints/handlers/create.go, up to storage.
func create(body []byte, gvk schema.GroupVersionKind, served resource, warnings warning.Recorder) error {
	obj, err := decode(body, gvk)
	if err != nil {
		text := "%s in version %q cannot be handled as a %s: %v"
		return apierrors.NewBadRequest(fmt.Sprintf(text, gvk.Kind, gvk.Version, gvk.Kind, err))
	}
	object, err := meta.Accessor(obj)
	if err != nil {
		return err
	}
	rest.WipeObjectMetaSystemFields(object)
	namespace := object.GetNamespace()
	if namespace == "" && served.strategy.NamespaceScoped() {
		namespace = metav1.NamespaceDefault
	}
	object.SetNamespace(namespace)
	rest.FillObjectMetaSystemFields(object)
	if object.GetName() == "" && object.GetGenerateName() != "" {
		object.SetName(served.strategy.GenerateName(object.GetGenerateName()))
	}
	ctx := warning.WithWarningRecorder(context.Background(), warnings)
	ctx = genericrequest.WithNamespace(ctx, namespace)
	ctx = genericrequest.WithUser(ctx, &user.DefaultInfo{Name: "judge", Groups: []string{user.SystemPrivilegedGroup}})
	ctx = genericrequest.WithRequestInfo(ctx, &genericrequest.RequestInfo{
		IsResourceRequest: true,
		Verb:              "create",
		APIGroup:          gvk.Group,
		APIVersion:        gvk.Version,
		Namespace:         namespace,
		Resource:          served.name,
	})
	if service, is := obj.(*core.Service); is {
		allocate(service)
	}
	return rest.BeforeCreate(served.strategy, ctx, obj)
}

func decode(body []byte, gvk schema.GroupVersionKind) (runtime.Object, error) {
	formats := legacyscheme.Codecs.SupportedMediaTypes()
	format, known := runtime.SerializerInfoForMediaType(formats, runtime.ContentTypeJSON)
	if !known {
		return nil, errors.New("the scheme can't read JSON")
	}
	hub := schema.GroupVersion{Group: gvk.Group, Version: runtime.APIVersionInternal}
	decoder := legacyscheme.Codecs.DecoderToVersion(format.StrictSerializer, hub)
	obj, _, err := decoder.Decode(body, &gvk, nil)
	return obj, err
}
