package quota

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
)

// sweepPerReserve is how many idle accounts a Reserve looks at: more than it can
// add, so that the book shrinks under any load.
const sweepPerReserve = 8

// Ledger counts live and new allocations against its Limits. Safe for
// concurrent use.
type Ledger struct {
	start   time.Time     // zero of the rates' clock
	buckets *bucket.Array // nil: no shared bandwidth

	mu      sync.Mutex
	policy  policy            // guarded by mu
	book    book              // guarded by mu
	server  account           // guarded by mu
	refused [NumLimits]uint64 // guarded by mu
	changed map[holder]uint64 // bytes used, of users charged since ChangedUsage; nil: nobody asks; guarded by mu

	counting atomic.Bool // a user has a limit that is looked at while an allocation lives
}

// Stats is a snapshot of a Ledger.
type Stats struct {
	Live    int               // allocations, reserved or committed
	Realms  int               // with live allocations
	Tenants int               // with live allocations
	Users   int               // with live allocations
	Clients int               // addresses or prefixes with live allocations
	Refused [NumLimits]uint64 // by Limit, since the start
}

// NewLedger returns an empty ledger. Shared bandwidth comes out of the array,
// which may be nil when there is none.
func NewLedger(buckets *bucket.Array, limits Limits, overrides ...Override) *Ledger {
	l := &Ledger{start: time.Now(), buckets: buckets, book: book{accounts: make(map[holder]*account)}}
	l.SetLimits(limits, overrides...)
	return l
}

// SetLimits replaces the limits at once. What is live stays, even above a
// lowered limit; its shared bandwidth changes by its Hold's Terms.
func (l *Ledger) SetLimits(limits Limits, overrides ...Override) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.policy = newPolicy(limits, overrides)
	l.counting.Store(l.policy.counts())
}

// Limits returns the limits in force, before overrides.
func (l *Ledger) Limits() Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.policy.limits
}

// Counting reports whether Hold.Use has anything to do for anybody.
func (l *Ledger) Counting() bool { return l.counting.Load() }

// Reserve counts one more allocation, or nothing and returns an *ExceededError
// with the first limit met, or ErrNoBucket. The caller owns the Hold and must
// Release it when the allocation ends or never comes to be.
func (l *Ledger) Reserve(id Identity) (*Hold, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.tickLocked(sweepPerReserve)
	owner, client := id.owner(), clientHolder(id.Client)
	limits := l.policy.of(owner)
	if err := l.checkLocked(owner, client, &limits, now); err != nil {
		return nil, err
	}
	h := &Hold{
		ledger: l, owner: l.book.open(owner, &l.server), client: l.book.open(client, nil),
		clientRefund: uint32(spacing(limits.ClientAllocationsPerSecond)),
	}
	if owner.kind == KindUser {
		h.ownerRefund = uint32(spacing(limits.UserAllocationsPerSecond))
	}
	l.book.take(h.client, now, time.Duration(h.clientRefund))
	take := time.Duration(h.ownerRefund)
	for a := h.owner; a != nil; a = a.parent {
		l.book.take(a, now, take)
		take = 0
	}
	if err := l.shareLocked(h.owner); err != nil {
		h.releaseLocked()
		return nil, err
	}
	return h, nil
}

// checkLocked holds one more allocation against every limit: the counts from
// the server down to the client, then the rates, then the bytes.
func (l *Ledger) checkLocked(owner, client holder, limits *Limits, now time.Duration) error {
	var full [NumKinds]bool
	full[KindServer] = l.server.isFull(l.policy.limits.ServerAllocations)
	full[KindClient] = l.book.accounts[client].isFull(limits.ClientAllocations)
	for h := owner; h.kind != KindServer; h = h.parent() {
		own := l.policy.of(h)
		full[h.kind] = l.book.accounts[h].isFull(own.allocations(h.kind))
	}
	for kind, isFull := range full {
		if isFull {
			return l.refuseLocked(allocationLimits[kind])
		}
	}
	user := l.book.accounts[owner]
	if owner.kind != KindUser {
		user = nil
	}
	switch {
	case user.isFast(now, spacing(limits.UserAllocationsPerSecond)):
		return l.refuseLocked(LimitUserRate)
	case l.book.accounts[client].isFast(now, spacing(limits.ClientAllocationsPerSecond)):
		return l.refuseLocked(LimitClientRate)
	case user.isSpent(limits.UserBytes, l.book.period):
		return l.refuseLocked(LimitUserBytes)
	}
	return nil
}

// refuseLocked counts a refusal.
func (l *Ledger) refuseLocked(limit Limit) error {
	l.refused[limit]++
	return &ExceededError{Limit: limit}
}

// CountRefusal counts a refusal by a limit that the caller keeps.
func (l *Ledger) CountRefusal(limit Limit) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.refused[limit]++
}

// Stats returns a snapshot.
func (l *Ledger) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	holding := &l.book.holding
	return Stats{
		Live: l.server.live, Realms: holding[KindRealm], Tenants: holding[KindTenant],
		Users: holding[KindUser], Clients: holding[KindClient], Refused: l.refused,
	}
}

// Sweep forgets users and clients that hold nothing and whose rates have
// recovered. Reserve does it by and by; a call about once a second also gives
// the memory back when nobody allocates any more.
func (l *Ledger) Sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tickLocked(len(l.book.idle))
}

// tickLocked does what is due, looking at so many idle accounts, and returns the
// time on the rates' clock.
func (l *Ledger) tickLocked(most int) time.Duration {
	if period := l.policy.limits.UsagePeriod; period > 0 {
		before := l.book.period
		l.book.startPeriod(time.Now().UnixNano()/int64(period), l.forgetLocked)
		if l.book.period != before {
			clear(l.changed)
		}
	}
	now := time.Since(l.start)
	l.book.sweep(now, most, l.forgetLocked)
	return now
}

// forgetLocked drops an account that holds nothing, with its buckets.
func (l *Ledger) forgetLocked(a *account) {
	delete(l.book.accounts, a.holder)
	for _, s := range a.shared {
		l.buckets.Release(s.index)
	}
}
