//go:build e2e

package e2e

import (
	"bytes"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestExternalAddress relays behind a 1:1 NAT that nobody has built: clients
// see and name external addresses only, and reach each other all the same.
func TestExternalAddress(t *testing.T) {
	externals := map[netip.Addr]string{testnet.RelayV4: "203.0.113.7", testnet.RelayV6: "2001:db8::7"}
	n := testnet.New(t)
	c := newConfig()
	for i, a := range c.Relay.Addresses {
		c.Relay.Addresses[i].ExternalAddress = externals[netip.MustParseAddr(a.Address)]
	}
	s := startServer(t, n, c)

	families := map[string]struct {
		client, relay netip.Addr
		server        netip.AddrPort
	}{
		"IPv4": {testnet.ClientV4, testnet.RelayV4, serverV4},
		"IPv6": {testnet.ClientV6, testnet.RelayV6, serverV6},
	}
	for name, f := range families {
		t.Run(name, func(t *testing.T) {
			external := netip.MustParseAddr(externals[f.relay])
			a, b := newClient(t, n.Clients, f.client, f.server, alice), newClient(t, n.Clients, f.client, f.server, bob)
			for _, c := range []*client{a, b} {
				if relayed := c.allocate(t); relayed.Addr() != external {
					t.Errorf("relayed transport address: got %s, want one of %s", relayed, external)
				}
				c.permit(t, external)
			}

			a.send(t, b.relayed, []byte("by indication"))
			expectData(t, b, packet{peer: a.relayed, payload: []byte("by indication")})

			b.bind(t, 0x4000, a.relayed)
			b.sendChannel(t, 0x4000, []byte("by channel"))
			expectData(t, a, packet{peer: b.relayed, payload: []byte("by channel")})
			a.send(t, b.relayed, []byte("back"))
			expectData(t, b, packet{channel: 0x4000, payload: []byte("back")})

			// The peers' side of the NAT: their packets come to the local
			// address and leave from it.
			peer := n.Peers.Echo(t, netip.AddrPortFrom(map[bool]netip.Addr{true: testnet.PeerV4, false: testnet.PeerV6}[f.client.Is4()], 0))
			a.permit(t, peer.Addr.Addr())
			a.send(t, peer.Addr, []byte("outside"))
			expectData(t, a, packet{peer: peer.Addr, payload: []byte("outside")})
			for _, c := range []*client{a, b} {
				c.free(t)
			}
		})
	}
	s.check(t)
}

// TestOwnPortsAreNoPeers asks the relay for what listens on its own host.
func TestOwnPortsAreNoPeers(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Peers.Allow = append(c.Peers.Allow, "127.0.0.0/8")
	s := startServer(t, n, c)
	client := newClientV4(t, n)
	client.allocate(t)
	for name, own := range map[string]netip.AddrPort{
		"the listener":               serverV4,
		"the monitoring listener":    monitoringAddr,
		"IPv4 hidden in IPv6, bound": netip.AddrPortFrom(netip.AddrFrom16(serverV4.Addr().As16()), serverV4.Port()),
	} {
		if code := client.tryBind(t, 0x4000, own); code == 0 {
			t.Errorf("ChannelBind to %s: got success, want an error", name)
		}
	}
	s.check(t)
}

// TestRelayToRelay lets two clients of one server reach each other by the
// addresses that the server gave them.
func TestRelayToRelay(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Workers = 8 // so that most pairs live on two workers
	// Not even the relay's own network: the port of a live allocation is what
	// makes its address a peer.
	c.Peers.Allow = []string{"10.3.0.0/16"}
	s := startServer(t, n, c)
	for range 10 {
		a, b := newClientV4(t, n), newClientV4(t, n)
		a.allocate(t)
		b.allocate(t)
		a.permit(t, b.relayed.Addr())
		dropped := s.metric(t, "fairlead_dropped_packets_total")
		a.send(t, b.relayed, []byte("not permitted"))
		testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_dropped_packets_total") > dropped }, "a packet without a permission is dropped")
		b.bind(t, 0x4000, a.relayed)
		b.sendChannel(t, 0x4000, []byte("permitted"))
		expectData(t, a, packet{peer: b.relayed, payload: []byte("permitted")})
		a.send(t, b.relayed, []byte("permitted too"))
		expectData(t, b, packet{channel: 0x4000, payload: []byte("permitted too")})
		a.free(t)
		b.free(t)
	}
	s.check(t)
}

// TestWildcardListener wants answers from the address that was asked, also
// from one that came later.
func TestWildcardListener(t *testing.T) {
	n := testnet.New(t)
	n.Relay.IP(t, "addr add 10.1.0.77/24 dev clients", "addr add fd01::77/64 dev clients nodad")
	c := newConfig()
	c.Listeners = []listener{{Address: "0.0.0.0:3478", Transport: "udp"}, {Address: "[::]:3478", Transport: "udp"}}
	s := startServer(t, n, c)

	ask := func(address string) error {
		server := netip.AddrPortFrom(netip.MustParseAddr(address), 3478)
		local := testnet.ClientV4
		if server.Addr().Is6() {
			local = testnet.ClientV6
		}
		client := newClient(t, n.Clients, local, server, alice)
		seen, err := client.binding()
		if err == nil && seen != client.local() {
			t.Errorf("Binding at %s: got address %s, want %s", server, seen, client.local())
		}
		return err
	}
	for _, address := range []string{"10.1.0.1", "10.1.0.77", "10.2.0.1", "fd01::1", "fd01::77", "fd02::1"} {
		if err := ask(address); err != nil {
			t.Error(err)
		}
	}

	// A live flow must not feel that addresses come and go.
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	live := startFlow(t, newClientV4(t, n), peer.Addr)
	n.Relay.IP(t, "addr add 10.1.0.88/24 dev clients", "addr add fd01::88/64 dev clients nodad")
	for _, address := range []string{"10.1.0.88", "fd01::88"} {
		testnet.Await(t, patience, func() bool { return ask(address) == nil }, "the new address %s is served", address)
	}
	n.Relay.IP(t, "addr del 10.1.0.88/24 dev clients", "addr del fd01::77/64 dev clients")
	live.advance(t)
	for _, address := range []string{"10.1.0.77", "fd01::88"} {
		if err := ask(address); err != nil {
			t.Error(err)
		}
	}
	live.stop(t)
	s.check(t)
	s.Stop(t)
}

// expectData wants a packet next.
func expectData(t *testing.T, c *client, want packet) {
	t.Helper()
	got, ok := c.receive(t, lossTimeout)
	if !ok || got.channel != want.channel || got.peer != want.peer || !bytes.Equal(got.payload, want.payload) {
		t.Fatalf("receive at %s: got %q by channel %#x from %s (arrived %t), want %q by channel %#x from %s",
			c.local(), got.payload, got.channel, got.peer, ok, want.payload, want.channel, want.peer)
	}
}

// TestFreebind starts before the host has the addresses to listen on, as the
// standby of a pair does, and serves them once it has.
func TestFreebind(t *testing.T) {
	n := testnet.New(t)
	late := []netip.AddrPort{netip.MustParseAddrPort("10.1.0.99:3478"), netip.MustParseAddrPort("[fd01::99]:3478")}
	c := newConfig()
	c.Sockets = map[string]any{"freebind": true}
	for _, addr := range late {
		c.Listeners = append(c.Listeners, listener{Address: addr.String(), Transport: "udp"}, listener{Address: addr.String(), Transport: "tcp"})
	}
	s := startServer(t, n, c)
	n.Relay.IP(t, "addr add 10.1.0.99/24 dev clients", "addr add fd01::99/64 dev clients nodad")
	for i, local := range []netip.Addr{testnet.ClientV4, testnet.ClientV6} {
		udp := newClient(t, n.Clients, local, late[i], alice)
		udp.allocate(t)
		udp.free(t)
		tcp := newStreamClient(t, n.Clients, late[i], nil)
		tcp.allocate(t, 0x4000, netip.AddrPortFrom([]netip.Addr{testnet.PeerV4, testnet.PeerV6}[i], 9))
	}
	s.checkLog(t)
}
