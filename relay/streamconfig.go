package relay

import (
	"crypto/tls"
	"net/netip"
	"time"

	"github.com/fairlead/fairlead/internal/stream"
)

// StreamListener is an address for clients of TCP or TLS. An unspecified one
// takes connections to every local address of its family.
type StreamListener struct {
	Address netip.AddrPort
	// TLS takes nothing but TLS. Without it plain TCP is taken as well, told apart
	// by the first byte (RFC 7983).
	TLS bool
	// Proxies, when not empty, are the only sources that are served. Each of their
	// connections begins with a header of the PROXY protocol, which says who the
	// client is.
	Proxies []netip.Prefix
	// Pass, when set, has a backend for connections that are none of TURN's.
	Pass *Pass
}

// StreamConfig says how clients of TCP and TLS are served. The limits of a
// connection once a worker has it are the worker's. SetStreams changes all but
// the listeners.
type StreamConfig struct {
	Listeners []StreamListener
	// TLS has the certificates; nil: no TLS. The engine adds the application
	// protocols of RFC 7443 where it has none, and refuses versions before 1.2.
	TLS *tls.Config
	// HandshakeTimeout bounds the wait for the first byte and the handshake.
	HandshakeTimeout time.Duration
	// MaxUnauthenticated bounds the connections without an authenticated request,
	// MaxUnauthenticatedPerSource those of one IPv4 address or IPv6 /64 network.
	MaxUnauthenticated, MaxUnauthenticatedPerSource int
	// Socket are the options of each connection.
	Socket stream.Options
	// MaxPassed bounds the connections that are passed on to backends,
	// MaxPassedPerSource those of one source; PassedIdleTimeout ends one on which
	// neither end says anything.
	MaxPassed, MaxPassedPerSource int
	PassedIdleTimeout             time.Duration
}
