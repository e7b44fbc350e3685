package quota

import "net/netip"

// Identity is whom an allocation is counted for. An empty name stands for
// nobody: no limit of its kind applies.
type Identity struct {
	Realm  string
	Tenant string     // within the realm
	User   string     // without the expiry of a REST username; empty: anonymous
	Client netip.Addr // IPv6 counts by /64, the least that one customer gets
}

// holder names an account: the same user name in two realms, or of two tenants,
// is two users.
type holder struct {
	realm, tenant, user string
	client              netip.Addr
	kind                Kind
}

// owner names the account that an allocation belongs to first: its user's, or
// what is left without one.
func (id Identity) owner() holder {
	h := holder{realm: id.Realm, tenant: id.Tenant, user: id.User}
	switch {
	case id.User != "":
		h.kind = KindUser
	case id.Tenant != "":
		h.kind = KindTenant
	case id.Realm != "":
		h.kind = KindRealm
	}
	return h
}

// parent names the account that pays along: user, tenant, realm, server, those
// left out that have no name.
func (h holder) parent() holder {
	switch {
	case h.kind == KindUser && h.tenant != "":
		return holder{realm: h.realm, tenant: h.tenant, kind: KindTenant}
	case h.kind >= KindTenant && h.realm != "":
		return holder{realm: h.realm, kind: KindRealm}
	}
	return holder{}
}

// clientHolder names the account of the client's prefix.
func clientHolder(client netip.Addr) holder {
	client = client.Unmap()
	if client.Is6() {
		p, _ := client.Prefix(64) // cannot fail for IPv6; drops the zone
		client = p.Addr()
	}
	return holder{client: client, kind: KindClient}
}
