package tlsconf

import (
	"crypto/tls"
	"errors"

	"go.uber.org/zap"
)

// Protocol names for ALPN, RFC 7443 section 2.
const (
	ProtocolTURN         = "stun.turn"
	ProtocolNATDiscovery = "stun.nat-discovery"
)

// ErrNoCertificate tells a handshake that nothing can be served.
var ErrNoCertificate = errors.New("no certificate for this handshake")

// Files names a certificate chain and its private key, both PEM.
type Files struct {
	// Certificate starts with the server's own certificate; intermediate
	// ones follow.
	Certificate string
	// Key is the private key of the first certificate, not encrypted.
	Key string
}

// Config says what a Store serves.
type Config struct {
	// Files are the pairs to choose from by server name; the first is for
	// clients that name no server or an unknown one.
	Files []Files
	// ACME gets further certificates from an authority, if it names domains.
	ACME ACME
	// MinVersion is the oldest protocol version that is spoken; 0 is TLS 1.2.
	MinVersion uint16
	// Log receives new certificates, bad ones and those about to expire.
	Log *zap.Logger
}

func (c Config) minVersion() uint16 { return max(c.MinVersion, tls.VersionTLS12) }
