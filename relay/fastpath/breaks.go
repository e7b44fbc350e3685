package fastpath

import "time"

// breakTime is how long the breaks between pieces of long work are: in this time the
// worker sleeps where packets leave it any, so that to the kernel it is not a thread
// that computes, which has to share its CPU with others that do.
const breakTime = time.Millisecond

// breaks holds the work that goes on after a break.
type breaks struct {
	queue []func(*Worker)
	taken []func(*Worker)
	over  int64 // monotonic time, ns
}

func (b *breaks) isOn() bool { return len(b.queue) > 0 }

// add lets f go on after the break that begins now, or the one under way.
func (b *breaks) add(f func(*Worker), now int64) {
	if !b.isOn() {
		b.over = now + int64(breakTime)
	}
	b.queue = append(b.queue, f)
}

// end ends the break: what waits goes on.
func (b *breaks) end(w *Worker) {
	b.queue, b.taken = b.taken[:0], b.queue
	for _, f := range b.taken {
		f(w)
	}
	clear(b.taken)
}
