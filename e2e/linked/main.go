// The judge: what the API server of one minor says to the creation and the update of manifests.
//
// It links the server's own strict decoding, defaulting, dropping of gated fields, allocation for
// Services, validation and warnings. Which minor it speaks for is decided by the module file it is
// built with: see README.md beside it. Here is only what the command line asks for.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"os"
	"runtime/debug"

	"k8s.io/klog/v2"
	"k8s.io/kubernetes/pkg/capabilities"
)

const usage = `usage: judge FILE.yaml...        judges the creation of every document of the files
       judge -cases [-workers N]  judges the cases on standard input, a JSON line each
`

func main() {
	cases := flag.Bool("cases", false, "judge cases from standard input")
	workers := flag.Int("workers", 1, "how many cases are judged at once")
	flag.Usage = func() { fmt.Fprint(os.Stderr, usage) }
	flag.Parse()
	if *cases == (flag.NArg() > 0) || *workers < 1 {
		flag.Usage()
		os.Exit(2)
	}
	capabilities.Initialize(capabilities.Capabilities{AllowPrivileged: true})
	// The empty logger, which drops what the server would log.
	klog.SetLogger(klog.Logger{})
	// Cases leave much garbage and little else, so collecting it less often costs little memory.
	debug.SetGCPercent(400)
	if err := run(*cases, *workers); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(cases bool, workers int) error {
	if err := serveKinds(); err != nil {
		return err
	}
	out := bufio.NewWriterSize(os.Stdout, 1<<20)
	judge := func() error { return judgeFiles(flag.Args(), out) }
	if cases {
		judge = func() error { return judgeCases(os.Stdin, out, workers) }
	}
	if err := judge(); err != nil {
		return err
	}
	return out.Flush()
}
