package allocation

import (
	"iter"
	"net/netip"
	"time"
)

// Table holds the allocations of one worker. Only that worker's thread uses it.
type Table struct {
	config  Config
	expired Expired
	byTuple tupleIndex
	queue   dueQueue
}

// Expired tells the owner of a Table what is over, after the table has dropped
// it. Sweep calls it; so do Create and Bind when something that is over stands
// in their way. With an allocation its permissions and channels are over too,
// without calls of their own. The functions must not change the table; nil
// ones are left out.
type Expired struct {
	Allocation func(a *Allocation)
	Permission func(a *Allocation, peer netip.Addr)
	Channel    func(a *Allocation, n ChannelNumber, peer netip.AddrPort)
}

// Request is what an Allocate request asks for, once the server has found a
// relayed transport address for it.
type Request struct {
	FiveTuple
	TransactionID [12]byte
	Relayed       netip.AddrPort // bound, and local to the server
	Username      string         // as authenticated
	User          string         // the identity that quotas count by
	Lifetime      time.Duration  // of the LIFETIME attribute; 0 is absent
	MaxLifetime   time.Duration  // of what its credential allows; 0 is any
}

// NewTable returns an empty table.
func NewTable(config Config, expired Expired) *Table {
	return &Table{
		config:  config,
		expired: expired,
		byTuple: newTupleIndex(),
	}
}

// SetConfig changes lifetimes and bounds for what is granted from now on.
func (t *Table) SetConfig(config Config) {
	t.config = config
}

// GrantLifetime computes the time-to-expiry that answers a LIFETIME attribute
// (RFC 8656 section 7.2): asked, but at least the default and at most the
// maximum. An asked of 0 stands for an absent attribute.
func (t *Table) GrantLifetime(asked time.Duration) time.Duration {
	return max(min(asked, t.config.MaxLifetime), t.config.DefaultLifetime)
}

// Len counts the five-tuples with allocations, those included that are over and
// not swept.
func (t *Table) Len() int {
	return t.byTuple.count
}

// All yields every allocation held, twins and those included that are over and
// not swept, in no order. Deleting the one just yielded is allowed.
func (t *Table) All() iter.Seq[*Allocation] {
	return func(yield func(*Allocation) bool) {
		for a := range t.byTuple.all() {
			twin := a.twin
			if !yield(a) || twin != nil && !yield(twin) {
				return
			}
		}
	}
}

// Find returns the live allocation of a five-tuple, or nil. Of a dual
// allocation it is the first, unless that is over.
func (t *Table) Find(tuple FiveTuple) *Allocation {
	a := t.byTuple.find(tuple.key())
	switch {
	case a == nil:
		return nil
	case a.isLive():
		return a
	case a.twin != nil && a.twin.isLive():
		return a.twin
	}
	return nil
}

// Create adds an allocation without permissions and channels. It returns
// ErrExists when the five-tuple has a live one; whether the request is a
// retransmission of the one that created it, its TransactionID tells.
func (t *Table) Create(r Request) (*Allocation, error) {
	key := r.key()
	for a := t.byTuple.find(key); a != nil; a = t.byTuple.find(key) {
		if t.Find(r.FiveTuple) != nil {
			return nil, ErrExists
		}
		t.expire(a)
	}
	lifetime := t.GrantLifetime(r.Lifetime)
	if r.MaxLifetime > 0 {
		lifetime = min(lifetime, r.MaxLifetime)
	}
	a := newAllocation(r, lifetime)
	t.byTuple.add(a)
	t.queue.push(a, a.created+a.end)
	return a, nil
}

// CreateTwin makes the allocation a dual one: relayed, of the other family, gets
// an allocation of its own on the same five-tuple, for the same user and time.
// It panics when there is a twin already.
func (t *Table) CreateTwin(a *Allocation, relayed netip.AddrPort) *Allocation {
	t.mustHold(a)
	if a.twin != nil {
		panic("allocation: a third family")
	}
	twin := *a
	twin.Relayed, twin.Handle = relayed, 0
	twin.permissions, twin.channels = nil, nil
	twin.position, twin.sameHash, twin.twin, a.twin = removed, nil, a, &twin
	t.queue.push(&twin, twin.created+twin.end)
	return &twin
}

// Refresh sets the time-to-expiry as a Refresh request with that LIFETIME asks
// (RFC 8656 section 8.2) and returns it. A request for zero is the caller's to
// answer with Delete; here 0 is an absent attribute, and the answer never is 0.
func (t *Table) Refresh(a *Allocation, asked time.Duration) time.Duration {
	lifetime := t.GrantLifetime(asked)
	t.Extend(a, lifetime)
	return lifetime
}

// Extend is Refresh by a time-to-expiry that the caller has computed.
func (t *Table) Extend(a *Allocation, lifetime time.Duration) {
	t.mustHold(a)
	a.end = a.age() + lifetime
	a.TransactionID = [12]byte{} // its Allocate was answered: no retransmission can come any more
	if a.twin != nil {
		a.twin.TransactionID = a.TransactionID
	}
	t.dueAt(a, a.end)
}

// Delete drops the allocation with its permissions and channels. A twin stays:
// it then has none itself, while Twin of the dropped one still names it.
func (t *Table) Delete(a *Allocation) {
	t.mustHold(a)
	t.queue.remove(a)
	if a.twin == nil {
		t.byTuple.remove(a)
		return
	}
	if t.byTuple.find(a.key()) == a {
		t.byTuple.replace(a, a.twin)
	}
	a.twin.twin = nil
	a.twin.TransactionID = [12]byte{} // its Allocate was answered for both
}

// Sweep drops what is over at now and reports it to Expired. Its cost grows with
// what is due, not with the allocations held. It looks at no more than most
// allocations, and reports whether others are due.
func (t *Table) Sweep(now time.Time, most int) (more bool) {
	at := now.Sub(epoch)
	for ; t.IsDue(now); most-- {
		if most <= 0 {
			return true
		}
		a := t.queue[0].allocation
		age := at - a.created
		if a.end <= age {
			t.expire(a)
			continue
		}
		t.sweepPermissions(a, age)
		t.sweepChannels(a, age)
		t.queue.postpone(a.created + a.nextDue())
	}
	return false
}

// IsDue reports whether Sweep may have something to do at that moment.
func (t *Table) IsDue(at time.Time) bool {
	return len(t.queue) > 0 && t.queue[0].at <= at.Sub(epoch)
}

func (t *Table) expire(a *Allocation) {
	t.Delete(a)
	if t.expired.Allocation != nil {
		t.expired.Allocation(a)
	}
}

// dueAt makes sure that Sweep looks at a when it has reached the age due. A due
// time that moved into the future is not corrected: Sweep looks once too early
// and then knows better, and no refresh touches the queue.
func (t *Table) dueAt(a *Allocation, due time.Duration) {
	t.queue.advance(a, a.created+due)
}

// mustHold panics when a is not in this table: an owner that uses an allocation
// after its end would forward for nobody.
func (t *Table) mustHold(a *Allocation) {
	if !t.queue.holds(a) {
		panic("allocation: used after its end or with a foreign table")
	}
}
