package fastpath

import "sync"

// inboxLimit bounds what may wait for a worker.
const inboxLimit = 4096

// inbox takes functions from any goroutine to the worker's thread.
type inbox struct {
	mu     sync.Mutex
	queue  []func(*Worker) // guarded by mu
	closed bool            // guarded by mu

	spare []func(*Worker) // owned by the worker
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

// run calls what is queued. What those functions queue in turn waits for the
// next run.
func (b *inbox) run(w *Worker) {
	b.mu.Lock()
	queue := b.queue
	b.queue = b.spare
	b.mu.Unlock()
	for i, f := range queue {
		f(w)
		queue[i] = nil
	}
	b.spare = queue[:0]
}

// close refuses further functions.
func (b *inbox) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.closed = true
}
