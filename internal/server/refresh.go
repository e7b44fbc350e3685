package server

import (
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// refresh serves a Refresh request, RFC 8656 section 8.2: a new lifetime, or
// the end of the allocation when the client asks for zero.
func (h *Handler) refresh(r *request) error {
	if r.msg.Has(wire.AttrMobilityTicket) {
		return h.resume(r)
	}
	a, err := h.allocationOf(r)
	if err != nil {
		return err
	}
	granted, err := h.prolong(r, a)
	if err != nil {
		return err
	}
	h.success(r).Lifetime(granted)
	if granted > 0 {
		h.keepToken(r, a)
		if m := h.held.at(a.Handle).mobility; m != nil {
			h.renewTicket(m)
			h.answer.Attribute(wire.AttrMobilityTicket, m.ticket[:])
		}
	}
	h.send(r)
	return nil
}

// prolong does what a Refresh asks for, and returns the lifetime that it got; 0:
// the allocation, or the family that was named, is over.
func (h *Handler) prolong(r *request, a *allocation.Allocation) (granted time.Duration, err error) {
	ones, err := refreshed(r, a)
	if err != nil {
		return 0, err
	}
	asked, present, err := r.msg.Lifetime()
	if err != nil {
		return 0, errBadRequest
	}
	if present && asked == 0 {
		for _, one := range ones {
			h.end(one, endClient)
		}
		return 0, nil
	}
	granted = h.table.GrantLifetime(asked)
	if most := maxLifetime(r); most > 0 {
		granted = min(granted, most)
	}
	for _, one := range ones {
		h.table.Extend(one, granted)
		h.worker.Extend(fastpath.AllocationID(one.Handle), granted)
		h.tellGranted(events.Refreshed, one, granted)
	}
	return granted, nil
}

// refreshed is what a Refresh applies to: the family that it names in
// REQUESTED-ADDRESS-FAMILY, else all of a dual allocation (RFC 8656 section 8).
func refreshed(r *request, a *allocation.Allocation) ([]*allocation.Allocation, error) {
	family, isNamed, err := r.msg.RequestedFamily()
	if err != nil {
		return nil, errBadRequest
	}
	var chosen []*allocation.Allocation
	for one := range a.Families() {
		if !isNamed || familyOf(one.Relayed.Addr()) == family {
			chosen = append(chosen, one)
		}
	}
	if len(chosen) == 0 {
		return nil, allocation.ErrPeerFamily
	}
	return chosen, nil
}
