//go:build soak

package e2e

import (
	"net/netip"
	"testing"
	"time"

	"github.com/pion/stun/v3"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestManyAllocations fills a relay address with 16,000 allocations of as many
// clients, frees them all, and wants nothing left of them.
func TestManyAllocations(t *testing.T) {
	const many = 16_000
	n := testnet.New(t)
	c := newConfig()
	s := startServer(t, n, c)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	goroutines := func() float64 { return s.metric(t, "go_goroutines") }
	freePorts := func() float64 {
		return s.metric(t, "fairlead_relay_ports", testnet.RelayV4.String(), `state="free"`)
	}
	atStart, goroutinesAtStart, portsAtStart := s.Usage(t), goroutines(), freePorts()

	for round := range 2 {
		crowd := newCrowd(t, n)
		clients := make(map[netip.Addr]*client, many)
		for i := range many {
			// Without a socket: the crowd sends and receives for them.
			clients[member(i)] = &client{user: alice}
		}
		start := time.Now()
		crowd.ask(t, clients, stun.MethodAllocate, transportUDP) // challenges
		crowd.ask(t, clients, stun.MethodAllocate, transportUDP)
		t.Logf("round %d: %d allocations after %s: %+v, %v goroutines", round, many, time.Since(start), s.Usage(t), goroutines())
		if got := s.metric(t, "fairlead_allocations"); got != many {
			t.Fatalf("allocations: got %v, want %d", got, many)
		}
		if got := portsAtStart - freePorts(); got != many {
			t.Errorf("ports in use: got %v, want %d", got, many)
		}
		real := newClientV4(t, n)
		real.allocate(t)
		real.bind(t, 0x4000, peer.Addr)
		exchange(t, real, ways[1], peer.Addr, payloads(t, 1472)[:500])
		real.free(t)

		start = time.Now()
		crowd.ask(t, clients, stun.MethodRefresh, lifetimeOf(0))
		t.Logf("round %d: all freed after %s", round, time.Since(start))
		testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 && freePorts() == portsAtStart }, "every port is free")
		testnet.Await(t, patience, func() bool { return s.Usage(t).Descriptors <= atStart.Descriptors }, "no descriptor is left")
		testnet.Await(t, patience, func() bool { return goroutines() <= goroutinesAtStart }, "no goroutine is left")
	}
	s.check(t)
	s.Stop(t)
}

// ask performs one transaction for each client, many at a time: it takes up
// the challenges of clients without a nonce and wants success for the others.
func (c *crowd) ask(t *testing.T, clients map[netip.Addr]*client, method stun.Method, attributes ...stun.Setter) {
	t.Helper()
	const atOnce = 64
	deadline := time.Now().Add(time.Minute)
	asked := map[netip.Addr]*stun.Message{}
	finish := func(most int) {
		for len(asked) > most {
			answer, member, ok := c.receive(t, retransmitAfter)
			if !ok {
				if time.Now().After(deadline) {
					t.Fatalf("%s: %d requests without an answer", method, len(asked))
				}
				for member, request := range asked {
					c.send(t, member, request.Raw)
				}
				continue
			}
			message, _ := decode(answer)
			if message == nil || asked[member] == nil || message.TransactionID != asked[member].TransactionID {
				continue // an answer to a retransmission
			}
			delete(asked, member)
			client := clients[member]
			switch code := errorCode(message); {
			case code == 401 && client.nonce == "":
				if err := client.adopt(message); err != nil {
					t.Fatal(err)
				}
			case code != 0:
				t.Fatalf("%s by %s: got error %d, want success", method, member, code)
			}
		}
	}
	for member, client := range clients {
		request, err := client.build(method, client.nonce != "", attributes)
		if err != nil {
			t.Fatal(err)
		}
		c.send(t, member, request.Raw)
		asked[member] = request
		finish(atOnce - 1)
	}
	finish(0)
}
