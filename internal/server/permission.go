package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// createPermission serves a CreatePermission request, RFC 8656 section 10.2.
// Every XOR-PEER-ADDRESS is checked before any permission is installed.
func (h *Handler) createPermission(r *request) error {
	a, err := h.allocationOf(r)
	if err != nil {
		return err
	}
	h.peers, err = r.msg.XORPeerAddresses(h.peers[:0])
	if err != nil || len(h.peers) == 0 {
		return errBadRequest
	}
	policy := r.realm.policyOf(h.held.at(a.Handle).tenant)
	h.addrs = h.addrs[:0]
	for _, peer := range h.peers {
		if err := h.judge(policy.CheckIP(peer.Addr())); err != nil {
			return err
		}
		h.addrs = append(h.addrs, h.server.internal(peer).Addr())
	}
	paid, err := h.checkNewPeers(a, newPermissions(a, h.addrs))
	if err != nil {
		return err
	}
	lifetime, err := h.table.Permit(a, h.addrs)
	if err != nil {
		return err
	}
	h.held.at(a.Handle).newPeers.paidNs = paid
	for i, addr := range h.addrs {
		byPort := policy.CheckIP(h.peers[i].Addr()).Decision == allocation.ByPort
		one := a.OfFamily(addr)
		if one == nil {
			return allocation.ErrPeerFamily
		}
		if h.held.at(one.Handle).tcp != nil {
			continue // no datagrams: the permission is asked for when a peer connects
		}
		if err := h.worker.Permit(fastpath.AllocationID(one.Handle), addr, lifetime, byPort); err != nil {
			return err
		}
	}
	h.success(r)
	h.send(r)
	return nil
}

// channelBind serves a ChannelBind request, RFC 8656 section 12.2. It also
// installs or refreshes the permission for the peer.
func (h *Handler) channelBind(r *request) error {
	a, err := h.allocationOf(r)
	if err != nil {
		return err
	}
	if h.held.at(a.Handle).tcp != nil {
		return errRelayKind
	}
	number, hasNumber, err := r.msg.ChannelNumber()
	if err != nil || !hasNumber {
		return errBadRequest
	}
	peer, hasPeer, err := r.msg.XORPeerAddress()
	if err != nil || !hasPeer {
		return errBadRequest
	}
	if peer.Port() == 0 {
		return errBadRequest
	}
	policy := r.realm.policyOf(h.held.at(a.Handle).tenant)
	if err := h.judge(policy.Check(peer)); err != nil {
		return err
	}
	byPort := policy.CheckIP(peer.Addr()).Decision == allocation.ByPort
	bound := h.server.internal(peer)
	fresh := 0
	if isNewPeer(a, bound) {
		fresh = 1
	}
	paid, err := h.checkNewPeers(a, fresh)
	if err != nil {
		return err
	}
	first := a.Handle
	if one := a.OfFamily(bound.Addr()); one != nil {
		a = one
	}
	channel, permission, err := h.table.Bind(a, allocation.ChannelNumber(number), bound)
	if err != nil {
		return err
	}
	h.held.at(first).newPeers.paidNs = paid
	id := fastpath.AllocationID(a.Handle)
	if err := h.worker.Permit(id, bound.Addr(), permission, byPort); err != nil {
		return err
	}
	if err := h.worker.Bind(id, number, bound, channel, byPort); err != nil {
		return err
	}
	h.success(r)
	h.send(r)
	return nil
}

// newPermissions counts the addresses that have no permission yet. A permission is
// for an IP address, whatever the port (RFC 8656 section 9).
func newPermissions(a *allocation.Allocation, peers []netip.Addr) (fresh int) {
	for _, peer := range peers {
		if one := a.OfFamily(peer); one == nil || !one.HasPermission(peer) {
			fresh++
		}
	}
	return fresh
}

// isNewPeer reports whether a transport address has no channel yet, or no permission.
// A channel is for one transport address (RFC 8656 section 12), so each port of a
// host is a peer of its own: otherwise one permission would do for all of them.
func isNewPeer(a *allocation.Allocation, peer netip.AddrPort) bool {
	one := a.OfFamily(peer.Addr())
	return one == nil || !one.HasChannel(peer) || !one.HasPermission(peer.Addr())
}

// checkNewPeers holds so many new peers against their rate, and returns what the pace
// becomes when they are let in.
func (h *Handler) checkNewPeers(a *allocation.Allocation, fresh int) (paidNs int64, err error) {
	paidNs, ok := h.held.at(a.Handle).newPeers.after(h.nowNs, fresh)
	if !ok {
		h.server.ledger.CountRefusal(quota.LimitNewPeers)
		return 0, errNewPeers
	}
	return paidNs, nil
}

// judge turns a verdict into an error and counts a refusal by its rule. It
// comes before the address family is looked at, so that an address has one
// verdict in every encoding.
func (h *Handler) judge(verdict allocation.Verdict) error {
	if verdict.Decision == allocation.Deny {
		h.counts.peersDenied[verdict.Rule].Add(1)
		return errForbidden
	}
	return nil
}
