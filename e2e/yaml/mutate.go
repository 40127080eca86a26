package main

// Mutants of manifests, for a differential fuzz of kubevet's reader against ours: a few lines of a
// file with some bytes deleted, inserted or moved. The same seed gives the same mutants.

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// Small files give small mutants, and more of them.
const largestSeed = 16 << 10

// What YAML gives a meaning, and what it takes for blanks and line breaks. No byte-order marks:
// where one happens to start go-yaml's buffer, go-yaml drops a character of each following line
// (is_bom looks at the start of the buffer, wherever the scanner stands).
var inserts = []string{
	":", ": ", "-", "- ", "?", "? ", "#", " #", "&", "&a ", "*", "*a", "!", "!!str ", "|", ">", "'", "\"",
	"%", "@", "`", "[", "]", "{", "}", ",", "\t", "\r", "\n", "\r\n", "\n\n", " ", "  ", "\n  ", "\n- ",
	"---", "\n---\n", "\n...\n", "<<: *a", "\\", "\u0085", "\u2028", "\u2029", "\u00e9", "\x01",
	"|+\n", ">-\n", "|2\n", "!!int ", "!<tag:yaml.org,2002:str> ", "~", "0x1", "1e3", "yes",
}

func writeMutants(out string, count int, seed uint64, paths []string) error {
	seeds, err := readSeeds(paths)
	if err != nil {
		return err
	}
	if len(seeds) == 0 {
		return errors.New("no seeds")
	}
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range count {
		name := filepath.Join(out, fmt.Sprintf("%07d.yaml", i))
		mutant := mutate(random, seeds[random.IntN(len(seeds))])
		mutant = bytes.ToValidUTF8(mutant, []byte("?"))
		if err := os.WriteFile(name, mutant, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func readSeeds(paths []string) (seeds [][]byte, err error) {
	for _, root := range paths {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || !entry.Type().IsRegular() || !wanted(path) || filepath.Ext(path) == ".json" {
				return err
			}
			data, err := os.ReadFile(path)
			if err == nil && len(data) > 0 && len(data) <= largestSeed {
				seeds = append(seeds, data)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return seeds, nil
}

func mutate(random *rand.Rand, seed []byte) []byte {
	lines := bytes.SplitAfter(seed, []byte("\n"))
	from := random.IntN(len(lines))
	if random.IntN(3) == 0 {
		from = 0
	}
	to := min(len(lines), from+1+random.IntN(30))
	text := bytes.Join(lines[from:to], nil)
	for range 1 + random.IntN(4) {
		text = mutateOnce(random, text)
	}
	return text
}

func mutateOnce(random *rand.Rand, text []byte) []byte {
	at := random.IntN(len(text) + 1)
	end := min(len(text), at+1+random.IntN(4))
	switch random.IntN(6) {
	case 0:
		return splice(text, at, end, "")
	case 1, 2:
		return splice(text, at, at, inserts[random.IntN(len(inserts))])
	case 3:
		return splice(text, at, end, inserts[random.IntN(len(inserts))])
	case 4:
		// The indentation of a line.
		at = bytes.LastIndexByte(text[:at], '\n') + 1
		blanks := len(text[at:]) - len(bytes.TrimLeft(text[at:], " "))
		return splice(text, at, at+random.IntN(blanks+1), "      "[:random.IntN(4)])
	default:
		// A piece of the text at another place.
		from := random.IntN(len(text) + 1)
		return splice(text, at, at, string(text[from:min(len(text), from+random.IntN(12))]))
	}
}

func splice(text []byte, from, to int, insert string) []byte {
	return bytes.Join([][]byte{text[:from], []byte(insert), text[to:]}, nil)
}
