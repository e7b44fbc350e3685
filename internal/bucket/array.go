package bucket

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// MaxBytes is the most that one Take may ask for: a datagram, or a train of
// datagrams, of 65,535 bytes, rounded up.
const MaxBytes = 1 << 16

// Index names a bucket of an Array. 0 is no bucket: no limit.
type Index uint32

// chunkSlots is how many buckets are allocated at once: 32 KiB.
const chunkSlots = 1 << 10

// Array is a bounded number of buckets.
type Array struct {
	chunks []atomic.Pointer[[chunkSlots]slot] // allocated as they are needed, and kept
	limit  Index                              // the largest index; 0 stays unused

	mu   sync.Mutex
	free []Index // released ones; guarded by mu
	next Index   // the lowest one never reserved; guarded by mu
}

// slot is one bucket: 32 bytes, no pointers.
type slot struct {
	arrival  atomic.Int64  // theoretical arrival time, monotonic ns
	rate     atomic.Uint64 // a rate
	burst    atomic.Int64  // how far arrival may run ahead of now, ns
	chunk    atomic.Uint32 // what Chunk returns
	reserved uint32        // 0 or 1; guarded by Array.mu
}

// NewArray returns an array of at most so many buckets. Memory, 32 bytes for each,
// is allocated as buckets are reserved: an array made for the largest server must
// not look to the collector like a large heap.
func NewArray(slots int) *Array {
	return &Array{
		chunks: make([]atomic.Pointer[[chunkSlots]slot], slots/chunkSlots+1),
		limit:  Index(slots),
		next:   1,
	}
}

// slot finds the memory of a bucket that was reserved once.
func (a *Array) slot(i Index) *slot {
	return &a.chunks[i/chunkSlots].Load()[i%chunkSlots]
}

// Reserve takes a full bucket out of the array; see SetRate for the rate. False
// means that the array has none left. The caller gives it back with Release.
func (a *Array) Reserve(bitsPerSecond uint64, burst time.Duration) (Index, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var i Index
	switch {
	case len(a.free) > 0:
		i = a.free[len(a.free)-1]
		a.free = a.free[:len(a.free)-1]
	case a.next <= a.limit:
		i = a.next
		a.next++
		if chunk := &a.chunks[i/chunkSlots]; chunk.Load() == nil {
			chunk.Store(new([chunkSlots]slot))
		}
	default:
		return 0, false
	}
	s := a.slot(i)
	s.reserved = 1
	s.set(bitsPerSecond, burst)
	return i, true
}

// Release gives a bucket back. The caller has made sure that nobody draws on it
// any more. Releasing 0 does nothing; releasing twice panics.
func (a *Array) Release(i Index) {
	if i == 0 {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	s := a.slot(i)
	if s.reserved == 0 {
		panic(fmt.Sprintf("release bucket %d: not reserved", i))
	}
	s.reserved = 0
	a.free = append(a.free, i)
}

// SetRate changes a bucket that may be in use, and fills it: a debt made at the
// old rate could last far too long at the new one. The rate is in payload bits
// per second, 0 for no limit. Burst is how much of that rate a full bucket
// admits at once, as a time. SetRate of bucket 0 does nothing.
func (a *Array) SetRate(i Index, bitsPerSecond uint64, burst time.Duration) {
	if i != 0 {
		a.slot(i).set(bitsPerSecond, burst)
	}
}

func (s *slot) set(bitsPerSecond uint64, burst time.Duration) {
	s.rate.Store(uint64(newRate(bitsPerSecond)))
	s.chunk.Store(chunkOf(bitsPerSecond))
	s.burst.Store(int64(burst))
	s.arrival.Store(0)
}

// Take asks a bucket for payload bytes, 0 to MaxBytes, at a monotonic time in
// nanoseconds, and reports whether they may pass. Index 0 admits everything.
//
// A bucket that is full admits one datagram of any size and goes into debt for
// what exceeds the burst: otherwise a low rate would block large datagrams
// forever. So over a time t at most rate × (t + burst) and one datagram pass.
//
// Times of different callers may be apart by a batch; an old one only makes the
// answer stricter.
func (a *Array) Take(i Index, nowNs int64, payloadBytes int) bool {
	if i == 0 {
		return true
	}
	s := a.slot(i)
	cost := rate(s.rate.Load()).cost(payloadBytes)
	if cost == 0 {
		return true
	}
	for {
		arrival := s.arrival.Load()
		next := max(arrival, nowNs) + cost
		if arrival > nowNs && next-nowNs > s.burst.Load() {
			return false
		}
		if s.arrival.CompareAndSwap(arrival, next) {
			return true
		}
	}
}
