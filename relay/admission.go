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
	refused atomic.Uint64 // over the limit of its source
	evicted atomic.Uint64

	mu             sync.Mutex
	perSource, all int                  // guarded by mu
	sources        map[netip.Prefix]int // connections by source; guarded by mu
	waiting        []*admission         // guarded by mu
}

// admission is the place of one such connection.
type admission struct {
	source netip.Prefix // the zero value: not known yet; guarded by admissions.mu
	place  int          // in admissions.waiting; -1: settled or evicted; guarded by its mu
	cut    func()       // ends the connection; guarded by its mu
}

func newAdmissions(perSource, all int) *admissions {
	return &admissions{perSource: perSource, all: all, sources: make(map[netip.Prefix]int)}
}

// setBounds changes the bounds for connections that come.
func (a *admissions) setBounds(perSource, all int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.perSource, a.all = perSource, all
}

// admit gives a connection a place; nil: its source has too many. cut may be
// called once, from any goroutine. The zero client is not known yet and has no
// limit of its own; claim names it.
func (a *admissions) admit(client netip.Addr, cut func()) *admission {
	source := sourceOf(client)
	a.mu.Lock()
	if a.isFullLocked(source) {
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

func (a *admissions) isFullLocked(source netip.Prefix) bool {
	return source.IsValid() && a.sources[source] >= a.perSource
}

// claim counts a connection for its client, as soon as that is known; false: its
// source has too many, or the connection was evicted meanwhile.
func (a *admissions) claim(place *admission, client netip.Addr) bool {
	source := sourceOf(client)
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case place.place < 0:
		return false
	case a.isFullLocked(source):
		a.refused.Add(1)
		return false
	}
	a.leaveLocked(place.source)
	a.sources[source]++
	place.source = source
	return true
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
	a.leaveLocked(place.source)
}

func (a *admissions) leaveLocked(source netip.Prefix) {
	if a.sources[source]--; a.sources[source] == 0 {
		delete(a.sources, source)
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
