//go:build soak

package e2e

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// dialFrom connects to the server from one of many addresses.
func dialFrom(t testing.TB, n *testnet.Net, local netip.Addr) net.Conn {
	t.Helper()
	var conn net.Conn
	var err error
	n.Clients.Do(func() {
		dialer := net.Dialer{LocalAddr: net.TCPAddrFromAddrPort(netip.AddrPortFrom(local, 0)), Timeout: patience}
		conn, err = dialer.DialContext(t.Context(), "tcp", serverV4.String())
	})
	if err != nil {
		t.Fatalf("connect from %s: %v", local, err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestIdleTLSClients connects 8,000 clients by TLS, each with an allocation and a
// channel, and lets them rest. Each may cost 40 KB of resident memory.
func TestIdleTLSClients(t *testing.T) {
	const (
		clients   = 8000
		atOnce    = 50
		mostBytes = 40_000
	)
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	// What the first clients touch is not a cost of each.
	newStreamClient(t, n.Clients, serverV4, secure).allocate(t, 0x4000, peer.Addr)
	atStart := s.Usage(t)
	var all []*streamClient
	for len(all) < clients {
		for _, conn := range secureAll(t, n, secure, len(all), atOnce) {
			c := &streamClient{conn: conn, credentials: client{user: alice}}
			c.allocate(t, 0x4000, peer.Addr)
			all = append(all, c)
		}
	}
	after := s.Usage(t)
	each := (after.ResidentBytes - atStart.ResidentBytes) / clients
	t.Logf("%d clients: from %+v to %+v, %d bytes each", clients, atStart, after, each)
	if each >= mostBytes {
		t.Errorf("resident memory of an idle TLS client with an allocation: got %d bytes, want less than %d", each, mostBytes)
	}
	for i := 0; i < clients; i += 1000 {
		all[i].write(t, streamData(0x4000, []byte("still here")))
		if got := all[i].receive(t); string(got.payload) != "still here" {
			t.Errorf("client %d: got %q back", i, got.payload)
		}
	}
	for _, c := range all {
		_ = tcpOf(c.conn).Close()
	}
	testnet.Await(t, time.Minute, func() bool { return s.metric(t, "fairlead_allocations") == 1 }, "every allocation has ended")
	testnet.Await(t, patience, func() bool { return s.Usage(t).Descriptors <= atStart.Descriptors }, "no descriptor is left")
	s.check(t)
}

// secureAll connects clients by TLS, from the first member on, all at once.
func secureAll(t *testing.T, n *testnet.Net, secure *tls.Config, first, clients int) []*tls.Conn {
	t.Helper()
	conns := make([]*tls.Conn, clients)
	errs := make([]error, clients)
	var handshakes sync.WaitGroup
	for i := range conns {
		conns[i] = tls.Client(dialFrom(t, n, member(first+i)), secure)
		handshakes.Go(func() { errs[i] = conns[i].HandshakeContext(t.Context()) })
	}
	handshakes.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatalf("shake hands: %v", err)
	}
	return conns
}

// TestUnfinishedHandshakes holds 5,000 connections that have begun a TLS
// handshake, from as many addresses, and then as many that have sent nothing.
// The next client comes through all the same.
func TestUnfinishedHandshakes(t *testing.T) {
	const unfinished = 5000
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	atStart := s.Usage(t)
	for name, beginning := range map[string][]byte{
		"begun":  {22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3},
		"silent": nil,
	} {
		t.Run(name, func(t *testing.T) {
			for i := range unfinished {
				if _, err := dialFrom(t, n, member(i)).Write(beginning); err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("%v strangers: %+v", s.metric(t, "fairlead_streams_unauthenticated"), s.Usage(t))
			start := time.Now()
			for range 20 {
				newStreamClient(t, n.Clients, serverV4, secure).allocate(t, 0x4000, peer.Addr)
			}
			t.Logf("20 clients came through in %s", time.Since(start))
		})
	}
	testnet.Await(t, time.Minute, func() bool { return s.metric(t, "fairlead_streams_unauthenticated") == 0 }, "all strangers are gone")
	t.Logf("from %+v to %+v", atStart, s.Usage(t))
	s.check(t)
}
