package authn

import "fmt"

// Purpose says what a request is for: the expiry of a REST credential counts at
// Allocate, or at every request.
type Purpose uint8

const (
	// PurposeAllocate is a request that would make a new allocation.
	PurposeAllocate Purpose = iota
	// PurposeOther is a request on a live allocation.
	PurposeOther
)

// Status is the outcome of Verify.
type Status uint8

const (
	// Unknown is an unknown username or a wrong password; they look the same.
	Unknown Status = iota
	// Found means that the message was checked with the right key.
	Found
	// Expired is a right credential outside its time: expired, or with an
	// expiry further away than Config.MaxTimeToLive.
	Expired
	// Pending means that only Fetch can tell; park the request.
	Pending
	// Unavailable means that the back-end which could tell is down; the request
	// must not be answered, as nobody knows whether its credential is wrong.
	Unavailable
)

// String returns the status as a metric label.
func (s Status) String() string {
	switch s {
	case Unknown:
		return "unknown"
	case Found:
		return "found"
	case Expired:
		return "expired"
	case Pending:
		return "pending"
	case Unavailable:
		return "unavailable"
	}
	return fmt.Sprintf("status(%d)", uint8(s))
}

// unclear joins what two look-ups say that found nothing: as long as one can
// still be fetched, the request is worth waiting.
func unclear(a, b Status) Status {
	switch {
	case a == Pending || b == Pending:
		return Pending
	case a == Unavailable || b == Unavailable:
		return Unavailable
	}
	return Unknown
}
