package server

import (
	"net/netip"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
)

// Realm is a protection space with users of its own. Its name, which the
// Authenticator knows, goes out in every challenge, so it hangs on what is known
// before a client has said anything.
type Realm struct {
	Authenticator *authn.Authenticator
	// Listeners are the transport addresses whose clients it gets. An unspecified
	// one stands for every address of its family, with that port.
	Listeners []netip.AddrPort
	// ServerNames are the names of TLS clients (RFC 6066 section 3, in lower case)
	// that it gets, whichever listener they came by.
	ServerNames []string
	// AllowPeers and DenyPeers are peer rules beside those of everybody.
	AllowPeers, DenyPeers []allocation.Rule
}

// Tenant has peer rules beside those of its realm. Which clients are its own, a
// shared secret says.
type Tenant struct {
	Realm, Name           string
	AllowPeers, DenyPeers []allocation.Rule
}

// realm is a Realm, ready for use.
type realm struct {
	auth    *authn.Authenticator
	policy  *allocation.Policy            // of those without a tenant, or whose tenant has no rules
	tenants map[string]*allocation.Policy // by name of the tenant
}

// realms finds the realm of a client, and of an allocation.
type realms struct {
	main         *realm
	byName       map[string]*realm
	byListener   map[netip.AddrPort]*realm
	byServerName map[string]*realm
}

// of returns the realm of whoever talks to a listening address, over TLS by a
// server name, which tells more. It is empty for everybody else.
func (r *realms) of(listener netip.AddrPort, serverName string) *realm {
	if serverName != "" {
		if found := r.byServerName[serverName]; found != nil {
			return found
		}
	}
	if len(r.byListener) == 0 {
		return r.main
	}
	if found := r.byListener[listener]; found != nil {
		return found
	}
	if found := r.byListener[netip.AddrPortFrom(unspecified(listener.Addr()), listener.Port())]; found != nil {
		return found
	}
	return r.main
}

// MainRealm is the name of the realm of everybody whom no other realm claims.
func (s *Server) MainRealm() string { return s.settings.Load().realms.main.auth.Realm() }

// HasRealm reports whether there is a realm of this name now.
func (s *Server) HasRealm(name string) bool { return s.settings.Load().realms.byName[name] != nil }

// policy returns the peer policy of an allocation, nil when its realm is gone.
func (r *realms) policy(name, tenant string) *allocation.Policy {
	if found := r.byName[name]; found != nil {
		return found.policyOf(tenant)
	}
	return nil
}

// policyOf returns the peer policy for a tenant; the empty name is nobody's.
func (r *realm) policyOf(tenant string) *allocation.Policy {
	if own := r.tenants[tenant]; own != nil {
		return own
	}
	return r.policy
}

// unspecified is the wildcard of an address's family.
func unspecified(addr netip.Addr) netip.Addr {
	if addr.Is4() {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}
