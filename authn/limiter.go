package authn

import (
	"hash/maphash"
	"net/netip"
	"sync/atomic"
	"time"
)

// limiterSlots keeps a Limiter at 512 KiB, whatever the number of sources.
const limiterSlots = 1 << 16

// Limiter bounds the answers to clients that have not authenticated, per source
// prefix (/32 for IPv4, /64 for IPv6), in fixed memory. Prefixes that fall into
// the same slot share its rate; the hash is seeded, so nobody can aim at
// another's slot. Safe for concurrent use, without locks.
type Limiter struct {
	seed     maphash.Seed
	interval int64          // ns between two answers at the sustained rate
	depth    int64          // ns, burst × interval
	slots    []atomic.Int64 // theoretical arrival time (GCRA), ns of the caller's clock; empty: unlimited
}

// NewLimiter allows burst answers at once and perSecond answers in the long
// run to each source prefix. perSecond 0 means no limit; burst is at least 1.
func NewLimiter(perSecond, burst int) *Limiter {
	if perSecond <= 0 {
		return &Limiter{}
	}
	interval := max(int64(time.Second)/int64(perSecond), 1)
	return &Limiter{
		seed:     maphash.MakeSeed(),
		interval: interval,
		depth:    interval * int64(max(burst, 1)),
		slots:    make([]atomic.Int64, limiterSlots),
	}
}

// Allow takes one answer from the budget of src's prefix; false means that the
// answer must not be sent. nowNs is any monotonic clock in nanoseconds, the
// same for every call.
func (l *Limiter) Allow(src netip.Addr, nowNs int64) bool {
	if len(l.slots) == 0 {
		return true
	}
	slot := &l.slots[l.hash(src)%limiterSlots]
	for {
		arrival := slot.Load()
		next := max(arrival, nowNs) + l.interval
		if next-nowNs > l.depth {
			return false
		}
		if slot.CompareAndSwap(arrival, next) {
			return true
		}
	}
}

// hash hashes the prefix that src is counted by.
func (l *Limiter) hash(src netip.Addr) uint64 {
	if src = src.Unmap(); src.Is4() {
		a := src.As4()
		return maphash.Bytes(l.seed, a[:])
	}
	a := src.As16()
	return maphash.Bytes(l.seed, a[:8])
}
