//go:build !portable

package fastpath_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/fairlead/fairlead/internal/udpbatch"
	"github.com/fairlead/fairlead/internal/wire"
	"github.com/fairlead/fairlead/relay/fastpath"
)

// carrier is a client's or a peer's socket that sends and receives trains.
type carrier struct {
	t    *testing.T
	conn *udpbatch.Conn
	addr netip.AddrPort
	poll *udpbatch.Poller
	recv *udpbatch.RecvBatch
	out  *udpbatch.SendBatch
}

func newCarrier(t *testing.T, ip string) *carrier {
	t.Helper()
	return carrierOn(t, listen(t, ip, udpbatch.Options{ReceiveBufferBytes: 4 << 20}))
}

// carrierOn makes a carrier of a socket, which it closes.
func carrierOn(t *testing.T, conn *udpbatch.Conn) *carrier {
	t.Helper()
	c := &carrier{t: t, conn: conn, addr: conn.Local(), out: udpbatch.NewSendBatch(64, 4096)}
	c.out.SetSegmentation(udpbatch.SegmentAll)
	var err error
	if c.recv, err = udpbatch.NewRecvBatch(udpbatch.Layout{Slots: 8, Headroom: 0, Size: wire.MaxDatagram}); err != nil {
		t.Fatal(err)
	}
	if c.poll, err = udpbatch.NewPoller(1); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.conn.Close(); c.poll.Close(); c.recv.Close() })
	if err := c.conn.SetTrains(true); err != nil {
		t.Fatal(err)
	}
	if err := c.poll.Add(c.conn, 0); err != nil {
		t.Fatal(err)
	}
	return c
}

// send sends packets; those of one size leave as trains.
func (c *carrier) send(to netip.AddrPort, packets [][]byte) {
	c.t.Helper()
	addr := udpbatch.AddrOf(to)
	c.out.Reset()
	for _, p := range packets {
		c.out.Append(p, &addr)
	}
	if s := c.conn.Send(c.out); s.Failed > 0 {
		c.t.Fatalf("got %+v, want all sent", s)
	}
}

// receive returns what waits, split into datagrams.
func (c *carrier) receive() [][]byte {
	var list [][]byte
	for {
		r := c.conn.Recv(c.recv, 0, c.recv.Len())
		for slot := range r.Packets {
			data, segment := bytes.Clone(c.recv.Slot(slot)[:c.recv.Size(slot)]), c.recv.Segment(slot)
			for segment > 0 && len(data) > segment {
				list = append(list, data[:segment])
				data = data[segment:]
			}
			list = append(list, data)
		}
		if r.Packets == 0 {
			return list
		}
	}
}

// collect receives so many datagrams.
func (c *carrier) collect(packets int) [][]byte {
	c.t.Helper()
	list := c.receive()
	for deadline := time.Now().Add(patience); len(list) < packets; list = append(list, c.receive()...) {
		if time.Now().After(deadline) {
			c.t.Fatalf("got %d datagrams, want %d", len(list), packets)
		}
		if _, err := c.poll.Wait(patience); err != nil {
			c.t.Fatal(err)
		}
	}
	return list
}

// want receives datagrams and compares them.
func (c *carrier) want(want [][]byte) {
	c.t.Helper()
	wantSame(c.t, c.collect(len(want)), want)
}

func wantSame(t *testing.T, got, want [][]byte) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %d datagrams, want %d", len(got), len(want))
	}
	for i := range want {
		if !bytes.Equal(got[i], want[i]) {
			t.Fatalf("datagram %d of %d: got %d bytes % x…, want %d bytes % x…", i, len(want),
				len(got[i]), got[i][:min(len(got[i]), 16)], len(want[i]), want[i][:min(len(want[i]), 16)])
		}
	}
}

// payloads returns packets of random content, all of one size but the last.
func payloads(packets, size, last int) [][]byte {
	var list [][]byte
	for range packets - 1 {
		list = append(list, payload(size))
	}
	return append(list, payload(last))
}

// each applies a framing to packets.
func each(packets [][]byte, frame func([]byte) []byte) [][]byte {
	var list [][]byte
	for _, p := range packets {
		list = append(list, frame(p))
	}
	return list
}

func inChannel(number uint16) func([]byte) []byte {
	return func(p []byte) []byte { return channelData(number, p) }
}

// setOffloads switches on the worker's thread.
func (f *fixture) setOffloads(gso, gro fastpath.Switch) {
	f.t.Helper()
	f.on(func(w *fastpath.Worker) { w.SetOffloads(gso, gro) })
}
