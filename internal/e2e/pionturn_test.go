//go:build e2e

package e2e

import (
	"bytes"
	"net"
	"net/netip"
	"testing"
	"time"

	turn4 "github.com/pion/turn/v4"
	turn5 "github.com/pion/turn/v5"

	"github.com/fairlead/fairlead/internal/testnet"
)

// pionClient is what the clients of pion/turn v4 and v5 have in common.
type pionClient interface {
	Listen() error
	Close()
	SendBindingRequest() (net.Addr, error)
	Allocate() (net.PacketConn, error)
	CreatePermission(peers ...net.Addr) error
}

// TestPionTURN relays with the clients of pion/turn: v4, which knows IPv4
// only, and v5 on both families. They send indications until their channel is
// bound, and refresh by themselves.
func TestPionTURN(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"default_lifetime": "4s", "max_lifetime": "4s"}
	s := startServer(t, n, c)

	tests := map[string]struct {
		client, peer netip.Addr
		relay        netip.Addr
		open         func(conn net.PacketConn) (pionClient, error)
	}{
		"v4": {testnet.ClientV4, testnet.PeerV4, testnet.RelayV4, func(conn net.PacketConn) (pionClient, error) {
			return turn4.NewClient(&turn4.ClientConfig{
				STUNServerAddr: serverV4.String(), TURNServerAddr: serverV4.String(),
				Username: alice.Name, Password: alice.Password, Conn: conn,
			})
		}},
		"v5": {testnet.ClientV4, testnet.PeerV4, testnet.RelayV4, func(conn net.PacketConn) (pionClient, error) {
			return turn5.NewClient(&turn5.ClientConfig{
				STUNServerAddr: serverV4.String(), TURNServerAddr: serverV4.String(),
				Username: alice.Name, Password: alice.Password, Conn: conn,
			})
		}},
		"v5 over IPv6": {testnet.ClientV6, testnet.PeerV6, testnet.RelayV6, func(conn net.PacketConn) (pionClient, error) {
			return turn5.NewClient(&turn5.ClientConfig{
				STUNServerAddr: serverV6.String(), TURNServerAddr: serverV6.String(),
				Username: alice.Name, Password: alice.Password, Conn: conn,
				RequestedAddressFamily: turn5.RequestedAddressFamilyIPv6,
			})
		}},
	}
	t.Run("side by side", func(t *testing.T) {
		for name, tt := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				conn := n.Clients.ListenUDP(t, netip.AddrPortFrom(tt.client, 0))
				client, err := tt.open(conn)
				if err != nil {
					t.Fatal(err)
				}
				defer client.Close()
				relayWith(t, n, client, conn.LocalAddr(), tt.relay, tt.peer, 1)
			})
		}
	})
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "the clients have freed their allocations")
	s.check(t)
	s.Stop(t)
}

// relayWith takes a client through everything it can do, with packets from the
// smallest size on.
func relayWith(t *testing.T, n *testnet.Net, client pionClient, local net.Addr, relay, peerIP netip.Addr, smallest int) {
	t.Helper()
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	if got, err := client.SendBindingRequest(); err != nil || got.String() != local.String() {
		t.Errorf("Binding: got %v (error %v), want %s", got, err, local)
	}
	start := time.Now()
	relayed, err := client.Allocate()
	if err != nil {
		t.Fatalf("Allocate: %v", err)
	}
	if got := relayed.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(); got != relay {
		t.Errorf("relayed transport address: got %s, want one of %s", got, relay)
	}
	peer := n.Peers.Echo(t, netip.AddrPortFrom(peerIP, 0))
	echoThrough(t, relayed, peer, smallest)

	// A peer that speaks first, allowed by CreatePermission alone.
	stranger := n.Peers.ListenUDP(t, netip.AddrPortFrom(peerIP, 0))
	if err := client.CreatePermission(stranger.LocalAddr()); err != nil {
		t.Fatalf("CreatePermission: %v", err)
	}
	if _, err := stranger.WriteTo([]byte("ahoy"), relayed.LocalAddr()); err != nil {
		t.Fatal(err)
	}
	expect(t, relayed, []byte("ahoy"), stranger.LocalAddr())

	// The client refreshes by itself, or this would end with the lifetime of 4 s.
	for time.Since(start) < 6*time.Second {
		echoThrough(t, relayed, peer, smallest)
	}
	if err := relayed.Close(); err != nil {
		t.Errorf("close the allocation: %v", err)
	}
}

// echoThrough sends many packets to the peer and wants each back before the
// next: some travel as indications, the others on the channel.
func echoThrough(t *testing.T, relayed net.PacketConn, peer *testnet.Echo, smallest int) {
	t.Helper()
	for i := range 500 {
		payload := bytes.Repeat([]byte{byte(i)}, i*2+smallest)
		if _, err := relayed.WriteTo(payload, net.UDPAddrFromAddrPort(peer.Addr)); err != nil {
			t.Fatalf("send packet %d: %v", i, err)
		}
		expect(t, relayed, payload, net.UDPAddrFromAddrPort(peer.Addr))
	}
}

// expect wants the payload next.
func expect(t *testing.T, relayed net.PacketConn, payload []byte, from net.Addr) {
	t.Helper()
	if err := relayed.SetReadDeadline(time.Now().Add(lossTimeout)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 2048)
	size, peer, err := relayed.ReadFrom(buf)
	if err != nil || !bytes.Equal(buf[:size], payload) || peer.String() != from.String() {
		t.Fatalf("receive: got %d bytes from %v (error %v), want %d bytes from %s", size, peer, err, len(payload), from)
	}
}
