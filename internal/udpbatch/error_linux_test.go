//go:build !portable

package udpbatch_test

import (
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
)

// An ICMP error is pending on the socket when it receives, and when it sends:
// neither loses a datagram, and each is told once.
func TestPendingErrors(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "::1"} {
		t.Run(ip, func(t *testing.T) {
			c, peer := listen(t, ip, udpbatch.Options{ErrorQueue: true}), listen(t, ip, udpbatch.Options{})
			closed := listen(t, ip, udpbatch.Options{})
			dead := udpbatch.AddrOf(closed.Local())
			closed.Close()
			live := udpbatch.AddrOf(peer.Local())
			recv, batch, poller := newRecvBatch(t), udpbatch.NewSendBatch(4, 4), newPoller(t, 1)
			if err := poller.Add(c, 1); err != nil {
				t.Fatal(err)
			}
			provoke := func() {
				batch.Reset()
				batch.Append([]byte("to nobody"), &dead)
				if s := c.Send(batch); s.Failed > 0 {
					t.Fatal(batch.Err(0))
				}
				if n, err := poller.Wait(patience); n != 1 || err != nil || !poller.Event(0).Failed {
					t.Fatalf("got %d events, error %v, want an error on the socket", n, err)
				}
			}

			provoke()
			send(t, peer, c, 2)
			r := c.Recv(recv, 0, 4)
			for deadline := time.Now().Add(patience); r.Packets < 2 && time.Now().Before(deadline); {
				more := c.Recv(recv, r.Packets, 4-r.Packets)
				r.Packets += more.Packets
				r.Notices += more.Notices
			}
			if r.Packets != 2 || r.Notices != 1 {
				t.Errorf("receiving: got %+v, want 2 packets and 1 notice", r)
			}

			provoke()
			batch.Reset()
			for range 3 {
				batch.Append([]byte("to somebody"), &live)
			}
			if s := c.Send(batch); s.Failed != 0 || s.Notices != 1 {
				t.Errorf("sending: got %+v, want 3 entries sent and 1 notice", s)
			}
			receive(t, peer, recv, 0, 3)

			provoke()
			if got := c.DrainErrors(); got != 1 {
				t.Errorf("draining: got %d notices, want 1", got)
			}
			if got := c.DrainErrors(); got != 0 {
				t.Errorf("draining again: got %d notices, want 0", got)
			}
		})
	}
}
