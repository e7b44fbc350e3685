//go:build soak

package e2e

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/testnet"
)

const (
	rateChannel = 0x4000
	rateSettle  = 2 * time.Second // in which every burst is drained
	rateWindow  = 10 * time.Second
)

// TestAllocationRate measures what a limit of 1 Mbit/s delivers in ten seconds
// after its burst is drained: 0.97 to 1.03 Mbit/s, for packets of any size and in
// both directions. It offers three times as much.
func TestAllocationRate(t *testing.T) {
	n := testnet.New(t)
	c := newConfig()
	c.Quota["allocation_to_peer_bits_per_second"] = 1_000_000
	c.Quota["allocation_to_client_bits_per_second"] = 1_000_000
	startServer(t, n, c)
	var group sync.WaitGroup
	for _, size := range []int{100, 500, 1200} {
		for _, toPeer := range []bool{true, false} {
			m := newMeasured(t, n, size, toPeer)
			group.Go(func() { m.run(3_000_000) })
			t.Cleanup(func() {
				got := m.bitsPerSecond()
				t.Logf("%d bytes, to peer %v: %.0f bit/s", size, toPeer, got)
				if got < 970_000 || got > 1_030_000 {
					t.Errorf("%d bytes, to peer %v: got %.0f bit/s, want 970,000 to 1,030,000", size, toPeer, got)
				}
			})
		}
	}
	group.Wait()
}

// TestUserRate gives a user eight allocations on eight workers and a limit of
// 8 Mbit/s for all of them, in each direction.
func TestUserRate(t *testing.T) {
	const limit = 8_000_000
	for _, toPeer := range []bool{true, false} {
		t.Run(fmt.Sprintf("toPeer=%v", toPeer), func(t *testing.T) {
			n := testnet.New(t)
			c := newConfig()
			c.Workers = 8
			c.Quota["user_to_peer_bits_per_second"] = limit
			c.Quota["user_to_client_bits_per_second"] = limit
			startServer(t, n, c)
			var group sync.WaitGroup
			var all []*measured
			for range 8 {
				m := newMeasured(t, n, 1200, toPeer)
				all = append(all, m)
				group.Go(func() { m.run(limit / 4) })
			}
			group.Wait()
			var got float64
			for _, m := range all {
				got += m.bitsPerSecond()
			}
			t.Logf("%.0f bit/s of %d", got, limit)
			if got < limit*0.95 || got > limit*1.05 {
				t.Errorf("got %.0f bit/s, want %d within 5 %%", got, limit)
			}
		})
	}
}

// measured is a client and a peer that send as fast as they are told, one way.
type measured struct {
	client   *client
	peer     *net.UDPConn
	payload  []byte
	toPeer   bool
	received atomic.Int64 // payload bytes in the window
}

func newMeasured(t *testing.T, n *testnet.Net, size int, toPeer bool) *measured {
	t.Helper()
	m := &measured{client: newClientV4(t, n), payload: make([]byte, size), toPeer: toPeer}
	m.peer = n.Peers.ListenUDP(t, netip.AddrPortFrom(testnet.PeerV4, 0))
	m.client.allocate(t)
	m.client.bind(t, rateChannel, m.peer.LocalAddr().(*net.UDPAddr).AddrPort())
	return m
}

// run offers so many bits per second until the window is over.
func (m *measured) run(bitsPerSecond int) {
	from, to := m.client.conn, m.peer
	target, datagram, overhead := m.client.server, channelData(rateChannel, m.payload), 0
	if !m.toPeer {
		from, to = m.peer, m.client.conn
		target, datagram, overhead = m.client.relayed, m.payload, 4
	}
	end := time.Now().Add(rateSettle + rateWindow)
	received := make(chan struct{})
	go func() {
		defer close(received)
		m.receive(to, overhead, end)
	}()
	sent, start := 0, time.Now()
	for now := start; now.Before(end); now = time.Now() {
		for due := int(now.Sub(start).Seconds() * float64(bitsPerSecond) / 8); sent < due; sent += len(m.payload) {
			_, _ = from.WriteToUDPAddrPort(datagram, target) // what is lost here is not received
		}
		time.Sleep(time.Millisecond)
	}
	<-received
}

// receive counts the payload that arrives in the window.
func (m *measured) receive(conn *net.UDPConn, overhead int, end time.Time) {
	b := make([]byte, 2048)
	begin := end.Add(-rateWindow)
	_ = conn.SetReadDeadline(end)
	for {
		size, _, err := conn.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if time.Now().After(begin) {
			m.received.Add(int64(size - overhead))
		}
	}
}

func (m *measured) bitsPerSecond() float64 {
	return float64(m.received.Load()*8) / rateWindow.Seconds()
}
