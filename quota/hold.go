package quota

import "time"

// Hold is the share of one allocation in the counts of its Ledger. Safe for
// concurrent use.
type Hold struct {
	ledger       *Ledger
	owner        *account // the user's, or the narrowest there is; its parents hold too
	client       *account
	afterwards   func() // guarded by ledger.mu; called once released
	ownerRefund  uint32 // ns, at most a second, that Release gives back to the user's rate; guarded by ledger.mu
	clientRefund uint32 // likewise to the client's
	released     bool   // guarded by ledger.mu
}

// Commit says that the allocation lives: from now on it counts for the rates
// even when released.
func (h *Hold) Commit() {
	h.ledger.mu.Lock()
	defer h.ledger.mu.Unlock()
	h.ownerRefund, h.clientRefund = 0, 0
}

// Release gives back what the allocation holds, before Commit its share of the
// rates, too. Only the first call does anything. Nobody may draw on the buckets
// of its Terms any more.
func (h *Hold) Release() {
	h.ledger.mu.Lock()
	afterwards := h.afterwards
	h.afterwards = nil
	h.releaseLocked()
	h.ledger.mu.Unlock()
	if afterwards != nil {
		afterwards()
	}
}

// Afterwards makes Release call f, for what else the allocation holds. The hold
// must not have been released.
func (h *Hold) Afterwards(f func()) {
	h.ledger.mu.Lock()
	defer h.ledger.mu.Unlock()
	h.afterwards = f
}

func (h *Hold) releaseLocked() {
	if h.released {
		return
	}
	h.released = true
	l := h.ledger
	now, ownerRefund := time.Since(l.start), time.Duration(h.ownerRefund)
	l.giveLocked(h.client, now, time.Duration(h.clientRefund))
	for a := h.owner; a != nil; a = a.parent {
		l.giveLocked(a, now, ownerRefund)
		ownerRefund = 0
	}
}

func (l *Ledger) giveLocked(a *account, now, refund time.Duration) {
	if l.book.give(a, now, refund) {
		l.forgetLocked(a)
	}
}

// Charge charges payload bytes to the user of the hold, if there is a limit.
func (h *Hold) Charge(bytes uint64) {
	h.ledger.mu.Lock()
	defer h.ledger.mu.Unlock()
	h.chargeLocked(bytes)
}

// chargeLocked also returns the limits; none for an anonymous user.
func (h *Hold) chargeLocked(bytes uint64) (limits Limits) {
	if h.owner.kind != KindUser {
		return limits
	}
	limits = h.ledger.policy.of(h.owner.holder)
	if l := h.ledger; limits.UserBytes > 0 {
		h.owner.use(bytes, l.book.period)
		if l.changed != nil && bytes > 0 {
			l.changed[h.owner.holder] = h.owner.used
		}
	}
	return limits
}

// Use charges payload bytes to the user of the hold. It returns an
// *ExceededError, and counts it, when an allocation of this age has to end: the
// bytes of the period are used up, or it is too old.
func (h *Hold) Use(bytes uint64, age time.Duration) error {
	l := h.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	limits := h.chargeLocked(bytes)
	switch {
	case h.owner.isSpent(limits.UserBytes, l.book.period):
		return l.refuseLocked(LimitUserBytes)
	case limits.UserAllocationAge > 0 && age >= limits.UserAllocationAge:
		return l.refuseLocked(LimitAllocationAge)
	}
	return nil
}
