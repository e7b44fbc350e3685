//go:build !portable

package fastpath

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func TestWorkersHaveThreadsOfTheirName(t *testing.T) {
	w, err := NewWorker(Config{ID: 77, Control: func(*Worker, []Message) {}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- w.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	named := make(chan bool)
	if err := w.Post(func(*Worker) { named <- hasThread(t, "worker-77\n") }); err != nil {
		t.Fatal(err)
	}
	if !<-named {
		t.Error("got no thread worker-77 in /proc/self/task")
	}
}

func hasThread(t *testing.T, comm string) bool {
	files, err := filepath.Glob("/proc/self/task/*/comm")
	if err != nil {
		t.Error(err)
	}
	for _, name := range files {
		if got, _ := os.ReadFile(name); string(got) == comm { // the thread may be gone
			return true
		}
	}
	return false
}
