package testnet

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Usage is what a process holds, read from /proc.
type Usage struct {
	ResidentBytes int // memory in RAM (VmRSS)
	Threads       int
	Descriptors   int // open files and sockets
}

// Usage reads what the process holds right now.
func (p *Process) Usage(t testing.TB) Usage {
	t.Helper()
	return UsageOf(t, p.PID())
}

// UsageOf is Usage for any process.
func UsageOf(t testing.TB, pid int) Usage {
	t.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		t.Fatalf("read the status of process %d: %v", pid, err)
	}
	descriptors, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Fatalf("list the descriptors of process %d: %v", pid, err)
	}
	usage := Usage{Descriptors: len(descriptors)}
	for line := range strings.Lines(string(status)) {
		var kiB int
		if n, _ := fmt.Sscanf(line, "VmRSS: %d kB", &kiB); n == 1 {
			usage.ResidentBytes = kiB << 10
		}
		_, _ = fmt.Sscanf(line, "Threads: %d", &usage.Threads)
	}
	if usage.ResidentBytes == 0 || usage.Threads == 0 {
		t.Fatalf("read the status of process %d: no VmRSS or Threads line in\n%s", pid, status)
	}
	return usage
}
