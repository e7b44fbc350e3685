package fastpath

import (
	"math/rand/v2"
	"testing"
)

// Random insertions and removals, with hashes that collide on purpose, agree
// with a Go map.
func TestIndexAgainstMap(t *testing.T) {
	for _, hashes := range []uint32{3, 50, 1<<32 - 1} {
		rnd := rand.New(rand.NewPCG(1, uint64(hashes)))
		x := newIndex()
		reference := make(map[ref]uint32)
		find := func(hash uint32, want ref) bool {
			for pos := hash; ; pos++ {
				var r ref
				if pos, r = x.next(pos, hash); r == 0 || r == want {
					return r == want
				}
			}
		}
		for step := range 40000 {
			r := 1 + rnd.Uint32N(3000)
			if hash, ok := reference[r]; ok {
				x.remove(hash, r)
				delete(reference, r)
			} else if step < 20000 || rnd.Uint32N(4) == 0 { // later it shrinks
				hash := rnd.Uint32N(hashes)
				x.insert(hash, r)
				reference[r] = hash
			}
			if x.used != len(reference) {
				t.Fatalf("step %d: got %d entries, want %d", step, x.used, len(reference))
			}
			if step%997 != 0 {
				continue
			}
			for r, hash := range reference {
				if !find(hash, r) {
					t.Fatalf("step %d: entry %d with hash %d is not found", step, r, hash)
				}
			}
			if r := 3001 + rnd.Uint32N(10); find(rnd.Uint32N(hashes), r) {
				t.Fatalf("step %d: entry %d is found, but was never inserted", step, r)
			}
		}
		if len(x.slots) > 8*max(minIndexSlots, len(reference)) {
			t.Errorf("got %d slots for %d entries, want it to shrink", len(x.slots), len(reference))
		}
	}
}

// A linear-probing index must stay quick when it is as full as it gets.
func TestIndexGrows(t *testing.T) {
	x := newIndex()
	for r := ref(1); r < 5000; r++ {
		x.insert(rand.Uint32(), r)
		if x.used*4 > len(x.slots)*3 {
			t.Fatalf("got %d of %d slots used, want at most three quarters", x.used, len(x.slots))
		}
	}
}
