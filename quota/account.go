package quota

import (
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
)

// rateBurst is the depth of the rates of new allocations: one second's worth.
const rateBurst = time.Second

// account is what one user, tenant, realm, client prefix or the server holds. A
// nil account is that of somebody who holds nothing.
type account struct {
	holder
	parent  *account                    // nil for the server and for clients
	live    int                         // holds that are not released
	arrival time.Duration               // theoretical arrival time (GCRA), on the Ledger's clock
	shared  [NumDirections]sharedBucket // what all allocations draw on
	used    uint64                      // payload bytes in the period
	period  int64                       // that used belongs to
	queued  bool                        // is in book.idle
	kept    bool                        // until the period ends, for what was used in it
}

// sharedBucket is a bucket with the rate that it was given.
type sharedBucket struct {
	index         bucket.Index // 0: none
	bitsPerSecond int64
	burst         time.Duration
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
func (a *account) isFull(limit int) bool {
	return limit > 0 && a != nil && a.live >= limit
}

// isFast reports whether one more new allocation now would pass the rate.
func (a *account) isFast(now, spacing time.Duration) bool {
	return a != nil && a.arrival+spacing-now > rateBurst
}

// isSpent reports whether the account has used up the bytes of a period.
func (a *account) isSpent(limit int64, period int64) bool {
	return limit > 0 && a != nil && a.period == period && a.used >= uint64(limit)
}

// use adds bytes to what was used in a period.
func (a *account) use(bytes uint64, period int64) {
	if a.period != period {
		a.period, a.used = period, 0
	}
	a.used += bytes
}

// paidAt is when everything is paid for that the account was given in advance:
// an account that forgot it would be a way around the rates.
func (a *account) paidAt(now time.Duration) time.Duration {
	at := a.arrival
	for _, s := range a.shared {
		if s.index != 0 && s.bitsPerSecond > 0 {
			largest := time.Duration(float64(bucket.MaxBytes*8) / float64(s.bitsPerSecond) * float64(time.Second))
			at = max(at, now+s.burst+largest)
		}
	}
	return at
}
