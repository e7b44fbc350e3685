//go:build e2e

package e2e

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	turn4 "github.com/pion/turn/v4"

	"github.com/fairlead/fairlead/internal/testnet"
)

// startTCPRelayServer runs a server that relays TCP connections.
func startTCPRelayServer(t *testing.T, n *testnet.Net) (*server, *tls.Config) {
	t.Helper()
	c := newConfig()
	c.TCPRelay = map[string]any{"enabled": true}
	return startStreamServer(t, n, c)
}

// TestTurnutilsTCPRelay relays TCP connections with coturn's own client, which knows
// one way only: in pairs, each of which connects from one relayed transport address
// to the other.
func TestTurnutilsTCPRelay(t *testing.T) {
	n := testnet.New(t)
	s, _ := startTCPRelayServer(t, n)
	transports := map[string][]string{"TCP": {"-t"}, "TLS": {"-t", "-S"}}
	families := map[string]struct {
		server netip.AddrPort
		args   []string
	}{
		"IPv4": {serverV4, []string{"-X"}},
		"IPv6": {serverV6, []string{"-x"}},
	}
	kinds := map[string]struct {
		args     []string
		messages int
	}{
		"a pair": {[]string{"-T", "-y", "-c", "-n", "50", "-m", "2"}, 100},
		"long":   {[]string{"-T", "-y", "-c", "-n", "50", "-m", "2", "-l", "1000"}, 100},
		"many":   {[]string{"-T", "-y", "-c", "-n", "20", "-m", "10"}, 200},
	}
	t.Run("side by side", func(t *testing.T) {
		for transport, how := range transports {
			for family, where := range families {
				for kind, what := range kinds {
					if transport == "TLS" && kind == "many" {
						continue // it takes two messages in one record for one
					}
					t.Run(strings.Join([]string{transport, family, kind}, ", "), func(t *testing.T) {
						t.Parallel()
						args := slices.Concat([]string{"-u", alice.Name, "-w", alice.Password}, how, what.args, where.args)
						r := uclient(t, n, where.server, args...)
						if missing := r.complete(what.messages); missing != "" {
							t.Errorf("%s\n%s", missing, r.output)
						}
					})
				}
			}
		}
	})
	if got := s.metric(t, "fairlead_tcp_relay_connects_total", `outcome="connected"`); got < 18 {
		t.Errorf("got %v connections to peers, want those of all clients", got)
	}
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_allocations") == 0 }, "every allocation has ended")
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_tcp_relay_connections") == 0 }, "no connection is left")
	s.check(t)
	s.Stop(t)
}

// TestPionTCPRelay relays TCP connections with the client of pion/turn v4, which
// connects to a peer and accepts the connection of one, by TCP and by TLS.
func TestPionTCPRelay(t *testing.T) {
	n := testnet.New(t)
	s, secure := startTCPRelayServer(t, n)
	eachStream(t, secure, func(t *testing.T, secure *tls.Config) { pionTCPRelay(t, n, secure) })
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_tcp_relay_connections", `state="bound"`) == 0 }, "every connection has ended")
	s.check(t)
}

