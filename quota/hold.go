package quota

import (
	"net/netip"
	"time"
)

// Hold is the share of one allocation in the counts of its Ledger. Safe for
// concurrent use.
type Hold struct {
	ledger        *Ledger
	user          *account[userKey] // nil: anonymous
	client        *account[netip.Addr]
	userSpacing   time.Duration // taken from the user's rate
	clientSpacing time.Duration // taken from the client's rate
	committed     bool          // guarded by ledger.mu
	released      bool          // guarded by ledger.mu
}

// Commit says that the allocation lives: from now on it counts for the rates
// even when released.
func (h *Hold) Commit() {
	h.ledger.mu.Lock()
	defer h.ledger.mu.Unlock()
	h.committed = true
}

// Release gives back what the allocation holds, before Commit its share of the
// rates, too. Only the first call does anything.
func (h *Hold) Release() {
	l := h.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	if h.released {
		return
	}
	h.released = true
	var userRefund, clientRefund time.Duration
	if !h.committed {
		userRefund, clientRefund = h.userSpacing, h.clientSpacing
	}
	now := time.Since(l.start)
	l.live--
	if h.user != nil {
		l.users.give(h.user, now, userRefund)
	}
	l.clients.give(h.client, now, clientRefund)
}
