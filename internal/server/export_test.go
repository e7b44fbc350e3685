package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
)

// PeerAllowed is what the main realm's policy says without an allocation.
func (s *Server) PeerAllowed(peer netip.AddrPort) bool {
	return s.settings.Load().realms.main.policy.Check(s.external(peer)).Decision == allocation.Allow
}

// RealmOf names the realm of a client.
func (s *Server) RealmOf(listener netip.AddrPort, serverName string) string {
	return s.settings.Load().realms.of(listener, serverName).auth.Realm()
}

// TicketSize is the length of a MOBILITY-TICKET.
const TicketSize = ticketSize

// Tickets seals and opens tickets with a key of its own.
type Tickets struct{ *tickets }

// NewTickets makes a key.
func NewTickets() Tickets { return Tickets{newTickets()} }

// Seal makes a ticket.
func (k Tickets) Seal(serial, resumes uint32) [TicketSize]byte {
	return k.seal(ticket{serial, resumes})
}

// Open reads one.
func (k Tickets) Open(sealed []byte) (serial, resumes uint32, ok bool) {
	t, ok := k.open(sealed)
	return t.serial, t.resumes, ok
}

// Mobile counts what a handler keeps for mobile allocations. It is for the
// worker's thread.
func (h *Handler) Mobile() (here, leaving, expected, slots int) {
	return len(h.mobiles), len(h.leaving), len(h.expected), int(h.held.size())
}

// Mobiles is the number of mobile allocations of all handlers.
func (s *Server) Mobiles() int {
	s.mobiles.mu.Lock()
	defer s.mobiles.mu.Unlock()
	return len(s.mobiles.owner)
}
