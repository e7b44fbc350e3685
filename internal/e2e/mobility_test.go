//go:build e2e

package e2e

import (
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestTurnutilsMobility runs coturn's client with a ticket (RFC 8016): between
// Allocate and each of its first Refresh requests, which it sends twice, it takes
// another socket, having closed the old one or not. By TLS it does not understand
// two answers that come in one record, so that is left to
// TestMobileAllocationOutlivesItsConnection.
func TestTurnutilsMobility(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"wide_channel_numbers": true, "mobility": true}
	s, _ := startStreamServer(t, n, c)
	startEchoPeer(t, n)
	v4, v6 := testnet.PeerV4.String(), testnet.PeerV6.String()
	tests := map[string]struct {
		server      netip.AddrPort
		args        []string
		messages    int
		allocations float64
	}{
		"UDP":               {serverV4, []string{"-n", "50", "-m", "10", "-c", "-X", "-e", v4}, 500, 10},
		"UDP, Send":         {serverV4, []string{"-n", "50", "-m", "10", "-c", "-s", "-X", "-e", v4}, 500, 10},
		"UDP, IPv6":         {serverV6, []string{"-n", "50", "-m", "10", "-c", "-x", "-e", v6}, 500, 10},
		"UDP, dual":         {serverV4, []string{"-n", "50", "-Z", "-e", v6}, 50, 1},
		"TCP":               {serverV4, []string{"-t", "-n", "50", "-m", "10", "-c", "-X", "-e", v4}, 500, 10},
		"TCP, IPv6 to IPv4": {serverV6, []string{"-t", "-n", "50", "-m", "10", "-c", "-X", "-e", v4}, 500, 10},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			resumed := s.metric(t, "fairlead_allocations_resumed_total")
			moved := s.metric(t, "fairlead_allocations_moved_total")
			r := uclient(t, n, tt.server, slices.Concat([]string{"-M", "-u", alice.Name, "-w", alice.Password}, tt.args)...)
			if missing := r.complete(tt.messages); missing != "" {
				t.Errorf("%s\n%s", missing, r.output)
			}
			resumed, moved = s.metric(t, "fairlead_allocations_resumed_total")-resumed, s.metric(t, "fairlead_allocations_moved_total")-moved
			if resumed < tt.allocations || moved < tt.allocations {
				t.Errorf("got %v resumed and %v moved, want %v of each at least", resumed, moved, tt.allocations)
			}
		})
	}
	s.check(t)
	s.Stop(t)
}

// TestMobileCall moves a call between two addresses of its client while it runs:
// what the peer sends arrives at one or the other.
func TestMobileCall(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Allocation = map[string]any{"mobility": true}
	s := startServer(t, n, c)
	peer := n.Peers.ListenUDP(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	at := newClientV4(t, n)
	answer, err := at.request(stun.MethodAllocate, transportUDP, stun.RawAttribute{Type: 0x8030})
	if err != nil {
		t.Fatal(err)
	}
	relayed, err := addressIn(answer, stun.AttrXORRelayedAddress)
	if err != nil {
		t.Fatal(err)
	}
	ticket, err := answer.Get(0x8030)
	if err != nil {
		t.Fatal(err)
	}
	at.bind(t, 0x4000, netip.MustParseAddrPort(peer.LocalAddr().String()))
	for i := range byte(50) {
		next := newClientV4(t, n)
		answer, err := next.request(stun.MethodRefresh, stun.RawAttribute{Type: 0x8030, Value: slices.Clone(ticket)})
		if err != nil || errorCode(answer) != 0 {
			t.Fatalf("resume %d: got %v, %v", i, answer, err)
		}
		if ticket, err = answer.Get(0x8030); err != nil {
			t.Fatal(err)
		}
		// Towards the client by the old path, until data came by the new one.
		for _, path := range []*client{at, next} {
			if path == next {
				if _, err := next.conn.WriteToUDPAddrPort([]byte{0x40, 0, 0, 1, i}, next.server); err != nil {
					t.Fatal(err)
				}
				got := make([]byte, 16)
				_ = peer.SetReadDeadline(time.Now().Add(patience))
				if size, from, err := peer.ReadFromUDPAddrPort(got); err != nil || size != 1 || got[0] != i || from != relayed {
					t.Fatalf("resume %d: the peer got % x from %s, %v", i, got[:size], from, err)
				}
			}
			if _, err := peer.WriteToUDPAddrPort([]byte{i}, relayed); err != nil {
				t.Fatal(err)
			}
			expectData(t, path, packet{channel: 0x4000, payload: []byte{i}})
		}
		at = next
	}
	at.free(t)
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "no allocation is left")
	s.check(t)
}
