package server

import (
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/logging"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// reserveBuckets gives an allocation its own buckets, or none and an error.
func (h *Handler) reserveBuckets(kept *held, limits *quota.Limits) error {
	var ok bool
	if kept.toPeer, ok = h.server.buckets.Reserve(uint64(limits.AllocationToPeerBitsPerSecond), limits.Burst); !ok {
		return errNoBucket
	}
	if kept.toClient, ok = h.server.buckets.Reserve(uint64(limits.AllocationToClientBitsPerSecond), limits.Burst); !ok {
		h.server.buckets.Release(kept.toPeer)
		return errNoBucket
	}
	kept.newPeers.perSecond = limits.AllocationNewPeersPerSecond
	return nil
}

func (h *Handler) releaseBuckets(kept *held) {
	h.server.buckets.Release(kept.toPeer)
	h.server.buckets.Release(kept.toClient)
}

// fastTerms puts the limits of an allocation as the workers take them.
func fastTerms(terms *quota.Terms) fastpath.Terms {
	return fastpath.Terms{
		ToPeerPacketsPerSecond:   uint32(terms.Limits.AllocationToPeerPacketsPerSecond),
		ToClientPacketsPerSecond: uint32(terms.Limits.AllocationToClientPacketsPerSecond),
		PacketBurst:              terms.Limits.Burst,
		SharedToPeer:             terms.Shared[quota.ToPeer],
		SharedToClient:           terms.Shared[quota.ToClient],
	}
}

// reviewTerms gives a live allocation the limits of today. Where a shared limit
// finds no bucket any more the allocation goes on without it.
func (h *Handler) reviewTerms(a *allocation.Allocation) {
	kept := h.held.at(a.Handle)
	terms, err := kept.hold.Terms()
	if err != nil {
		h.server.noisy.Warn("a live allocation goes on without a limit of the new configuration", logging.Err(err))
	}
	limits := &terms.Limits
	h.server.buckets.SetRate(kept.toPeer, uint64(limits.AllocationToPeerBitsPerSecond), limits.Burst)
	h.server.buckets.SetRate(kept.toClient, uint64(limits.AllocationToClientBitsPerSecond), limits.Burst)
	kept.newPeers.perSecond = limits.AllocationNewPeersPerSecond
	h.worker.SetTerms(fastpath.AllocationID(a.Handle), fastTerms(&terms))
	if kept.tcp != nil {
		kept.tcp.relay.SetLimits(tcpLimits(kept, &terms))
	}
}

// pace is the rate of an allocation's new peers (GCRA), with a burst of one
// second's worth.
type pace struct {
	perSecond int
	paidNs    int64 // on the server's clock
}

// after is what paidNs becomes by so many more; false when that is too fast. As
// with a bucket, a full one admits any number.
func (p *pace) after(nowNs int64, count int) (paidNs int64, ok bool) {
	if p.perSecond <= 0 || count == 0 {
		return p.paidNs, true
	}
	paidNs = max(p.paidNs, nowNs) + int64(count)*int64(time.Second)/int64(p.perSecond)
	return paidNs, p.paidNs <= nowNs || paidNs-nowNs <= int64(time.Second)
}
