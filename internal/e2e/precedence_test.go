//go:build e2e

package e2e

import (
	"strings"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// niceValues returns those of a process's workers, and of its other threads.
func niceValues(t *testing.T, pid int) (workers, others []int) {
	t.Helper()
	for _, thread := range testnet.Threads(t, pid) {
		if strings.HasPrefix(thread.Name, "worker-") {
			workers = append(workers, thread.Nice)
		} else {
			others = append(others, thread.Nice)
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
			workers, others = niceValues(t, s.PID())
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
