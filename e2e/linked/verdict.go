// What a judge says, and how the server's errors become it.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A verdict: what the answer to a request would hold. Code 0: nothing can be said.
type verdict struct {
	Code     int32           `json:"code"`
	Reason   string          `json:"reason"`
	Message  string          `json:"message,omitempty"`
	Causes   []cause         `json:"causes"`
	Warnings []string        `json:"warnings"`
	Stored   json.RawMessage `json:"stored,omitempty"`
}

type cause struct {
	Reason  string `json:"reason"`
	Field   string `json:"field"`
	Message string `json:"message"`
	// The message without its type and value.
	Detail *string `json:"detail,omitempty"`
}

func unjudged(message string) verdict {
	return verdict{Message: message, Causes: []cause{}, Warnings: []string{}}
}

// rejection is the verdict on what the server answers with an error.
func rejection(err error) verdict {
	var status apierrors.APIStatus
	if !errors.As(err, &status) {
		status = apierrors.NewInternalError(err)
	}
	answer := status.Status()
	v := verdict{
		Code:     answer.Code,
		Reason:   string(answer.Reason),
		Message:  answer.Message,
		Causes:   []cause{},
		Warnings: []string{},
	}
	if answer.Reason != metav1.StatusReasonInvalid || answer.Details == nil {
		return v
	}
	details := detailsOf(err)
	for _, c := range answer.Details.Causes {
		found := details.of(c)
		v.Causes = append(v.Causes, cause{string(c.Type), c.Field, c.Message, &found})
	}
	return v
}

func panicked(what any) verdict {
	v := unjudged(fmt.Sprint(what))
	v.Code, v.Reason = http.StatusInternalServerError, string(metav1.StatusReasonInternalError)
	return v
}

// The warnings that a request collects, each once, in their order, as
// apiserver/pkg/endpoints/filters/warning.go collects them.
type recorder struct {
	texts []string
	known map[string]bool
}

func (r *recorder) AddWarning(_, text string) {
	if text == "" || r.known[text] {
		return
	}
	if r.known == nil {
		r.known = map[string]bool{}
	}
	r.known[text] = true
	r.texts = append(r.texts, text)
}
