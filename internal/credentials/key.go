package credentials

import (
	"crypto/sha256"
	"crypto/subtle"
	"sync"
	"time"
)

// Key lets an application ask for credentials.
type Key struct {
	// Name tells keys apart in metrics and answers.
	Name string
	// Value is what requests carry.
	Value string
	// Issuer makes the credentials.
	Issuer Issuer
	// MaxTimeToLive is the ceiling for what requests ask for, and what they get
	// who ask for nothing.
	MaxTimeToLive time.Duration
	// RequestsPerSecond is the sustained rate; as many may come at once.
	RequestsPerSecond int
	// Tenant is whose credentials it makes and revokes; empty: those of none are
	// made, and those of all are revoked.
	Tenant string
	// MayRevoke lets requests take credentials of the realm and tenant back.
	MayRevoke bool
}

// key is a Key in use.
type key struct {
	Key
	digest [sha256.Size]byte
	rate   *rate
}

// rate is a GCRA limiter. Its zero value has let nothing through yet.
type rate struct {
	mu      sync.Mutex
	arrival time.Time // guarded by mu; theoretical arrival time
}

// allow takes one request from the rate.
func (r *rate) allow(perSecond int, now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := now
	if r.arrival.After(now) {
		next = r.arrival
	}
	next = next.Add(time.Second / time.Duration(perSecond))
	if next.Sub(now) > time.Second {
		return false
	}
	r.arrival = next
	return true
}

// find returns the key of a value, nil if there is none. It looks at every key,
// by digests, so that the time taken tells nothing about any.
func find(keys []*key, value string) *key {
	digest := sha256.Sum256([]byte(value))
	var found *key
	for _, each := range keys {
		if subtle.ConstantTimeCompare(each.digest[:], digest[:]) == 1 {
			found = each
		}
	}
	return found
}
