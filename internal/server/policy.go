package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
)

// prepare completes settings with the peer policy made of them.
func (s *Server) prepare(settings Settings) *Settings {
	settings.policy = allocation.NewPolicy(allocation.PolicyConfig{
		Allow:     settings.AllowPeers,
		Deny:      settings.DenyPeers,
		Protected: s.protectedRules(settings.Protected),
		Own:       s.isOwn,
		Live:      s.isLive,
	})
	return &settings
}

// AddressesChanged renews what depends on the addresses of this host. Whoever
// follows the interfaces calls it, on any goroutine.
func (s *Server) AddressesChanged() {
	for {
		current := s.settings.Load()
		if s.settings.CompareAndSwap(current, s.prepare(*current)) {
			return
		}
	}
}

// protectedRules names the transport addresses of own listeners. A listener on
// an unspecified address is reached by every address of this host.
func (s *Server) protectedRules(listeners []netip.AddrPort) []allocation.Rule {
	var rules []allocation.Rule
	protect := func(prefix netip.Prefix, port uint16) {
		rules = append(rules, allocation.Rule{Prefix: prefix, MinPort: port, MaxPort: port})
	}
	for _, listener := range listeners {
		if !listener.Addr().IsUnspecified() {
			protect(single(listener.Addr()), listener.Port())
			continue
		}
		protect(loopback4, listener.Port())
		protect(single(netip.IPv6Loopback()), listener.Port())
		for _, addr := range s.config.LocalAddresses() {
			protect(single(addr), listener.Port())
		}
		for _, address := range s.config.RelayAddresses {
			if address.External.IsValid() {
				protect(single(address.External), listener.Port())
			}
		}
	}
	return rules
}

// loopback4 reaches an IPv4 wildcard listener by every address in it.
var loopback4 = netip.MustParsePrefix("127.0.0.0/8")

func single(addr netip.Addr) netip.Prefix { return netip.PrefixFrom(addr, addr.BitLen()) }
