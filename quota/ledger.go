package quota

import (
	"net/netip"
	"sync"
	"time"
)

// sweepPerReserve is how many idle accounts of each book a Reserve looks at:
// more than it can add, so that the books shrink under any load.
const sweepPerReserve = 4

// Ledger counts live and new allocations against its Limits. Safe for
// concurrent use.
type Ledger struct {
	start time.Time // zero of the rates' clock

	mu      sync.Mutex
	limits  Limits            // guarded by mu
	users   book[userKey]     // guarded by mu
	clients book[netip.Addr]  // guarded by mu
	live    int               // guarded by mu
	refused [NumLimits]uint64 // guarded by mu
}

// Stats is a snapshot of a Ledger.
type Stats struct {
	Live    int               // allocations, reserved or committed
	Users   int               // with live allocations
	Clients int               // addresses or prefixes with live allocations
	Refused [NumLimits]uint64 // by Limit, since the start
}

// NewLedger returns an empty ledger.
func NewLedger(limits Limits) *Ledger {
	return &Ledger{
		start:   time.Now(),
		limits:  limits,
		users:   book[userKey]{accounts: make(map[userKey]*account[userKey])},
		clients: book[netip.Addr]{accounts: make(map[netip.Addr]*account[netip.Addr])},
	}
}

// SetLimits replaces the limits at once. What is live stays, even above a
// lowered limit.
func (l *Ledger) SetLimits(limits Limits) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.limits = limits
}

// Limits returns the limits in force.
func (l *Ledger) Limits() Limits {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limits
}

// Reserve counts one more allocation, or nothing and returns an *ExceededError
// with the first limit met. The caller owns the Hold and must Release it when
// the allocation ends or never comes to be.
func (l *Ledger) Reserve(id Identity) (*Hold, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.start)
	l.sweepLocked(now, sweepPerReserve)

	userSpacing := spacing(l.limits.UserAllocationsPerSecond)
	clientSpacing := spacing(l.limits.ClientAllocationsPerSecond)
	userID, clientID := userKey{id.Realm, id.Tenant, id.User}, clientKey(id.Client)
	user, client := l.users.accounts[userID], l.clients.accounts[clientID]
	switch {
	case l.limits.ServerAllocations > 0 && l.live >= l.limits.ServerAllocations:
		return nil, l.refuseLocked(LimitServerAllocations)
	case user.isFull(l.limits.UserAllocations):
		return nil, l.refuseLocked(LimitUserAllocations)
	case client.isFull(l.limits.ClientAllocations):
		return nil, l.refuseLocked(LimitClientAllocations)
	case user.isFast(now, userSpacing):
		return nil, l.refuseLocked(LimitUserRate)
	case client.isFast(now, clientSpacing):
		return nil, l.refuseLocked(LimitClientRate)
	}
	l.live++
	h := &Hold{ledger: l, userSpacing: userSpacing, clientSpacing: clientSpacing}
	if id.User != "" {
		h.user = l.users.take(userID, now, userSpacing)
	}
	h.client = l.clients.take(clientID, now, clientSpacing)
	return h, nil
}

// refuseLocked counts a refusal.
func (l *Ledger) refuseLocked(limit Limit) error {
	l.refused[limit]++
	return &ExceededError{Limit: limit}
}

// Stats returns a snapshot.
func (l *Ledger) Stats() Stats {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Stats{Live: l.live, Users: l.users.holding, Clients: l.clients.holding, Refused: l.refused}
}

// Sweep forgets users and clients that hold nothing and whose rate has
// recovered. Reserve does it by and by; a call about once a second also gives
// the memory back when nobody allocates any more.
func (l *Ledger) Sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Since(l.start)
	l.sweepLocked(now, max(len(l.users.idle), len(l.clients.idle)))
}

func (l *Ledger) sweepLocked(now time.Duration, most int) {
	l.users.sweep(now, most)
	l.clients.sweep(now, most)
}
