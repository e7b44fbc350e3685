//go:build !race

package fastpath

import (
	"testing"

	"github.com/fairlead/fairlead/internal/wire"
)

// The packet functions do not allocate, in any direction and framing, also when
// datagrams are dropped and when the counters are published.
func TestForwardDoesNotAllocate(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			b := newBench(t, 100)
			kind.prepare(t, b, 200)
			got := testing.AllocsPerRun(100, func() {
				kind.forward(b, batchPackets)
				b.publishCounters()
			})
			if got != 0 {
				t.Errorf("got %v allocations for a batch, want 0", got)
			}
		})
	}
}

// Neither do terms, with all that they can limit.
func TestTermsDoNotAllocate(t *testing.T) {
	for _, kind := range kinds {
		t.Run(kind.name, func(t *testing.T) {
			b := newBench(t, 100)
			b.limit(t, true)
			kind.prepare(t, b, 200)
			if got := testing.AllocsPerRun(100, func() { kind.forward(b, batchPackets) }); got != 0 {
				t.Errorf("got %v allocations for a batch, want 0", got)
			}
		})
	}
}

// Nor does what load balancers put in front, nor the way back through them.
func TestProxiedDoesNotAllocate(t *testing.T) {
	b := newBench(t, 100)
	b.proxied(t, 200)
	if got := testing.AllocsPerRun(100, func() { b.toPeersProxied(batchPackets) }); got != 0 {
		t.Errorf("to peer: got %v allocations for a batch, want 0", got)
	}
	fill(t, b.down.recv, make([]byte, 200))
	if got := testing.AllocsPerRun(100, func() { b.toClients(batchPackets) }); got != 0 {
		t.Errorf("to client: got %v allocations for a batch, want 0", got)
	}
}

// Messages and answers do not allocate either.
func TestControlDoesNotAllocate(t *testing.T) {
	b := newBench(t, 1)
	fill(t, b.up.recv, make([]byte, 20))
	answer := make([]byte, 100)
	b.cfg.Control = func(w *Worker, batch []Message) {
		for i := range batch {
			w.Reply(&batch[i], answer)
		}
	}
	got := testing.AllocsPerRun(100, func() {
		b.control.messages = b.control.messages[:0]
		for slot := range batchPackets {
			b.up.from[slot] = b.clients[0]
			b.fromClient(b.listener.id, view{slot, wire.Headroom, b.up.recv.Size(slot)})
		}
		b.callControl()
	})
	if got != 0 {
		t.Errorf("got %v allocations for a batch of requests, want 0", got)
	}
}
