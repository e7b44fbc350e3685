package server

import (
	"go.uber.org/zap"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// endCause says why an allocation ended; it labels a counter and a log line.
type endCause uint8

const (
	endClient       endCause = iota // Refresh with a lifetime of zero
	endExpired                      // not refreshed in time
	endRevoked                      // its user or secret was taken away or is another tenant's, or no relaying at all
	endDisconnected                 // the client's connection ended
	endQuota                        // its user's bytes are used up, or it is too old
	endDenied                       // its client is denied or banned
	numEndCauses
)

func (c endCause) String() string {
	return [numEndCauses]string{"client", "expired", "revoked", "disconnected", "quota", "denied"}[c]
}

// end deletes an allocation and gives back everything it held.
func (h *Handler) end(a *allocation.Allocation, cause endCause) {
	h.table.Delete(a)
	h.release(a, cause)
}

// release withdraws an allocation that is no longer in the table and gives
// back its socket, and what giveBack does.
func (h *Handler) release(a *allocation.Allocation, cause endCause) {
	h.endTCP(a)
	traffic := h.worker.Withdraw(fastpath.AllocationID(a.Handle))
	kept := *h.held.at(a.Handle)
	*h.held.at(a.Handle) = held{}
	h.giveBack(a, kept, traffic, cause)
}

// giveBack returns the port, buckets and quota of an allocation whose socket is
// closed; the last two when it is the last of its twins.
func (h *Handler) giveBack(a *allocation.Allocation, kept held, traffic fastpath.Traffic, cause endCause) {
	h.tellEnded(a, &kept, traffic, cause.String())
	kept.pool.Put(a.Relayed.Port())
	h.logEnded(a, traffic, cause)
	h.chargeRest(&kept, &traffic)
	if a.Twin() != nil {
		return
	}
	if kept.mobility != nil {
		h.endMobility(kept.mobility)
	}
	h.releaseBuckets(&kept)
	kept.hold.Release()
	kept.counts.live.Add(-1)
	h.counts.ended[cause].Add(1)
}

func (h *Handler) logCreated(a *allocation.Allocation, secretName string) {
	if entry := h.server.log.Check(zap.DebugLevel, "allocation created"); entry != nil {
		entry.Write(logging.Client(a.Client), logging.Relayed(a.Relayed), logging.Username(a.Username),
			zap.String("secret_name", secretName))
	}
}

func (h *Handler) logEnded(a *allocation.Allocation, traffic fastpath.Traffic, cause endCause) {
	if entry := h.server.log.Check(zap.DebugLevel, "allocation ended"); entry != nil {
		entry.Write(logging.Client(a.Client), logging.Relayed(a.Relayed), logging.Username(a.Username),
			logging.Reason(cause),
			zap.Uint64("to_peer_bytes", traffic.ToPeerBytes), zap.Uint64("to_client_bytes", traffic.ToClientBytes))
	}
}
