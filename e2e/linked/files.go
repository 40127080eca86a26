// The judging of files: one JSON line for every object in them.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// What is said of one document of a file.
type fileLine struct {
	File     string `json:"file"`
	Document int    `json:"document"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	verdict
}

func judgeFiles(files []string, out io.Writer) error {
	j, err := newJudge()
	if err != nil {
		return err
	}
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, file := range files {
		if err := judgeFile(j, file, lines); err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// judgeFile judges the documents of a file, read as kubectl reads them; empty ones are counted.
func judgeFile(j *judge, file string, lines *json.Encoder) error {
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
		var head metav1.PartialObjectMetadata
		// What doesn't fit here doesn't fit the object either: its verdict says so.
		_ = json.Unmarshal(body, &head)
		line := fileLine{file, document, head.Kind, head.Name, j.judge(request{Object: body})}
		for i := range line.Causes {
			line.Causes[i].Detail = nil
		}
		if err := lines.Encode(line); err != nil {
			return err
		}
	}
}
