//go:build !race

package server

import (
	"context"
	"testing"
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// walked counts the visits of a walk over a crowd that is too large for one
// stride. The worker runs only when the test says so.
type walked struct {
	*crowd
	visits map[*allocation.Allocation]int
	done   bool
}

const walkers = 3*stride + 7

func newWalked(t *testing.T) *walked {
	w := &walked{crowd: newCrowd(t), visits: make(map[*allocation.Allocation]int)}
	for client := range walkers {
		w.join(client)
	}
	return w
}

func (w *walked) walk() {
	w.handler.walk(w.worker, 0, func(_ *Handler, a *allocation.Allocation) { w.visits[a]++ }, func() { w.done = true })
}

// run lets the worker serve what is posted until it is told to stop by the last
// of it.
func (w *walked) run(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	var watch func(*fastpath.Worker)
	watch = func(worker *fastpath.Worker) {
		if w.done {
			stop()
			return
		}
		if err := worker.Post(watch); err != nil {
			t.Error(err)
		}
	}
	if err := w.worker.Post(watch); err != nil {
		t.Fatal(err)
	}
	if err := w.worker.Run(ctx); err != nil {
		t.Fatal(err)
	}
}

func (w *walked) wantAll(t *testing.T) {
	t.Helper()
	if !w.done || len(w.visits) != walkers {
		t.Fatalf("done is %v after %d allocations, want all %d", w.done, len(w.visits), walkers)
	}
	for a, times := range w.visits {
		if times != 1 {
			t.Errorf("%v was visited %d times, want once", a.Client, times)
		}
	}
}

// A walk over many allocations lets the worker serve packets between strides.
func TestWalkMakesBreaks(t *testing.T) {
	w := newWalked(t)
	w.walk()
	if w.done || len(w.visits) == 0 || len(w.visits) > stride {
		t.Fatalf("done is %v after %d allocations, want a break after at most %d", w.done, len(w.visits), stride)
	}
	w.run(t)
	w.wantAll(t)
}

// A worker that ends takes the walk to its end without breaks.
func TestWalkOfAWorkerThatEnds(t *testing.T) {
	w := newWalked(t)
	w.walk()
	ended, stop := context.WithCancel(context.Background())
	stop()
	if err := w.worker.Run(ended); err != nil {
		t.Fatal(err)
	}
	w.wantAll(t)
}
