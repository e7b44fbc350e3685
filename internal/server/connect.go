package server

import (
	"context"
	"errors"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/quota"
	"github.com/fairlead/fairlead/relay/fastpath"
	"github.com/fairlead/fairlead/relay/tcprelay"
)

// connect serves a Connect request, RFC 6062 section 5.2. The answer comes when the
// peer has accepted, or has not.
//
// A Connect needs no permission: it names its peer as CreatePermission does, and is
// held against the same policy. Each counts as a new peer, so that nobody goes
// through ports faster than through addresses.
func (h *Handler) connect(r *request) error {
	a, err := h.allocationOf(r)
	if err != nil {
		return err
	}
	kept := h.held.at(a.Handle)
	if kept.tcp == nil {
		return errRelayKind
	}
	peer, hasPeer, err := r.msg.XORPeerAddress()
	if err != nil || !hasPeer || peer.Port() == 0 {
		return errBadRequest
	}
	bound := h.server.internal(peer)
	if kept.tcp.relay.Has(bound) {
		return tcprelay.ErrExists
	}
	if err := h.judge(r.realm.policyOf(kept.tenant).CheckTCP(peer)); err != nil {
		return err
	}
	switch {
	case a.OfFamily(bound.Addr()) == nil:
		return allocation.ErrPeerFamily
	case bound == a.Relayed: // it would talk to itself
		return errForbidden
	}
	paid, ok := kept.newPeers.after(h.nowNs, 1)
	if !ok {
		h.server.ledger.CountRefusal(quota.LimitNewPeers)
		return errNewPeers
	}
	pending, worker := h.postpone(r), h.worker
	err = kept.tcp.relay.Connect(bound, func(id uint32, err error) {
		// A worker that has stopped answers nobody, and its allocations are over.
		_ = worker.Deliver(context.Background(), func(w *fastpath.Worker) {
			h.conclude(w, pending, func(r *request) error { return h.connected(r, id, err) })
		})
	})
	if err != nil {
		h.countTCPRefusal(err)
		return err
	}
	kept.newPeers.paidNs = paid
	return nil
}

// connected answers a Connect.
func (h *Handler) connected(r *request, id uint32, err error) error {
	if err != nil {
		return err
	}
	h.success(r).ConnectionID(id)
	h.send(r)
	return nil
}

func (h *Handler) countTCPRefusal(err error) {
	if errors.Is(err, tcprelay.ErrTooMany) {
		h.server.ledger.CountRefusal(quota.LimitTCPConnections)
	}
}
