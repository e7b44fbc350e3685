package server

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// parkConfig bounds the requests that wait for a back-end: 16 MiB at most, and
// no longer than a client goes on retransmitting (RFC 8489 section 6.2.1). Each
// store bounds its own queries, so a slow one takes no turn from another.
var parkConfig = authn.ParkConfig{Requests: 4096, Lookups: 4096, Deadline: 10 * time.Second}

// park sets a request aside until a back-end has told about its user, and then
// handles it again from its first byte. The worker goes on meanwhile.
func (h *Handler) park(r *request, lookup func(ctx context.Context) error) error {
	if h.isReplay {
		return errIgnored // the answer did not stay in the cache; the client asks again
	}
	worker, isBind := h.worker, r.msg.Method == wire.MethodConnectionBind
	again := *r.from
	replay := func(datagram []byte) {
		again.Data = datagram
		_ = deliverReplay(worker, func(w *fastpath.Worker) {
			h.replay(w, &again)
			if isBind {
				w.Resume(again.Stream)
			}
		})
	}
	isParked := h.server.park.Start(h.parkKey(r), r.from.Data, lookup, replay)
	if isParked && isBind {
		h.worker.Hold(r.from.Stream) // what is behind it may be no messages
	}
	return errParked
}

// replayPatience is how long a replay waits for a worker that is behind.
const replayPatience = 5 * time.Second

// deliverReplay hands a replay to its worker, on a goroutine of the Park. It waits for
// room: over TCP nobody would send the request again (RFC 8489 section 6.2.2).
func deliverReplay(worker *fastpath.Worker, replay func(*fastpath.Worker)) error {
	ctx, cancel := context.WithTimeout(context.Background(), replayPatience)
	defer cancel()
	return worker.Deliver(ctx, replay)
}

// replay handles a request that was parked.
func (h *Handler) replay(w *fastpath.Worker, from *fastpath.Message) {
	h.enter(w)
	h.isReplay = true
	defer func() { h.isReplay = false }()
	h.handle(from)
}
