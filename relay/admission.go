package relay

import (
	"math/rand/v2"
	"net/netip"
	"sync"
	"sync/atomic"
)

// admissions bounds the connections whose clients have not authenticated: those
// of one source are refused above a limit, and above the limit for all, a random
// one has to go for each that comes. So a flood from many sources cuts itself,
// and a real client, which authenticates within moments, seldom meets it.
type admissions struct {
	perSource, all int

	refused atomic.Uint64 // over the limit of its source
	evicted atomic.Uint64

	mu      sync.Mutex
	sources map[netip.Prefix]int // connections by source; guarded by mu
	waiting []*admission         // guarded by mu
}

// admission is the place of one such connection.
type admission struct {
	source netip.Prefix
	place  int    // in admissions.waiting; -1: settled or evicted; guarded by its mu
	cut    func() // ends the connection; guarded by its mu
}

func newAdmissions(perSource, all int) *admissions {
	return &admissions{perSource: perSource, all: all, sources: make(map[netip.Prefix]int)}
}

// admit gives a connection a place; nil: its source has too many. cut may be
// called once, from any goroutine.
func (a *admissions) admit(client netip.Addr, cut func()) *admission {
	source := sourceOf(client)
	a.mu.Lock()
	if a.sources[source] >= a.perSource {
		a.mu.Unlock()
		a.refused.Add(1)
		return nil
	}
	evict := func() {}
	if len(a.waiting) >= a.all {
		victim := a.waiting[rand.IntN(len(a.waiting))]
		evict = victim.cut
		a.removeLocked(victim)
		a.evicted.Add(1)
	}
	place := &admission{source: source, place: len(a.waiting), cut: cut}
	a.waiting = append(a.waiting, place)
	a.sources[source]++
	a.mu.Unlock()
	evict()
	return place
}

// recut changes how the connection is ended; false: it was evicted already.
func (a *admissions) recut(place *admission, cut func()) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	place.cut = cut
	return place.place >= 0
}

// settle gives the place back. Again, it does nothing.
func (a *admissions) settle(place *admission) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.removeLocked(place)
}

func (a *admissions) removeLocked(place *admission) {
	if place.place < 0 {
		return
	}
	last := a.waiting[len(a.waiting)-1]
	a.waiting[place.place], last.place = last, place.place
	a.waiting[len(a.waiting)-1] = nil
	a.waiting = a.waiting[:len(a.waiting)-1]
	place.place = -1
	if a.sources[place.source]--; a.sources[place.source] == 0 {
		delete(a.sources, place.source)
	}
}

// waitingNow is how many connections have a place.
func (a *admissions) waitingNow() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.waiting)
}

// sourceOf is who a connection counts for: an IPv4 address, or the /64 network
// that one IPv6 host has to itself.
func sourceOf(client netip.Addr) netip.Prefix {
	bits := 64
	if client.Is4() {
		bits = 32
	}
	source, _ := client.Prefix(bits) // fails for an invalid address only
	return source
}
