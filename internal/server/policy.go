package server

import (
	"net/netip"
	"slices"

	"github.com/fairlead/fairlead/allocation"
)

// prepare completes settings with the realms made of them.
func (s *Server) prepare(settings Settings) *Settings {
	protected := s.protectedRules(settings.Protected)
	policy := func(allow, deny []allocation.Rule) *allocation.Policy {
		return allocation.NewPolicy(allocation.PolicyConfig{
			Allow: allow, Deny: deny, Protected: protected, Own: s.isOwn, Live: s.isLive, LiveTCP: s.isLiveTCP,
		})
	}
	main := &realm{auth: settings.Authenticator, policy: policy(settings.AllowPeers, settings.DenyPeers)}
	prepared := realms{
		main:         main,
		byName:       map[string]*realm{main.auth.Realm(): main},
		byListener:   make(map[netip.AddrPort]*realm),
		byServerName: make(map[string]*realm),
	}
	rules := map[*realm]Realm{main: {}} // those beside everybody's
	for _, each := range settings.Realms {
		r := &realm{auth: each.Authenticator, policy: main.policy}
		if len(each.AllowPeers)+len(each.DenyPeers) > 0 {
			r.policy = policy(slices.Concat(settings.AllowPeers, each.AllowPeers), slices.Concat(settings.DenyPeers, each.DenyPeers))
		}
		rules[r] = each
		prepared.byName[r.auth.Realm()] = r
		for _, listener := range each.Listeners {
			prepared.byListener[listener] = r
		}
		for _, name := range each.ServerNames {
			prepared.byServerName[name] = r
		}
	}
	for _, tenant := range settings.Tenants {
		r := prepared.byName[tenant.Realm]
		if r == nil {
			continue // config does not let it pass
		}
		if r.tenants == nil {
			r.tenants = make(map[string]*allocation.Policy)
		}
		r.tenants[tenant.Name] = policy(
			slices.Concat(settings.AllowPeers, rules[r].AllowPeers, tenant.AllowPeers),
			slices.Concat(settings.DenyPeers, rules[r].DenyPeers, tenant.DenyPeers))
	}
	settings.realms = prepared
	return &settings
}

// AddressesChanged renews what depends on the addresses of this host. Whoever
// follows the interfaces calls it, on any goroutine.
func (s *Server) AddressesChanged() {
	s.renew(func(current Settings) Settings { return current })
}

// renew puts what change makes of the settings in their place. Where they were
// replaced meanwhile the addresses of this host may be others, too: it begins anew.
func (s *Server) renew(change func(current Settings) Settings) {
	for {
		current := s.settings.Load()
		if s.settings.CompareAndSwap(current, s.prepare(change(*current))) {
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
