//go:build e2e

package e2e

import (
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestBytesAndOrder sends datagrams of every size up to a full Ethernet frame,
// and of the largest sizes UDP can carry, to a peer that returns them.
func TestBytesAndOrder(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Workers = 8
	s := startServer(t, n, c)

	hosts := map[string]struct {
		client, peer netip.Addr
		server       netip.AddrPort
	}{
		"IPv4": {testnet.ClientV4, testnet.PeerV4, serverV4},
		"IPv6": {testnet.ClientV6, testnet.PeerV6, serverV6},
	}
	for name, host := range hosts {
		for _, way := range ways {
			t.Run(name+" "+way.name, func(t *testing.T) {
				peer := n.Peers.Echo(t, netip.AddrPortFrom(host.peer, 0))
				client := newClient(t, n.Clients, host.client, host.server, alice)
				client.allocate(t)
				client.permit(t, host.peer)
				if way.channel != 0 {
					client.bind(t, way.channel, peer.Addr)
				}
				exchange(t, client, way, peer.Addr, payloads(t, maxPayload(way, host.client)))
				client.free(t)
			})
		}
	}
	s.check(t)
	s.Stop(t)
}
