package access

import (
	"net/netip"
	"sync/atomic"
)

// Verdict says whether an address may be a client.
type Verdict uint8

// The verdicts.
const (
	Admitted Verdict = iota
	Denied           // by the operator's lists
	Banned           // for a while

	// NumVerdicts is the number of verdicts, for arrays of counters.
	NumVerdicts = int(iota)
)

// String returns the name that metrics use.
func (v Verdict) String() string {
	return [NumVerdicts]string{"admitted", "denied", "banned"}[v]
}

// Lists are the operator's prefixes, as ParsePrefix returns them. Deny wins over
// Allow; an empty Allow is everybody.
type Lists struct {
	Allow, Deny []netip.Prefix
}

// Gate judges clients. Safe for concurrent use; a nil Gate admits everybody.
type Gate struct {
	bans  *Bans // nil: there are none
	lists atomic.Pointer[lists]
}

// lists are Lists, made ready for look-ups.
type lists struct{ allow, deny table }

// NewGate makes a Gate that admits everybody but whom bans, which may be nil, cover.
func NewGate(bans *Bans) *Gate {
	g := &Gate{bans: bans}
	g.SetLists(Lists{})
	return g
}

// SetLists replaces the lists. It holds for whoever is judged from now on.
func (g *Gate) SetLists(l Lists) {
	g.lists.Store(&lists{allow: tableOf(l.Allow), deny: tableOf(l.Deny)})
}

// Judge says whether an address may be a client. It never waits and allocates
// nothing.
func (g *Gate) Judge(client netip.Addr) Verdict {
	if g == nil {
		return Admitted
	}
	client = canonical(client)
	switch l := g.lists.Load(); {
	case l.deny.covers(client), !l.allow.isEmpty() && !l.allow.covers(client):
		return Denied
	case g.bans.covers(client):
		return Banned
	}
	return Admitted
}
