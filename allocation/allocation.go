package allocation

import (
	"net/netip"
	"strings"
	"time"
)

// Allocation is one relayed transport address and the state around it. Its
// exported fields are for reading, except Handle, which is the owner's.
type Allocation struct {
	FiveTuple
	Relayed        netip.AddrPort
	Username, User string // as authenticated, and the identity behind it
	TransactionID  [12]byte
	Handle         uint32

	position int32 // in the due queue; removed when the allocation is over

	CreatedAt, ExpiresAt time.Time

	// Both are sorted, by peer and by number. Slices and not maps: most
	// allocations hold one to three entries. Entries expire at an age of the
	// allocation, which is a third of the size of a time.Time.
	permissions []permission
	channels    []channel
}

// removed is the position of an allocation that is in no table.
const removed = -1

// newAllocation starts an allocation at this moment. The identity is mostly a
// part of the username ("expiry:id") and then shares its bytes.
func newAllocation(r Request, lifetime time.Duration) *Allocation {
	if i := strings.Index(r.Username, r.User); i >= 0 {
		r.User = r.Username[i : i+len(r.User)]
	}
	now := time.Now()
	return &Allocation{
		FiveTuple:     r.FiveTuple,
		Relayed:       r.Relayed,
		Username:      r.Username,
		User:          r.User,
		TransactionID: r.TransactionID,
		position:      removed,
		CreatedAt:     now,
		ExpiresAt:     now.Add(lifetime),
	}
}

// age is the present time as the entries count it.
func (a *Allocation) age() time.Duration {
	return time.Since(a.CreatedAt)
}

// lifetime is the age at which the allocation itself is over.
func (a *Allocation) lifetime() time.Duration {
	return a.ExpiresAt.Sub(a.CreatedAt)
}

// nextDue is the age at which the next thing is over, the allocation included.
func (a *Allocation) nextDue() time.Duration {
	due := a.lifetime()
	for i := range a.permissions {
		due = min(due, a.permissions[i].expires)
	}
	for i := range a.channels {
		due = min(due, a.channels[i].expires)
	}
	return due
}

// checkFamily refuses peers that the relayed transport address cannot reach.
// An IPv4-mapped address is of neither family: no host has it on the wire.
func (a *Allocation) checkFamily(peer netip.Addr) error {
	if !peer.IsValid() || peer.Is4In6() || peer.Is4() != a.Relayed.Addr().Unmap().Is4() {
		return ErrPeerFamily
	}
	return nil
}
