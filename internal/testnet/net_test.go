//go:build e2e

package testnet_test

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

func TestHostsReachTheirNeighbours(t *testing.T) {
	n := testnet.New(t)
	tests := map[string]struct {
		from, to     *testnet.Namespace
		source, echo netip.Addr
	}{
		"client to server v4":       {n.Clients, n.Relay, testnet.ClientV4, testnet.ServerV4},
		"client to server v6":       {n.Clients, n.Relay, testnet.ClientV6, testnet.ServerV6},
		"client to relay v4":        {n.Clients, n.Relay, testnet.ClientV4, testnet.RelayV4},
		"client to relay v6":        {n.Clients, n.Relay, testnet.ClientV6, testnet.RelayV6},
		"one of many clients v4":    {n.Clients, n.Relay, netip.MustParseAddr("10.127.255.254"), testnet.ServerV4},
		"one of many clients v6":    {n.Clients, n.Relay, netip.MustParseAddr("fd64::ffff"), testnet.ServerV6},
		"relay to peer v4":          {n.Relay, n.Peers, testnet.RelayV4, testnet.PeerV4},
		"relay to peer v6":          {n.Relay, n.Peers, testnet.RelayV6, testnet.PeerV6},
		"relay to one of many v4":   {n.Relay, n.Peers, testnet.RelayV4, netip.MustParseAddr("10.3.77.1")},
		"relay to one of many v6":   {n.Relay, n.Peers, testnet.RelayV6, netip.MustParseAddr("fd03::77")},
		"relay to itself by itself": {n.Relay, n.Relay, testnet.RelayV4, testnet.RelayV4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			echo := tt.to.Echo(t, netip.AddrPortFrom(tt.echo, 0))
			conn := tt.from.ListenUDP(t, netip.AddrPortFrom(tt.source, 0))
			send(t, conn, echo.Addr)
			if _, from, err := conn.ReadFromUDPAddrPort(make([]byte, 8)); err != nil || from != echo.Addr {
				t.Errorf("ask %s: got an answer from %s (error %v), want one", echo.Addr, from, err)
			}
			if got := echo.Received(); got != 1 {
				t.Errorf("echo %s received: got %d, want 1", echo.Addr, got)
			}
		})
	}
}

func TestRelayForwardsNothing(t *testing.T) {
	n := testnet.New(t)
	echo := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	stranger := n.Clients.ListenUDP(t, netip.AddrPortFrom(testnet.ClientV4, 0))
	send(t, stranger, echo.Addr)

	// The relay's own packet, sent later, arrives: the stranger's would have too.
	neighbour := n.Relay.ListenUDP(t, netip.AddrPortFrom(testnet.RelayV4, 0))
	send(t, neighbour, echo.Addr)
	if _, _, err := neighbour.ReadFromUDPAddrPort(make([]byte, 8)); err != nil {
		t.Fatalf("ask the peer from the relay: %v", err)
	}
	if got := echo.Received(); got != 1 {
		t.Errorf("peer received: got %d datagrams, want 1", got)
	}
}

func TestNamespacesAreApart(t *testing.T) {
	n := testnet.New(t)
	addr := netip.MustParseAddrPort("127.0.0.1:40000")
	n.Clients.ListenUDP(t, addr)
	n.Relay.ListenUDP(t, addr) // the same address, another host
	var err error
	n.Clients.Do(func() { _, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(addr)) })
	if !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("listen on %s twice in one namespace: got %v, want %v", addr, err, syscall.EADDRINUSE)
	}
}

func TestNetworkIsRemoved(t *testing.T) {
	t.Run("a test with a network", func(t *testing.T) { testnet.New(t) })
	ours := fmt.Sprintf("fairlead-test-%d-", os.Getpid())
	if out, err := exec.Command("ip", "netns", "list").Output(); err != nil || strings.Contains(string(out), ours) {
		t.Errorf("namespaces after the test: got %q (error %v), want none of %s", out, err, ours)
	}
}

func TestProcess(t *testing.T) {
	n := testnet.New(t)
	p := testnet.Start(t, n.Clients.Command(t.Context(), "sh", "-c", `trap 'echo bye >&2; exit 0' TERM; ip -o addr show dev relay; sleep 60 >/dev/null 2>&1 & wait`))
	testnet.Await(t, time.Minute, func() bool { return strings.Contains(p.Stdout(), "fd01::2") }, "the program has shown its address")
	if got := p.Stdout(); !strings.Contains(got, testnet.ClientV4.String()) {
		t.Errorf("addresses seen in the namespace: got %q, want %s among them", got, testnet.ClientV4)
	}
	if u := p.Usage(t); u.ResidentBytes < 100<<10 || u.Threads != 1 || u.Descriptors < 3 {
		t.Errorf("usage of a shell: got %+v, want some memory, 1 thread, at least 3 descriptors", u)
	}
	if p.Ended() {
		t.Error("the program has ended before its end")
	}
	p.Stop(t)
	if got := p.Stderr(); got != "bye\n" {
		t.Errorf("last words: got %q, want %q", got, "bye\n")
	}
}

// send sends one datagram and bounds the wait for the answer.
func send(t *testing.T, conn *net.UDPConn, to netip.AddrPort) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(2 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.WriteToUDPAddrPort([]byte("ahoy"), to); err != nil {
		t.Fatalf("send to %s: %v", to, err)
	}
}
