//go:build e2e

package e2e

import (
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestUnreachablePeers sends to peers that cause errors, between any two
// packets for a peer of the same allocation that lives. On Linux an error
// waiting at a socket fails its next send, to whomever that goes: none of the
// living peer's packets may pay for it.
func TestUnreachablePeers(t *testing.T) {
	n := testnet.New(t)
	n.Peers.Sysctl(t, "net/ipv4/ip_forward", "1") // answers for others with ICMP
	n.Peers.Sysctl(t, "net/ipv6/conf/all/forwarding", "1")
	n.Peers.IP(t, "route add unreachable 10.9.1.0/24", "route add prohibit 10.9.2.0/24", "route add unreachable fd09:1::/32")
	for _, family := range []string{"ipv4", "ipv6"} {
		// Gives up on a neighbour after one question and 10 ms.
		n.Relay.Sysctl(t, "net/"+family+"/neigh/peers/mcast_solicit", "1")
		n.Relay.Sysctl(t, "net/"+family+"/neigh/peers/retrans_time_ms", "10")
	}
	n.Relay.IP(t, "route add 10.9.0.0/16 via 10.2.0.2", "route add fd09::/16 via fd02::2",
		"route add unreachable 10.9.3.0/24", "route add blackhole 10.9.4.0/24", "route add prohibit 10.9.5.0/24",
		"route add unreachable fd09:3::/32", "route add blackhole fd09:4::/32")

	families := map[string]struct {
		client, peer netip.Addr
		server       netip.AddrPort
		dead         map[string]string
	}{
		"IPv4": {testnet.ClientV4, testnet.PeerV4, serverV4, map[string]string{
			"closed port":             "10.2.0.2:9",
			"host unreachable beyond": "10.9.1.1:9",
			"prohibited beyond":       "10.9.2.1:9",
			"host unreachable here":   "10.9.3.1:9",
			"blackhole here":          "10.9.4.1:9",
			"prohibited here":         "10.9.5.1:9",
			"no such neighbour":       "10.2.0.99:9",
		}},
		"IPv6": {testnet.ClientV6, testnet.PeerV6, serverV6, map[string]string{
			"closed port":        "[fd02::2]:9",
			"unreachable beyond": "[fd09:1::1]:9",
			"unreachable here":   "[fd09:3::1]:9",
			"blackhole here":     "[fd09:4::1]:9",
			"no such neighbour":  "[fd02::99]:9",
		}},
	}
	c := newConfig()
	c.Peers.Allow = append(c.Peers.Allow, "fc00::/7")
	s := startServer(t, n, c)
	for family, f := range families {
		for name, address := range f.dead {
			for _, way := range ways {
				t.Run(family+" "+name+" by "+way.name, func(t *testing.T) {
					dead := netip.MustParseAddrPort(address)
					live := n.Peers.Echo(t, netip.AddrPortFrom(f.peer, 0))
					client := newClient(t, n.Clients, f.client, f.server, alice)
					client.allocate(t)
					client.permit(t, dead.Addr(), f.peer)
					if way.channel != 0 {
						client.bind(t, way.channel, live.Addr)
						client.bind(t, way.channel+1, dead)
					}
					alternate(t, client, way, dead, live.Addr)
					client.free(t)
				})
			}
		}
	}
	if got := s.metric(t, "fairlead_icmp_errors_total"); got == 0 {
		t.Error("metric of ICMP errors: got 0, want some")
	}
	s.check(t)
	s.Stop(t)
}

// alternate sends to both peers in turn, several packets at a time, and wants
// all back from the one that lives.
func alternate(t *testing.T, c *client, w way, dead, live netip.AddrPort) {
	t.Helper()
	to := func(peer netip.AddrPort, payload []byte) {
		switch {
		case w.channel == 0:
			c.send(t, peer, payload)
		case peer == dead:
			c.sendChannel(t, w.channel+1, payload)
		default:
			c.sendChannel(t, w.channel, payload)
		}
	}
	// Few enough for the queue of a neighbour that does not answer: what waits
	// there counts as unsent by the socket that it came from.
	const rounds, burst = 40, 4
	for round := range uint32(rounds) {
		for i := range uint32(burst) {
			to(dead, []byte("anybody there?"))
			to(live, binary.BigEndian.AppendUint32(nil, round*burst+i))
		}
		for i := range uint32(burst) {
			got, ok := c.receive(t, lossTimeout)
			if want := round*burst + i; !ok || len(got.payload) != 4 || binary.BigEndian.Uint32(got.payload) != want {
				t.Fatalf("packet %d to the living peer: got %v (arrived %t), want it back", want, got.payload, ok)
			}
		}
	}
}
