package server

import (
	"context"
	"fmt"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// EndDenied ends the live allocations and closes the streams of clients whom
// Config.Clients does not admit any more, and returns when every worker has done so.
// New requests need no call.
func (s *Server) EndDenied(ctx context.Context, workers []*fastpath.Worker) error {
	err := s.onEach(ctx, workers, (*Handler).endIfDenied)
	if err == nil {
		err = s.closeDenied(ctx, workers)
	}
	if err != nil {
		return fmt.Errorf("end allocations of denied clients: %w", err)
	}
	return nil
}

// closeDenied closes the streams of clients that are not admitted any more.
func (s *Server) closeDenied(ctx context.Context, workers []*fastpath.Worker) error {
	return s.onEvery(ctx, workers, func(h *Handler, done func()) { closeDenied(h.worker, 0, done) })
}

// closeDenied looks at the streams from a place on, with breaks between strides, and
// then calls done.
func closeDenied(w *fastpath.Worker, from int, done func()) {
	from, more := w.CloseAllDenied(from, stride)
	w.AfterBreak(func(w *fastpath.Worker) {
		if more {
			closeDenied(w, from, done)
			return
		}
		done() // the last of them were closed at the end of the round
	})
}

// verdict judges the client of a message by where it began and, if it has moved
// since, by where it now is.
func (h *Handler) verdict(m *fastpath.Message) access.Verdict {
	verdict := h.server.config.Clients.Judge(m.Client.Addr())
	if source := m.Source(); verdict == access.Admitted && source != m.Client {
		verdict = h.server.config.Clients.Judge(source.Addr())
	}
	return verdict
}

// turnsAway drops a message of a client that is not admitted, with the stream that it
// came by: whoever sends by a forged address learns nothing, and nobody gets an answer
// to what others sent in its name.
func (h *Handler) turnsAway(from *fastpath.Message) bool {
	verdict := h.verdict(from)
	if verdict == access.Admitted {
		return false
	}
	h.counts.turnedAway[verdict].Add(1)
	if from.Via == nil { // else it is not a stream of this worker
		h.worker.CloseDenied(from.Stream)
	}
	return true
}

func (h *Handler) isAdmitted(a *allocation.Allocation) bool {
	return h.server.config.Clients.Judge(a.Client.Addr()) == access.Admitted
}

func (h *Handler) endIfDenied(a *allocation.Allocation) {
	if !h.isAdmitted(a) {
		h.end(a, endDenied)
	}
}
