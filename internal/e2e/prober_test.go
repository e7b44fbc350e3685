//go:build e2e

package e2e

import (
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestProber sends 100,000 datagrams, most of them wrong in some way, many
// with valid credentials, from sockets with and without an allocation.
func TestProber(t *testing.T) {
	const (
		datagrams = 100_000
		batch     = 50 // sent before the server must prove to be alive
		seed      = 20_260_101
	)
	n := testnet.New(t)
	c := newConfig()
	// Requests of the prober that happen to be right change nothing but its
	// own allocations.
	c.Auth.Users = append(c.Auth.Users, user{Name: "prober", Password: "a password of the prober"})
	s := startServer(t, n, c)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	live := startFlow(t, newClientV4(t, n), peer.Addr)

	random := rand.New(rand.NewPCG(seed, 0))
	var probers []*prober
	for i := range 8 {
		client := newClientV4(t, n)
		client.user = c.Auth.Users[len(c.Auth.Users)-1]
		client.allocate(t)
		if i%2 == 1 {
			client.free(t)
		}
		probers = append(probers, &prober{random: random, client: client})
	}
	watch := newClientV4(t, n)
	for sent := 0; sent < datagrams; sent += batch {
		for range batch {
			p := probers[random.IntN(len(probers))]
			p.client.write(t, p.datagram(t))
		}
		if _, err := watch.binding(); err != nil {
			t.Fatalf("after %d datagrams of seed %d: %v", sent+batch, seed, err)
		}
	}
	live.advance(t)
	live.stop(t)

	if got := s.metric(t, "fairlead_panics_total"); got != 0 {
		t.Errorf("panics: got %v, want none", got)
	}
	if got := s.metric(t, "fairlead_malformed_messages_total"); got < 1000 {
		t.Errorf("malformed messages counted: got %v, want thousands", got)
	}
	for _, way := range ways {
		after := newClientV4(t, n)
		after.allocate(t)
		after.permit(t, testnet.PeerV4)
		if way.channel != 0 {
			after.bind(t, way.channel, peer.Addr)
		}
		exchange(t, after, way, peer.Addr, payloads(t, maxPayload(way, testnet.ClientV4))[:200])
	}
	s.check(t)
	s.Stop(t)
}
