package testnet

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// ownProcess names the test that has the process to itself.
const ownProcess = "TESTNET_OWN_PROCESS"

// InOwnProcess runs the calling test again in a process of its own and reports its
// outcome, for what cannot be undone or depends on what the process did before. It
// reports whether this is that process; where it is not, the test is over.
func InOwnProcess(t *testing.T) bool {
	t.Helper()
	if os.Getenv(ownProcess) == t.Name() {
		return true
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	child.Env = append(os.Environ(), ownProcess+"="+t.Name())
	if out, err := child.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("the test in its own process: %v\n%s", err, out)
	}
	return false
}
