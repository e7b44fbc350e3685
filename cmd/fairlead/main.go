package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/fairlead/fairlead/internal/config"
)

// Exit codes.
const (
	exitOK     = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run executes one command line and returns the exit code.
func run(args []string, stdout, stderr io.Writer) int {
	isStarted := false // true once the command line made sense
	root := newRootCommand(&isStarted)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(context.Background())
	switch {
	case err == nil:
		return exitOK
	case !isStarted:
		fmt.Fprintf(stderr, "fairlead: %v\nSee: %s --help\n", err, cmd.CommandPath())
		return exitUsage
	default:
		printError(stderr, err)
		return exitFailed
	}
}

// printError writes the problems of a configuration one a line, any other
// error as it is.
func printError(w io.Writer, err error) {
	var problems config.Problems
	if !errors.As(err, &problems) {
		fmt.Fprintf(w, "fairlead: %v\n", err)
		return
	}
	fmt.Fprintln(w, problems.Error())
	noun := "problems"
	if len(problems) == 1 {
		noun = "problem"
	}
	fmt.Fprintf(w, "fairlead: %d %s in the configuration; docs/CONFIG.md explains each key\n", len(problems), noun)
}
