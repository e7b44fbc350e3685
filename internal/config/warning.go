package config

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/fairlead/fairlead/allocation"
)

// minSecretBytes is where guessing a secret offline stops being cheap: every
// client sees a MAC that its secret made.
const minSecretBytes = 16

// Warnings lists what is allowed but probably not meant; what a profile sets is
// meant. Call it on a validated Config.
func (c *Config) Warnings() []Warning {
	var found []Warning
	warn := func(path, text string, args ...any) {
		if c.Origin(path).Source == FromProfile {
			return
		}
		found = append(found, Warning{Path: path, Text: fmt.Sprintf(text, args...)})
	}
	for _, text := range c.unused {
		warn("", "%s", text)
	}
	for i, each := range c.Listeners {
		if each.ProxyProtocol && c.PublicHost == "" {
			warn(fmt.Sprintf("listeners[%d]", i), "clients reach it through a proxy only, and no URL can name that: set public_host")
		}
	}
	for i, each := range c.Relay.Addresses {
		if each.ExternalAddress == "" && each.Local().IsPrivate() {
			warn(fmt.Sprintf("relay.addresses[%d]", i), "%s is a private address: peers outside of its network reach it only with external_address set", each.Address)
		}
	}
	if got := c.Allocation.PermissionLifetime; got != seconds(300) {
		warn("allocation.permission_lifetime", "%s differs from the 300s of RFC 8656 section 9, which clients count on", got)
	}
	if got := c.Allocation.ChannelLifetime; got != seconds(600) {
		warn("allocation.channel_lifetime", "%s differs from the 600s of RFC 8656 section 12, which clients count on", got)
	}
	if c.STUN.Only && (c.Auth.Anonymous || len(c.Auth.Users)+len(c.Auth.Secrets)+len(c.Auth.Stores)+len(c.Auth.OAuth.Keys)+len(c.Realms) > 0) {
		warn("stun.only", "nobody can relay, so the credentials of auth and realms count for nothing")
	} else if c.Auth.Anonymous {
		warn("auth.anonymous", "everybody who reaches this server can relay through it")
	}
	secretWarnings("auth", c.Auth.Secrets, warn)
	for i, realm := range c.Realms {
		path := fmt.Sprintf("realms[%d]", i)
		secretWarnings(path, realm.Secrets, warn)
		allowWarnings(path+".allow_peers", realm.AllowPeers, warn)
		if slices.Contains(realm.CanonicalServerNames(), canonicalName(c.PublicHost)) {
			warn("public_host", "clients that come to %s by TLS get realm %q, so URLs with it are wrong for the other realms", c.PublicHost, realm.Name)
		}
	}
	for i, tenant := range c.Tenants {
		allowWarnings(fmt.Sprintf("tenants[%d].allow_peers", i), tenant.AllowPeers, warn)
		realm, _ := c.RealmOf(tenant.Realm)
		isTenant := func(secret SharedSecret) bool { return secret.Tenant == tenant.Name }
		isStore := func(s Store) bool { return s.Tenant == tenant.Name && s.Serves(realm.Name) }
		if !slices.ContainsFunc(realm.Secrets, isTenant) && !slices.ContainsFunc(c.Auth.Stores, isStore) && !realm.OAuth.names(tenant.Name) {
			warn(fmt.Sprintf("tenants[%d]", i), "no shared secret, no store and no key of oauth of realm %q names tenant %q, so nobody belongs to it", realm.Name, tenant.Name)
		}
	}
	if len(c.Realms) > 0 && len(c.ListenersOf(c.asRealm())) == 0 {
		warn("auth.realm", "realms claim every listener, so no client ever gets this realm")
	}
	if c.Auth.ExpiryGrace > 0 && c.Auth.Expiry != expiryStrict {
		warn("auth.expiry_grace", "counts only with auth.expiry: strict")
	}
	if c.Alternates.AboveAllocations > 0 && len(c.Alternates.Servers) == 0 {
		warn("alternates.above_allocations", "counts only with alternates.servers")
	}
	if len(c.Alternates.Servers) > 0 && c.STUN.Only {
		warn("alternates.servers", "count for nothing with stun.only: true")
	}
	if c.Drain.Delay > 0 && c.Drain.Timeout == 0 {
		warn("drain.delay", "counts only with drain.timeout")
	}
	if c.TCPRelay.Enabled && !slices.ContainsFunc(c.Listeners, func(l Listener) bool { return !l.IsDatagram() }) {
		warn("tcp_relay.enabled", "counts only with a listener of transport tcp or tls")
	}
	if c.Auth.NonceLifetime < seconds(60) {
		warn("auth.nonce_lifetime", "%s makes every client authenticate anew at nearly every request", c.Auth.NonceLifetime)
	}
	if c.Auth.UnauthenticatedAnswersPerSecond == 0 {
		warn("auth.unauthenticated_answers_per_second", "without a limit, forged requests make this server send to anybody")
	}
	c.clientWarnings(warn)
	allowWarnings("peers.allow", c.Peers.Allow, warn)
	if addr, on := c.MonitoringAddress(); on && !addr.Addr().IsLoopback() {
		warn("monitoring.address", "%s is not a loopback address: metrics have no authentication, so let only your monitoring reach it", addr)
	}
	if addr, err := parseAddressPort(c.Admin.Address); err == nil && !addr.Addr().IsLoopback() {
		warn("admin.address", "%s is not a loopback address: the token crosses the network in the clear, so put a proxy with TLS in front", addr)
	}
	if e := c.CredentialEndpoint; !e.HTTPS {
		if addr, err := parseAddressPort(e.Address); err == nil && !addr.Addr().IsLoopback() {
			warn("credential_endpoint.https", "keys and credentials cross the network in the clear from %s: set https, or put a proxy with TLS in front", addr)
		}
	}
	return found
}

func secretWarnings(path string, secrets []SharedSecret, warn func(path, text string, args ...any)) {
	for i, secret := range secrets {
		if len(secret.Value) < minSecretBytes {
			warn(fmt.Sprintf("%s.secrets[%d]", path, i), "the secret is shorter than %d bytes and can be guessed from one credential: openssl rand -hex 32 makes a good one", minSecretBytes)
		}
	}
}

func allowWarnings(path string, rules []string, warn func(path, text string, args ...any)) {
	for i, rule := range rules {
		if opened := builtInDenied(rule); opened.IsValid() {
			warn(fmt.Sprintf("%s[%d]", path, i), "%q lets clients reach %s, which is denied otherwise", rule, opened)
		}
	}
}

// specialPurpose are ranges that are denied unless configured otherwise, and
// that are worth a word when a rule opens them.
var specialPurpose = []string{
	"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
	"::1/128", "fc00::/7", "fe80::/10",
}

// builtInDenied returns the first special-purpose range that a rule opens at
// least in part, or the zero prefix.
func builtInDenied(rule string) netip.Prefix {
	parsed := must(allocation.ParseRule(rule))
	for _, text := range specialPurpose {
		if special := netip.MustParsePrefix(text); special.Overlaps(parsed.Prefix) {
			return special
		}
	}
	return netip.Prefix{}
}
