// A panic in the server's code is an answer, and the judge goes on.
package main

import (
	"bufio"
	"bytes"
	"context"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apiserver/pkg/registry/rest"
)

type panicking struct{ rest.RESTCreateUpdateStrategy }

func (panicking) Validate(context.Context, runtime.Object) field.ErrorList { panic("out of order") }

func TestPanic(t *testing.T) {
	if err := serveKinds(); err != nil {
		t.Fatal(err)
	}
	secrets := kinds[schema.GroupVersionKind{Version: "v1", Kind: "Secret"}]
	secrets.strategy = panicking{secrets.strategy}
	in := strings.NewReader(`{"id":1,"object":{"apiVersion":"v1","kind":"Secret","metadata":{"name":"a"}}}
{"id":2,"object":{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"}}}
`)
	var out bytes.Buffer
	if err := judgeCases(in, bufio.NewWriter(&out), 1); err != nil {
		t.Fatal(err)
	}
	want := `{"id":1,"code":500,"reason":"InternalError","message":"out of order","causes":[],"warnings":[]}
{"id":2,"code":201,"reason":"","causes":[],"warnings":[]}
`
	if out.String() != want {
		t.Errorf("got %swant %s", &out, want)
	}
}
