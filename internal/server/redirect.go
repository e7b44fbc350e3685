package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/internal/wire"
)

// Alternate is another server.
type Alternate struct {
	Address netip.AddrPort
	Domain  string // in its certificate, if not one that this server's clients know
}

// PickAlternate names another server that clients of a transport may be sent to,
// by an address of the family, and whose domain fits. It runs on worker threads and
// must not wait.
type PickAlternate func(transport allocation.Transport, isIPv4 bool, fits func(domain string) bool) (other Alternate, ok bool)

// SetDraining says whether this server is being emptied: while it is, new
// allocations are refused with 508, or with 300 where there is another server.
// What is live goes on and can be refreshed. Any goroutine may call it.
func (s *Server) SetDraining(draining bool) { s.draining.Store(draining) }

// Live is the number of allocations, those under way and reserved ports
// included. Any goroutine may call it.
func (s *Server) Live() int { return s.ledger.Stats().Live }

// isFull reports whether this server should take no more allocations as long as
// others can.
func (s *Server) isFull(settings *Settings) bool {
	above, most := settings.RedirectAbove, settings.Quota.ServerAllocations
	if above == 0 && most == 0 {
		return false
	}
	live := s.Live()
	return above > 0 && live >= above || most > 0 && live >= most
}

// admit refuses a new allocation that another server should have (RFC 8489
// section 10), or that a server being emptied does not want. Without another
// server, one that is full goes on until a quota is met.
//
// Only an authenticated client is sent away, and the answer is protected like
// every other: nobody else can do it in this server's name.
func (h *Handler) admit(r *request) error {
	draining := h.server.draining.Load()
	if !draining && (h.server.config.Alternate == nil || !h.server.isFull(h.settings)) {
		return nil
	}
	if r.isSigned && h.findAlternates(r) {
		return errTryAlternate
	}
	if draining {
		return errDraining
	}
	return nil
}

// findAlternates looks for another server: one of the client's own family, which
// is a must, and one of the other family. Only a client that signs with SHA-256 is
// known to understand that the other one has another name.
func (h *Handler) findAlternates(r *request) bool {
	pick := h.server.config.Alternate
	if pick == nil {
		return false
	}
	isIPv4 := r.from.Client.Addr().Unmap().Is4()
	first, ok := pick(r.tuple.Transport, isIPv4, func(domain string) bool {
		return domain == "" || r.protection.request == wire.IntegritySHA256
	})
	if !ok {
		return false
	}
	h.alternateDomain = first.Domain
	h.addrPorts = append(h.addrPorts[:0], first.Address)
	second, ok := pick(r.tuple.Transport, !isIPv4, func(domain string) bool { return domain == first.Domain })
	if ok {
		h.addrPorts = append(h.addrPorts, second.Address)
	}
	return true
}

// tryAlternate adds what findAlternates found.
func (h *Handler) tryAlternate() {
	for _, addr := range h.addrPorts {
		h.answer.AlternateServer(addr)
	}
	if h.alternateDomain != "" {
		h.answer.AlternateDomain(h.alternateDomain)
	}
}
