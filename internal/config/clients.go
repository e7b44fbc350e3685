package config

import (
	"fmt"
	"net/netip"
	"slices"

	"github.com/fairlead/fairlead/internal/access"
)

// Clients says which addresses may be clients.
type Clients struct {
	Allow []string `yaml:"allow" live:"yes"`
	Deny  []string `yaml:"deny" live:"yes"`
}

func (v *validator) clients() {
	v.prefixes("clients.allow", v.config.Clients.Allow)
	v.prefixes("clients.deny", v.config.Clients.Deny)
}

func (v *validator) prefixes(path string, texts []string) {
	for i, text := range texts {
		if _, err := access.ParsePrefix(text); err != nil {
			v.reject(fmt.Sprintf("%s[%d]", path, i), text, "%s", err)
		}
	}
}

// ClientLists are the prefixes that clients are held against.
func (c *Config) ClientLists() access.Lists {
	return access.Lists{Allow: parsePrefixes(c.Clients.Allow), Deny: parsePrefixes(c.Clients.Deny)}
}

func parsePrefixes(texts []string) []netip.Prefix {
	var prefixes []netip.Prefix
	for _, text := range texts {
		prefixes = append(prefixes, must(access.ParsePrefix(text)))
	}
	return prefixes
}

// clientWarnings tells of lists that turn away more than clients, or nobody.
func (c *Config) clientWarnings(warn func(path, text string, args ...any)) {
	if len(c.Clients.Allow) > 0 && len(c.TLS.ACME.Domains) > 0 && c.TLS.ACME.Challenge == challengeTLS {
		warn("clients.allow", "holds for the listeners that an authority may check domains at, too: it comes from addresses that nobody knows, so set tls.acme.challenge: http-01 unless no listener is at tls.acme.challenge_address")
	}
	for i, text := range c.Clients.Allow {
		allowed := must(access.ParsePrefix(text))
		if slices.ContainsFunc(parsePrefixes(c.Clients.Deny), func(denied netip.Prefix) bool {
			return denied.Bits() <= allowed.Bits() && denied.Contains(allowed.Addr())
		}) {
			warn(fmt.Sprintf("clients.allow[%d]", i), "%s allows nobody: clients.deny has all of it, and wins", text)
		}
	}
}
