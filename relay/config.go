package relay

import (
	"net/netip"

	"github.com/fairlead/fairlead/internal/access"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// Config is what an Engine is made of.
type Config struct {
	// Workers is the number of threads; 0 means DefaultWorkers. Outside Linux
	// there is one. GOMAXPROCS should be larger, so that what else runs in the
	// process always finds a place.
	Workers int

	// Listeners are the addresses to serve. An unspecified address stands for
	// every local address of its family, link-local IPv6 addresses excepted.
	Listeners []netip.AddrPort

	// Proxies are, by address of Listeners, the only sources of some of them: load
	// balancers that put a header of the PROXY protocol in front of each datagram.
	Proxies map[netip.AddrPort][]netip.Prefix

	// ReceiveBufferBytes and SendBufferBytes size the queues of each listening
	// socket; 0 keeps the system's default.
	ReceiveBufferBytes, SendBufferBytes int

	// Freebind lets listeners be bound to addresses that the host does not have
	// yet. They serve from the moment that it gets them. Linux only.
	Freebind bool

	// Streams says how clients of TCP and TLS are served. What it allows those
	// without authentication holds for DTLS as well, each for itself.
	Streams StreamConfig

	// DTLS says how clients of DTLS are served.
	DTLS DTLSConfig

	// Clients says who may be a client; nil: everybody. Connections of all others are
	// closed as soon as it is known whose they are.
	Clients *access.Gate

	// GSO and GRO say whether the kernel segments and coalesces trains of
	// datagrams. SetOffloads changes them.
	GSO, GRO fastpath.Switch

	// Worker returns the configuration of a worker. It is called once for each,
	// before Open returns.
	Worker func(id int) fastpath.Config

	// Aliases are the relay addresses that are known outside by another one.
	Aliases []fastpath.Alias

	// LocalAddresses is kept up to date while the engine runs; nil: the engine
	// makes its own.
	LocalAddresses *LocalAddresses

	// AddressesChanged, when set, is called after LocalAddresses has changed,
	// before listeners follow.
	AddressesChanged func()
}
