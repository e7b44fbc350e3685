package server

import (
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// chargeUsers charges what was relayed since the last time to the users that
// have a limit of bytes, and ends the allocations of those who passed it, and
// allocations that are too old. Nothing is looked at where nobody has such a
// limit.
func (h *Handler) chargeUsers(w *fastpath.Worker) {
	if h.isCharging || !h.server.ledger.Counting() {
		return
	}
	h.isCharging = true
	h.walk(w, 0, (*Handler).charge, func() { h.isCharging = false })
}

// charge charges one allocation.
func (h *Handler) charge(a *allocation.Allocation) {
	kept := h.held.at(a.Handle)
	traffic := h.worker.Traffic(fastpath.AllocationID(a.Handle))
	if kept.hold.Use(kept.uncharged(&traffic), time.Since(a.CreatedAt())) != nil {
		h.end(a, endQuota)
	}
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

// chargeAll charges the last bytes of what is live when the server stops. The worker
// has ended.
func (h *Handler) chargeAll() {
	if !h.server.ledger.Counting() {
		return
	}
	for a := range h.table.All() {
		kept := h.held.at(a.Handle)
		traffic := h.worker.Traffic(fastpath.AllocationID(a.Handle))
		kept.hold.Charge(kept.uncharged(&traffic))
	}
}

// RestoreUsage charges users with what they had used before the start, and from
// then on ChangedUsage has something to tell. It reports false when that was in
// another period of quota.
func (s *Server) RestoreUsage(usage quota.Usage) bool {
	s.ledger.TrackUsage()
	return s.ledger.RestoreUsage(usage)
}

// ChangedUsage returns what users have used of their bytes, those who were charged
// since the last call.
func (s *Server) ChangedUsage() quota.Usage { return s.ledger.ChangedUsage() }
