package quota

import "net/netip"

// Identity is whom an allocation is counted for.
type Identity struct {
	Realm  string
	Tenant string     // within the realm
	User   string     // without the expiry of a REST username; empty: anonymous, no user limit applies
	Client netip.Addr // IPv6 counts by /64, the least that one customer gets
}

// userKey names a user: the same name in two realms, or of two tenants, is two
// users.
type userKey struct{ realm, tenant, user string }

// clientKey returns the address that stands for the client's prefix.
func clientKey(client netip.Addr) netip.Addr {
	client = client.Unmap()
	if client.Is6() {
		p, _ := client.Prefix(64) // cannot fail for IPv6; drops the zone
		return p.Addr()
	}
	return client
}
