package tlsconf

import (
	"crypto/tls"
	"strings"
)

// choice finds the certificates for a server name. It is immutable.
type choice struct {
	// byName holds, in the order of the configuration, the certificates for a
	// name, lower case; "*.example.org" stands for one label in place of *.
	byName map[string][]*tls.Certificate
	first  *tls.Certificate // nil when there is none
}

func newChoice(pairs []*pair) *choice {
	c := &choice{byName: make(map[string][]*tls.Certificate)}
	for _, p := range pairs {
		if c.first == nil {
			c.first = p.certificate
		}
		for _, name := range p.certificate.Leaf.DNSNames {
			name = canonical(name)
			c.byName[name] = append(c.byName[name], p.certificate)
		}
	}
	return c
}

// named lists the certificates for a server name: those of the exact name,
// else those of the wildcard that covers it.
func (c *choice) named(server string) []*tls.Certificate {
	server = canonical(server)
	if found := c.byName[server]; len(found) > 0 {
		return found
	}
	if _, domain, ok := strings.Cut(server, "."); ok {
		return c.byName["*."+domain]
	}
	return nil
}

// canonical is the form in which DNS names are compared.
func canonical(name string) string { return strings.ToLower(strings.TrimSuffix(name, ".")) }

// suited returns the first certificate that the client can check, for names
// that have one of each kind of key, or else the first of all.
func suited(hello *tls.ClientHelloInfo, certificates []*tls.Certificate) *tls.Certificate {
	for _, certificate := range certificates {
		if hello.SupportsCertificate(certificate) == nil {
			return certificate
		}
	}
	if len(certificates) > 0 {
		return certificates[0]
	}
	return nil
}
