package main

// Comparison of kubevet's lines with ours, directly or through a committed table of hashes.

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

var errDiffer = errors.New("kubevet and sigs.k8s.io/yaml differ")

// compareLines prints every document of which the two make different things. Of two errors the
// texts may differ.
func compareLines(out io.Writer, theirs string, paths []string) error {
	kubevet, err := loadLines(theirs)
	if err != nil {
		return err
	}
	total, failed, differ := 0, 0, 0
	err = eachLine(paths, func(l line) {
		total++
		other, found := kubevet[l.key()]
		delete(kubevet, l.key())
		if l.failed {
			failed++
		}
		if found && l.failed == other.failed && (l.failed || l.text == other.text) {
			return
		}
		differ++
		fmt.Fprintf(out, "%s\n  kubectl %s\n", l.key(), describe(l))
		if found {
			fmt.Fprintf(out, "  kubevet %s\n", describe(other))
			fmt.Fprintf(out, "%s", firstDifference(l, other))
		} else {
			fmt.Fprintln(out, "  kubevet has no such document")
		}
	})
	if err != nil {
		return err
	}
	for _, key := range sortedKeys(kubevet) {
		differ++
		fmt.Fprintf(out, "%s\n  kubectl has no such document\n  kubevet %s\n", key, describe(kubevet[key]))
	}
	fmt.Fprintf(out, "%d documents (%d of them errors), %d differ\n", total, failed, differ)
	if differ > 0 {
		return errDiffer
	}
	return nil
}

func describe(l line) string {
	if l.failed {
		return "error: " + cut(l.text)
	}
	return cut(l.text)
}

func cut(text string) string {
	if len(text) > 160 {
		return text[:160] + "…"
	}
	return text
}

func firstDifference(a, b line) string {
	if a.failed || b.failed {
		return ""
	}
	at := 0
	for at < len(a.text) && at < len(b.text) && a.text[at] == b.text[at] {
		at++
	}
	from := max(0, at-40)
	if from == 0 && len(a.text) <= 160 {
		return ""
	}
	return fmt.Sprintf("  at byte %d: kubectl %s\n              kubevet %s\n", at, cut(a.text[from:]), cut(b.text[from:]))
}

// loadLines reads what `yaml -json` and kubevet's example print.
func loadLines(path string) (map[string]line, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	lines := map[string]line{}
	for text := range strings.Lines(string(data)) {
		parts := strings.SplitN(strings.TrimSuffix(text, "\n"), "\t", 4)
		if len(parts) < 3 {
			return nil, fmt.Errorf("%s: not a line: %s", path, text)
		}
		index, err := strconv.Atoi(parts[1])
		if err != nil {
			return nil, err
		}
		l := line{parts[0], index, parts[2], parts[2] == "error"}
		if l.failed && len(parts) == 4 {
			l.text = parts[3]
		}
		lines[l.key()] = l
	}
	return lines, nil
}

func sortedKeys(lines map[string]line) []string {
	var keys []string
	for key := range lines {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// tableLine is a document without anything of its file: 12 digits of the hash of its path, its
// index, 16 digits of the hash of its JSON or "error".
func tableLine(l line) string {
	value := "error"
	if !l.failed {
		value = hash(l.text)[:16]
	}
	return fmt.Sprintf("%s %d %s", hash(l.path)[:12], l.index, value)
}

func writeTable(path string, paths []string) error {
	var lines []string
	if err := eachLine(paths, func(l line) { lines = append(lines, tableLine(l)) }); err != nil {
		return err
	}
	slices.Sort(lines)
	var packed bytes.Buffer
	zip, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		return err
	}
	if _, err := io.WriteString(zip, strings.Join(lines, "\n")+"\n"); err != nil {
		return err
	}
	if err := zip.Close(); err != nil {
		return err
	}
	return os.WriteFile(path, packed.Bytes(), 0o644)
}

func checkTable(out io.Writer, table string, paths []string) error {
	file, err := os.Open(table)
	if err != nil {
		return err
	}
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	if err != nil {
		return err
	}
	expected := map[string]bool{}
	scanner := bufio.NewScanner(unzipped)
	for scanner.Scan() {
		expected[scanner.Text()] = true
	}
	if err := scanner.Err(); err != nil {
		return err
	}
	total, differ := len(expected), 0
	for _, path := range paths {
		lines, err := loadLines(path)
		if err != nil {
			return err
		}
		for _, key := range sortedKeys(lines) {
			entry := tableLine(lines[key])
			if !expected[entry] {
				differ++
				fmt.Fprintf(out, "%s\n  not in the table: %s\n", key, entry)
			}
			delete(expected, entry)
		}
	}
	fmt.Fprintf(out, "%d documents in the table, %d others, %d not seen\n", total, differ, len(expected))
	if differ > 0 || len(expected) > 0 {
		return errDiffer
	}
	return nil
}
