//go:build !race && !portable

package fastpath

import "testing"

// Trains do not allocate, also when more packets come than can wait.
func TestTrainsDoNotAllocate(t *testing.T) {
	for _, kind := range trainKinds {
		t.Run(kind.name, func(t *testing.T) {
			b := newBench(t, 100)
			kind.prepare(t, b, 200)
			const trains = 16
			got := testing.AllocsPerRun(100, func() {
				kind.forward(b, trains)
				b.publishCounters()
			})
			if got != 0 {
				t.Errorf("got %v allocations for a batch, want 0", got)
			}
			s := b.Stats()
			if want := uint64(101 * trains * benchTrain); s.TrainPackets != want || s.ToPeerPackets+s.ToClientPackets != want {
				t.Errorf("got %d packets in trains, %d forwarded, want %d", s.TrainPackets, s.ToPeerPackets+s.ToClientPackets, want)
			}
		})
	}
}
