package tcprelay

import (
	"maps"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/fairlead/fairlead/internal/bucket"
)

// Direction is the way that payload takes; it indexes the pairs of this package.
type Direction uint8

const (
	ToPeer Direction = iota
	ToClient
	numDirections
)

// NumBuckets is how many buckets payload is charged to in one direction: those of
// the allocation, its user, its tenant, its realm and the server.
const NumBuckets = 5

// Limits bound one allocation.
type Limits struct {
	// Connections bounds its connections, whatever their state; 0 is no bound.
	Connections int
	// Buckets are what payload is charged to; 0 is no limit.
	Buckets [numDirections][NumBuckets]bucket.Index
}

// User is whom an allocation belongs to: its realm, and its username there. Bearers
// of access tokens have none and go by their tenant.
type User struct {
	Realm, Name string
	IsBearer    bool // Name is a tenant, which may be empty
}

// Owner says whose an allocation is.
type Owner struct {
	User
	// Control is the client's transport address of the control connection.
	Control netip.AddrPort
}

// Offer decides about the connection of a peer. To keep it, it calls accept, which
// returns the number of the connection, before it returns. It may wait.
type Offer func(peer netip.AddrPort, accept func() (id uint32, err error))

// Allocation is the relayed transport address of a TCP allocation with its
// connections.
type Allocation struct {
	relay    *Relay
	listener *Listener
	owner    Owner
	offer    Offer
	done     chan struct{} // closed by Close

	connections map[netip.AddrPort]*connection // by peer; guarded by relay.mu
	most        int                            // of connections; guarded by relay.mu
	isClosed    bool                           // guarded by relay.mu

	charging  sync.Mutex
	buckets   [numDirections][NumBuckets]bucket.Index // guarded by charging
	traffic   [numDirections]uint64                   // payload bytes not taken by Traffic; guarded by charging
	isStopped bool                                    // no more payload passes; guarded by charging
}

// Start makes an allocation of a listener, which becomes its own, and accepts
// connections of peers.
func (r *Relay) Start(l *Listener, owner Owner, limits Limits, offer Offer) *Allocation {
	a := &Allocation{
		relay: r, listener: l, owner: owner, offer: offer,
		done: make(chan struct{}), connections: make(map[netip.AddrPort]*connection),
	}
	a.SetLimits(limits)
	r.mu.Lock()
	isClosed := r.isClosed
	if !isClosed {
		r.allocations[a] = true
		r.running.Go(a.accept)
	}
	r.mu.Unlock()
	if isClosed {
		a.Close()
	}
	return a
}

// SetLimits changes the limits. Connections above a lowered bound stay.
func (a *Allocation) SetLimits(limits Limits) {
	a.relay.mu.Lock()
	a.most = limits.Connections
	a.relay.mu.Unlock()
	a.charging.Lock()
	a.buckets = limits.Buckets
	a.charging.Unlock()
}

// Traffic returns the payload bytes since its last call. After Close it is the
// rest.
func (a *Allocation) Traffic() (toPeer, toClient uint64) {
	a.charging.Lock()
	defer a.charging.Unlock()
	toPeer, toClient = a.traffic[ToPeer], a.traffic[ToClient]
	a.traffic = [numDirections]uint64{}
	return toPeer, toClient
}

// CloseUnless closes the connections to the peers that keep refuses.
func (a *Allocation) CloseUnless(keep func(peer netip.AddrPort) bool) {
	r := a.relay
	r.mu.Lock()
	all := slices.Collect(maps.Values(a.connections))
	r.mu.Unlock()
	for _, c := range all {
		if !keep(c.peer) {
			r.remove(c)
		}
	}
}

// Close ends the allocation with its connections. Nobody draws on its buckets any
// more once it has returned. Again, it does nothing.
func (a *Allocation) Close() {
	a.charging.Lock()
	if a.isStopped {
		a.charging.Unlock()
		return
	}
	a.isStopped = true
	a.charging.Unlock()

	r := a.relay
	var ended []ending
	r.mu.Lock()
	a.isClosed = true
	delete(r.allocations, a)
	for _, c := range a.connections {
		ended = append(ended, r.removeLocked(c))
	}
	r.mu.Unlock()
	close(a.done)
	a.listener.Close()
	closeAll(ended)
}

// The bounds of one wait for a bucket: timers do no better than the first, and a
// limit that was raised shall be noticed within the second.
const (
	shortestWait = time.Millisecond
	longestWait  = 100 * time.Millisecond
)

// admit waits until n bytes, at most bucket.MaxBytes, may pass; false: the
// allocation has ended.
func (a *Allocation) admit(d Direction, n int) bool {
	paid := 0 // buckets that were charged
	for {
		wait, ok := a.charge(d, n, &paid)
		switch {
		case !ok:
			return false
		case paid == NumBuckets:
			return true
		}
		timer := time.NewTimer(min(max(wait, shortestWait), longestWait))
		select {
		case <-timer.C:
		case <-a.done:
			timer.Stop()
			return false
		}
	}
}

// charge charges the buckets in turn, up to the first that refuses, and returns how
// long to wait for that one.
func (a *Allocation) charge(d Direction, n int, paid *int) (wait time.Duration, ok bool) {
	a.charging.Lock()
	defer a.charging.Unlock()
	if a.isStopped {
		return 0, false
	}
	now, buckets := a.relay.nowNs(), a.relay.cfg.Buckets
	for ; *paid < NumBuckets; *paid++ {
		i := a.buckets[d][*paid]
		if i != 0 && !buckets.Take(i, now, n) {
			return buckets.Wait(i, now, n), true
		}
	}
	a.traffic[d] += uint64(n)
	return 0, true
}
