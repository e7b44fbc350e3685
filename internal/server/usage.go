package server

import (
	"time"

	"github.com/fairlead/fairlead/relay/fastpath"
)

// chargeUsers charges what was relayed since the last tick to the users that
// have a limit of bytes, and ends the allocations of those who passed it, and
// allocations that are too old. Nothing is looked at where nobody has such a
// limit.
func (h *Handler) chargeUsers(now time.Time) {
	if !h.server.ledger.Counting() {
		return
	}
	for a := range h.table.All() {
		kept := &h.held[a.Handle]
		traffic := h.worker.Traffic(fastpath.AllocationID(a.Handle))
		if kept.hold.Use(kept.uncharged(&traffic), now.Sub(a.CreatedAt)) != nil {
			h.doomed = append(h.doomed, a)
		}
	}
	h.endDoomed(endQuota)
}

// uncharged is what an allocation relayed since the last call.
func (k *held) uncharged(traffic *fastpath.Traffic) uint64 {
	total := traffic.ToPeerBytes + traffic.ToClientBytes
	bytes := total - k.charged
	k.charged = total
	return bytes
}

// chargeRest charges the last bytes of an allocation that has ended.
func (h *Handler) chargeRest(kept *held, traffic *fastpath.Traffic) {
	if h.server.ledger.Counting() {
		kept.hold.Charge(kept.uncharged(traffic))
	}
}

// endDoomed ends the allocations that were found to have to.
func (h *Handler) endDoomed(cause endCause) {
	for _, a := range h.doomed {
		h.end(a, cause)
	}
	clear(h.doomed)
	h.doomed = h.doomed[:0]
}
