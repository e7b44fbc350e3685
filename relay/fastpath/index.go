package fastpath

// index finds entries of a slab by the hash of their key: open addressing with
// linear probing, without tombstones. It holds hashes and numbers; the keys are
// compared in the entries, which a look-up reads anyhow. Eight bytes for each
// slot put eight of them on one cache line.
type index struct {
	slots []indexSlot // a power of two
	used  int
}

type indexSlot struct {
	hash uint32
	ref  ref // 0: empty
}

// minIndexSlots is what an index starts with and never falls below.
const minIndexSlots = 64

func newIndex() index { return index{slots: make([]indexSlot, minIndexSlots)} }

// next returns the first slot from position pos on that holds this hash, as its
// position and entry; entry 0 ends the search. The caller starts with pos =
// hash, compares the entry's key, and goes on with pos+1 when it differs.
func (x *index) next(pos, hash uint32) (uint32, ref) {
	for {
		s := x.slots[int(pos)&(len(x.slots)-1)]
		if s.ref == 0 || s.hash == hash {
			return pos, s.ref
		}
		pos++
	}
}

// insert adds an entry whose key is not in the index.
func (x *index) insert(hash uint32, r ref) {
	if (x.used+1)*4 > len(x.slots)*3 {
		x.resize(len(x.slots) * 2)
	}
	x.place(hash, r)
	x.used++
}

func (x *index) place(hash uint32, r ref) {
	mask := uint32(len(x.slots) - 1)
	pos := hash & mask
	for x.slots[pos].ref != 0 {
		pos = (pos + 1) & mask
	}
	x.slots[pos] = indexSlot{hash, r}
}

// remove takes out an entry that is in the index, and closes the gap: each slot
// behind it that would not be found any more moves up.
func (x *index) remove(hash uint32, r ref) {
	mask := uint32(len(x.slots) - 1)
	gap := hash & mask
	for x.slots[gap].ref != r {
		gap = (gap + 1) & mask
	}
	for pos := (gap + 1) & mask; x.slots[pos].ref != 0; pos = (pos + 1) & mask {
		home := x.slots[pos].hash & mask
		if (pos-home)&mask >= (pos-gap)&mask {
			x.slots[gap] = x.slots[pos]
			gap = pos
		}
	}
	x.slots[gap] = indexSlot{}
	x.used--
	if x.used*8 < len(x.slots) && len(x.slots) > minIndexSlots {
		x.resize(len(x.slots) / 2)
	}
}

// resize moves everything to so many slots; the hashes are at hand, so no entry
// is touched.
func (x *index) resize(slots int) {
	old := x.slots
	x.slots = make([]indexSlot, slots)
	for _, s := range old {
		if s.ref != 0 {
			x.place(s.hash, s.ref)
		}
	}
}
