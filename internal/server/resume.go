package server

import (
	"bytes"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// resume serves a Refresh request with a MOBILITY-TICKET, RFC 8016 section 3.2.2.
// The worker that has the allocation does it.
func (h *Handler) resume(r *request) error {
	if !h.settings.Mobility || !r.isSigned {
		return errMobility
	}
	value, _ := r.msg.Get(wire.AttrMobilityTicket)
	if len(value) != ticketSize {
		return errBadRequest
	}
	t, ok := h.server.tickets.open(value)
	if !ok || r.from.Via == nil && h.isTaken(r, t.serial) {
		return errMismatch
	}
	m := h.mobiles[t.serial]
	if m == nil {
		return h.passOn(r, h.server.mobiles.find(t.serial))
	}
	return h.resumeOwn(r, m, t)
}

// isTaken reports whether the five-tuple of a request has, or is about to get,
// another allocation than the one with this serial number.
func (h *Handler) isTaken(r *request, serial uint32) bool {
	if a := h.table.Find(r.tuple); a != nil {
		m := h.held.at(a.Handle).mobility
		return m == nil || m.serial != serial
	}
	e := h.expected[r.tuple]
	return e != nil && e.serial != serial
}

// resumeOwn resumes an allocation of this handler. A ticket from before the last
// resume is good for the retransmission of that alone, unless its client cannot have
// got a later one.
func (h *Handler) resumeOwn(r *request, m *mobility, t ticket) error {
	a := h.table.Find(m.home.tuple)
	switch {
	case a == nil:
		return errMismatch // over, and not swept yet
	case !h.owns(r, a):
		return errWrongUser
	case t.resumes+1 == m.resumes && r.tuple == m.resumed:
		h.answerResume(r, m, true)
		return nil
	case t.resumes != m.resumes && !(m.isUnheard && t.resumes+1 == m.resumes):
		return errMismatch
	case r.tuple == m.home.tuple && !m.isAlone:
		return errBadRequest
	}
	granted, err := h.prolong(r, a)
	if err != nil {
		return err
	}
	if granted == 0 {
		h.success(r).Lifetime(0)
		h.send(r)
		return nil
	}
	h.disinvite(m)
	m.resumes++
	m.resumed, m.lifetime, m.isUnheard = r.tuple, granted, false
	h.renewTicket(m)
	h.invite(m, h.placeOf(r))
	h.counts.resumed.Add(1)
	h.answerResume(r, m, false)
	return nil
}

// resumeAnswer is the answer to a resume on the way to its client.
type resumeAnswer struct {
	at              place
	serial, resumes uint32 // of the allocation, by then
	isAgain         bool   // to a retransmission
	text            []byte
}

// answerResume sends the success response. Where nobody is left at the old
// address the allocation goes first: what peers send meanwhile is not lost.
func (h *Handler) answerResume(r *request, m *mobility, isAgain bool) {
	answer := h.success(r)
	answer.Lifetime(m.lifetime)
	answer.Attribute(wire.AttrMobilityTicket, m.ticket[:])
	h.finish(r)
	a := resumeAnswer{h.placeOf(r), m.serial, m.resumes, isAgain, bytes.Clone(h.answer.Bytes())}
	if m.isAlone && m.next != nil && h.postTo(h.worker, func(h *Handler) {
		h.come(a.serial, a.at.tuple, a.at.worker)
		h.deliver(a)
	}) == nil {
		return
	}
	h.deliver(a)
}

// deliver sends an answer to a client of whichever worker, which is told first
// whom to expect. A full inbox drops the answer; the client retransmits.
func (h *Handler) deliver(a resumeAnswer) {
	m := h.mobiles[a.serial]
	isComing := m != nil && m.next != nil && m.next.tuple == a.at.tuple
	h.onHandler(a.at.worker, func(other *Handler) {
		if other.isOver(&a.at) {
			other.tellOwner(a.serial, func(owner *Handler) { owner.unheard(a) })
			return
		}
		if isComing {
			other.expect(a.at, a.serial)
		}
		other.worker.Reply(&a.at.from, a.text)
	})
}

// unheard undoes what it can of a resume whose connection ended before its answer:
// the client still has the ticket from before.
func (h *Handler) unheard(a resumeAnswer) {
	h.callOff(a.serial, a.at.tuple)
	m := h.mobiles[a.serial]
	if m != nil && m.resumes == a.resumes && m.resumed == a.at.tuple && !a.isAgain {
		m.isUnheard, m.resumed = true, allocation.FiveTuple{}
	}
}

// tellOwner calls f with the handler that has an allocation, if one has it.
func (h *Handler) tellOwner(serial uint32, f func(owner *Handler)) {
	if owner := h.server.mobiles.find(serial); owner != nil {
		h.onHandler(owner, f)
	}
}

// invite notes where an allocation goes with the first datagram from there.
func (h *Handler) invite(m *mobility, at place) {
	m.next = &at
	h.leaving[at.tuple] = m
}

// disinvite takes back an invitation, if there is one.
func (h *Handler) disinvite(m *mobility) {
	if m.next == nil {
		return
	}
	next, serial := *m.next, m.serial
	m.next = nil
	delete(h.leaving, next.tuple)
	// A full inbox leaves it to the sweep of the other handler.
	h.onHandler(next.worker, func(other *Handler) { other.unexpect(next.tuple, serial) })
}

// onHandler calls f with the handler of a worker: at once when it is this one.
func (h *Handler) onHandler(worker *fastpath.Worker, f func(*Handler)) {
	if worker == h.worker {
		f(h)
		return
	}
	_ = h.postTo(worker, f)
}
