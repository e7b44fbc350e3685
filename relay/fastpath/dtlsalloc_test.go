//go:build !race

package fastpath

import (
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

// Records do not allocate in either direction, and neither do strangers who get a
// cookie.
func TestDTLSDoesNotAllocate(t *testing.T) {
	b := newBench(t, 1)
	s, id, seal := secureBench(t, b)
	frame := channelFrame(200)
	const rounds = 50
	var records [][]byte
	for i := range (rounds + 1) * batchPackets {
		records = append(records, seal(uint64(i), frame))
	}
	before := b.counters.local[countToPeerPackets]
	if got := testing.AllocsPerRun(rounds, func() {
		for slot := range batchPackets {
			v := b.put(slot, s.secure.client, records[slot])
			if reason := b.fromClient(b.listener.id, v); reason != dropNone {
				t.Fatal(reason)
			}
		}
		records = records[batchPackets:]
		b.flushPeers()
	}); got != 0 {
		t.Errorf("to peer: got %v allocations for a batch, want 0", got)
	}
	if got := b.counters.local[countToPeerPackets] - before; got != (rounds+1)*batchPackets {
		t.Errorf("got %d datagrams to the peer, want %d", got, (rounds+1)*batchPackets)
	}
	a := b.tables.allocations.at(id)
	if got := testing.AllocsPerRun(rounds, func() {
		for range batchPackets {
			if reason := b.queueToSecure(id, a, s, 200, frame[:wire.ChannelHeaderSize], frame[wire.ChannelHeaderSize:], nil); reason != dropNone {
				t.Fatal(reason)
			}
		}
		b.flushClients()
	}); got != 0 {
		t.Errorf("to client: got %v allocations for a batch, want 0", got)
	}
	hello := make([]byte, 0, 100)
	hello = append(hello, 22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 54, 1, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 42, 0xFE, 0xFD)
	hello = append(hello, make([]byte, 34)...)
	hello = append(hello, 0, 2, 0xC0, 0x2B, 1, 0)
	stranger := b.clients[0]
	asked := b.counters.local[countHelloVerifies]
	if got := testing.AllocsPerRun(rounds, func() {
		for slot := range batchPackets {
			if reason := b.fromClient(b.listener.id, b.put(slot, stranger, hello)); reason != dropNone {
				t.Fatal(reason)
			}
		}
		b.flushClients()
	}); got != 0 {
		t.Errorf("strangers: got %v allocations for a batch, want 0", got)
	}
	if got := b.counters.local[countHelloVerifies] - asked; got != (rounds+1)*batchPackets {
		t.Errorf("got %d strangers asked for a cookie, want %d", got, (rounds+1)*batchPackets)
	}
}
