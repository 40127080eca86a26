// What is served: the kinds of resources.go in every version that the minor serves by default, and how
// their objects are read, stored and returned.
package main

import (
	"encoding/json"
	"fmt"
	"regexp"

	apiextensions "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1beta1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1beta1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/deprecation"
	"k8s.io/component-base/version"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
)

// A kind in one version.
type servedKind struct {
	resource
	gvk schema.GroupVersionKind
	// The warning that every request gets, or nothing.
	deprecation string
	// Reads bodies of requests strictly, and defaults them.
	decoder runtime.Decoder
	// Writes bodies of answers.
	encoder runtime.Encoder
	// What objects go through when they are stored and read again.
	storage runtime.Codec
}

// Filled by serveKinds.
var kinds = map[schema.GroupVersionKind]*servedKind{}

func serveKinds() error {
	major, minor, err := deprecation.MajorMinor(version.Get())
	if err != nil {
		return fmt.Errorf("this judge was built without its minor: %w", err)
	}
	scheme, codecs := legacyscheme.Scheme, legacyscheme.Codecs
	body, err := serializer(runtime.ContentTypeJSON)
	if err != nil {
		return err
	}
	for kind, resource := range resources {
		storage, err := storageCodec(kind)
		if err != nil {
			return err
		}
		for _, gv := range scheme.PrioritizedVersionsForGroup(kind.Group) {
			gvk := gv.WithKind(kind.Kind)
			if !scheme.Recognizes(gvk) || !servedByDefault(gv, minor) {
				continue
			}
			sample, err := scheme.New(gvk)
			if err != nil {
				return err
			}
			sample.GetObjectKind().SetGroupVersionKind(gvk)
			served := &servedKind{
				resource: resource,
				gvk:      gvk,
				decoder:  codecs.DecoderToVersion(body.StrictSerializer, internal(kind.Group)),
				encoder:  codecs.EncoderForVersion(body.Serializer, gv),
				storage:  storage,
			}
			if deprecation.IsDeprecated(sample, major, minor) {
				served.deprecation = deprecation.WarningMessage(sample)
			}
			kinds[gvk] = served
		}
	}
	return nil
}

var stable = regexp.MustCompile(`^v[0-9]+$`)

// servedByDefault is what `DefaultAPIResourceConfigSource` in pkg/controlplane/instance.go says of the
// groups in resources.go: of the versions before a stable one, only one is still served, up to 1.31.
func servedByDefault(gv schema.GroupVersion, minor int) bool {
	legacy := schema.GroupVersion{Group: "flowcontrol.apiserver.k8s.io", Version: "v1beta3"}
	return stable.MatchString(gv.Version) || gv == legacy && minor < 32
}

// storageCodec writes and reads a kind as it is stored: in the version and the format that the server
// chooses by default.
func storageCodec(kind schema.GroupKind) (runtime.Codec, error) {
	version := legacyscheme.Scheme.PrioritizedVersionsForGroup(kind.Group)[0]
	contentType := runtime.ContentTypeProtobuf
	switch kind.Group {
	case apiextensions.GroupName:
		version, contentType = apiextensionsv1beta1.SchemeGroupVersion, runtime.ContentTypeJSON
	case "apiregistration.k8s.io":
		contentType = runtime.ContentTypeJSON
	case "events.k8s.io":
		version = schema.GroupVersion{Version: "v1"}
	}
	format, err := serializer(contentType)
	if err != nil {
		return nil, err
	}
	encoder := legacyscheme.Codecs.EncoderForVersion(format.Serializer, version)
	decoder := legacyscheme.Codecs.DecoderToVersion(format.Serializer, internal(version.Group))
	return runtime.NewCodec(encoder, decoder), nil
}

func serializer(contentType string) (runtime.SerializerInfo, error) {
	formats := legacyscheme.Codecs.SupportedMediaTypes()
	format, known := runtime.SerializerInfoForMediaType(formats, contentType)
	if !known {
		return format, fmt.Errorf("the scheme doesn't know %s", contentType)
	}
	return format, nil
}

func internal(group string) schema.GroupVersion {
	return schema.GroupVersion{Group: group, Version: runtime.APIVersionInternal}
}

// stored gives an object as it is read again once it was stored.
func (k *servedKind) stored(obj runtime.Object) (runtime.Object, error) {
	data, err := runtime.Encode(k.storage, obj)
	if err != nil {
		return nil, err
	}
	return runtime.Decode(k.storage, data)
}

// returned stores an object and gives what the answer to the request holds, without a version.
func (j *judge) returned(kind *servedKind, obj runtime.Object) (json.RawMessage, error) {
	obj, err := kind.stored(obj)
	if err != nil {
		return nil, err
	}
	if store := j.storeOf(kind); store != nil {
		store.Decorator(obj)
	}
	object, err := meta.Accessor(obj)
	if err != nil {
		return nil, err
	}
	object.SetResourceVersion("")
	return runtime.Encode(kind.encoder, obj)
}
