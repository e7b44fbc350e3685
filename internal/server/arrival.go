package server

import (
	"bytes"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// What may wait for an allocation to arrive, which takes two turns of the workers'
// inboxes.
const (
	maxWaiting      = 64
	maxWaitingBytes = 64 << 10
)

// arrival is a client of this worker who has resumed an allocation and not sent
// data yet: the first datagram calls the allocation here.
type arrival struct {
	serial  uint32
	from    fastpath.Message // without data
	called  int              // ticks since it was called, from 1 on; 0: not yet
	waiting []fastpath.Message
	bytes   int // of what is waiting
}

// expect prepares for an allocation that may come to a client of this worker.
func (h *Handler) expect(at place, serial uint32) {
	if e := h.expected[at.tuple]; e != nil && e.serial == serial || h.table.Find(at.tuple) != nil {
		return // a retransmission, or a client that cannot wait
	}
	h.expected[at.tuple] = &arrival{serial: serial, from: at.from}
	h.worker.Expect(&at.from)
}

// unexpect undoes expect, unless it is about another allocation by now.
func (h *Handler) unexpect(tuple allocation.FiveTuple, serial uint32) {
	if e := h.expected[tuple]; e != nil && e.serial == serial {
		h.worker.Unexpect(&e.from)
		delete(h.expected, tuple)
	}
}

// Arrived calls an allocation to its client's new address; it is the worker's
// fastpath.Config.Arrived.
func (h *Handler) Arrived(w *fastpath.Worker, from *fastpath.Message) (kept bool) {
	h.enter(w)
	tuple := tupleOf(from)
	e := h.expected[tuple]
	if e == nil || h.verdict(from) != access.Admitted {
		return false
	}
	owner := h.server.mobiles.find(e.serial)
	if owner == nil {
		return false // over, which the sweep finds
	}
	serial, worker := e.serial, h.worker
	if e.called == 0 && h.postTo(owner, func(other *Handler) { other.come(serial, tuple, worker) }) == nil {
		e.called = 1
	}
	return e.called > 0 && e.keep(from)
}

// keep stores a message until the allocation has arrived, if there is room.
func (e *arrival) keep(m *fastpath.Message) bool {
	if len(e.waiting) == maxWaiting || e.bytes+len(m.Data) > maxWaitingBytes {
		return false
	}
	stored := *m
	stored.Data = bytes.Clone(m.Data)
	e.waiting = append(e.waiting, stored)
	e.bytes += len(m.Data)
	return true
}

// elsewhere handles a request without an allocation on its five-tuple: there may
// be one that its client has resumed.
func (h *Handler) elsewhere(r *request) error {
	e := h.expected[r.tuple]
	switch {
	case e != nil && e.called > 0:
		if !e.keep(r.from) {
			return errIgnored
		}
		return errParked
	case e != nil:
		return h.passOn(r, h.server.mobiles.find(e.serial))
	case r.from.Via != nil:
		return h.passOn(r, r.from.Via) // it has gone there meanwhile
	}
	return errMismatch
}

// sweepArrivals forgets the arrivals of allocations that are over, and calls anew
// where a call went unheard.
func (h *Handler) sweepArrivals() {
	for tuple, e := range h.expected {
		switch {
		case h.server.mobiles.find(e.serial) == nil:
			h.unexpect(tuple, e.serial)
		case e.called > 1:
			e.called = 0
			e.waiting, e.bytes = nil, 0
		case e.called > 0:
			e.called++
		}
	}
}

// streamEnded handles the end of a connection as far as mobile allocations are
// concerned: one that came by it stays for its client to resume (RFC 8016 section
// 3), or goes at once to where its client has resumed it. It reports whether
// there is one.
func (h *Handler) streamEnded(tuple allocation.FiveTuple) bool {
	if e := h.expected[tuple]; e != nil {
		serial := e.serial
		h.unexpect(tuple, serial)
		h.tellOwner(serial, func(owner *Handler) { owner.callOff(serial, tuple) })
	}
	a := h.table.Find(tuple)
	if a == nil {
		return false
	}
	m := h.held.at(a.Handle).mobility
	if m == nil {
		return false
	}
	m.isAlone = true
	if m.next != nil {
		h.callHome(m)
	}
	return true
}

// callOff forgets that an allocation may go to a connection that has ended.
func (h *Handler) callOff(serial uint32, tuple allocation.FiveTuple) {
	if m := h.mobiles[serial]; m != nil && m.next != nil && m.next.tuple == tuple {
		delete(h.leaving, tuple)
		m.next = nil
	}
}
