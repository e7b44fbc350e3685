package testnet

import (
	"fmt"
	"net/netip"
	"os"
	"sync/atomic"
	"testing"
)

// Net is three hosts in a row. The relay forwards no IP packets: what travels
// between clients and peers has been relayed.
//
//	   clients                        relay                         peers
//	+-----------+             +----------------------+          +-----------+
//	| 10.1.0.2  |---- veth ---| 10.1.0.1    10.2.0.1 |-- veth --| 10.2.0.2  |
//	| fd01::2   |             | fd01::1      fd02::1 |          | fd02::2   |
//	+-----------+             +----------------------+          +-----------+
//	 10.64.0.0/10                                                10.3.0.0/16
//	 fd64::/32                                                   fd03::/32
//
// The ranges below a host are local to it as a whole (an AnyIP route), so a
// socket there can have any of these addresses. Every host reaches every
// address of its neighbour; clients also reach 10.2.0.1, the relayed transport
// addresses of other clients.
type Net struct {
	Clients, Relay, Peers *Namespace
}

// Addresses of the hosts of a Net.
var (
	ClientV4 = netip.MustParseAddr("10.1.0.2")
	ClientV6 = netip.MustParseAddr("fd01::2")

	// The side of the relay that clients talk to.
	ServerV4 = netip.MustParseAddr("10.1.0.1")
	ServerV6 = netip.MustParseAddr("fd01::1")

	// The side of the relay that peers see.
	RelayV4 = netip.MustParseAddr("10.2.0.1")
	RelayV6 = netip.MustParseAddr("fd02::1")

	PeerV4 = netip.MustParseAddr("10.2.0.2")
	PeerV6 = netip.MustParseAddr("fd02::2")

	// ManyClients and ManyPeers are the ranges that are local as a whole.
	ManyClientsV4 = netip.MustParsePrefix("10.64.0.0/10")
	ManyClientsV6 = netip.MustParsePrefix("fd64::/32")
	ManyPeersV4   = netip.MustParsePrefix("10.3.0.0/16")
	ManyPeersV6   = netip.MustParsePrefix("fd03::/32")
)

// count numbers the networks of this process.
var count atomic.Uint32

// New builds a network and removes it when the test ends.
func New(t testing.TB) *Net {
	t.Helper()
	removeLeftovers(t)

	name := fmt.Sprintf("%s%d-%d-", namePrefix, os.Getpid(), count.Add(1))
	n := &Net{
		Clients: newNamespace(t, name+"clients"),
		Relay:   newNamespace(t, name+"relay"),
		Peers:   newNamespace(t, name+"peers"),
	}
	n.Relay.IP(t, "link add clients type veth peer name relay netns "+n.Clients.name,
		"link add peers type veth peer name relay netns "+n.Peers.name,
		"link set clients up",
		"link set peers up",
		"addr add 10.1.0.1/24 dev clients",
		"addr add 10.2.0.1/24 dev peers",
		"addr add fd01::1/64 dev clients nodad",
		"addr add fd02::1/64 dev peers nodad",
		"route add 10.64.0.0/10 via 10.1.0.2",
		"route add 10.3.0.0/16 via 10.2.0.2",
		"route add fd64::/32 via fd01::2",
		"route add fd03::/32 via fd02::2")
	n.Clients.IP(t, "link set relay up",
		"addr add 10.1.0.2/24 dev relay",
		"addr add fd01::2/64 dev relay nodad",
		"route add local 10.64.0.0/10 dev lo",
		"route add local fd64::/32 dev lo",
		"route add default via 10.1.0.1",
		"route add default via fd01::1")
	n.Peers.IP(t, "link set relay up",
		"addr add 10.2.0.2/24 dev relay",
		"addr add fd02::2/64 dev relay nodad",
		"route add local 10.3.0.0/16 dev lo",
		"route add local fd03::/32 dev lo")
	return n
}
