package fastpath

import (
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
)

// NumShared is how many buckets an allocation can share with others in one
// direction: those of its user, its tenant, its realm and the server.
const NumShared = 4

// direction indexes what an allocation has of everything twice.
type direction uint8

const (
	toPeer direction = iota
	toClient
	numDirections
)

// Terms are limits that allocations may have in common; 0 is no limit. Equal
// ones are kept once on a worker.
type Terms struct {
	// ToPeerPacketsPerSecond and ToClientPacketsPerSecond hold for each
	// allocation, with a burst of PacketBurst at their rate.
	ToPeerPacketsPerSecond, ToClientPacketsPerSecond uint32
	PacketBurst                                      time.Duration
	// SharedToPeer and SharedToClient are the buckets of user, tenant, realm and
	// server, on which the allocations of other workers draw, too.
	SharedToPeer, SharedToClient [NumShared]bucket.Index
}

// terms is the entry of Terms. There are few, so that a packet finds it in the
// cache.
type terms struct {
	spacing [numDirections]int64 // ns for each packet
	burst   int64                // ns
	leases  [numDirections][NumShared]ref
	users   uint32 // allocations
	shares  bool   // has leases
	_       [3]byte
	of      Terms
}

// joinTerms returns the entry of some terms for one more allocation; 0 for none.
func (t *tables) joinTerms(of Terms) ref {
	if of == (Terms{PacketBurst: of.PacketBurst}) {
		return 0
	}
	r := t.termsOf[of]
	if r != 0 {
		t.terms.at(r).users++
		return r
	}
	r, entry := t.terms.take()
	t.termsOf[of] = r
	entry.of, entry.users, entry.burst = of, 1, int64(of.PacketBurst)
	entry.spacing = [numDirections]int64{packetSpacing(of.ToPeerPacketsPerSecond), packetSpacing(of.ToClientPacketsPerSecond)}
	for d, shared := range [numDirections][NumShared]bucket.Index{of.SharedToPeer, of.SharedToClient} {
		for i, index := range shared {
			if index != 0 {
				entry.leases[d][i] = t.joinLease(index)
				entry.shares = true
			}
		}
	}
	return r
}

// leaveTerms gives an entry back for one allocation.
func (t *tables) leaveTerms(r ref) {
	if r == 0 {
		return
	}
	entry := t.terms.at(r)
	if entry.users--; entry.users > 0 {
		return
	}
	for _, leases := range entry.leases {
		for _, lease := range leases {
			t.leaveLease(lease)
		}
	}
	delete(t.termsOf, entry.of)
	t.terms.release(r)
}

func packetSpacing(perSecond uint32) int64 {
	if perSecond == 0 {
		return 0
	}
	return max(int64(time.Second)/int64(perSecond), 1)
}

// SetTerms changes the terms of an allocation. An unknown number does
// nothing.
func (w *Worker) SetTerms(id AllocationID, of Terms) {
	a, ok := w.tables.liveAllocation(id)
	if !ok {
		return
	}
	old := a.terms
	a.terms = w.tables.joinTerms(of)
	w.tables.leaveTerms(old)
}
