package allocation

import (
	"hash/maphash"
	"iter"
)

// tupleIndex finds allocations by five-tuple. The map holds hashes of them, in
// less than a third of the room that the tuples would take, which each
// allocation has anyhow; those with one hash are linked.
type tupleIndex struct {
	hash   func(tupleKey) uint64
	byHash map[uint64]*Allocation
	count  int
}

func newTupleIndex() tupleIndex {
	seed := maphash.MakeSeed()
	return tupleIndex{
		hash:   func(key tupleKey) uint64 { return maphash.Comparable(seed, key) },
		byHash: make(map[uint64]*Allocation),
	}
}

// find returns the allocation of a five-tuple, nil when there is none.
func (x *tupleIndex) find(key tupleKey) *Allocation {
	a := x.byHash[x.hash(key)]
	for a != nil && a.key() != key {
		a = a.sameHash
	}
	return a
}

// add enters an allocation whose five-tuple has none.
func (x *tupleIndex) add(a *Allocation) {
	hash := x.hash(a.key())
	a.sameHash = x.byHash[hash]
	x.byHash[hash] = a
	x.count++
}

// remove takes an allocation out that is in the index.
func (x *tupleIndex) remove(a *Allocation) {
	x.relink(a, a.sameHash)
	a.sameHash = nil
	x.count--
}

// replace puts an allocation of the same five-tuple in the place of another.
func (x *tupleIndex) replace(a, by *Allocation) {
	by.sameHash = a.sameHash
	x.relink(a, by)
	a.sameHash = nil
}

// relink makes what leads to an allocation lead to another, or nowhere.
func (x *tupleIndex) relink(a, to *Allocation) {
	hash := x.hash(a.key())
	before := x.byHash[hash]
	switch {
	case before != a:
		for before.sameHash != a {
			before = before.sameHash
		}
		before.sameHash = to
	case to == nil:
		delete(x.byHash, hash)
	default:
		x.byHash[hash] = to
	}
}

// all yields every allocation in no order. The one just yielded may be removed.
func (x *tupleIndex) all() iter.Seq[*Allocation] {
	return func(yield func(*Allocation) bool) {
		for _, a := range x.byHash {
			for a != nil {
				next := a.sameHash
				if !yield(a) {
					return
				}
				a = next
			}
		}
	}
}
