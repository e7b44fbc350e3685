package server

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Apply makes the settings, and what Config.Clients says by now, take effect: for new
// requests at once, and on every worker for what is live, where allocations of users
// and secrets that are gone or another tenant's, and of clients that are not admitted end, streams of such
// clients are closed, and permissions and channels that the peer policy now denies are
// cut. It returns when all workers have done so.
func (s *Server) Apply(ctx context.Context, settings Settings, workers []*fastpath.Worker) error {
	s.renew(func(Settings) Settings { return settings })
	s.ledger.SetLimits(settings.Quota, settings.QuotaOverrides...)
	err := s.onEach(ctx, workers, (*Handler).review)
	if err == nil {
		err = s.closeDenied(ctx, workers)
	}
	if err != nil {
		return fmt.Errorf("apply settings: %w", err)
	}
	return nil
}

// onEvery runs f with every handler, on its worker, and returns when all have
// called done, each once.
func (s *Server) onEvery(ctx context.Context, workers []*fastpath.Worker, f func(h *Handler, done func())) error {
	done := make(chan struct{}, len(workers))
	for i, w := range workers {
		h := s.handlers[i]
		err := w.Deliver(ctx, func(w *fastpath.Worker) {
			h.enter(w)
			f(h, func() { done <- struct{}{} })
		})
		if err != nil {
			return fmt.Errorf("reach worker %d: %w", i, err)
		}
	}
	for range workers {
		select {
		case <-done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}

// review holds a live allocation against the current settings.
func (h *Handler) review(a *allocation.Allocation) {
	switch {
	case !h.isAdmitted(a):
		h.end(a, endDenied)
		return
	case !h.mayLive(a):
		h.end(a, endRevoked)
		return
	}
	h.reviewPeers(a)
	h.reviewTerms(a)
}

// mayLive reports whether the user, and the secret where one was used, that
// made the allocation still exists in its realm and belongs to its tenant, whose
// quota and peer rules it has, and anybody may relay at all.
func (h *Handler) mayLive(a *allocation.Allocation) bool {
	if h.settings.STUNOnly {
		return false
	}
	kept := h.held.at(a.Handle)
	realm := h.settings.realms.byName[kept.realm]
	if kept.isByToken() {
		return realm != nil && realm.auth.HasTokenKey(kept.secretName, kept.keyPrint)
	}
	return realm != nil && realm.auth.StillValid(a.Username, authn.Credential{Key: kept.key, Tenant: kept.tenant})
}

// reviewPeers applies the peer policy to the permissions and channels of an
// allocation.
func (h *Handler) reviewPeers(a *allocation.Allocation) {
	id, now := fastpath.AllocationID(a.Handle), time.Now()
	kept := h.held.at(a.Handle)
	policy := h.settings.realms.policy(kept.realm, kept.tenant)
	if kept.tcp != nil {
		h.reviewTCP(a, policy)
	}
	h.addrs = h.addrs[:0] // denied
	for peer, expiresAt := range a.Permissions() {
		switch h.checkNamedIP(policy, peer).Decision {
		case allocation.Deny:
			h.addrs = append(h.addrs, peer)
		case allocation.ByPort:
			h.worker.Permit(id, peer, expiresAt.Sub(now), true)
		default:
			h.worker.Permit(id, peer, expiresAt.Sub(now), false)
		}
	}
	for _, peer := range h.addrs {
		h.table.Revoke(a, peer)
		h.worker.Revoke(id, peer)
	}
	for number, channel := range a.Channels() {
		byPort := h.checkNamedIP(policy, channel.Peer.Addr()).Decision == allocation.ByPort
		h.worker.Bind(id, uint16(number), channel.Peer, channel.ExpiresAt.Sub(now), byPort)
	}
}

// checkNamedIP judges the bound form of a peer's address in the form that
// clients name.
func (h *Handler) checkNamedIP(policy *allocation.Policy, peer netip.Addr) allocation.Verdict {
	return policy.CheckIP(h.server.external(netip.AddrPortFrom(peer, 0)).Addr())
}
