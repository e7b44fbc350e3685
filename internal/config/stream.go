package config

import "net/netip"

// Streams bounds what clients of TCP, TLS and DTLS may take.
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
	switch isSecure := listener.IsTLS() || listener.IsDTLS(); {
	case isSecure && !v.config.HasTLS():
		v.reject(path+".transport", listener.Transport, "needs a certificate: set tls.certificates or tls.acme.domains")
	case listener.IsDTLS() && !v.config.HasDTLS():
		v.reject(path+".transport", listener.Transport, "is spoken in version 1.2: set tls.min_version to that, or remove the listener")
	}
}

// HasTLS says whether there is a certificate, or an authority to get one from.
func (c *Config) HasTLS() bool { return len(c.TLS.Certificates) > 0 || len(c.TLS.ACME.Domains) > 0 }

// HasDTLS says whether datagrams can be ones of DTLS as well, of which no version
// after 1.2 is spoken.
func (c *Config) HasDTLS() bool { return c.HasTLS() && c.TLS.MinVersion != versionTLS13 }

// Bound is the configured address of a listener.
func (l Listener) Bound() netip.AddrPort { return must(parseAddressPort(l.Address)) }

// IsUDP, IsTCP, IsTLS and IsDTLS say what a listener takes. One for TCP takes TLS on
// the same port where there is a certificate, and one for UDP takes DTLS.
func (l Listener) IsUDP() bool { return l.Transport == transportUDP }

// IsTCP is explained at IsUDP.
func (l Listener) IsTCP() bool { return l.Transport == transportTCP }

// IsTLS is explained at IsUDP.
func (l Listener) IsTLS() bool { return l.Transport == transportTLS }

// IsDTLS is explained at IsUDP.
func (l Listener) IsDTLS() bool { return l.Transport == transportDTLS }

// IsDatagram says whether its socket is one of UDP.
func (l Listener) IsDatagram() bool { return l.IsUDP() || l.IsDTLS() }