// pionTCPRelay is TestPionTCPRelay by one of them; nil: TCP.
func pionTCPRelay(t *testing.T, n *testnet.Net, secure *tls.Config) {
	control := newStreamClient(t, n.Clients, serverV4, secure)
	client, err := turn4.NewClient(&turn4.ClientConfig{
		STUNServerAddr: serverV4.String(), TURNServerAddr: serverV4.String(),
		Username: alice.Name, Password: alice.Password, Conn: turn4.NewSTUNConn(control.conn),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.Listen(); err != nil {
		t.Fatal(err)
	}
	allocation, err := client.AllocateTCP()
	if err != nil {
		t.Fatal(err)
	}
	defer allocation.Close()
	relayed := allocation.Addr().(*net.TCPAddr).AddrPort()
	if relayed.Addr().Unmap() != testnet.RelayV4 {
		t.Errorf("relayed transport address: got %s, want one of %s", relayed, testnet.RelayV4)
	}
	l := n.Peers.ListenTCP(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	arrived := make(chan netip.AddrPort, 1)
	go func() {
		conn, err := l.AcceptTCP()
		if err != nil {
			return
		}
		defer conn.Close()
		arrived <- conn.RemoteAddr().(*net.TCPAddr).AddrPort()
		_, _ = io.Copy(conn, conn)
	}()
	dialled, err := allocation.DialTCPWithConn(dataConn(t, n, secure), "tcp4", l.Addr().(*net.TCPAddr))
	if err != nil {
		t.Fatal(err)
	}
	if got := <-arrived; got.Addr().Unmap() != relayed.Addr().Unmap() || got.Port() != relayed.Port() {
		t.Errorf("the peer sees %s, want the relayed transport address %s", got, relayed)
	}
	echoed(t, dialled)

	// A peer connects; Dial above has given its host a permission.
	conn, err := n.Peers.DialContext(t.Context(), "tcp", relayed.String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	accepted, err := allocation.AcceptTCPWithConn(dataConn(t, n, secure))
	if err != nil {
		t.Fatal(err)
	}
	if got := accepted.RemoteAddr().String(); got != conn.LocalAddr().String() {
		t.Errorf("accepted from %s, want %s", got, conn.LocalAddr())
	}
	go func() {
		_, _ = io.Copy(conn, conn) // until the client closes
		_ = conn.Close()
	}()
	echoed(t, accepted)
	if err := dialled.Close(); err != nil {
		t.Error(err)
	}
	if err := accepted.Close(); err != nil {
		t.Error(err)
	}
}

// dataConn is another connection of the clients' host to the server; nil: without
// TLS.
func dataConn(t *testing.T, n *testnet.Net, secure *tls.Config) net.Conn {
	t.Helper()
	conn := newStreamClient(t, n.Clients, serverV4, secure).conn
	return overTLS{tcpOf(conn), conn}
}

// overTLS carries data by a connection of TLS or TCP, and otherwise is the TCP
// connection below, which is what the client of pion asks for.
type overTLS struct {
	*net.TCPConn
	carrier net.Conn
}

func (c overTLS) Read(b []byte) (int, error)  { return c.carrier.Read(b) }
func (c overTLS) Write(b []byte) (int, error) { return c.carrier.Write(b) }
func (c overTLS) Close() error                { return c.carrier.Close() }

// echoed sends a megabyte and wants it back.
func echoed(t *testing.T, conn net.Conn) {
	t.Helper()
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	payload := make([]byte, 1<<20)
	rand.Read(payload)
	go func() { _, _ = conn.Write(payload) }()
	got := make([]byte, len(payload))
	if size, err := io.ReadFull(conn, got); err != nil || !bytes.Equal(got, payload) {
		t.Errorf("got %d bytes back and error %v, want all as they were sent", size, err)
	}
}

// TestTCPRelayDrains empties a server whose last allocation has a data connection: it
// goes on until its client ends it.
func TestTCPRelayDrains(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.TCPRelay = map[string]any{"enabled": true}
	c.Drain = map[string]any{"timeout": "30s"}
	s, _ := startStreamServer(t, n, c)
	client := testnet.Start(t, n.Clients.Command(t.Context(), "turnutils_uclient", "-v", "-u", alice.Name, "-w", alice.Password,
		"-t", "-T", "-y", "-n", "100", "-z", "30", "-c", "-X", serverV4.Addr().String()))
	testnet.Await(t, patience, func() bool {
		return s.metric(t, "fairlead_tcp_relay_connections", `state="bound"`) > 0
	}, "data flows")
	s.Signal(t, syscall.SIGTERM)
	r := uclientResult{exitCode: client.Wait(t, uclientTimeout), output: client.Output()}
	r.sentMessages, r.receivedMessages = lastPair(r.output, `tot_send_msgs=(\d+), tot_recv_msgs=(\d+)`)
	if missing := r.complete(200); missing != "" {
		t.Errorf("%s\n%s", missing, r.output)
	}
	if code := s.Wait(t, patience); code != 0 {
		t.Errorf("got exit code %d, want 0", code)
	}
	s.checkLog(t)
}
