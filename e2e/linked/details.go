// The details of causes: what an answer's message says after the type and the value of a fault.
//
// An answer holds them only within its messages. So a rejected object is validated once more, for the
// list of faults itself; what isn't found there (faults that the storage of Services finds) is cut
// from the message.
package main

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/validation/field"
)

type fieldErrors = field.ErrorList

// A rejection with the faults that it stands for.
type detailedError struct {
	error
	faults details
}

func (d detailedError) Unwrap() error { return d.error }

type details map[metav1.StatusCause]string

// detailed adds to a rejection what validation says.
func detailed(err error, validate func() fieldErrors) error {
	faults := details{}
	for _, fault := range validate() {
		faults[metav1.StatusCause{
			Type:    metav1.CauseType(fault.Type),
			Message: fault.ErrorBody(),
			Field:   fault.Field,
		}] = fault.Detail
	}
	return detailedError{err, faults}
}

func detailsOf(err error) details {
	var found detailedError
	errors.As(err, &found)
	return found.faults
}

func (d details) of(c metav1.StatusCause) string {
	if detail, found := d[c]; found {
		return detail
	}
	return cut(c)
}

// cut gives what follows the type and the value, as `Error.ErrorBody` writes them.
func cut(c metav1.StatusCause) string {
	_, rest, _ := strings.Cut(c.Message, ": ")
	switch field.ErrorType(c.Type) {
	case field.ErrorTypeRequired, field.ErrorTypeForbidden, field.ErrorTypeInternal:
		return rest
	}
	if value, err := strconv.QuotedPrefix(rest); err == nil {
		return strings.TrimPrefix(rest[len(value):], ": ")
	}
	values := json.NewDecoder(strings.NewReader(rest))
	var value json.RawMessage
	if err := values.Decode(&value); err == nil {
		after := rest[values.InputOffset():]
		if detail, found := strings.CutPrefix(after, ": "); found || after == "" {
			return detail
		}
	}
	// A value as Go prints it.
	if _, detail, found := strings.Cut(rest, "}: "); found {
		return detail
	}
	_, detail, _ := strings.Cut(rest, ": ")
	return detail
}
