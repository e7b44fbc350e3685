package quota

import "time"

// rateBurst is the depth of the rates of new allocations: one second's worth.
const rateBurst = time.Second

// account is what one user or one client prefix holds. A nil account is that of
// somebody who holds nothing.
type account[K comparable] struct {
	key     K
	live    int           // holds that are not released
	arrival time.Duration // theoretical arrival time (GCRA), on the Ledger's clock
	queued  bool          // is in book.idle
}

// spacing is the time between two new allocations at a sustained rate; 0 for an
// unlimited one.
func spacing(perSecond int) time.Duration {
	if perSecond <= 0 {
		return 0
	}
	return max(time.Second/time.Duration(perSecond), 1)
}

// isFull reports whether one more live allocation would pass the limit.
func (a *account[K]) isFull(limit int) bool {
	return limit > 0 && a != nil && a.live >= limit
}

// isFast reports whether one more new allocation now would pass the rate.
func (a *account[K]) isFast(now, spacing time.Duration) bool {
	return a != nil && a.arrival+spacing-now > rateBurst
}
