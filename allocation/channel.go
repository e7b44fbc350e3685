package allocation

import (
	"cmp"
	"iter"
	"net/netip"
	"slices"
	"time"
)

// ChannelNumber names a channel within one allocation.
type ChannelNumber uint16

// The channel numbers of RFC 8656 section 12, and where they ended in RFC 5766
// section 11.
const (
	MinChannelNumber     ChannelNumber = 0x4000
	MaxChannelNumber     ChannelNumber = 0x4FFF
	MaxWideChannelNumber ChannelNumber = 0x7FFF
)

// Valid reports whether a channel may have this number; wide admits the larger
// range of RFC 5766.
func (n ChannelNumber) Valid(wide bool) bool {
	if wide {
		return n >= MinChannelNumber && n <= MaxWideChannelNumber
	}
	return n >= MinChannelNumber && n <= MaxChannelNumber
}

// Channel is what a channel number is bound to.
type Channel struct {
	Peer      netip.AddrPort
	ExpiresAt time.Time
}

// channel binds a number to a peer until the allocation reaches the age expires.
type channel struct {
	expires time.Duration
	peer    endpoint
	number  ChannelNumber
}

// Channels yields the live channel bindings in the order of their numbers. Data
// flows on a channel only while HasPermission says so for its peer.
func (a *Allocation) Channels() iter.Seq2[ChannelNumber, Channel] {
	return func(yield func(ChannelNumber, Channel) bool) {
		age := a.age()
		for _, c := range a.channels {
			if c.expires > age && !yield(c.number, Channel{c.peer.addrPort(), a.CreatedAt().Add(c.expires)}) {
				return
			}
		}
	}
}

// HasChannel reports whether a live channel is bound to the peer.
func (a *Allocation) HasChannel(peer netip.AddrPort) bool {
	to, age := endpointOf(peer), a.age()
	return slices.ContainsFunc(a.channels, func(c channel) bool { return c.peer == to && c.expires > age })
}

// Bind binds channel number n to peer, or refreshes the binding, and installs
// or refreshes the permission of the peer's address (RFC 8656 section 12.2). It
// returns how long the channel and the permission live from now on; a
// permission that has longer to live keeps that. A number means one peer in all
// of a dual allocation. With an error nothing changed.
func (t *Table) Bind(a *Allocation, n ChannelNumber, peer netip.AddrPort) (channel, permission time.Duration, err error) {
	t.mustHold(a)
	if !n.Valid(t.config.WideChannelNumbers) {
		return 0, 0, ErrChannelNumber
	}
	if err := a.checkFamily(peer.Addr()); err != nil {
		return 0, 0, err
	}
	age := a.age()
	// The owner must drop an old binding of this number or peer before it
	// learns of the new one.
	t.sweepChannels(a, age)
	to := endpointOf(peer)
	for i := range a.channels {
		if (a.channels[i].number == n) != (a.channels[i].peer == to) {
			return 0, 0, ErrChannelMismatch
		}
	}
	if a.twin != nil {
		t.sweepChannels(a.twin, a.twin.age())
		if _, taken := a.twin.findChannel(n); taken {
			return 0, 0, ErrChannelMismatch
		}
	}
	i, found := a.findChannel(n)
	if !found && t.config.MaxChannels > 0 && len(a.channels) >= t.config.MaxChannels {
		return 0, 0, ErrTooManyChannels
	}
	if !t.hasRoomFor(a, []netip.Addr{peer.Addr()}, age) {
		return 0, 0, ErrTooManyPermissions
	}
	a.setChannel(i, found, n, to, age+t.config.ChannelLifetime)
	permitted := a.extendPermission(peer.Addr().As16(), age+t.config.ChannelBindPermissionLifetime)
	t.dueAt(a, min(age+t.config.ChannelLifetime, permitted))
	return t.config.ChannelLifetime, permitted - age, nil
}

// Unbind ends the binding of n at once, if there is one; the permission stays.
func (t *Table) Unbind(a *Allocation, n ChannelNumber) {
	t.mustHold(a)
	if i, found := a.findChannel(n); found {
		a.channels = slices.Delete(a.channels, i, i+1)
	}
}

func (t *Table) sweepChannels(a *Allocation, age time.Duration) {
	for i := 0; i < len(a.channels); {
		c := a.channels[i]
		if c.expires > age {
			i++
			continue
		}
		a.channels = slices.Delete(a.channels, i, i+1)
		if t.expired.Channel != nil {
			t.expired.Channel(a, c.number, c.peer.addrPort())
		}
	}
}

func (a *Allocation) setChannel(i int, found bool, n ChannelNumber, peer endpoint, expires time.Duration) {
	if !found {
		a.channels = slices.Insert(a.channels, i, channel{number: n, peer: peer})
	}
	a.channels[i].expires = expires
}

// extendPermission makes the permission of peer last until the age expires at
// least, and returns the age until which it lasts.
func (a *Allocation) extendPermission(peer [16]byte, expires time.Duration) time.Duration {
	if i, found := a.findPermission(peer); found {
		expires = max(expires, a.permissions[i].expires)
	}
	a.setPermission(peer, expires)
	return expires
}

func (a *Allocation) findChannel(n ChannelNumber) (int, bool) {
	return slices.BinarySearchFunc(a.channels, n, func(c channel, n ChannelNumber) int {
		return cmp.Compare(c.number, n)
	})
}
