package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// refresh serves a Refresh request, RFC 8656 section 8.2: a new lifetime, or
// the end of the allocation when the client asks for zero.
func (h *Handler) refresh(r *request) error {
	a, err := h.allocationOf(r)
	if err != nil {
		return err
	}
	if err := checkRefreshFamily(r, a.Relayed.Addr()); err != nil {
		return err
	}
	asked, present, err := r.msg.Lifetime()
	if err != nil {
		return errBadRequest
	}
	if present && asked == 0 {
		h.end(a, endClient)
		h.success(r).Lifetime(0)
		h.send(r)
		return nil
	}
	granted := h.table.Refresh(a, asked)
	h.worker.Extend(fastpath.AllocationID(a.Handle), granted)
	h.success(r).Lifetime(granted)
	h.send(r)
	return nil
}

// checkRefreshFamily refuses a REQUESTED-ADDRESS-FAMILY other than that of
// the allocation, RFC 8656 section 8.2.
func checkRefreshFamily(r *request, relayed netip.Addr) error {
	family, present, err := r.msg.RequestedFamily()
	switch {
	case err != nil:
		return errBadRequest
	case present && family != familyOf(relayed):
		return allocation.ErrPeerFamily
	}
	return nil
}
