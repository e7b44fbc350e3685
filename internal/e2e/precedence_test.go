//go:build e2e

package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// threads returns the nice values of a process's workers, and of its other threads.
func threads(t *testing.T, pid int) (workers, others []int) {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*", pid))
	if err != nil || len(tasks) == 0 {
		t.Fatalf("threads of process %d: got %d, %v", pid, len(tasks), err)
	}
	for _, task := range tasks {
		stat, err := os.ReadFile(task + "/stat")
		if err != nil {
			continue // it has ended
		}
		// "NUMBER (NAME) " and the fields from the third on; nice is the 19th.
		name, rest, _ := strings.Cut(string(stat), ") ")
		nice, err := strconv.Atoi(strings.Fields(rest)[16])
		if err != nil {
			t.Fatalf("parse %q: %v", stat, err)
		}
		if strings.Contains(name, "(worker-") {
			workers = append(workers, nice)
		} else {
			others = append(others, nice)
		}
	}
	return workers, others
}

// The threads that relay matter more to the scheduler than all others, from the
// start and after the server had to start more of these.
func TestWorkersHavePrecedence(t *testing.T) {
	n := testnet.New(t)
	s := startServer(t, n, newConfig()) // of two workers
	want := func(when string) {
		t.Helper()
		var workers, others []int
		testnet.Await(t, patience, func() bool {
			workers, others = threads(t, s.PID())
			if len(workers) != 2 || len(others) == 0 || workers[0] != workers[1] {
				return false
			}
			for _, nice := range others {
				if nice != min(workers[0]+10, 19) {
					return false
				}
			}
			return true
		}, "%s: nice values are those of two workers, and 10 more (got %v and %v)", when, &workers, &others)
	}
	want("started")
	for range 20 {
		if _, _, err := s.get("/metrics"); err != nil {
			t.Fatal(err)
		}
	}
	want("after requests")
}
