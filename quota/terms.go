package quota

import "github.com/fairlead/fairlead/internal/bucket"

// NumShared is how many holders of an allocation can share bandwidth with
// others: user, tenant, realm and server, in this order.
const NumShared = 4

// Terms are what holds for one allocation.
type Terms struct {
	Limits Limits // of its user
	// Shared are the buckets that the allocation has in common with others, from
	// the user's to the server's; 0 is no limit.
	Shared [NumDirections][NumShared]bucket.Index
}

// Terms returns what holds for the allocation now, and makes the shared buckets
// follow the limits. It returns ErrNoBucket when the server has no bucket left
// for a limit; the Terms are right but for that.
func (h *Hold) Terms() (Terms, error) {
	l := h.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	err := l.shareLocked(h.owner)
	terms := Terms{Limits: l.policy.of(h.owner.holder)}
	for a := h.owner; a != nil; a = a.parent {
		for direction, s := range a.shared {
			if s.bitsPerSecond > 0 {
				terms.Shared[direction][KindUser-a.kind] = s.index
			}
		}
	}
	return terms, err
}

// shareLocked gives the accounts from a on their buckets, or those they have the
// rates of today.
func (l *Ledger) shareLocked(a *account) error {
	for ; a != nil; a = a.parent {
		limits := l.policy.of(a.holder)
		for direction, bitsPerSecond := range limits.bitsPerSecond(a.kind) {
			want := sharedBucket{a.shared[direction].index, bitsPerSecond, limits.Burst}
			if a.shared[direction] == want || bitsPerSecond == 0 && want.index == 0 {
				continue
			}
			if want.index != 0 {
				l.buckets.SetRate(want.index, uint64(bitsPerSecond), limits.Burst)
			} else {
				var ok bool
				if want.index, ok = l.buckets.Reserve(uint64(bitsPerSecond), limits.Burst); !ok {
					return ErrNoBucket
				}
			}
			a.shared[direction] = want
		}
	}
	return nil
}
