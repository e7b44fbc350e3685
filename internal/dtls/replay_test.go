package dtls

import (
	"math/rand/v2"
	"testing"
)

// The window agrees with a set of all numbers that have come.
func TestReplay(t *testing.T) {
	var r replay
	seen := make(map[uint64]bool)
	random := rand.New(rand.NewPCG(1, 2))
	var highest uint64
	for i := range 100_000 {
		var sequence uint64
		switch at := highest + 100; random.IntN(20) {
		case 0:
			sequence = at + random.Uint64N(200) // a gap
		default:
			sequence = at - min(at, random.Uint64N(200))
		}
		inWindow := len(seen) == 0 || sequence > highest || highest-sequence < windowSize
		want := inWindow && !seen[sequence]
		if got := r.isNew(sequence); got != want {
			t.Fatalf("step %d: got %v for %d after %d, want %v", i, got, sequence, highest, want)
		}
		if !want {
			continue
		}
		isHighest := len(seen) == 0 || sequence > highest
		if got := r.mark(sequence); got != isHighest {
			t.Fatalf("step %d: got %v from mark(%d) after %d, want %v", i, got, sequence, highest, isHighest)
		}
		seen[sequence] = true
		highest = max(highest, sequence)
	}
}
