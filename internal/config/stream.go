package config

import "net/netip"

// Streams bounds what clients of TCP and TLS may take.
type Streams struct {
	HandshakeTimeout            Duration `yaml:"handshake_timeout" live:"yes"`
	AuthenticationTimeout       Duration `yaml:"authentication_timeout" live:"yes"`
	UnauthenticatedBytes        int      `yaml:"unauthenticated_bytes" live:"yes"`
	MaxUnauthenticated          int      `yaml:"max_unauthenticated" live:"yes"`
	MaxUnauthenticatedPerClient int      `yaml:"max_unauthenticated_per_client" live:"yes"`
	IdleTimeout                 Duration `yaml:"idle_timeout" live:"yes"`
	BacklogBytes                int      `yaml:"backlog_bytes" live:"yes"`
	Keepalive                   Duration `yaml:"keepalive" live:"yes"`
	UserTimeout                 Duration `yaml:"user_timeout" live:"yes"`
	MaxPassed                   int      `yaml:"max_passed" live:"yes"`
	MaxPassedPerClient          int      `yaml:"max_passed_per_client" live:"yes"`
	PassedIdleTimeout           Duration `yaml:"passed_idle_timeout" live:"yes"`
}

func (v *validator) streams() {
	s := v.config.Streams
	const hour = 3600
	v.lasts("streams.handshake_timeout", s.HandshakeTimeout, seconds(1), seconds(60))
	v.lasts("streams.authentication_timeout", s.AuthenticationTimeout, seconds(1), seconds(hour))
	v.between("streams.unauthenticated_bytes", int64(s.UnauthenticatedBytes), 2048, 1<<20)
	v.between("streams.max_unauthenticated", int64(s.MaxUnauthenticated), 1, 1_000_000)
	v.between("streams.max_unauthenticated_per_client", int64(s.MaxUnauthenticatedPerClient), 1, 1_000_000)
	v.lasts("streams.idle_timeout", s.IdleTimeout, seconds(1), seconds(24*hour))
	v.between("streams.backlog_bytes", int64(s.BacklogBytes), minBacklogBytes, 64<<20)
	v.lasts("streams.keepalive", s.Keepalive, 0, seconds(hour))
	v.lasts("streams.user_timeout", s.UserTimeout, 0, seconds(hour))
	v.between("streams.max_passed", int64(s.MaxPassed), 1, 1_000_000)
	v.between("streams.max_passed_per_client", int64(s.MaxPassedPerClient), 1, 1_000_000)
	v.lasts("streams.passed_idle_timeout", s.PassedIdleTimeout, seconds(1), seconds(24*hour))
}

// minBacklogBytes is room for the longest datagram with its header.
const minBacklogBytes = 128 << 10

// tlsListener refuses a listener that could serve nobody.
func (v *validator) tlsListener(path string, listener Listener) {
	if listener.Transport == transportTLS && !v.config.HasTLS() {
		v.reject(path+".transport", listener.Transport, "needs a certificate: set tls.certificates or tls.acme.domains")
	}
}

// HasTLS says whether there is a certificate, or an authority to get one from.
func (c *Config) HasTLS() bool { return len(c.TLS.Certificates) > 0 || len(c.TLS.ACME.Domains) > 0 }

// Bound is the configured address of a listener.
func (l Listener) Bound() netip.AddrPort { return must(parseAddressPort(l.Address)) }

// IsUDP, IsTCP and IsTLS say what a listener takes. One for TCP takes TLS on the
// same port where there is a certificate.
func (l Listener) IsUDP() bool { return l.Transport == transportUDP }

// IsTCP is explained at IsUDP.
func (l Listener) IsTCP() bool { return l.Transport == transportTCP }

// IsTLS is explained at IsUDP.
func (l Listener) IsTLS() bool { return l.Transport == transportTLS }
