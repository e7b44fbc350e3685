package server

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// stride is how many allocations are looked at between two breaks where all have to
// be, a tenth of a millisecond, and endings how many may end.
const (
	stride  = 128
	endings = 64
)

// visit is what happens to an allocation on a walk. It may end it.
type visit func(h *Handler, a *allocation.Allocation)

// onEach visits every allocation, on the threads of their workers, and returns
// when all have been visited. Those that are made meanwhile may be left out.
func (s *Server) onEach(ctx context.Context, workers []*fastpath.Worker, v visit) error {
	return s.onEvery(ctx, workers, func(h *Handler, done func()) { h.walk(h.worker, 0, v, done) })
}

// walk visits the allocations whose handles are from and above, with breaks between
// strides, and then calls done.
func (h *Handler) walk(w *fastpath.Worker, from uint32, v visit, done func()) {
	h.enter(w)
	for range stride {
		if from >= h.held.size() {
			done()
			return
		}
		if a := h.held.at(from).allocation; a != nil {
			v(h, a)
		}
		from++
	}
	w.AfterBreak(func(w *fastpath.Worker) { h.walk(w, from, v, done) })
}

// sweep ends what has expired by now, with breaks between some and others.
func (h *Handler) sweep(w *fastpath.Worker) {
	h.enter(w)
	if h.table.Sweep(time.Now(), endings) {
		w.AfterBreak(h.sweep)
	}
}
