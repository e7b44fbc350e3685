package server

import (
	"bytes"
	"sync"
	"time"

	"go.uber.org/zap"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// mobility is what makes an allocation mobile (RFC 8016). Twins share it, and it
// moves with them from handler to handler; only the one that has the allocation
// touches it.
//
// A resume changes nothing for data at first: the allocation stays where it is,
// and next says who may take it from there. With the first datagram that the
// client sends from its new address it moves, see move.go.
type mobility struct {
	serial  uint32
	resumes uint32           // so far; tickets that were made before the last one are dead
	ticket  [ticketSize]byte // the last that was given out
	home    place            // where the allocation is
	isAlone bool             // the connection at home is over

	resumed   allocation.FiveTuple // by the last resume
	lifetime  time.Duration        // that it was answered with
	isUnheard bool                 // its answer found the connection over
	next      *place               // where it came from, until data has; nil: nowhere
}

// place is an address of a client, on the worker that its messages come to.
type place struct {
	tuple  allocation.FiveTuple
	from   fastpath.Message // without data: the way back to the client
	worker *fastpath.Worker
}

// placeOf is where a request was received.
func (h *Handler) placeOf(r *request) place {
	p := place{tuple: r.tuple, from: *r.from, worker: h.worker}
	if r.from.Via != nil {
		p.worker = r.from.Via
	}
	p.from.Data, p.from.Via, p.from.Hops = nil, nil, 0
	return p
}

// mobiles says which worker has a mobile allocation. It is the one thing that all
// handlers know of it. The zero value is ready for use.
type mobiles struct {
	mu    sync.Mutex
	last  uint32                      // guarded by mu
	owner map[uint32]*fastpath.Worker // by serial; guarded by mu
}

// add makes a serial number for an allocation of a worker.
func (m *mobiles) add(owner *fastpath.Worker) (serial uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.owner == nil {
		m.owner = make(map[uint32]*fastpath.Worker)
	}
	for {
		m.last++
		if m.owner[m.last] == nil { // after 2^32 of them one may still live
			m.owner[m.last] = owner
			return m.last
		}
	}
}

// find returns the worker that has an allocation, or is about to; nil: it is over.
func (m *mobiles) find(serial uint32) *fastpath.Worker {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.owner[serial]
}

func (m *mobiles) move(serial uint32, to *fastpath.Worker) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.owner[serial] = to
}

func (m *mobiles) remove(serial uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.owner, serial)
}

// readMobility reads whether an Allocate request wants its allocation to be
// mobile (RFC 8016 section 3.1.2). A client that is nobody in particular could not
// be told from others when it comes back.
func (h *Handler) readMobility(r *request) (wanted bool, err error) {
	ticket, wanted := r.msg.Get(wire.AttrMobilityTicket)
	switch {
	case !wanted:
		return false, nil
	case len(ticket) > 0:
		return false, errBadRequest
	case !h.settings.Mobility || !r.isSigned || r.credential.IsToken:
		return false, errMobility
	}
	return true, nil
}

// newMobility makes the allocation that a request asks for a mobile one.
func (h *Handler) newMobility(r *request) *mobility {
	m := &mobility{serial: h.server.mobiles.add(h.worker), home: h.placeOf(r)}
	h.renewTicket(m)
	h.mobiles[m.serial] = m
	return m
}

func (h *Handler) renewTicket(m *mobility) {
	m.ticket = h.server.tickets.seal(ticket{m.serial, m.resumes})
}

// endMobility forgets what there was for an allocation that is over.
func (h *Handler) endMobility(m *mobility) {
	h.disinvite(m)
	delete(h.mobiles, m.serial)
	h.server.mobiles.remove(m.serial)
}

// passOn hands a request to another worker, to be handled from the start there.
func (h *Handler) passOn(r *request, to *fastpath.Worker) error {
	if to == nil {
		return errMismatch
	}
	if r.from.Hops == maxHops {
		return errIgnored // it keeps moving; the client asks again
	}
	again := *r.from
	again.Data = bytes.Clone(r.from.Data)
	again.Hops++
	if again.Via == nil {
		again.Via = h.worker
	}
	if h.postTo(to, func(other *Handler) {
		if again.Via == other.worker {
			again.Via = nil
		}
		other.handle(&again)
	}) != nil {
		return errIgnored
	}
	return errParked
}

// maxHops bounds how often a request is passed on: as an allocation can move in
// front of it.
const maxHops = 4

// postTo calls f with the handler of a worker, on its thread.
func (h *Handler) postTo(to *fastpath.Worker, f func(*Handler)) error {
	other := h.server.handlers[to.ID()]
	return to.Post(func(w *fastpath.Worker) {
		other.enter(w)
		f(other)
	})
}

func (h *Handler) logMoved(a *allocation.Allocation) {
	if entry := h.server.log.Check(zap.DebugLevel, "allocation moved"); entry != nil {
		entry.Write(logging.Client(a.Client), logging.Relayed(a.Relayed), logging.Username(a.Username))
	}
}
