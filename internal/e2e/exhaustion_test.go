//go:build e2e

package e2e

import (
	"net/netip"
	"testing"

	"github.com/fairlead/fairlead/internal/testnet"
)

// TestPortsExhausted takes the last port: the next client is told 508, and has
// a port as soon as one is given back.
func TestPortsExhausted(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Relay.MinPort, c.Relay.MaxPort = 50_000, 50_007
	s := startServer(t, n, c)

	var clients []*client
	ports := map[uint16]bool{}
	for range 8 {
		client := newClientV4(t, n)
		relayed := client.allocate(t)
		if relayed.Port() < 50_000 || relayed.Port() > 50_007 || ports[relayed.Port()] {
			t.Errorf("relayed transport address: got %s, want a free port from 50000 to 50007", relayed)
		}
		ports[relayed.Port()] = true
		clients = append(clients, client)
	}
	late := newClientV4(t, n)
	if code := late.tryAllocate(t); code != 508 {
		t.Errorf("Allocate without a free port: got error %d, want 508", code)
	}
	clients[3].free(t)
	late.allocate(t)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	late.permit(t, testnet.PeerV4)
	exchange(t, late, ways[0], peer.Addr, [][]byte{[]byte("ahoy")})
	s.check(t)
}

// TestDescriptorsExhausted takes the last descriptor: 508 and one line in the
// log however many ask, and all is well once some are given back.
func TestDescriptorsExhausted(t *testing.T) {
	const limit = "64"
	n := testnet.New(t)
	s := startServer(t, n, newConfig(), "prlimit", "--nofile="+limit+":"+limit)
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	live := startFlow(t, newClientV4(t, n), peer.Addr)

	var clients []*client
	for refused := 0; refused < 50; {
		client := newClientV4(t, n)
		switch code := client.tryAllocate(t); code {
		case 0:
			clients = append(clients, client)
		case 508:
			refused++
		default:
			t.Fatalf("Allocate number %d: got error %d, want success or 508", len(clients), code)
		}
		if len(clients) > 64 {
			t.Fatalf("allocations of a server with %s descriptors: got %d", limit, len(clients))
		}
	}
	if len(clients) < 10 {
		t.Errorf("allocations of a server with %s descriptors: got %d, want some more", limit, len(clients))
	}
	if _, err := newClientV4(t, n).binding(); err != nil {
		t.Errorf("without descriptors: %v", err)
	}
	testnet.Await(t, patience, func() bool { return len(s.logLines(logNoRelay)) > 0 }, "the log says that nothing opens any more")
	if lines := s.logLines(logNoRelay); len(lines) != 1 {
		t.Errorf("log lines after 50 refusals: got %q, want one", lines)
	}
	live.advance(t)

	for _, client := range clients {
		client.free(t)
	}
	again := newClientV4(t, n)
	again.allocate(t)
	again.permit(t, testnet.PeerV4)
	exchange(t, again, ways[0], peer.Addr, [][]byte{[]byte("ahoy")})
	live.stop(t)
	s.check(t)
}
