// Command yaml is the oracle of kubevet's YAML and JSON readers: it says what kubectl
// (k8s.io/apimachinery's splitter, sigs.k8s.io/yaml) makes of every document of a file.
//
//	yaml [-json] PATH...         one line a document: path, index, SHA-256 of its JSON (or the JSON)
//	yaml -cases PATH...          writes NAME.json beside every case NAME.yaml
//	yaml -compare TSV PATH       compares kubevet's lines (with -json) with ours
//	yaml -write FILE PATH        writes a table of hashes, short and without paths
//	yaml -check FILE TSV         compares kubevet's lines with such a table
//	yaml -mutants N -seed S -into FOLDER PATH...  writes N mutants of the files of PATH
//
// A failed document prints path, index, "error" and the message. The index counts from 0 every
// chunk that the splitter hands over, empty ones (null) included.
package main

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	asJSON := flag.Bool("json", false, "print the JSON in place of its hash")
	cases := flag.Bool("cases", false, "write the goldens of the cases in PATH")
	compare := flag.String("compare", "", "compare the lines of this file with those of PATH")
	write := flag.String("write", "", "write the hashes of PATH to this table")
	check := flag.String("check", "", "compare the lines of a file with this table")
	mutants := flag.Int("mutants", 0, "write so many mutants of the files of PATH")
	seed := flag.Uint64("seed", 1, "what the mutants are drawn with")
	into := flag.String("into", "", "the folder that gets the mutants")
	flag.Parse()
	out := bufio.NewWriter(os.Stdout)
	var err error
	switch {
	case *cases:
		err = writeGoldens(flag.Args())
	case *mutants > 0:
		err = writeMutants(*into, *mutants, *seed, flag.Args())
	case *compare != "":
		err = compareLines(out, *compare, flag.Args())
	case *write != "":
		err = writeTable(*write, flag.Args())
	case *check != "":
		err = checkTable(out, *check, flag.Args())
	default:
		err = printLines(out, flag.Args(), *asJSON)
	}
	out.Flush()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// A line is one document of a file.
type line struct {
	path  string
	index int
	// The JSON, or the message if it failed.
	text   string
	failed bool
}

func (l line) key() string { return fmt.Sprintf("%s\t%d", l.path, l.index) }

func printLines(out io.Writer, paths []string, asJSON bool) error {
	return eachLine(paths, func(l line) {
		switch {
		case l.failed:
			fmt.Fprintf(out, "%s\terror\t%s\n", l.key(), l.text)
		case asJSON:
			fmt.Fprintf(out, "%s\t%s\n", l.key(), l.text)
		default:
			fmt.Fprintf(out, "%s\t%s\n", l.key(), hash(l.text))
		}
	})
}

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// eachLine reads the .yaml, .yml and .json files of folders, and files named explicitly. Paths
// are relative to the folder they were found in.
func eachLine(paths []string, use func(line)) error {
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || (path != root && !wanted(path)) {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name := path
			if path != root {
				name, _ = filepath.Rel(root, path)
			}
			for index, doc := range readDocuments(data) {
				use(lineOf(name, index, doc))
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func wanted(path string) bool {
	switch filepath.Ext(path) {
	case ".yaml", ".yml", ".json":
		return true
	}
	return false
}

func lineOf(path string, index int, doc document) line {
	if doc.err != nil {
		message := strings.NewReplacer("\n", `\n`, "\t", `\t`).Replace(doc.err.Error())
		return line{path, index, message, true}
	}
	return line{path, index, string(doc.json), false}
}

// writeGoldens writes one line a document: its JSON, or "error: " and the message.
func writeGoldens(paths []string) error {
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || filepath.Ext(path) != ".yaml" {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			var golden strings.Builder
			for index, doc := range readDocuments(data) {
				l := lineOf(path, index, doc)
				if l.failed {
					golden.WriteString("error: ")
				}
				golden.WriteString(l.text + "\n")
			}
			name := strings.TrimSuffix(path, ".yaml") + ".json"
			return os.WriteFile(name, []byte(golden.String()), 0o644)
		})
		if err != nil {
			return err
		}
	}
	return nil
}
