package server

import (
	"context"
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// traveller is an allocation, or a dual one, on its way to another place. Nobody
// else knows it meanwhile; what peers send waits in its relay sockets.
type traveller struct {
	mobility *mobility
	ones     []passenger // the first is the one that its five-tuple stands for
}

// passenger is one family of a traveller.
type passenger struct {
	allocation *allocation.Allocation
	kept       held
	baggage    fastpath.Baggage
}

// callHome makes an allocation go where its client has resumed it, without data
// from there: its old connection is over. It goes after what the worker is at.
func (h *Handler) callHome(m *mobility) {
	serial, tuple, to := m.serial, m.next.tuple, m.next.worker
	// With a full inbox the first datagram calls it.
	_ = h.postTo(h.worker, func(h *Handler) { h.come(serial, tuple, to) })
}

// come sends an allocation to where its client has resumed it, and has now sent
// data from. It runs in functions that were posted, when nothing is on its way.
func (h *Handler) come(serial uint32, tuple allocation.FiveTuple, to *fastpath.Worker) {
	m := h.mobiles[serial]
	if m == nil || m.next == nil || m.next.tuple != tuple || h.table.Find(m.home.tuple) == nil {
		h.onHandler(to, func(other *Handler) { other.unexpect(tuple, serial) })
		return
	}
	next := *m.next
	moving := h.depart(m)
	h.counts.moved.Add(1)
	if to == h.worker {
		h.settle(moving, next)
		return
	}
	// In this order: who asks for it from now on asks there.
	h.server.mobiles.move(serial, to)
	settle := func(other *Handler) { other.settle(moving, next) }
	if h.postTo(to, settle) == nil {
		return
	}
	if m.isAlone { // there is nothing to go back to
		go h.server.settleLater(to, settle, moving)
		return
	}
	h.server.mobiles.move(serial, h.worker)
	h.settle(moving, m.home)
	if h.mobiles[serial] == m {
		h.invite(m, next) // the client's next datagram calls again
	}
}

// settleLater has an allocation settled on a worker as soon as that can take it. One
// that has stopped takes nothing, and it is over.
func (s *Server) settleLater(to *fastpath.Worker, settle func(*Handler), moving traveller) {
	other := s.handlers[to.ID()]
	err := to.Deliver(context.Background(), func(w *fastpath.Worker) {
		other.enter(w)
		settle(other)
	})
	if err != nil {
		for i := range moving.ones {
			moving.ones[i].baggage.Relay.Close()
		}
	}
}

// depart takes an allocation out of this handler and its worker.
func (h *Handler) depart(m *mobility) traveller {
	moving := traveller{mobility: m}
	first := h.table.Find(m.home.tuple)
	h.table.Detach(first)
	for _, a := range []*allocation.Allocation{first, first.Twin()} {
		if a == nil {
			continue
		}
		// It fails for an allocation that the worker does not know, which there is not.
		baggage, _ := h.worker.Depart(fastpath.AllocationID(a.Handle))
		moving.ones = append(moving.ones, passenger{a, *h.held.at(a.Handle), baggage})
		*h.held.at(a.Handle) = held{}
	}
	delete(h.mobiles, m.serial)
	delete(h.leaving, m.next.tuple)
	m.next = nil
	return moving
}

// settle makes an allocation live at a place of this worker, and then handles what
// has waited for it: alone, if the connection there ended on its way. What cannot
// live there ends.
func (h *Handler) settle(moving traveller, at place) {
	m, isAlone := moving.mobility, h.isOver(&at)
	var waiting []fastpath.Message
	home, isFree := at, h.table.Find(at.tuple) == nil
	if !isAlone {
		waiting = h.takeWaiting(at.tuple)
	} else if h.expected[at.tuple] != nil {
		isFree = false // another connection with the same addresses has resumed another one
	}
	if !isFree {
		home.tuple = m.home.tuple // to end there
	}
	if h.table.Attach(moving.ones[0].allocation, home.tuple) != nil {
		panic("server: an allocation has nowhere to go")
	}
	h.mobiles[m.serial], m.home, m.isAlone = m, home, isAlone
	var first fastpath.AllocationID // of those that live
	for i := range moving.ones {
		one := &moving.ones[i]
		one.allocation.Handle = 0
		if !isFree || !h.moveIn(one, &home, first) {
			h.table.Delete(one.allocation)
			one.baggage.Relay.Close()
			h.giveBack(one.allocation, one.kept, one.baggage.Traffic(), endDisconnected)
			continue
		}
		first = one.allocation.Handle
		h.logMoved(one.allocation)
	}
	h.reviewMoved(moving)
	for i := range waiting {
		h.worker.Inject(&waiting[i])
	}
}

// isOver reports whether the connection at a place of this worker has ended.
func (h *Handler) isOver(at *place) bool {
	return at.from.Stream != 0 && !h.worker.HasStream(at.from.Stream)
}

// moveIn publishes one family at its new place. It may fail there, as the kernel may
// not watch its relay socket.
func (h *Handler) moveIn(one *passenger, at *place, twin fastpath.AllocationID) bool {
	a := one.allocation
	id, err := h.worker.Publish(fastpath.Allocation{
		Client:   at.tuple.Client,
		Listener: at.from.Listener,
		Stream:   at.from.Stream,
		Proxy:    at.from.Proxy,
		Twin:     twin,
		Relay:    one.baggage.Relay,
		Lifetime: time.Until(a.ExpiresAt()),
		ToPeer:   one.kept.toPeer,
		ToClient: one.kept.toClient,
		Moved:    one.baggage,
	})
	if err != nil {
		return false
	}
	a.Handle = uint32(id)
	h.keep(a, one.kept)
	return true
}

// reviewMoved gives an allocation that has arrived its permissions, channels and
// limits, by the settings of today: a walk may have missed it on its way.
func (h *Handler) reviewMoved(moving traveller) {
	for _, one := range moving.ones {
		a := one.allocation
		for _, look := range []visit{(*Handler).endIfRevoked, (*Handler).review} {
			if a.Handle != 0 && h.held.at(a.Handle).allocation == a {
				look(h, a)
			}
		}
	}
}

// takeWaiting ends an arrival and returns what has waited for it.
func (h *Handler) takeWaiting(tuple allocation.FiveTuple) []fastpath.Message {
	e := h.expected[tuple]
	if e == nil {
		return nil
	}
	h.unexpect(tuple, e.serial)
	return e.waiting
}
