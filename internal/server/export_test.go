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
