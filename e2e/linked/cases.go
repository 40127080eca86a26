// The judging of a stream of cases: JSON lines in, JSON lines out, in the same order.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// A case as it stands in a line.
type caseLine struct {
	ID json.RawMessage `json:"id"`
	request
}

// What is said of a case.
type answerLine struct {
	ID json.RawMessage `json:"id"`
	verdict
}

// Lines that are judged together, so that handing them on costs little.
type batch struct {
	lines   [][]byte
	answers bytes.Buffer
	done    chan error
}

const batchSize = 64

// judgeCases answers every line, and writes what is answered as soon as no further line waits.
func judgeCases(in io.Reader, out *bufio.Writer, workers int) error {
	work := make(chan *batch)
	ordered := make(chan *batch, 2*workers)
	for i := 0; i < workers; i++ {
		j, err := newJudge()
		if err != nil {
			return err
		}
		go func() {
			for b := range work {
				b.done <- j.judgeBatch(b)
			}
		}()
	}
	failed := make(chan error, 1)
	go func() {
		failed <- readCases(bufio.NewReaderSize(in, 1<<20), func(lines [][]byte) {
			b := &batch{lines: lines, done: make(chan error, 1)}
			ordered <- b
			work <- b
		})
		close(work)
		close(ordered)
	}()
	for b := range ordered {
		if err := <-b.done; err != nil {
			return err
		}
		if _, err := out.Write(b.answers.Bytes()); err != nil {
			return err
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	return <-failed
}

// readCases hands on the lines in batches, of as many as can be had without waiting.
func readCases(in *bufio.Reader, hand func([][]byte)) error {
	var lines [][]byte
	for {
		line, err := in.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			lines = append(lines, line)
		}
		waiting, _ := in.Peek(in.Buffered())
		more := err == nil && bytes.IndexByte(waiting, '\n') >= 0
		if len(lines) > 0 && (len(lines) == batchSize || !more) {
			hand(lines)
			lines = nil
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func (j *judge) judgeBatch(b *batch) error {
	answers := json.NewEncoder(&b.answers)
	answers.SetEscapeHTML(false)
	for _, line := range b.lines {
		if err := answers.Encode(j.judgeLine(line)); err != nil {
			return err
		}
	}
	return nil
}

func (j *judge) judgeLine(line []byte) answerLine {
	var asked caseLine
	if err := json.Unmarshal(line, &asked); err != nil {
		return answerLine{verdict: unjudged(fmt.Sprintf("not a case: %v", err))}
	}
	return answerLine{asked.ID, j.judge(asked.request)}
}
