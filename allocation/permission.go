package allocation

import (
	"bytes"
	"iter"
	"net/netip"
	"slices"
	"time"
)

// permission lets one peer IP address exchange data with the client until the
// allocation reaches the age expires (RFC 8656 section 9).
type permission struct {
	peer    [16]byte
	expires time.Duration
}

// HasPermission reports whether peer may exchange data with the client now. The
// IPv4-mapped form of an address counts as that address.
func (a *Allocation) HasPermission(peer netip.Addr) bool {
	i, found := a.findPermission(peer.As16())
	return found && a.permissions[i].expires > a.age()
}

// Permissions yields the live permissions with the time each expires at, in
// the order of their addresses.
func (a *Allocation) Permissions() iter.Seq2[netip.Addr, time.Time] {
	return func(yield func(netip.Addr, time.Time) bool) {
		age := a.age()
		for _, p := range a.permissions {
			if p.expires > age && !yield(p.addr(), a.CreatedAt().Add(p.expires)) {
				return
			}
		}
	}
}

// Permit installs or refreshes the permission of every peer, or of none of them
// when it returns an error; in a dual allocation each with the twin of its
// family. Ports play no part, and a peer may come twice. It returns the lifetime
// each permission has from now on.
func (t *Table) Permit(a *Allocation, peers []netip.Addr) (time.Duration, error) {
	t.mustHold(a)
	for _, peer := range peers {
		if a.OfFamily(peer) == nil {
			return 0, ErrPeerFamily
		}
	}
	age := a.age() // twins are of one age
	for one := range a.Families() {
		if !t.hasRoomFor(one, one.reachable(peers), age) {
			return 0, ErrTooManyPermissions
		}
	}
	expires := age + t.config.PermissionLifetime
	for one := range a.Families() {
		for _, peer := range one.reachable(peers) {
			one.setPermission(peer.As16(), expires)
		}
		t.dueAt(one, expires)
	}
	return t.config.PermissionLifetime, nil
}

// reachable picks the peers of the allocation's own family.
func (a *Allocation) reachable(peers []netip.Addr) []netip.Addr {
	isOther := func(peer netip.Addr) bool { return a.checkFamily(peer) != nil }
	if !slices.ContainsFunc(peers, isOther) {
		return peers
	}
	return slices.DeleteFunc(slices.Clone(peers), isOther)
}

// Revoke ends the permission of peer at once, if there is one. Channels bound
// to the peer stay bound and carry nothing.
func (t *Table) Revoke(a *Allocation, peer netip.Addr) {
	t.mustHold(a)
	if i, found := a.findPermission(peer.As16()); found {
		a.permissions = slices.Delete(a.permissions, i, i+1)
	}
}

// hasRoomFor reports whether the permissions stay within the bound once all
// peers have theirs. Only live permissions count.
func (t *Table) hasRoomFor(a *Allocation, peers []netip.Addr, age time.Duration) bool {
	bound := t.config.MaxPermissions
	if bound == 0 || len(a.permissions)+len(peers) <= bound {
		return true
	}
	live := 0
	for i := range a.permissions {
		if a.permissions[i].expires > age {
			live++
		}
	}
	var fresh [][16]byte
	for _, peer := range peers {
		key := peer.As16()
		if i, found := a.findPermission(key); !found || a.permissions[i].expires <= age {
			fresh = append(fresh, key)
		}
	}
	slices.SortFunc(fresh, func(x, y [16]byte) int { return bytes.Compare(x[:], y[:]) })
	return live+len(slices.Compact(fresh)) <= bound
}

func (t *Table) sweepPermissions(a *Allocation, age time.Duration) {
	for i := 0; i < len(a.permissions); {
		p := a.permissions[i]
		if p.expires > age {
			i++
			continue
		}
		a.permissions = slices.Delete(a.permissions, i, i+1)
		if t.expired.Permission != nil {
			t.expired.Permission(a, p.addr())
		}
	}
}

func (a *Allocation) setPermission(peer [16]byte, expires time.Duration) {
	i, found := a.findPermission(peer)
	if !found {
		a.permissions = slices.Insert(a.permissions, i, permission{peer: peer})
	}
	a.permissions[i].expires = expires
}

func (a *Allocation) findPermission(peer [16]byte) (int, bool) {
	return slices.BinarySearchFunc(a.permissions, peer, func(p permission, peer [16]byte) int {
		return bytes.Compare(p.peer[:], peer[:])
	})
}

func (p *permission) addr() netip.Addr {
	return netip.AddrFrom16(p.peer).Unmap()
}
