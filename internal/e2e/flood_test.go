//go:build soak

package e2e

import (
	"net/netip"
	"testing"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestSpoofedFlood sends a million Allocate requests, each from an address of
// its own that never answers a challenge. The server may not remember them,
// and real clients go on.
func TestSpoofedFlood(t *testing.T) {
	const (
		sources     = 1_000_000
		batch       = 1_000 // between two packets of a real client
		mostGrowth  = 10_000_000
		atLeastSeen = sources * 9 / 10
	)
	n := testnet.New(t)
	c := newConfig()
	c.Auth.UnauthenticatedAnswersPerSecond = 0 // the default
	s := startServer(t, n, c)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	real := newClientV4(t, n)
	real.allocate(t)
	real.bind(t, 0x4000, peer.Addr)
	exchange(t, real, ways[1], peer.Addr, payloads(t, 1472)[:500])

	flood := newCrowd(t, n)
	request, err := stun.Build(stun.NewType(stun.MethodAllocate, stun.ClassRequest), transportUDP)
	if err != nil {
		t.Fatal(err)
	}
	before := s.Usage(t)
	t.Logf("at the start: %+v", before)
	for i := range sources {
		copy(request.Raw[8:20], []byte{byte(i >> 24), byte(i >> 16), byte(i >> 8), byte(i)})
		flood.send(t, member(i), request.Raw)
		if i%batch == batch-1 {
			exchange(t, real, ways[1], peer.Addr, [][]byte{[]byte("still here")})
		}
	}
	newcomer := newClientV4(t, n)
	newcomer.allocate(t)
	newcomer.free(t)

	after := s.Usage(t)
	t.Logf("after %d sources: %+v", sources, after)
	if growth := after.ResidentBytes - before.ResidentBytes; growth >= mostGrowth {
		t.Errorf("resident memory after %d spoofed requests: grew by %d bytes, want less than %d", sources, growth, mostGrowth)
	}
	if after.Descriptors > before.Descriptors {
		t.Errorf("descriptors after the flood: got %d, want %d", after.Descriptors, before.Descriptors)
	}
	if got := s.metric(t, "fairlead_requests_total", `method="Allocate"`); got < atLeastSeen {
		t.Errorf("Allocate requests that the server has seen: got %v, want nearly %d", got, sources)
	}
	if got := s.metric(t, "fairlead_allocations"); got != 1 {
		t.Errorf("allocations after the flood: got %v, want 1", got)
	}
	s.check(t)
	s.Stop(t)
}
