//go:build soak

package e2e

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

// buffered reads datagrams as a stream.
type buffered struct {
	net.Conn
	r *bufio.Reader
}

func (b buffered) Read(p []byte) (int, error) { return b.r.Read(p) }

// TestIdleDTLSClients connects 4,000 clients by DTLS, each with an allocation and a
// channel, and lets them rest. Each may cost 20 KB of resident memory.
func TestIdleDTLSClients(t *testing.T) {
	const (
		clients   = 4000
		atOnce    = 50
		mostBytes = 20_000
	)
	n := testnet.New(t)
	s, secure := startStreamServer(t, n, newConfig())
	peer := n.Peers.Echo(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	// What the first clients touch is not a cost of each.
	newDTLSClient(t, n, testnet.ClientV4, secure).allocate(t, 0x4000, peer.Addr)
	atStart := s.Usage(t)
	all := make([]*streamClient, clients)
	for first := 0; first < clients; first += atOnce {
		var dialing sync.WaitGroup
		for i := range atOnce {
			dialing.Go(func() { all[first+i] = newDTLSClient(t, n, member(first+i), secure) })
		}
		dialing.Wait()
		for i := range atOnce {
			if all[first+i] == nil {
				t.Fatalf("client %d: no connection", first+i)
			}
			all[first+i].allocate(t, 0x4000, peer.Addr)
		}
	}
	after := s.Usage(t)
	each := (after.ResidentBytes - atStart.ResidentBytes) / clients
	t.Logf("%d clients: from %+v to %+v, %d bytes each", clients, atStart, after, each)
	if each >= mostBytes {
		t.Errorf("resident memory of an idle DTLS client with an allocation: got %d bytes, want less than %d", each, mostBytes)
	}
	for i := 0; i < clients; i += 500 {
		all[i].write(t, channelData(0x4000, []byte("still here.."))) // no padding to wait for
		if got := all[i].receive(t); string(got.payload) != "still here.." {
			t.Errorf("client %d: got %q back", i, got.payload)
		}
	}
	for _, c := range all {
		_ = c.conn.Close()
	}
	testnet.Await(t, time.Minute, func() bool { return s.metric(t, "fairlead_allocations") == 1 }, "every allocation has ended")
	testnet.Await(t, patience, func() bool { return s.metric(t, "fairlead_streams", `transport="dtls"`) == 1 }, "every association is forgotten")
	s.check(t)
}

// newDTLSClient connects alice to the server from an address.
func newDTLSClient(t *testing.T, n *testnet.Net, from netip.Addr, secure *tls.Config) *streamClient {
	conn, err := shakeHands(t, n.Clients.ListenUDP(t, netip.AddrPortFrom(from, 0)), serverV4, secure)
	if err != nil {
		t.Errorf("shake hands from %s: %v", from, err)
		return nil
	}
	return &streamClient{conn: buffered{conn.Conn, bufio.NewReaderSize(conn.Conn, 8192)}, credentials: client{user: alice}}
}
