package server

import (
	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/events"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// refresh serves a Refresh request, RFC 8656 section 8.2: a new lifetime, or
// the end of the allocation when the client asks for zero.
func (h *Handler) refresh(r *request) error {
	a, err := h.allocationOf(r)
	if err != nil {
		return err
	}
	ones, err := refreshed(r, a)
	if err != nil {
		return err
	}
	asked, present, err := r.msg.Lifetime()
	if err != nil {
		return errBadRequest
	}
	if present && asked == 0 {
		for _, one := range ones {
			h.end(one, endClient)
		}
		h.success(r).Lifetime(0)
		h.send(r)
		return nil
	}
	granted := h.table.GrantLifetime(asked)
	for _, one := range ones {
		h.table.Refresh(one, asked)
		h.worker.Extend(fastpath.AllocationID(one.Handle), granted)
		h.tellGranted(events.Refreshed, one, granted)
	}
	h.success(r).Lifetime(granted)
	h.send(r)
	return nil
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
