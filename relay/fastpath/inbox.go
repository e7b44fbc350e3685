package fastpath

import (
	"slices"
	"sync"
)

// inboxLimit bounds what may wait for a worker, inboxShare what it calls in one
// round.
const (
	inboxLimit = 4096
	inboxShare = 64
)

// inbox takes functions from any goroutine to the worker's thread.
type inbox struct {
	mu     sync.Mutex
	queue  []func(*Worker) // guarded by mu
	closed bool            // guarded by mu

	taken []func(*Worker) // owned by the worker
	more  bool            // something is left for the next round; owned by the worker
}

// put queues f and reports whether the worker needs to be woken: whoever finds
// the queue empty wakes it.
func (b *inbox) put(f func(*Worker)) (wake bool, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return false, ErrStopped
	}
	if len(b.queue) == inboxLimit {
		return false, ErrInboxFull
	}
	b.queue = append(b.queue, f)
	return len(b.queue) == 1, nil
}

// run calls the first of what is queued.
func (b *inbox) run(w *Worker) {
	b.mu.Lock()
	n := min(inboxShare, len(b.queue))
	b.taken = append(b.taken[:0], b.queue[:n]...)
	b.queue = slices.Delete(b.queue, 0, n)
	b.more = len(b.queue) > 0
	b.mu.Unlock()
	for _, f := range b.taken {
		f(w)
	}
	clear(b.taken)
}

// close refuses further functions.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}
