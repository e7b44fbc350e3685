package server

import (
	"crypto/rand"
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// offer decides about connections that peers make to a relayed transport address, on
// the worker that owns the allocation. One whose worker is behind is closed: the
// peer may try again.
func (h *Handler) offer(a *allocation.Allocation, tcp *tcpHeld) tcprelay.Offer {
	worker := h.worker
	return func(peer netip.AddrPort, accept func() (uint32, error)) {
		decided := make(chan struct{})
		err := worker.Post(func(w *fastpath.Worker) {
			defer close(decided)
			h.enter(w)
			if h.held.at(a.Handle).tcp == tcp { // its number may be another's by now
				h.peerArrived(a, tcp, peer, accept)
			}
		})
		if err == nil {
			<-decided
		}
	}
}

// peerArrived accepts the connection of a peer that has a permission, and tells the
// client of it (RFC 6062 section 5.3).
func (h *Handler) peerArrived(a *allocation.Allocation, tcp *tcpHeld, peer netip.AddrPort, accept func() (uint32, error)) {
	kept, named := h.held.at(a.Handle), h.server.external(peer)
	policy := h.settings.realms.policy(kept.realm, kept.tenant)
	if policy == nil || !a.HasPermission(peer.Addr()) {
		return
	}
	if h.judge(policy.CheckTCP(named)) != nil {
		return
	}
	id, err := accept()
	if err != nil {
		h.countTCPRefusal(err)
		return
	}
	var tid [wire.TransactionIDSize]byte
	rand.Read(tid[:])
	h.answer.Indication(wire.MethodConnectionAttempt, tid)
	h.answer.ConnectionID(id)
	h.answer.XORPeerAddress(named)
	h.worker.Reply(&fastpath.Message{Stream: tcp.stream}, h.answer.Bytes())
}

// reviewTCP closes the connections to peers that the policy denies by now.
func (h *Handler) reviewTCP(a *allocation.Allocation, policy *allocation.Policy) {
	h.held.at(a.Handle).tcp.relay.CloseUnless(func(peer netip.AddrPort) bool {
		return policy.CheckTCP(h.server.external(peer)).Decision == allocation.Allow
	})
}
