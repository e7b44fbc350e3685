package server

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// parkConfig bounds the requests that wait for a back-end: 16 MiB at most, and
// no longer than a client goes on retransmitting (RFC 8489 section 6.2.1).
var parkConfig = authn.ParkConfig{Requests: 4096, Lookups: 32, Deadline: 10 * time.Second}

// park sets a request aside until a back-end has told about its user, and then
// handles it again from its first byte. The worker goes on meanwhile.
func (h *Handler) park(r *request, username string) error {
	if h.isReplay {
		return errIgnored // the answer did not stay in the cache; the client asks again
	}
	auth, worker := r.realm.auth, h.worker
	again := *r.from
	lookup := func(ctx context.Context) error { return auth.Fetch(ctx, username) }
	replay := func(datagram []byte) {
		again.Data = datagram
		// A full inbox drops the request; its client retransmits.
		_ = worker.Post(func(w *fastpath.Worker) { h.replay(w, &again) })
	}
	h.server.park.Start(h.parkKey(r), r.from.Data, lookup, replay)
	return errParked
}

// replay handles a request that was parked.
func (h *Handler) replay(w *fastpath.Worker, from *fastpath.Message) {
	h.enter(w)
	h.isReplay = true
	defer func() { h.isReplay = false }()
	h.handle(from)
}
