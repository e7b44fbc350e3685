package testnet

import (
	"errors"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

const (
	// namesDir is where ip(8) keeps the names of namespaces.
	namesDir = "/run/netns"
	// namePrefix starts the name of every namespace made here; the process
	// id follows.
	namePrefix = "fairlead-test-"
)

// removeLeftovers removes the namespaces of test processes that no longer
// live: one that ran out of time ends without its Cleanup functions.
func removeLeftovers(t testing.TB) {
	t.Helper()
	entries, err := os.ReadDir(namesDir)
	if errors.Is(err, os.ErrNotExist) {
		return
	}
	if err != nil {
		t.Fatalf("list namespaces: %v", err)
	}
	for _, entry := range entries {
		rest, ours := strings.CutPrefix(entry.Name(), namePrefix)
		if !ours {
			continue
		}
		owner, _, _ := strings.Cut(rest, "-")
		pid, err := strconv.Atoi(owner)
		if err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		// Another test process may have removed it first.
		_ = exec.Command("ip", "netns", "del", entry.Name()).Run()
	}
}
