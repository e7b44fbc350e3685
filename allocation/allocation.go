package allocation

import (
	"iter"
	"net/netip"
	"strings"
	"time"
)

// Allocation is one relayed transport address and the state around it. Its
// exported fields are for reading, except Handle, which is the owner's.
//
// A dual allocation (RFC 8656 section 7) is two of them, twins, on one
// five-tuple: their families have permissions and channels of their own, and are
// refreshed and expire apart.
type Allocation struct {
	FiveTuple
	Relayed        netip.AddrPort
	Username, User string // as authenticated, and the identity behind it
	TransactionID  [12]byte
	Handle         uint32

	position int32       // in the due queue; removed when the allocation is over
	twin     *Allocation // the other family of a dual allocation
	sameHash *Allocation // the next one in the tuple index

	created time.Duration // since epoch
	end     time.Duration // the age at which it is over

	// Both are sorted, by peer and by number. Slices and not maps: most
	// allocations hold one to three entries. Entries expire at an age of the
	// allocation.
	permissions []permission
	channels    []channel
}

// epoch is what moments are counted from: a third of the size of a time.Time.
var epoch = time.Now()

// removed is the position of an allocation that is in no table.
const removed = -1

// newAllocation starts an allocation at this moment. The identity is mostly a
// part of the username ("expiry:id") and then shares its bytes.
func newAllocation(r Request, lifetime time.Duration) *Allocation {
	if i := strings.Index(r.Username, r.User); i >= 0 {
		r.User = r.Username[i : i+len(r.User)]
	}
	return &Allocation{
		FiveTuple:     r.FiveTuple,
		Relayed:       r.Relayed,
		Username:      r.Username,
		User:          r.User,
		TransactionID: r.TransactionID,
		position:      removed,
		created:       time.Since(epoch),
		end:           lifetime,
	}
}

// Twin is the other family of a dual allocation, nil when there is none or none
// any more. Of an allocation that is over it is the one that outlived it.
func (a *Allocation) Twin() *Allocation { return a.twin }

// OfFamily returns the allocation or its twin, whichever is of the address family
// of addr, or nil when that has ended. An IPv4-mapped address is of neither
// family: no host has it on the wire.
func (a *Allocation) OfFamily(addr netip.Addr) *Allocation {
	for one := range a.Families() {
		if one.checkFamily(addr) == nil {
			return one
		}
	}
	return nil
}

// Families yields the allocation and its twin, those that are live.
func (a *Allocation) Families() iter.Seq[*Allocation] {
	return func(yield func(*Allocation) bool) {
		twin := a.twin
		if a.isLive() && !yield(a) {
			return
		}
		if twin != nil && twin.isLive() {
			yield(twin)
		}
	}
}

// CreatedAt is when the allocation began.
func (a *Allocation) CreatedAt() time.Time { return epoch.Add(a.created) }

// ExpiresAt is when the allocation is over, unless it is refreshed.
func (a *Allocation) ExpiresAt() time.Time { return epoch.Add(a.created + a.end) }

func (a *Allocation) isLive() bool { return a.end > a.age() }

// age is the present time as the entries count it.
func (a *Allocation) age() time.Duration {
	return time.Since(epoch) - a.created
}

// nextDue is the age at which the next thing is over, the allocation included.
func (a *Allocation) nextDue() time.Duration {
	due := a.end
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
