package main

// What kubectl makes of the bytes of one file. Mirrors FileVisitor and StreamVisitor of
// k8s.io/cli-runtime/pkg/resource/visitor.go over YAMLOrJSONDecoder of
// k8s.io/apimachinery/pkg/util/yaml/decoder.go, with one difference: kubectl stops at the first
// document that fails, this goes on with the next chunk.

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode"
	"unicode/utf8"

	xunicode "golang.org/x/text/encoding/unicode"
	"golang.org/x/text/transform"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// A document is what kubectl's splitter hands over: its JSON, or why there is none.
type document struct {
	json []byte
	err  error
}

// readDocuments decodes the bytes of a file.
func readDocuments(data []byte) []document {
	decoder := xunicode.BOMOverride(xunicode.UTF8.NewDecoder())
	reader := transform.NewReader(bytes.NewReader(data), decoder)
	stream, _, mightBeJSON := utilyaml.GuessJSONStream(reader, 4096)
	var documents []document
	var jsonErr error
	if mightBeJSON {
		var done bool
		documents, jsonErr, done = readJSON(stream)
		if done {
			return documents
		}
	}
	return append(documents, readYAML(stream, jsonErr)...)
}

// readJSON reads objects up to the first that isn't JSON. The stream then stands where the
// YAML reader goes on, unless it is done.
func readJSON(stream *utilyaml.StreamReader) (documents []document, firstErr error, done bool) {
	decoder := json.NewDecoder(stream)
	var consumed int64
	for {
		var raw json.RawMessage
		err := decoder.Decode(&raw)
		if err == io.EOF {
			return documents, nil, true
		}
		if err != nil {
			var syntax *json.SyntaxError
			if errors.As(err, &syntax) {
				err = utilyaml.JSONSyntaxError{Offset: syntax.Offset, Err: syntax}
			}
			if len(documents) > 1 {
				return append(documents, document{err: err}), nil, true
			}
			stream.Rewind()
			if consumeWhitespace(stream) != nil {
				return append(documents, document{err: err}), nil, true
			}
			return documents, err, false
		}
		step := decoder.InputOffset() - consumed
		stream.Consume(int(step))
		consumed += step
		canonical, err := canonicalJSON(raw, convertNumbers)
		documents = append(documents, document{canonical, err})
	}
}

// readYAML reads chunk after chunk. If the first fails as well, the JSON error is the one shown.
func readYAML(stream *utilyaml.StreamReader, jsonErr error) (documents []document) {
	reader := utilyaml.NewYAMLReader(bufio.NewReader(stream))
	for {
		chunk, err := reader.Read()
		if err == io.EOF {
			return documents
		}
		next := document{err: err}
		if err == nil {
			// RawMessage, like kubectl's RawExtension, keeps the JSON as it is.
			var raw json.RawMessage
			next.err = yaml.Unmarshal(chunk, &raw)
			next.json = raw
		}
		if next.err == nil && len(next.json) == 0 {
			// null is not stored at all; kubectl skips both.
			next.json = []byte("null")
		} else if next.err == nil {
			next.json, next.err = canonicalJSON(next.json, keepNumbers)
		} else if jsonErr != nil {
			next.err = jsonErr
		}
		jsonErr = nil
		documents = append(documents, next)
	}
}

// consumeWhitespace is YAMLOrJSONDecoder.consumeWhitespace, which isn't exported: it skips blanks
// up to and including the first line break, and gives up when fewer than four bytes are left.
func consumeWhitespace(stream *utilyaml.StreamReader) error {
	consumed := 0
	for {
		buf, err := stream.ReadN(4)
		if err == io.EOF {
			return err
		}
		r, size := utf8.DecodeRune(buf)
		if r == utf8.RuneError || size == 0 {
			return fmt.Errorf("invalid utf8 rune")
		}
		stream.RewindN(len(buf) - size)
		if !unicode.IsSpace(r) {
			stream.RewindN(size)
			stream.Consume(consumed)
			return nil
		}
		consumed += size
		if r == '\n' {
			stream.Consume(consumed)
			return nil
		}
	}
}

// canonicalJSON writes JSON as sigs.k8s.io/yaml does: keys sorted, no blanks, text as
// encoding/json writes it.
func canonicalJSON(raw []byte, numbers func(any) (any, error)) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	value, err := numbers(value)
	if err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

// keepNumbers is for what sigs.k8s.io/yaml has written itself.
func keepNumbers(value any) (any, error) { return value, nil }

// convertNumbers writes integers of int64 and uint64 exactly, other numbers as float64.
func convertNumbers(value any) (any, error) {
	var err error
	switch v := value.(type) {
	case json.Number:
		if i, err := strconv.ParseInt(v.String(), 10, 64); err == nil {
			return i, nil
		}
		if u, err := strconv.ParseUint(v.String(), 10, 64); err == nil {
			return u, nil
		}
		return v.Float64()
	case map[string]any:
		for key := range v {
			if v[key], err = convertNumbers(v[key]); err != nil {
				return nil, err
			}
		}
	case []any:
		for i := range v {
			if v[i], err = convertNumbers(v[i]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}
