package server

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Fleet counts live allocations across servers. All methods are safe for
// concurrent use.
type Fleet interface {
	// Reserve takes a place for each claim, or none and a *quota.ExceededError. It
	// may wait until ctx ends, so it never runs on a worker.
	Reserve(ctx context.Context, claims []quota.Claim) error
	// Adopt takes places that nobody limits, without waiting.
	Adopt(claims []quota.Claim)
	// Release gives back what one of the two took, without waiting.
	Release(claims []quota.Claim)
	// Stats returns a snapshot.
	Stats() quota.FleetStats
}

// grant is the answer of the fleet to an Allocate request, which is handled again
// from its first byte with it.
type grant struct {
	claims []quota.Claim
	err    error // refused, or nil
	used   bool  // the allocation has it
	timer  *time.Timer

	pending atomic.Bool // granted, and nobody has it yet
}

// grantLifetime is how long a place waits for the replay of its request.
const grantLifetime = 15 * time.Second

// reserve counts the allocation that a request asks for: on this server, and
// across servers where that is configured. Then the request may be parked until
// the fleet has answered; errParked says so.
func (h *Handler) reserve(r *request) (*quota.Hold, error) {
	hold, err := h.server.ledger.Reserve(h.identity(r))
	fleet := h.server.config.Fleet
	if err != nil || fleet == nil {
		return hold, err
	}
	given := h.grant
	if given == nil {
		claims := h.server.ledger.Claims(h.identity(r))
		if isLimited(claims) {
			hold.Release() // the replay takes it anew
			return nil, h.askFleet(r, claims)
		}
		h.adopt(hold, h.identity(r))
		return hold, nil
	}
	if given.err != nil {
		hold.Release()
		if exceeded, ok := errors.AsType[*quota.ExceededError](given.err); ok {
			h.server.ledger.CountRefusal(exceeded.Limit)
		}
		return nil, given.err
	}
	given.used = true
	hold.Afterwards(func() { fleet.Release(given.claims) })
	return hold, nil
}

func isLimited(claims []quota.Claim) bool {
	for _, c := range claims {
		if c.Limit > 0 {
			return true
		}
	}
	return false
}

// askFleet parks a request until the fleet has answered. A place that no
// allocation comes to use is given back.
func (h *Handler) askFleet(r *request, claims []quota.Claim) error {
	fleet, worker := h.server.config.Fleet, h.worker
	given := &grant{claims: claims}
	again := *r.from
	ask := func(ctx context.Context) error {
		given.err = fleet.Reserve(ctx, claims)
		if _, refused := errors.AsType[*quota.ExceededError](given.err); given.err != nil && !refused {
			return given.err
		}
		if given.err == nil {
			// A request that waited too long is not replayed any more.
			given.pending.Store(true)
			given.timer = time.AfterFunc(grantLifetime, func() { given.drop(fleet) })
		}
		return nil
	}
	replay := func(datagram []byte) {
		again.Data = datagram
		if deliverReplay(worker, func(w *fastpath.Worker) { h.replayGranted(w, &again, given) }) != nil {
			given.drop(fleet) // nobody comes to use it
		}
	}
	h.server.park.Start(h.parkKey(r), r.from.Data, ask, replay)
	return errParked
}

// replayGranted handles a request that the fleet has answered.
func (h *Handler) replayGranted(w *fastpath.Worker, from *fastpath.Message, given *grant) {
	if given.err == nil && !given.take() {
		return // given back meanwhile
	}
	h.grant = given
	defer func() {
		h.grant = nil
		if !given.used && given.err == nil {
			h.server.config.Fleet.Release(given.claims)
		}
	}()
	h.replay(w, from)
}

// take claims the place for the caller; false when somebody else has it.
func (g *grant) take() bool {
	if !g.pending.CompareAndSwap(true, false) {
		return false
	}
	g.timer.Stop()
	return true
}

// drop gives the place back, if it is there and nobody has it.
func (g *grant) drop(fleet Fleet) {
	if g.pending.CompareAndSwap(true, false) {
		fleet.Release(g.claims)
	}
}

// adopt counts a hold across servers without asking.
func (h *Handler) adopt(hold *quota.Hold, id quota.Identity) {
	fleet := h.server.config.Fleet
	if fleet == nil {
		return
	}
	claims := h.server.ledger.Claims(id)
	fleet.Adopt(claims)
	hold.Afterwards(func() { fleet.Release(claims) })
}

// parkKey names a request among those that wait.
func (h *Handler) parkKey(r *request) authn.ParkKey {
	return authn.ParkKey{
		Transport:     uint8(r.tuple.Transport),
		Client:        r.tuple.Client,
		Server:        r.tuple.Server,
		TransactionID: r.msg.TransactionID,
	}
}
