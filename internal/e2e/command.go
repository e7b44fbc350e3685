//go:build e2e || soak

package e2e

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

var program = flag.String("fairlead", "../../bin/fairlead", "the server under test (make build)")

// fairlead prepares a command of the binary under test in a namespace. Only
// the environment decides against a test, so FAIRLEAD_* is left out of it. At the
// end of the test its output is searched for secrets; those that are handed out may
// show in the development profile and where credentials are asked for.
func fairlead(t testing.TB, host *testnet.Namespace, args ...string) *exec.Cmd {
	t.Helper()
	cmd := host.Command(t.Context(), programPath(t), args...)
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "FAIRLEAD_") })
	mayGrant := args[0] == "credentials" || slices.Contains(args, "--dev")
	// It runs after the Cleanup of whoever starts the command, which then has ended.
	t.Cleanup(func() {
		for _, output := range []any{cmd.Stdout, cmd.Stderr} {
			if text, ok := output.(fmt.Stringer); ok {
				known.check(t, "the output of fairlead "+args[0], text.String(), mayGrant)
			}
		}
	})
	return cmd
}

// programPath is the binary under test.
func programPath(t testing.TB) string {
	t.Helper()
	path, err := filepath.Abs(*program)
	if err != nil {
		t.Fatalf("find the server under test: %v", err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Fatalf("find the server under test (make build makes it): %v", err)
	}
	return path
}
