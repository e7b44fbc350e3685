package config

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/fairlead/fairlead/allocation"
	"github.com/fairlead/fairlead/authn"
)

// Realm is a protection space beside auth.realm, with users of its own. What
// auth says about expiry, nonces and features holds for it, too.
type Realm struct {
	Name        string         `yaml:"name"`
	Listeners   []string       `yaml:"listeners"`
	ServerNames []string       `yaml:"server_names"`
	Users       []User         `yaml:"users"`
	Secrets     []SharedSecret `yaml:"secrets"`
	OAuth       OAuth          `yaml:"oauth"`
	AllowPeers  []string       `yaml:"allow_peers"`
	DenyPeers   []string       `yaml:"deny_peers"`
}

// Tenant has peer rules beside those of its realm; shared secrets and stores name
// it.
type Tenant struct {
	Name       string   `yaml:"name"`
	Realm      string   `yaml:"realm"`
	AllowPeers []string `yaml:"allow_peers"`
	DenyPeers  []string `yaml:"deny_peers"`
}

// asRealm is the main realm in the form of the others. Its peer rules are
// everybody's.
func (c *Config) asRealm() Realm {
	return Realm{Name: c.Auth.Realm, Users: c.Auth.Users, Secrets: c.Auth.Secrets, OAuth: c.Auth.OAuth}
}

// RealmOf finds a realm by its name; the empty name is the main realm.
func (c *Config) RealmOf(name string) (Realm, bool) {
	if name == "" || name == c.Auth.Realm {
		return c.asRealm(), true
	}
	for _, realm := range c.Realms {
		if realm.Name == name {
			return realm, true
		}
	}
	return Realm{}, false
}

// RealmAuthnConfig says who may relay in a realm of Realms.
func (c *Config) RealmAuthnConfig(realm Realm) authn.Config {
	return withKeys(c.realmAuthn(realm), realm.Users)
}

// realmAuthn is RealmAuthnConfig without the keys of users.
func (c *Config) realmAuthn(realm Realm) authn.Config {
	cfg := c.authnOf(realm)
	cfg.Anonymous = false
	return cfg
}

// ListenerAddresses are those of the configured listening addresses whose
// clients get the realm.
func (r Realm) ListenerAddresses() []netip.AddrPort {
	var addresses []netip.AddrPort
	for _, text := range r.Listeners {
		addresses = append(addresses, must(parseAddressPort(text)))
	}
	return addresses
}

// CanonicalServerNames are the names of TLS clients whose realm this is, as they
// arrive: in lower case, without a dot at the end.
func (r Realm) CanonicalServerNames() []string {
	var names []string
	for _, name := range r.ServerNames {
		names = append(names, canonicalName(name))
	}
	return names
}

func canonicalName(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// hasStore reports whether a store is asked about a realm.
func (c *Config) hasStore(realm string) bool {
	return slices.ContainsFunc(c.Auth.Stores, func(s Store) bool { return s.Serves(realm) })
}

// ListenersOf are the listening addresses whose clients get a realm: those that
// it names, and for the main realm those that no other one names.
func (c *Config) ListenersOf(realm Realm) []netip.AddrPort {
	if realm.Name != c.Auth.Realm {
		return realm.ListenerAddresses()
	}
	claimed := make(map[netip.AddrPort]bool)
	for _, other := range c.Realms {
		for _, address := range other.ListenerAddresses() {
			claimed[address] = true
		}
	}
	var left []netip.AddrPort
	for _, address := range c.ListenerAddresses() {
		if !claimed[address] {
			left = append(left, address)
		}
	}
	return left
}

// PeerRules are the realm's rules beside those of everybody.
func (r Realm) PeerRules() (allow, deny []allocation.Rule) {
	return parseRules(r.AllowPeers), parseRules(r.DenyPeers)
}

// PeerRules are the tenant's rules beside those of its realm.
func (t Tenant) PeerRules() (allow, deny []allocation.Rule) {
	return parseRules(t.AllowPeers), parseRules(t.DenyPeers)
}

// RealmName names the tenant's realm.
func (c *Config) RealmName(t Tenant) string {
	if t.Realm == "" {
		return c.Auth.Realm
	}
	return t.Realm
}

func parseRules(texts []string) (rules []allocation.Rule) {
	for _, text := range texts {
		rules = append(rules, must(allocation.ParseRule(text)))
	}
	return rules
}
